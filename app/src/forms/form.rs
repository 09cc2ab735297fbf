//! Forms. With JavaScript they check their fields, send them, and show the outcome in place; without, they are ordinary
//! forms, and the server renders their page again.

use std::sync::Arc;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use shared::validation::FieldErrors;

use super::form_replay::{Replay, is_plain};
use crate::client::call::send;
use crate::client::secret_json::SecretJson;
use crate::client::timers::Delay;
use crate::client::{boot, browser};
use crate::error::FnError;
use crate::ui::icon::Icon;
use crate::ui::reactive::{effect, fresh, memo, reactive, words};
use crate::ui::standing::{allows, read_only, reason};
use crate::ui::toasts::Feedback;
use crate::ui::waiting::SLOW_MS;

/// The fields of a form when it is sent.
pub struct Fields(Source);

enum Source {
    Form(web_sys::FormData),
    /// The fields of a test, which has no browser.
    #[cfg(test)]
    Given(&'static [(&'static str, &'static str)]),
}

impl Fields {
    /// Returns the text of a field, or of the chosen radio button; empty if there is none.
    pub fn text(&self, name: &str) -> String {
        match &self.0 {
            Source::Form(form) => form.get(name).as_string().unwrap_or_default(),
            #[cfg(test)]
            Source::Given(fields) => {
                let field = fields.iter().find(|(field, _)| *field == name);
                field
                    .map(|(_, text)| (*text).to_owned())
                    .unwrap_or_default()
            }
        }
    }

    #[cfg(test)]
    pub fn given(fields: &'static [(&'static str, &'static str)]) -> Self {
        Self(Source::Given(fields))
    }
}

/// The action after a form was sent and the call succeeded.
pub type Then = Arc<dyn Fn(Fields, SecretJson) -> Result<(), FnError> + Send + Sync>;

/// Makes a [`Then`] of a closure over the form's fields and the answer. It runs even if the form has left the page
/// meanwhile.
pub fn then(
    done: impl Fn(Fields, SecretJson) -> Result<(), FnError> + Send + Sync + 'static,
) -> Then {
    Arc::new(done)
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Progress {
    Idle,
    Sending,
    Slow,
}

/// The state of one form.
#[derive(Clone, Copy)]
pub struct FormState {
    /// The server function's path.
    path: &'static str,
    errors: RwSignal<FieldErrors>,
    alert: RwSignal<Option<String>>,
    progress: RwSignal<Progress>,
    /// The version that the form was begun on, if it has one. After a conflict it is the stored version, which the page
    /// then shows.
    pub version: RwSignal<String>,
}

impl FormState {
    /// A fresh form, or the one whose post is being answered.
    pub fn new(path: &'static str) -> Self {
        Self::answering(path, Replay::of(path))
    }

    /// As [`FormState::new`], for one of several forms that only differ in the value of `field`.
    pub fn of_one(path: &'static str, field: &str, value: &str) -> Self {
        let replay = Replay::of(path).filter(|replay| replay.field(field) == Some(value));
        Self::answering(path, replay)
    }

    /// As [`FormState::new`], for one of several forms of a page with the same function. `own` tells whether a post came
    /// from this one.
    pub fn of_form(path: &'static str, own: fn(&Replay) -> bool) -> Self {
        Self::answering(path, Replay::of(path).filter(own))
    }

    fn answering(path: &'static str, replay: Option<Replay>) -> Self {
        let sent = replay.as_ref().and_then(|replay| replay.field("version"));
        let sent = sent.unwrap_or_default().to_owned();
        let error = replay.and_then(|replay| replay.error().cloned());
        let alert = error.as_ref().and_then(FnError::alert);
        let version = error.as_ref().and_then(|error| error.version.clone());
        Self {
            version: RwSignal::new(version.unwrap_or(sent)),
            path,
            errors: RwSignal::new(
                error
                    .map(|error| FieldErrors(error.fields))
                    .unwrap_or_default(),
            ),
            alert: RwSignal::new(alert),
            progress: RwSignal::new(Progress::Idle),
        }
    }

    /// Returns the initial value of a field: the text that was posted, or `otherwise`.
    pub fn value(self, field: &str, otherwise: impl Into<String>) -> String {
        Replay::of(self.path)
            .and_then(|replay| replay.field(field).map(str::to_owned))
            .unwrap_or_else(|| otherwise.into())
    }

    /// The hidden field of the version. It starts with the `shown` version, unless a post is being answered.
    pub fn versioned(self, shown: String) -> AnyView {
        let version = self.version;
        if version.with_untracked(String::is_empty) {
            version.set(shown);
        }
        view! { <input type="hidden" name="version" value=move || version.get() /> }.into_any()
    }

    /// An id for a field, unique on the page.
    pub fn id(self, field: &str) -> String {
        format!(
            "{}-{field}",
            self.path.trim_start_matches("/fn/").replace('/', "-")
        )
    }

    /// The message at a field.
    pub fn error(self, field: &'static str) -> Memo<Option<String>> {
        memo(move || {
            self.errors
                .with(|errors| errors.get(field).map(str::to_owned))
        })
    }

    /// Returns whether the form shows an error.
    pub fn failed(self) -> bool {
        self.alert.with_untracked(Option::is_some)
            || self.errors.with_untracked(|errors| !errors.is_empty())
    }

    /// Removes the messages at the fields, which another choice has made obsolete.
    pub fn forget_errors(self) {
        self.errors.set(FieldErrors::default());
    }

    /// Returns how far sending is. A form that its answer has just replaced is asked once more after its signals are
    /// gone.
    fn progress(self) -> Progress {
        self.progress.try_get().unwrap_or(Progress::Idle)
    }

    /// The value of `aria-busy`, while the form is being sent.
    pub fn busy(self) -> Option<&'static str> {
        (self.progress() != Progress::Idle).then_some("true")
    }

    /// Shows an error. The form may be gone by now, together with these signals.
    fn fail(self, error: FnError) {
        if error.is_unauthenticated() {
            browser::load_sign_in();
            return;
        }
        let _ = self.alert.try_set(error.alert());
        if let Some(version) = error.version {
            let _ = self.version.try_set(version);
        }
        let _ = self.errors.try_set(FieldErrors(error.fields));
    }
}

/// A form that sends its fields to its server function; nothing if the session may not call that. While the account is
/// suspended, all in it is disabled.
#[component]
pub fn Form(
    state: FormState,
    /// Runs before anything is sent.
    #[prop(optional)]
    check: Option<fn(&Fields) -> FieldErrors>,
    /// Nothing for a form of a page without the module, where it is never sent by script.
    #[prop(optional)]
    then: Option<Then>,
    /// The form has no room for messages: the live region shows errors.
    #[prop(optional)]
    terse: bool,
    #[prop(default = "form")] class: &'static str,
    children: Children,
) -> impl IntoView {
    if !allows(state.path) {
        return ().into_any();
    }
    let slow = Delay::new();
    let feedback = Feedback::get();
    // The page is fetched again once the connection is back.
    effect(move || {
        feedback.revision.track();
        let is_offline = |alert: &Option<String>| alert.as_deref().is_some_and(FnError::is_offline);
        if state.alert.with_untracked(is_offline) {
            state.alert.set(None);
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if state.progress.get_untracked() != Progress::Idle {
            return;
        }
        let form: web_sys::HtmlFormElement = event_target(&event);
        let Ok(data) = web_sys::FormData::new_with_form(&form) else {
            return;
        };
        let Ok(body) = web_sys::UrlSearchParams::new_with_str_sequence_sequence(&data) else {
            return;
        };
        let fields = Fields(Source::Form(data));
        let errors = check.map(|check| check(&fields)).unwrap_or_default();
        let valid = errors.is_empty();
        state.alert.set(None);
        state.errors.set(errors);
        if !valid {
            focus_first_error(form);
            return;
        }
        state.progress.set(Progress::Sending);
        let access_key = fields.text("access_key");
        slow.start(SLOW_MS, move || {
            let _ = state.progress.try_set(Progress::Slow);
            feedback.watch(slow, state.path, access_key);
        });
        let then = then.clone();
        spawn_local(async move {
            let answer = send(state.path, body).await;
            slow.stop();
            feedback.waited();
            let outcome =
                answer.and_then(|answer| then.map_or(Ok(()), |then| then(fields, answer)));
            let _ = state.progress.try_set(Progress::Idle);
            match outcome {
                Ok(()) => boot::sent_form(&form),
                Err(error) if terse => {
                    if let Some(version) = error.version.clone() {
                        let _ = state.version.try_set(version);
                    }
                    feedback.failed(error);
                }
                Err(error) => {
                    feedback.replaced();
                    if error.is_outdated() {
                        feedback.refresh();
                    }
                    state.fail(error);
                    focus_first_error(form);
                }
            }
        });
    };
    view! {
        <form class=class method="post" action=state.path novalidate on:submit=submit>
            {reactive(move || state.alert.try_get().flatten().map(alert))}
            <fieldset class="whole" role=move || (!read_only()).then_some("none") disabled=read_only aria-describedby=reason>
                {children()}
            </fieldset>
        </form>
    }
    .into_any()
}

fn alert(message: String) -> AnyView {
    fresh(view! {
        <p class="note bad" role="alert" tabindex="-1" autofocus=is_plain()>
            {Icon::WARNING.draw()}
            <span>{message}</span>
        </p>
    })
}

/// Focuses the first field with an error, once the next frame has put the messages into the page.
fn focus_first_error(form: web_sys::HtmlFormElement) {
    request_animation_frame(move || {
        let found = form
            .query_selector("input[aria-invalid=true], textarea[aria-invalid=true], select[aria-invalid=true], [aria-invalid=true] input:checked, .note.bad");
        if let Ok(Some(element)) = found {
            browser::focus(&element);
        }
    });
}

/// The button that sends the form.
#[component]
pub fn Submit(
    state: FormState,
    label: &'static str,
    /// The label when sending takes its time.
    #[prop(default = "Saving…")]
    slow: &'static str,
    #[prop(default = "button primary")] class: &'static str,
) -> impl IntoView {
    let word = move || {
        if state.progress() == Progress::Slow {
            slow
        } else {
            label
        }
    };
    let flag = move || state.busy();
    view! {
        <button type="submit" class=class aria-busy=flag aria-disabled=flag>
            {words(word)}
        </button>
    }
    .into_any()
}

/// A form of one button. `field` names the subject of the action.
pub fn press(
    path: &'static str,
    field: Option<(&'static str, String)>,
    label: &'static str,
    class: &'static str,
    then: Then,
) -> AnyView {
    let (name, value) = field.unzip();
    let state = match (name, &value) {
        (Some(name), Some(value)) => FormState::of_one(path, name, value),
        _ => FormState::new(path),
    };
    view! {
        <Form state=state then=then terse=true class="inline">
            {name.map(|name| view! { <input type="hidden" name=name value=value /> })}
            <Submit state=state label=label slow="Just a moment…" class=class />
        </Form>
    }
    .into_any()
}

/// As [`press`], on a page without the module.
pub fn plain_press(
    path: &'static str,
    field: Option<(&'static str, String)>,
    label: &'static str,
    class: &'static str,
) -> AnyView {
    press(path, field, label, class, then(|_, _| Ok(())))
}

#[cfg(test)]
mod tests;
