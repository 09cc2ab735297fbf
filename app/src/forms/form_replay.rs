//! The replay of a form post without JavaScript: its fields and its outcome, for the page that answers it.
//!
//! Such a form is answered by its own page rendered again: with the typed text and the messages when the call failed,
//! with the secret when a key was created. The server provides a [`Replay`] while it renders that
//! page, which then carries no script; in every other rendering there is none.

use crate::client::secret_json::SecretJson;
use crate::client::shape::Shape;
use crate::error::FnError;

/// One form post and its outcome.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The server function's path.
    pub path: String,
    /// The form's fields as they were sent. Passwords are left out.
    pub fields: Vec<(String, String)>,
    /// The function's answer in JSON, or its error.
    pub outcome: Result<SecretJson, FnError>,
}

impl Replay {
    /// Returns the replay that is being rendered, if it belongs to the function at `path`.
    pub fn of(path: &str) -> Option<Self> {
        leptos::prelude::use_context::<Self>().filter(|replay| replay.path == path)
    }

    /// Returns the text of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn error(&self) -> Option<&FnError> {
        self.outcome.as_ref().err()
    }

    /// Returns the function's answer, if the call succeeded.
    pub fn answer<T: Shape>(&self) -> Option<T> {
        self.outcome.as_ref().ok()?.read().ok()
    }
}

/// Provided beside a [`Replay`]: the page must come without script, because it stands at the address of the
/// function, where the browser's router knows no page.
#[derive(Clone, Copy, Debug)]
pub struct Scriptless;
