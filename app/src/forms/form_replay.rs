//! The replay of a form post without JavaScript: its fields and its outcome, for the page that answers it.
//!
//! Such a form is answered by its own page rendered again: with the typed text and the messages when the call failed,
//! with the secret when a key was created. The server provides a [`Replay`] while it renders that
//! page, which then comes without the module; in every other rendering there is none.

use crate::client::secret_json::SecretJson;
use crate::client::shape::Shape;
use crate::error::FnError;

/// One form post and its outcome.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The server function's path.
    pub path: String,
    /// The address of the page, which replaces the function's in the browser.
    pub page: String,
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

/// Provided while a page is rendered that comes without the module: beside a [`Replay`], because that page stands at the
/// address of the function, where the browser's router knows no page, and for the pages that few visit.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

/// Returns whether the page that is being rendered comes without the module. In the browser it never does.
pub fn is_plain() -> bool {
    cfg!(feature = "ssr") && leptos::prelude::use_context::<Plain>().is_some()
}

#[cfg(test)]
mod tests {
    use leptos::prelude::provide_context;
    use leptos::reactive::owner::Owner;
    use shared::view::AccountView;

    use super::*;

    fn replay(outcome: Result<SecretJson, FnError>) -> Replay {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Replay {
            path: "/fn/account/preferences".to_owned(),
            page: "/preferences/account".to_owned(),
            fields: vec![field("time_zone", "UTC"), field("warning_days", "")],
            outcome,
        }
    }

    #[test]
    fn a_page_finds_the_post_to_its_own_function_only() {
        Owner::new().with(|| {
            assert!(Replay::of("/fn/account/preferences").is_none());
            provide_context(replay(Err(FnError::inside())));
            assert!(Replay::of("/fn/account/preferences").is_some());
            assert!(Replay::of("/fn/account").is_none());
        });
    }

    /// A checkbox is on if its field is there, whatever it holds.
    #[test]
    fn an_empty_field_is_not_a_missing_one() {
        let replay = replay(Err(FnError::inside()));
        assert_eq!(replay.field("time_zone"), Some("UTC"));
        assert_eq!(replay.field("warning_days"), Some(""));
        assert_eq!(replay.field("version"), None);
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn the_outcome_is_an_answer_or_an_error() {
        let json = r#"{"email":"ada@example.com","name":"","back":null,"owner":"acc_1","time_zone":"UTC","warning_days":14,"today":"2026-11-26"}"#;
        let succeeded = replay(Ok(SecretJson(json.to_owned())));
        let answer: Option<AccountView> = succeeded.answer();
        assert_eq!(answer.map(|account| account.warning_days), Some(14));
        assert_eq!(succeeded.error(), None);
        let failed = replay(Err(FnError::offline()));
        assert_eq!(failed.answer::<AccountView>(), None);
        assert_eq!(failed.error(), Some(&FnError::offline()));
    }
}
