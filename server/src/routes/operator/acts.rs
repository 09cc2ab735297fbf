//! What the forms that change something share: the version that each was begun on, the reason, and what a refused one says.
//!
//! A form means the state that it showed. One that was begun on another, in a window that stood open or by a second press, changes
//! nothing, and its answer is the page with the present state.

use axum::http::StatusCode;
use maud::{Markup, html};
use vault::Error;
use vault::operators::Meant;

use super::form::Fields;
use super::frame::Refusal;
use super::parts::note;

/// The most characters of a reason.
const REASON_MAX: usize = 500;

/// A form that was refused.
pub struct Wrong {
    /// The reason that was typed.
    typed: String,
    cause: Cause,
}

enum Cause {
    /// What is wrong with the reason.
    Reason(String),
    /// What is wrong with another field.
    Invalid(String),
    /// It was begun on another state.
    Outdated,
}

impl Wrong {
    /// Returns what is wrong with a form, of which `field` can be; other errors go on.
    pub fn of(error: Error, field: &str, fields: &Fields) -> Result<Self, Refusal> {
        let cause = match error {
            Error::Outdated => Cause::Outdated,
            Error::Invalid(errors) if errors.0.contains_key(field) => {
                let message = errors.0.get(field).cloned().unwrap_or_default();
                match field {
                    "reason" => Cause::Reason(message),
                    _ => Cause::Invalid(message),
                }
            }
            error => return Err(error.into()),
        };
        let typed = fields.get("reason").to_owned();
        Ok(Self { typed, cause })
    }

    pub fn status(&self) -> StatusCode {
        match self.cause {
            Cause::Reason(_) | Cause::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Cause::Outdated => StatusCode::CONFLICT,
        }
    }

    /// Says what the field for the reason does not, if the page `has_field`: that `what`, "The key", is in another state by now.
    pub fn note(&self, what: &str, has_field: bool) -> Markup {
        match &self.cause {
            Cause::Reason(_) if has_field => html! {},
            Cause::Reason(message) | Cause::Invalid(message) => {
                note("warn", &html! { (message) " Nothing was changed." })
            }
            Cause::Outdated => note(
                "warn",
                &html! {
                    (what) " has changed since you opened that page, so nothing was changed. This is its present state."
                },
            ),
        }
    }

    /// Returns whether the form for a reason is to stand open.
    pub fn opens(&self) -> bool {
        !self.typed.is_empty() || self.message().is_some()
    }

    fn message(&self) -> Option<&str> {
        match &self.cause {
            Cause::Reason(message) => Some(message),
            Cause::Invalid(_) | Cause::Outdated => None,
        }
    }
}

/// Returns what a form means: what is at `named`, in the state that the form showed. One that names no state means none.
pub fn meant(named: &str, fields: &Fields) -> Meant {
    Meant::new(named, Some(vec![fields.get("version").to_owned()]))
}

/// The field for the state that a form shows.
pub fn version_field(version: &str) -> Markup {
    html! { input type="hidden" name="version" value=(version); }
}

/// The field for a reason.
pub fn reason_field(help: &str, wrong: Option<&Wrong>) -> Markup {
    let message = wrong.and_then(Wrong::message);
    html! {
        div.field {
            label for="reason" { "Reason" }
            input #reason type="text" name="reason" required maxlength=(REASON_MAX) autocomplete="off"
                value=[wrong.map(|wrong| &wrong.typed)] aria-invalid=[message.map(|_| "true")] aria-describedby="reason-help"
                autofocus[message.is_some()];
            @match message {
                Some(message) => { p.help.wrong #reason-help role="alert" { (message) } }
                None => { p.help #reason-help { (help) } }
            }
        }
    }
}
