//! The selection of keys in the table: one by one, a range, the page, or all that match.

use leptos::prelude::*;
use shared::list::ListQuery;

use crate::forms::form_replay::Replay;
use crate::ui::reactive::effect;

/// The selected keys of the page that is shown. Another search, filter, order or page clears it.
#[derive(Clone, Copy)]
pub struct Chosen {
    keys: RwSignal<Vec<String>>,
    /// All keys that match the query, not only those on the page.
    pub all: RwSignal<bool>,
    /// The key that was chosen last: a range begins there.
    last: StoredValue<String>,
}

impl Chosen {
    /// Nothing, or the selection of the form post that is being answered, by the function at `path`.
    pub fn new(path: &str, query: Memo<ListQuery>) -> Self {
        let posted = Replay::of(path);
        let field = |name: &'static str| posted.as_ref().and_then(|posted| posted.field(name));
        let keys = field("access_keys").unwrap_or_default().split(' ');
        let keys = keys.filter(|key| !key.is_empty()).map(str::to_owned);
        let chosen = Self {
            keys: RwSignal::new(keys.collect()),
            all: RwSignal::new(field("all").is_some_and(|all| !all.is_empty())),
            last: StoredValue::new(String::new()),
        };
        effect(move || {
            query.track();
            chosen.clear();
        });
        chosen
    }

    pub fn count(self) -> usize {
        self.keys.with(Vec::len)
    }

    pub fn has(self, key: &str) -> bool {
        self.keys.with(|keys| keys.iter().any(|one| one == key))
    }

    /// The access keys, separated by blanks.
    pub fn access_keys(self) -> String {
        self.keys.with(|keys| keys.join(" "))
    }

    pub fn clear(self) {
        if self.keys.with_untracked(|keys| !keys.is_empty()) {
            self.keys.update(Vec::clear);
        }
        self.all.set(false);
    }

    /// Selects every key of the page, or none.
    pub fn choose_page(self, page: &[String], on: bool) {
        self.clear();
        if on {
            self.keys.set(page.to_vec());
        }
    }

    /// Selects a key or removes it; with `range`, all from the key before to this one.
    pub fn choose(self, page: &[String], key: &str, on: bool, range: bool) {
        let span = self.last.with_value(|last| span(page, key, last, range));
        self.keys.update(|keys| {
            keys.retain(|key| !span.contains(key));
            if on {
                keys.extend_from_slice(span);
            }
        });
        if !on {
            self.all.set(false);
        }
        self.last.set_value(key.to_owned());
    }

    /// Removes the keys that have left the page.
    pub fn keep(self, page: &[String]) {
        if self
            .keys
            .with_untracked(|keys| keys.iter().any(|key| !page.contains(key)))
        {
            self.keys
                .update(|keys| keys.retain(|key| page.contains(key)));
        }
    }
}

/// Returns the keys of the page that a choice means.
fn span<'a>(page: &'a [String], key: &str, last: &str, range: bool) -> &'a [String] {
    let at = |key: &str| page.iter().position(|one| one == key);
    let Some(here) = at(key) else { return &[] };
    let other = at(last).filter(|_| range).unwrap_or(here);
    page.get(here.min(other)..=here.max(other))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use leptos::reactive::owner::Owner;

    use super::*;

    fn page() -> Vec<String> {
        ["a", "b", "c", "d"].map(str::to_owned).to_vec()
    }

    #[test]
    fn a_range_goes_from_the_last_choice_in_both_directions() {
        let page = page();
        assert_eq!(span(&page, "c", "b", true), ["b", "c"]);
        assert_eq!(span(&page, "a", "c", true), ["a", "b", "c"]);
        assert_eq!(span(&page, "c", "b", false), ["c"]);
        assert_eq!(span(&page, "d", "", true), ["d"]);
        assert_eq!(span(&page, "x", "a", true), [] as [&str; 0]);
    }

    #[test]
    fn a_selection_grows_and_shrinks() {
        Owner::new().with(|| {
            let chosen = Chosen::new("/fn/keys/bulk", memo_of_all());
            let page = page();
            chosen.choose(&page, "b", true, false);
            chosen.choose(&page, "d", true, true);
            assert_eq!(chosen.access_keys(), "b c d");
            chosen.choose(&page, "c", false, false);
            assert_eq!(chosen.access_keys(), "b d");
            assert!(chosen.has("b") && !chosen.has("c"));
            chosen.keep(&page[2..]);
            assert_eq!(chosen.access_keys(), "d");
            chosen.choose_page(&page, true);
            assert_eq!(chosen.count(), 4);
            chosen.choose_page(&page, false);
            assert_eq!(chosen.count(), 0);
        });
    }

    fn memo_of_all() -> Memo<ListQuery> {
        crate::ui::reactive::memo(ListQuery::default)
    }
}
