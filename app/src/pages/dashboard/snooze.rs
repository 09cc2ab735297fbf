//! Snoozing: the menu in a line of the banner, and the list of the keys that are snoozed.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use shared::moment::Moment;
use shared::status::Status;
use shared::validation::FieldErrors;
use shared::view::overview::{Overview, SnoozedKey};

use crate::forms::form::{Fields, Form, FormState, Then, then};
use crate::forms::form_replay::Replay;
use crate::keys::key_actions::key_path;
use crate::server_fns::overview::SnoozeKey;
use crate::ui::icon::Icon;
use crate::ui::moment;
use crate::ui::reactive::{memo, reactive};
use crate::ui::settling::Settling;
use crate::ui::toasts::Feedback;

/// The text that ends a snooze.
const NOW: &str = "now";

/// The snooze of a line's key.
#[derive(Clone)]
pub struct Snooze {
    pub access_key: String,
    pub name: String,
    /// Whether the key was snoozed here.
    pub snoozed: RwSignal<bool>,
    /// Shared by all lines: a change in one can move the others.
    pub settling: Settling,
}

impl Snooze {
    /// The menu of choices: until when. The last one is until the key expires, unless it has.
    pub fn menu(self, expires: Option<Moment>, status: Status, tomorrow: &str) -> AnyView {
        let expires = expires.filter(|_| status != Status::Expired);
        // A form without script was refused: its message is in the menu.
        let refused = Replay::of(SnoozeKey::PATH).is_some_and(|replay| {
            replay.error().is_some() && replay.field("access_key") == Some(&self.access_key)
        });
        view! {
            <details class="menu snooze" open=refused>
                <summary class="button quiet">
                    {Icon::CLOCK.draw()} "Snooze" <span class="visually-hidden">" " <bdi>{self.name.clone()}</bdi></span>
                </summary>
                <div class="menu-items">
                    {self.choice("1 day", "1d".to_owned())}
                    {self.choice("1 week", "7d".to_owned())}
                    {expires.map(|end| self.choice("Until it expires", end.rfc3339))}
                    {self.date(tomorrow)}
                </div>
            </details>
        }
        .into_any()
    }

    /// *Undo*, once it is snoozed.
    pub fn end(self) -> AnyView {
        let fields = self.fields(NOW.to_owned());
        let button = self.button("button", "Undo");
        view! {
            <span class="muted">"Snoozed"</span>
            <Form state=plain() then=self.then(false) terse=true class="inline">
                {fields}
                {button}
            </Form>
        }
        .into_any()
    }

    fn then(&self, snoozed: bool) -> Then {
        let (signal, settling, feedback) = (self.snoozed, self.settling, Feedback::get());
        then(move |_, answer| {
            let sentence: String = answer.read()?;
            feedback.changed(sentence);
            settling.begin();
            let _ = signal.try_set(snoozed);
            Ok(())
        })
    }

    fn fields(&self, until: String) -> AnyView {
        view! {
            <input type="hidden" name="access_key" value=self.access_key.clone() />
            <input type="hidden" name="until" value=until />
        }
        .into_any()
    }

    fn button(&self, class: &'static str, label: &'static str) -> AnyView {
        let settling = self.settling;
        let press = move |event: MouseEvent| {
            if settling.is_early(&event) {
                event.prevent_default();
            }
        };
        view! {
            <button type="submit" class=class aria-disabled=settling.flag() on:click=press>
                {label}
                <span class="visually-hidden">" " <bdi>{self.name.clone()}</bdi></span>
            </button>
        }
        .into_any()
    }

    fn choice(&self, label: &'static str, until: String) -> AnyView {
        let fields = self.fields(until);
        let button = self.button("button quiet", label);
        view! {
            <Form state=plain() then=self.then(true) terse=true class="inline">
                {fields}
                {button}
            </Form>
        }
        .into_any()
    }

    /// The form with a date of the owner's choice.
    fn date(&self, tomorrow: &str) -> AnyView {
        let state = FormState::of_one(SnoozeKey::PATH, "access_key", &self.access_key);
        let error = state.error("until");
        let text = format!("Snooze {} until", self.name);
        let (access_key, tomorrow) = (self.access_key.clone(), tomorrow.to_owned());
        let button = self.button("button", "Snooze");
        view! {
            <Form state=state check=check then=self.then(true) terse=true class="inline until">
                <input type="hidden" name="access_key" value=access_key />
                <input type="date" name="until" min=tomorrow aria-label=text required />
                {button}
                {reactive(move || error.get().map(refusal))}
            </Form>
        }
        .into_any()
    }
}

/// The state of a form that shows no refusal of a form without script: that of the date does.
fn plain() -> FormState {
    FormState::of_one(SnoozeKey::PATH, "access_key", "")
}

fn refusal(message: String) -> AnyView {
    view! {
        <p class="help wrong" role="alert">
            {Icon::WARNING.draw()}
            <span>{message}</span>
        </p>
    }
    .into_any()
}

fn check(fields: &Fields) -> FieldErrors {
    let mut errors = FieldErrors::default();
    if fields.text("until").is_empty() {
        errors.add("until", "Choose a date.");
    }
    errors
}

/// The keys that are snoozed, folded away.
pub fn snoozed(overview: Memo<Overview>, now: Signal<i64>) -> AnyView {
    let keys = memo(move || overview.with(|overview| overview.snoozed.clone()));
    let list = move || {
        let keys = keys.get();
        if keys.is_empty() {
            return None;
        }
        let summary = match keys.len() {
            1 => "1 snoozed key".to_owned(),
            many => format!("{many} snoozed keys"),
        };
        let lines: Vec<AnyView> = keys.into_iter().map(|key| line(key, now)).collect();
        Some(view! {
            <details class="snoozed">
                <summary>{Icon::CLOCK.draw()} {summary}</summary>
                <ul class="lines">{lines}</ul>
            </details>
        })
    };
    reactive(list)
}

fn line(key: SnoozedKey, now: Signal<i64>) -> AnyView {
    let feedback = Feedback::get();
    let done = then(move |_, answer| {
        let sentence: String = answer.read()?;
        feedback.changed(sentence);
        Ok(())
    });
    let state = plain();
    view! {
        <li>
            <a href=key_path(&key.access_key)>
                <bdi>{key.name.clone()}</bdi>
            </a>
            <span class="muted">"until " {moment::when(key.until, now)}</span>
            <Form state=state then=done terse=true class="inline">
                <input type="hidden" name="access_key" value=key.access_key />
                <input type="hidden" name="until" value=NOW />
                <button type="submit" class="button quiet">
                    "Show again"
                    <span class="visually-hidden">" " <bdi>{key.name}</bdi></span>
                </button>
            </Form>
        </li>
    }
    .into_any()
}
