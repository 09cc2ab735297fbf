//! The extension of a key in its line on the Dashboard, and its undo. The line stays where it is, so that the second
//! press of a double click hits no other key.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::moment::Moment;
use shared::status::Status;
use shared::version;
use shared::view::{Changed, KeyView, Offer};

use crate::forms::form::{Form, FormState, then};
use crate::server_fns::keys::RestoreKey;
use crate::ui::reactive::{memo, reactive, words};
use crate::ui::settling::Settling;
use crate::ui::toasts::{Feedback, Undo};

/// The offer that is chosen at first.
const PRESELECTED: &str = "90 days";

/// The state of a key's line.
#[derive(Clone, Copy)]
pub struct LineState {
    pub expires: RwSignal<Option<Moment>>,
    offers: RwSignal<Vec<Offer>>,
    version: RwSignal<String>,
    /// The handle of the extension that was made here and not undone.
    change: RwSignal<String>,
    /// Shared by all lines: a change in one can move the others.
    settling: Settling,
}

impl LineState {
    pub fn of(key: &KeyView, offers: Vec<Offer>, settling: Settling) -> Self {
        Self {
            expires: RwSignal::new(key.expires.clone()),
            offers: RwSignal::new(offers),
            version: RwSignal::new(key.version.clone()),
            change: RwSignal::new(String::new()),
            settling,
        }
    }

    /// Takes over the key of a later answer, after a change elsewhere or an undo.
    pub fn update(self, key: &KeyView, offers: &[Offer]) {
        if self.version.get_untracked() != key.version {
            let _ = self.offers.try_set(offers.to_owned());
            self.became(key.version.clone(), key.expires.clone(), String::new());
        }
    }

    pub fn status(self, now: Signal<i64>, window: i64) -> Memo<Status> {
        let expires = self.expires;
        memo(move || {
            let at = expires.with(|moment| moment.as_ref().map(|moment| moment.at));
            Status::at(at, now.get(), window)
        })
    }

    /// Shows the key after a change. The line may have left the page by now.
    fn became(self, version: String, expires: Option<Moment>, change: String) {
        self.settling.begin();
        let _ = self.version.try_set(version);
        let _ = self.expires.try_set(expires);
        let _ = self.change.try_set(change);
    }
}

/// The form that extends or restores the key, or *Undo* once it was sent.
pub fn extend(line: LineState, access_key: String, name: String, status: Memo<Status>) -> AnyView {
    let feedback = Feedback::get();
    reactive(move || {
        feedback.catch_focus();
        let change = line.change.get();
        if change.is_empty() {
            offer(line, access_key.clone(), name.clone(), status)
        } else {
            undo_button(Undo::of(change), line.settling, name.clone())
        }
    })
}

fn offer(line: LineState, access_key: String, name: String, status: Memo<Status>) -> AnyView {
    let state = FormState::of_one(RestoreKey::PATH, "access_key", &access_key);
    let feedback = Feedback::get();
    let done = then(move |_, answer| {
        let changed: Changed = answer.read()?;
        feedback.changed_key(&changed);
        line.became(changed.version, changed.expires, changed.change);
        Ok(())
    });
    let option = |offer: Offer| {
        let selected = offer.label.contains(PRESELECTED);
        view! {
            <option value=offer.expiry selected=selected>
                {[&offer.label, " · ", &offer.day].concat()}
            </option>
        }
        .into_any()
    };
    let offers: Vec<AnyView> = line.offers.get().into_iter().map(option).collect();
    let verb = move || {
        if status.get() == Status::Expired {
            "Restore"
        } else {
            "Extend"
        }
    };
    let seen = move || {
        let expired = status.get() == Status::Expired;
        seen(state.version.get(), line.version.get(), expired)
    };
    let press = move |event: leptos::ev::MouseEvent| {
        if line.settling.is_early(&event) {
            event.prevent_default();
        }
    };
    view! {
        <Form state=state then=done terse=true class="inline extend">
            <input type="hidden" name="access_key" value=access_key />
            <input type="hidden" name="version" value=seen />
            <select name="expiry" aria-label=format!("New expiration of {name}")>
                {offers}
                <option value="never">"Never"</option>
            </select>
            <button
                type="submit"
                class="button"
                aria-busy=move || state.busy()
                aria-disabled=line.settling.flag()
                on:click=press
            >
                {words(verb)}
                <span class="visually-hidden">" " <bdi>{name.clone()}</bdi></span>
            </button>
        </Form>
    }
    .into_any()
}

/// Returns the version of the state that the owner has seen: of the line, or after a conflict the stored one, which the
/// message shows. A key that expires in view is restored knowingly, so its form carries the expired version.
fn seen(stored: String, line: String, expired: bool) -> String {
    if !stored.is_empty() {
        stored
    } else if expired {
        version::expired(&line)
    } else {
        line
    }
}

/// The button that undoes what was done in a line.
pub fn undo_button(undo: Undo, settling: Settling, name: String) -> AnyView {
    let feedback = Feedback::get();
    let press = move |event: leptos::ev::MouseEvent| {
        if !settling.is_early(&event) {
            feedback.undo(undo.clone());
        }
    };
    view! {
        <button type="button" class="button" aria-disabled=settling.flag() on:click=press>
            "Undo"
            <span class="visually-hidden">" " <bdi>{name}</bdi></span>
        </button>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use shared::version::with_goodness;

    use super::*;

    #[test]
    fn a_line_sends_the_version_that_it_shows() {
        let (good, expired) = (with_goodness("ab", true), with_goodness("ab", false));
        assert_eq!(seen(String::new(), good.clone(), false), good);
        assert_eq!(seen(String::new(), good.clone(), true), expired);
        assert_eq!(seen(String::new(), expired.clone(), true), expired);
        // After a conflict.
        let stored = with_goodness("cd", true);
        assert_eq!(seen(stored.clone(), good.clone(), false), stored);
        assert_eq!(seen(stored.clone(), good, true), stored);
    }
}
