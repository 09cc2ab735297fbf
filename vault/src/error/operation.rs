//! Errors of operations.

use shared::validation::FieldErrors;

use super::conflict::Conflict;
use super::limit::Limit;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done. Nothing has changed when one of these comes back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Input that does not pass, with messages by field.
    #[error("invalid input")]
    Invalid(FieldErrors),
    /// No such key in this account; somebody else's key looks the same.
    #[error("not found")]
    NotFound,
    /// The form was begun on an earlier version of what it changes.
    #[error("changed meanwhile")]
    Conflict(Box<Conflict>),
    /// Wrong address or password; which of them is not said.
    #[error("wrong credentials")]
    WrongCredentials,
    /// The session ended while the request was on its way.
    #[error("session over")]
    SessionOver,
    /// The address cannot have a new account.
    #[error("sign-up refused")]
    SignUpRefused,
    /// The link of a mail that was used, has expired, or never was.
    #[error("link gone")]
    LinkGone,
    /// Too many failures.
    #[error("too many attempts")]
    Throttled {
        /// Seconds until another attempt is looked at.
        retry_after: u64,
    },
    /// There are as many as there may be.
    #[error("no more than {most} {what}", most = .1, what = .0.slug())]
    Quota(Limit, u32),
    /// More passwords are waiting to be checked than is reasonable, or the turn to read or to change something did not
    /// come in time.
    #[error("busy")]
    Busy,
    /// The database does not take changes. The log says so, once a minute.
    #[error("the database does not take changes: {0}")]
    NotSaved(String),
    /// The database or the machine failed; the text is for the log only.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl Error {
    /// Whether it is worth a line in the log. That the database takes no changes stands there already.
    pub fn is_news(&self) -> bool {
        !matches!(self, Self::NotSaved(_) | Self::Busy)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            // All readers are in use, which says nothing about the database.
            sqlx::Error::PoolTimedOut => Self::Busy,
            error => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<FieldErrors> for Error {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl From<Conflict> for Error {
    fn from(conflict: Conflict) -> Self {
        Self::Conflict(Box::new(conflict))
    }
}
