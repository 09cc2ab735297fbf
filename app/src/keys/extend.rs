//! The extension of a key in its line on the Dashboard, and its undo. The line stays where it is, so that the second
//! press of a double click hits no other key.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::moment::Moment;
use shared::status::Status;
use shared::version;
use shared::view::{Changed, KeyView};

use crate::forms::form::{Form, FormState, then};
use crate::server_fns::keys::{EditKey, ExpireKey, RestoreKey};
use crate::ui::reactive::{fresh, memo, reactive, words};
use crate::ui::settling::Settling;
use crate::ui::toasts::Feedback;

/// The state of a key's line.
#[derive(Clone, Copy)]
pub struct Line {
    pub expires: RwSignal<Option<Moment>>,
    version: RwSignal<String>,
    /// The extension that was made here and not undone.
    extended: RwSignal<Option<Extended>>,
    /// Shared by all lines: a change in one can move the others.
    settling: Settling,
}

#[derive(Clone)]
struct Extended {
    /// The expiration before, in the expiry grammar.
    before: String,
    had_expired: bool,
}

impl Line {
    pub fn of(key: &KeyView, settling: Settling) -> Self {
        Self {
            expires: RwSignal::new(key.expires.clone()),
            version: RwSignal::new(key.version.clone()),
            extended: RwSignal::new(None),
            settling,
        }
    }

    /// Takes over the key of a later answer, after a change elsewhere.
    pub fn update(self, key: &KeyView) {
        if self.version.get_untracked() != key.version {
            self.settling.begin();
            self.version.set(key.version.clone());
            self.expires.set(key.expires.clone());
        }
    }

    pub fn status(self, now: Signal<i64>, window: i64) -> Memo<Status> {
        let expires = self.expires;
        memo(move || {
            let at = expires.with(|moment| moment.as_ref().map(|moment| moment.at));
            Status::at(at, now.get(), window)
        })
    }

    /// Shows the change of the key. The line may have left the page by now.
    fn became(self, change: Changed, extended: Option<Extended>) {
        self.settling.begin();
        let _ = self.version.try_set(change.version);
        let _ = self.expires.try_set(change.expires);
        let _ = self.extended.try_set(extended);
    }
}

/// The form that extends or restores the key, or *Undo* once it was sent.
pub fn extend(line: Line, access_key: String, name: String, status: Memo<Status>) -> AnyView {
    let feedback = Feedback::get();
    reactive(move || {
        feedback.catch_focus();
        match line.extended.get() {
            None => offer(line, access_key.clone(), name.clone(), status),
            Some(extended) => undo(line, access_key.clone(), name.clone(), extended),
        }
    })
}

fn offer(line: Line, access_key: String, name: String, status: Memo<Status>) -> AnyView {
    let state = FormState::of_one(RestoreKey::PATH, "access_key", &access_key);
    let feedback = Feedback::get();
    let done = then(move |fields, answer| {
        let change: Changed = answer.read()?;
        // The server has compared the version: after a conflict the form's version is current, the line's is not.
        let restored = fields.text("version");
        let extended = Extended {
            before: change.expiry_before.clone(),
            had_expired: had_expired(&restored),
        };
        let text = match &change.expires {
            Some(end) => format!("{} now expires on {}.", change.name, end.text),
            None => format!("{} never expires.", change.name),
        };
        feedback.changed(text);
        line.became(change, Some(extended));
        Ok(())
    });
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
    view! {
        <Form state=state then=done terse=true class="inline extend">
            <input type="hidden" name="access_key" value=access_key />
            <input type="hidden" name="version" value=seen />
            <select name="expiry" aria-label=format!("New expiration of {name}")>
                <option value="30d">"30 days"</option>
                <option value="90d" selected>
                    "90 days"
                </option>
                <option value="365d">"365 days"</option>
                <option value="never">"Never"</option>
            </select>
            {button(state, line, "button primary", words(verb), name.clone())}
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

/// Returns whether a key was out of use at this version of it.
fn had_expired(version: &str) -> bool {
    version == version::expired(version)
}

/// Undoes an extension: a key that had expired expires again, another one gets its expiration back.
fn undo(line: Line, access_key: String, name: String, extended: Extended) -> AnyView {
    let (path, fields) = if extended.had_expired {
        (ExpireKey::PATH, Vec::new())
    } else {
        let version = line.version.get_untracked();
        let fields = vec![("expiry", extended.before), ("version", version)];
        (EditKey::PATH, fields)
    };
    let state = FormState::of_one(path, "access_key", &access_key);
    let feedback = Feedback::get();
    let done = then(move |_, answer| {
        let change: Changed = answer.read()?;
        feedback.changed(format!("{}: change undone.", change.name));
        line.became(change, None);
        Ok(())
    });
    let hidden = |(name, value): (&'static str, String)| view! { <input type="hidden" name=name value=value /> };
    view! {
        <Form state=state then=done terse=true class="inline extend">
            <input type="hidden" name="access_key" value=access_key />
            {fields.into_iter().map(hidden).collect_view()}
            {button(state, line, "button", fresh(view! { <span>"Undo"</span> }), name)}
        </Form>
    }
    .into_any()
}

fn button(
    state: FormState,
    line: Line,
    class: &'static str,
    word: AnyView,
    name: String,
) -> AnyView {
    let press = move |event: leptos::ev::MouseEvent| {
        if line.settling.is_early(&event) {
            event.prevent_default();
        }
    };
    view! {
        <button
            type="submit"
            class=class
            aria-busy=move || state.busy()
            aria-disabled=line.settling.flag()
            on:click=press
        >
            {word}
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

    /// The undo of a restoration expires the key again.
    #[test]
    fn the_version_tells_a_restoration_from_an_extension() {
        assert!(had_expired(&with_goodness("ab", false)));
        assert!(!had_expired(&with_goodness("ab", true)));
    }
}
