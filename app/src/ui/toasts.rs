//! What just happened, said in a live region, with Undo where it can be undone.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;
use shared::view::Changed;

use super::icon::Icon;
use super::reactive::{effect, fresh, reactive};
use super::settling::Settling;
use crate::client::browser;
use crate::client::call::{Fields, call};
use crate::error::FnError;
use crate::server_fns::keys::RestoreKey;

/// What takes a change back: a call, and what to say once it worked.
#[derive(Clone, PartialEq)]
pub struct Undo {
    pub path: &'static str,
    pub fields: Fields,
    pub done: String,
}

/// One message, and what takes it back.
#[derive(Clone, PartialEq)]
struct Message {
    text: String,
    failed: bool,
    undo: Option<Undo>,
    /// It was said just before leaving for another page, and is to be read there.
    travels: bool,
}

/// Where parts of a page report what they did, and ask for the page's data to be fetched again.
#[derive(Clone, Copy)]
pub struct Feedback {
    message: RwSignal<Option<Message>>,
    /// Whether what the address says was done is the last answer.
    pub(super) noted: RwSignal<bool>,
    /// Counts the changes: whatever shows keys has it in its resource's source.
    pub revision: RwSignal<u32>,
}

impl Feedback {
    pub fn provide() -> Self {
        let feedback = Self {
            message: RwSignal::new(None),
            noted: RwSignal::new(true),
            revision: RwSignal::new(0),
        };
        provide_context(feedback);
        feedback
    }

    pub fn get() -> Self {
        expect_context()
    }

    /// Fetches again what the page shows.
    pub fn refresh(self) {
        self.revision.update(|revision| *revision += 1);
    }

    /// A new answer stands elsewhere on the page: takes the last one away.
    pub fn replaced(self) {
        self.message.set(None);
        self.noted.set(false);
    }

    fn show(self, text: String, failed: bool, undo: Option<Undo>, travels: bool) {
        self.noted.set(false);
        self.message.set(Some(Message {
            text,
            failed,
            undo,
            travels,
        }));
    }

    /// Something worked.
    pub fn say(self, text: impl Into<String>) {
        self.show(text.into(), false, None, false);
    }

    /// Something worked, and the next page is to say so.
    pub fn say_there(self, text: impl Into<String>) {
        self.show(text.into(), false, None, true);
    }

    /// Something changed: says so, and shows the new state.
    pub fn changed(self, text: impl Into<String>) {
        self.say(text);
        self.refresh();
    }

    /// A key was expired: says so, offers to take it back, and shows the new state. Only this is undone with
    /// one button: the server restores to a later expiration and never shortens a key's life.
    pub fn expired(self, change: Changed) {
        let text = format!("{} is expired.", change.name);
        // It had expired before, perhaps by the first press of a double click: the message of that keeps its Undo.
        if change.expiry_before == change.expiry && self.says(&text) {
            return self.refresh();
        }
        let undo = (change.expiry_before != change.expiry).then(|| Undo {
            path: RestoreKey::PATH,
            fields: vec![
                ("access_key", change.access_key),
                ("expiry", change.expiry_before),
                ("version", change.version),
            ],
            done: format!("{} is as it was before.", change.name),
        });
        self.undoable(text, undo);
    }

    fn says(self, text: &str) -> bool {
        self.message
            .with_untracked(|message| message.as_ref().is_some_and(|message| message.text == text))
    }

    /// Something changed that can be taken back: says so, offers that, and shows the new state.
    pub fn undoable(self, text: String, undo: Option<Undo>) {
        self.show(text, false, undo, false);
        self.refresh();
    }

    /// Something failed that has no form to say so.
    pub fn failed(self, error: FnError) {
        if error.is_unauthenticated() {
            browser::load_sign_in();
            return;
        }
        let conflict = error.is_conflict();
        let text = error.alert();
        let text = text.or_else(|| error.fields.into_values().next());
        self.show(text.unwrap_or_default(), true, None, false);
        if conflict {
            self.refresh();
        }
    }

    /// To be called by what is rendered anew after a change: the button that was pressed may be gone with
    /// what it stood in, and the keyboard then goes on from the message.
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

    fn undo(self, undo: Undo) {
        spawn_local(async move {
            match call(undo.path, undo.fields).await {
                Ok(_) => self.changed(undo.done),
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
    let icon = if message.failed {
        Icon::WARNING
    } else {
        Icon::CHECK
    };
    let settling = Settling::begun();
    let undo = StoredValue::new(message.undo);
    let undo = undo.with_value(Option::is_some).then(|| {
        let press = move |event: leptos::ev::MouseEvent| {
            if settling.is_early(&event) {
                return;
            }
            // Once: what it takes back is no longer there for a second press.
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
        <div class="toast" class:failed=message.failed>
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
