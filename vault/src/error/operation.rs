//! Errors of operations.

use shared::capability::Need;
use shared::validation::FieldErrors;
use sqlx::error::DatabaseError;

use super::conflict::Conflict;
use super::limit::Limit;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The reasons for rejecting an operation. Nothing has changed when one of these is returned, except that
/// [`Error::InDoubt`] leaves that open.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Invalid input, with messages by field.
    #[error("invalid input")]
    Invalid(FieldErrors),
    /// No such key in this account; another account's key looks the same.
    #[error("not found")]
    NotFound,
    /// Some of the named keys do not exist in this account; another account's keys look the same.
    #[error("not found")]
    NoSuchKeys {
        /// An access key, or the start of a text that is none.
        first: String,
        count: usize,
    },
    /// The form was begun on an earlier version of what it changes.
    #[error("changed meanwhile")]
    Conflict(Box<Conflict>),
    /// Wrong address or password; the error does not tell which.
    #[error("wrong credentials")]
    WrongCredentials,
    /// The account is suspended, for this reason.
    #[error("suspended: {0}")]
    Suspended(String),
    /// The session that a portal link began may not do this.
    #[error("not allowed: {0:?}")]
    NotAllowed(Need),
    /// The session ended while the request was under way.
    #[error("session over")]
    SessionOver,
    /// The address cannot have a new account.
    #[error("sign-up refused")]
    SignUpRefused,
    /// An account with more keys than this cannot be deleted at once.
    #[error("more than {0} keys")]
    TooManyKeys(i64),
    /// The external id already has an account.
    #[error("the external id is taken")]
    Taken,
    /// What a request with If-Match was made for has changed since, or is another.
    #[error("another version")]
    Outdated,
    /// The idempotency key was used for a request with another body.
    #[error("the idempotency key belongs to another request")]
    Reused,
    /// The first request with this idempotency key is still running.
    #[error("the first request is still running")]
    Running,
    /// The operator's token was revoked or has expired while the request was under way.
    #[error("the token is over")]
    TokenOver,
    /// The link of a mail that was used, has expired, or never existed.
    #[error("link gone")]
    LinkGone,
    /// Too many failures.
    #[error("too many attempts")]
    Throttled {
        /// Seconds until another attempt is examined.
        retry_after: u64,
    },
    /// The limit on a number of things is reached.
    #[error("no more than {most} {what}", most = .1, what = .0.slug())]
    Quota(Limit, u32),
    /// The database server ended the change because of a session that is not Keyhold's, as in a deadlock, more than once.
    #[error("another session of the database is in the way")]
    Deadlock,
    /// Too many passwords wait to be checked, or the turn to read or to change something did not come in time.
    #[error("busy")]
    Busy,
    /// The database takes no changes. The log says so, once a minute.
    #[error("the database does not accept changes: {0}")]
    NotSaved(String),
    /// The connection ended before the answer to a commit, and no other could be had to find out whether it was made. It is
    /// found out later, for state that depends on it.
    #[error("it is not known whether the change was saved: {0}")]
    InDoubt(String),
    /// The database or the machine failed; the text is for the log only.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

impl Error {
    /// Returns whether the error is worth a line in the log, which already says when the database takes no changes.
    pub fn is_news(&self) -> bool {
        !matches!(self, Self::NotSaved(_) | Self::InDoubt(_) | Self::Busy)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            // All readers are in use, which says nothing about the database.
            sqlx::Error::PoolTimedOut => Self::Busy,
            sqlx::Error::Database(error) if is_of_another_session(&*error) => Self::Deadlock,
            error => Self::Unavailable(error.to_string()),
        }
    }
}

/// Returns whether a transaction was ended only because of another one. These are states of PostgreSQL: a serialization
/// failure and a deadlock.
fn is_of_another_session(error: &dyn DatabaseError) -> bool {
    matches!(error.code().as_deref(), Some("40001" | "40P01"))
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
