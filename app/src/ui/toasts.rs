//! Messages about the last action, in a live region, with Undo if the action can be undone.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;
use shared::view::{Changed, Said};

use super::icon::Icon;
use super::reactive::{effect, fresh, reactive};
use super::settling::Settling;
use super::standing::offers;
use super::waiting::SLOW_MS;
use crate::client::browser;
use crate::client::call::{Fields, call};
use crate::client::timers::Delay;
use crate::error::FnError;
use crate::server_fns::keys::UndoChange;

/// The undo of what a message reports: a call, and the message after it.
#[derive(Clone, PartialEq)]
pub struct Undo {
    pub path: &'static str,
    pub fields: Fields,
    /// Empty: the answer has the sentence.
    pub done: String,
}

impl Undo {
    /// The undo of a change of keys, by its handle.
    pub fn of(change: String) -> Self {
        Self {
            path: UndoChange::PATH,
            fields: vec![("change", change)],
            done: String::new(),
        }
    }
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Done,
    /// The action is under way.
    Waits,
    Failed,
}

/// One message, with its undo.
#[derive(Clone, PartialEq)]
struct Message {
    text: String,
    kind: Kind,
    undo: Option<Undo>,
    /// It was shown just before leaving for another page, and stays there.
    travels: bool,
}

/// The handle by which parts of a page show messages, and have the page's data fetched again.
#[derive(Clone, Copy)]
pub struct Feedback {
    message: RwSignal<Option<Message>>,
    /// Whether the note in the address is the last message.
    pub(super) noted: RwSignal<bool>,
    /// Counts the changes. Queries that show keys depend on it.
    pub revision: RwSignal<u32>,
    /// Started while a change is being undone.
    undoing: Delay,
}

impl Feedback {
    pub fn provide() -> Self {
        let feedback = Self {
            message: RwSignal::new(None),
            noted: RwSignal::new(true),
            revision: RwSignal::new(0),
            undoing: Delay::new(),
        };
        provide_context(feedback);
        feedback
    }

    pub fn get() -> Self {
        expect_context()
    }

    /// Fetches the page's data again. A message that Keyhold could not be reached is over then.
    pub fn refresh(self) {
        let is_offline =
            |message: &Message| message.kind == Kind::Failed && FnError::is_offline(&message.text);
        if self
            .message
            .with_untracked(|message| message.as_ref().is_some_and(is_offline))
        {
            self.message.set(None);
        }
        self.revision.update(|revision| *revision += 1);
    }

    /// Removes the last message, because a newer one is elsewhere on the page.
    pub fn replaced(self) {
        self.message.set(None);
        self.noted.set(false);
    }

    fn show(self, text: String, kind: Kind, undo: Option<Undo>, travels: bool) {
        self.noted.set(false);
        self.message.set(Some(Message {
            text,
            kind,
            undo,
            travels,
        }));
    }

    /// Reports a success.
    pub fn say(self, text: impl Into<String>) {
        self.show(text.into(), Kind::Done, None, false);
    }

    /// Reports a success on the next page.
    pub fn say_there(self, text: impl Into<String>) {
        self.show(text.into(), Kind::Done, None, true);
    }

    /// Reports a change, and shows the new state.
    pub fn changed(self, text: impl Into<String>) {
        self.say(text);
        self.refresh();
    }

    /// Reports what has become of a key, with Undo, and shows the new state.
    pub fn changed_key(self, change: &Changed) {
        self.undoable(change.sentence(), change.change.clone());
    }

    /// Reports a change with Undo, if it has a handle for that, and shows the new state.
    pub fn undoable(self, text: String, change: String) {
        if change.is_empty() && self.says(&text) {
            // Nothing has changed since, as by the second press of a double click: the message keeps its Undo.
            return self.refresh();
        }
        let undo = (!change.is_empty()).then(|| Undo::of(change));
        self.undoable_by(text, undo);
    }

    fn says(self, text: &str) -> bool {
        self.message
            .with_untracked(|message| message.as_ref().is_some_and(|message| message.text == text))
    }

    /// Reports a change with its own undo, and shows the new state.
    pub fn undoable_by(self, text: String, undo: Option<Undo>) {
        self.show(text, Kind::Done, undo, false);
        self.refresh();
    }

    /// Reports the failure of an action without a form of its own.
    pub fn failed(self, error: FnError) {
        if error.is_unauthenticated() {
            browser::load_sign_in();
            return;
        }
        // The page shows an earlier state.
        let outdated = error.is_outdated();
        let text = error.alert();
        let text = text.or_else(|| error.fields.into_values().next());
        self.show(text.unwrap_or_default(), Kind::Failed, None, false);
        if outdated {
            self.refresh();
        }
    }

    /// Moves a lost focus to the message. Parts that are rendered again after a change call this, because the pressed
    /// button may be gone.
    pub fn catch_focus(self) {
        effect(move || {
            if self.message.with_untracked(Option::is_some) {
                request_animation_frame(|| {
                    if browser::focus_is_lost() {
                        browser::focus_soon(".toast .button");
                    }
                });
            }
        });
    }

    /// Shows the sentence about an action that is under way.
    pub(super) fn wait(self, text: String) {
        self.show(text, Kind::Waits, None, false);
    }

    /// Removes that sentence: the action is over.
    pub fn waited(self) {
        let waits = |message: &Option<Message>| {
            message
                .as_ref()
                .is_some_and(|message| message.kind == Kind::Waits)
        };
        if self.message.with_untracked(waits) {
            self.message.set(None);
        }
    }

    /// Undoes a change, and reports that.
    pub fn undo(self, undo: Undo) {
        let slow = self.undoing;
        let subject = undo.fields.first().map(|(_, value)| value.clone());
        slow.start(SLOW_MS, move || {
            self.watch(slow, undo.path, subject.unwrap_or_default());
        });
        spawn_local(async move {
            let answer = call(undo.path, undo.fields).await;
            slow.stop();
            self.waited();
            let said = answer.and_then(|json| {
                if undo.done.is_empty() {
                    json.read().map(|said: Said| said.sentence)
                } else {
                    Ok(undo.done)
                }
            });
            match said {
                Ok(text) => self.changed(text),
                Err(error) => self.failed(error),
            }
        });
    }
}

/// The live region. It is always there, so that screen readers notice what enters it.
#[component]
pub fn LiveRegion(feedback: Feedback) -> impl IntoView {
    let message = feedback.message;
    let pathname = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = pathname.get();
        if before.is_some_and(|before| before != path) {
            feedback.noted.set(true);
            message.update(|message| match message {
                Some(arrived) if arrived.travels => arrived.travels = false,
                other => *other = None,
            });
        }
        path
    });
    view! {
        <div class="toasts" role="status" aria-live="polite">
            {reactive(move || message.get().map(|message| toast(feedback, message)))}
        </div>
    }
    .into_any()
}

fn toast(feedback: Feedback, message: Message) -> AnyView {
    let icon = match message.kind {
        Kind::Done => Icon::CHECK,
        Kind::Waits => Icon::CLOCK,
        Kind::Failed => Icon::WARNING,
    };
    let settling = Settling::begun();
    let undo = StoredValue::new(message.undo);
    let offered = undo.with_value(|undo| undo.as_ref().is_some_and(|undo| offers(undo.path)));
    let undo = offered.then(|| {
        let press = move |event: leptos::ev::MouseEvent| {
            if settling.is_early(&event) {
                return;
            }
            // Once: a second press has nothing to undo.
            if let Some(undo) = undo.try_update_value(Option::take).flatten() {
                feedback.undo(undo);
            }
        };
        view! {
            <button type="button" class="button quiet" aria-disabled=settling.flag() on:click=press>
                "Undo"
            </button>
        }
    });
    fresh(view! {
        <div class="toast" class:failed=message.kind == Kind::Failed>
            {icon.draw()} <p>{message.text}</p> {undo}
            <button
                type="button"
                class="button quiet compact"
                on:click=move |_| feedback.message.set(None)
            >
                {Icon::CLOSE.draw()}
                <span class="visually-hidden">"Close this message"</span>
            </button>
        </div>
    })
}

#[cfg(test)]
mod tests;
