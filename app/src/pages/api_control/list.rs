//! The list as HTML: search, filters, menus, the bar of the selection, the table and its pages.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::list::{ListQuery, Show};
use shared::status::Status;
use shared::view::{Counts, KeyPage};

use super::delete_dialog::delete_dialog;
use super::key_dialog::key_dialog;
use super::{bulk_bar, filters, pager, search, table, view_menu};
use crate::forms::form_replay::Replay;
use crate::keys::key_actions::{LIST, NEW_KEY};
use crate::server_fns::keys::{BulkKeys, CreateKey, DeleteKey};
use crate::ui::icon::Icon;
use crate::ui::standing::offers;

/// The selection of the form post that is being answered; nothing otherwise.
#[derive(Default)]
pub struct Chosen {
    /// Access keys.
    pub keys: Vec<String>,
    /// All keys that match the query, not only those on the page.
    pub all: bool,
}

impl Chosen {
    fn posted() -> Self {
        let posted = Replay::of(BulkKeys::PATH);
        let field = |name: &'static str| {
            let posted = posted.as_ref();
            posted
                .and_then(|posted| posted.field(name))
                .unwrap_or_default()
        };
        Self {
            keys: field("access_keys")
                .split_whitespace()
                .map(str::to_owned)
                .collect(),
            all: !field("all").is_empty(),
        }
    }
}

/// Returns the list with a page of keys. `today` is the present day in the account's zone, `2027-02-26`.
pub fn html(page: &KeyPage, query: &ListQuery, today: String) -> String {
    let chosen = Chosen::posted();
    let total = total(page.counts, query.status);
    let body = if page.keys.is_empty() {
        empty(page.counts, query)
    } else {
        view! {
            {table::table(page, query, &chosen)}
            {pager::pager(page, query)}
        }
        .into_any()
    };
    let changes = bulk_bar::is_offered().then(|| {
        view! {
            {bulk_bar::bulk_bar(page, query, today, total, &chosen)}
            {offers(DeleteKey::PATH).then(|| view! {
                {delete_dialog(query, total, &chosen)}
                {key_dialog()}
            })}
        }
    });
    let list = view! {
        {search::search(query)}
        {filters::filters(page.counts, query)}
        {view_menu::view_menu(page, query)}
        {filters::chips(query)}
        {bulk_bar::refused()}
        {changes}
        <p id="counted" class="visually-hidden" role="status">
            {counted(total)}
        </p>
        <p id="said" class="visually-hidden" role="status"></p>
        {body}
    };
    // Marks of the renderer between texts, which no one looks for here.
    list.into_any().to_html().replace("<!>", "")
}

/// The hidden fields of a query, as the server functions and the export name them.
pub fn filter_fields(query: &ListQuery) -> Vec<AnyView> {
    let field = |(name, value): (&'static str, String)| {
        view! { <input type="hidden" name=name value=value /> }.into_any()
    };
    let status = query.status.map(Status::slug).unwrap_or_default();
    let show = query.show.map(Show::slug).unwrap_or_default();
    [
        ("q", query.search.clone()),
        ("status", status.to_owned()),
        ("show", show.to_owned()),
        ("sort", query.sort.to_param()),
        ("page", query.page.to_string()),
    ]
    .map(field)
    .into()
}

/// Returns the number of keys that a query finds. The counts are those before the filter by status.
pub fn total(counts: Counts, status: Option<Status>) -> i64 {
    status.map_or(counts.total(), |status| counts.of(status))
}

/// "1 key", "20 keys".
fn counted(keys: i64) -> String {
    if keys == 1 {
        "1 key".to_owned()
    } else {
        format!("{keys} keys")
    }
}

fn empty(counts: Counts, query: &ListQuery) -> AnyView {
    if query.search.is_empty() && query.show.is_none() && counts.total() == 0 {
        return view! {
            <section class="empty">
                {Icon::KEY.draw()} <h2>"No keys yet"</h2>
                <p>
                    "Your programs call the API with a key. Create one for each program, so that you can expire it without touching the others."
                </p>
                {offers(CreateKey::PATH)
                    .then(|| {
                        view! {
                            <a class="button" href=NEW_KEY>
                                "Create your first key"
                            </a>
                        }
                    })}
            </section>
        }
        .into_any();
    }
    view! {
        <section class="empty">
            {Icon::SEARCH.draw()} <h2>"No key matches"</h2>
            <p>"Search covers names, descriptions and access keys."</p>
            <a class="button" href=LIST>
                "Show all keys"
            </a>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_that_of_the_filter() {
        let counts = Counts {
            active: 61,
            expiring_soon: 7,
            expired: 52,
        };
        assert_eq!(total(counts, None), 120);
        assert_eq!(total(counts, Some(Status::Expired)), 52);
        assert_eq!(counted(0), "0 keys");
        assert_eq!(counted(1), "1 key");
        assert_eq!(counted(52), "52 keys");
    }
}
