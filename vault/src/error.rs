//! What can go wrong, seen from outside the vault.

use std::path::PathBuf;

use shared::validation::FieldErrors;

use crate::limits::Limit;
use crate::storage::version::Conflict;

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

/// Why the vault cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("KEYHOLD_DATABASE_URL: {0}")]
    Address(&'static str),
    #[error(
        "the database {} is a symbolic link that leads to nothing. Is the volume that it leads to mounted? To begin with \
         a new database, remove the link",
        path.display()
    )]
    Dangling { path: PathBuf },
    #[error("the folder {} cannot be made: {source}", path.display())]
    Folder {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the database {} is in use by another keyhold process", path.display())]
    InUse { path: PathBuf },
    #[error("{} cannot be locked: {source}", path.display())]
    Lock {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("the database {} was made by a newer keyhold (schema {found}, this one knows {known})", path.display())]
    Newer {
        path: PathBuf,
        found: i64,
        known: i64,
    },
    #[error("{} is a database of something else, not of keyhold", path.display())]
    Foreign { path: PathBuf },
    #[error(
        "the database {} was put in the place of another one while keyhold ran, and the log {} belongs to that one: to go \
         on with the present database, move the log away",
        path.display(),
        log.display()
    )]
    ForeignLog { path: PathBuf, log: PathBuf },
    #[error("SQLite {found} is too old: keyhold needs {needed} or later")]
    OldSqlite { found: String, needed: &'static str },
    #[error("the clock cannot be accepted: {0}")]
    Accept(Error),
    #[error("the database {} cannot be opened: {source}", path.display())]
    Database { path: PathBuf, source: sqlx::Error },
    #[error("there is no database at {}", path.display())]
    NoDatabase { path: PathBuf },
    #[error("the copy {} cannot be made: {reason}", path.display())]
    Backup { path: PathBuf, reason: String },
    #[error("{} cannot be restored: {reason}", path.display())]
    Restore { path: PathBuf, reason: String },
    #[error("the database cannot be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the database cannot be read: {0}")]
    Read(#[from] sqlx::Error),
    #[error("the keys cannot be loaded: {0}")]
    Load(Error),
    #[error("the names of the keys cannot be prepared for searching: {0}")]
    Fold(Error),
    #[error("the sweep for notices cannot begin: {0}")]
    Sweep(Error),
    #[error(
        "the pepper file {} is missing, and the database has keys that were made with it: restore it from the backup",
        path.display()
    )]
    PepperMissing { path: PathBuf },
    #[error(
        "there is a pepper file, {}, but its database, {}, is missing. Is its volume mounted, and is \
         KEYHOLD_DATABASE_URL right? `keyhold restore FILE` puts a backup in its place. To begin with a new, empty \
         database, move the pepper file away first: backups need it",
        pepper.display(),
        path.display()
    )]
    DatabaseMissing { path: PathBuf, pepper: PathBuf },
    #[error(
        "there is a pepper file, {}, but its database, {}, is empty: it was truncated or lost its write-ahead log. \
         `keyhold restore FILE` puts a backup in its place. To begin with this empty database, move the pepper file \
         away first: backups need it",
        pepper.display(),
        path.display()
    )]
    DatabaseEmpty { path: PathBuf, pepper: PathBuf },
    #[error("the pepper file {} cannot be used: {reason}", path.display())]
    Pepper { path: PathBuf, reason: String },
    #[error(
        "the key {access_key} was made with another pepper ({found}) than the one in the pepper file ({loaded})"
    )]
    PepperMismatch {
        access_key: String,
        found: String,
        loaded: String,
    },
    #[error("the key {0} in the database is damaged")]
    DamagedKey(String),
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    #[error("Argon2 cannot be set up: {0}")]
    Passwords(String),
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::Arc;

    use super::*;
    use crate::mailer::delivery::Hands;
    use crate::outbox::Wanted;
    use crate::storage::READERS;
    use crate::time::clock::ManualClock;

    /// Many readers at work are no reason to report that the database takes no changes.
    #[tokio::test]
    async fn a_question_without_a_reader_is_no_fault_of_the_database() {
        let clock = Arc::new(ManualClock::at(1_795_435_200_000));
        let (vault, _folder) = crate::temporary::vault(clock).await;
        let database = &vault.0.database;
        let mut held = Vec::new();
        for _ in 0..READERS {
            held.push(database.readers.acquire().await.unwrap());
        }
        tokio::time::pause();
        let taken = vault
            .take(Wanted::Any, vault.now(), &Hands::default())
            .await;
        assert!(matches!(database.noted(taken), Err(Error::Busy)));
        assert_eq!(vault.write_failures(), 0);
    }
}
