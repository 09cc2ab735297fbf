//! Errors of opening, copying and restoring the vault.

use std::path::PathBuf;

use super::operation::Error;
use super::refusal::Refusal;

/// The reasons why the vault cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("KEYHOLD_DATABASE_URL: {0}")]
    Address(&'static str),
    #[error(
        "the database {} is a symbolic link to a file that does not exist. Is the volume of that file mounted? To start \
         with a new database, remove the link",
        path.display()
    )]
    Dangling { path: PathBuf },
    #[error("the folder {} cannot be created: {source}", path.display())]
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
    #[error(
        "the database {database} was created by a newer keyhold (schema {found}, this one supports {known})"
    )]
    Newer {
        database: String,
        found: i64,
        known: i64,
    },
    #[error(
        "the migration {migration} of the database needs all nodes of an older version to be stopped, and these hold leases: \
         {nodes}"
    )]
    OlderNodes { migration: i64, nodes: String },
    #[error("{database} is the database of another program, not of keyhold")]
    Foreign { database: String },
    #[error(
        "the database {} replaced another one while keyhold was running, and the log {} belongs to the replaced one: to \
         continue with the present database, move the log away",
        path.display(),
        log.display()
    )]
    ForeignLog { path: PathBuf, log: PathBuf },
    #[error("SQLite {found} is too old: keyhold needs {needed} or later")]
    OldSqlite { found: String, needed: &'static str },
    #[error("the clock cannot be accepted: {0}")]
    Accept(Error),
    #[error("the database {database} cannot be opened: {source}")]
    Database {
        database: String,
        source: sqlx::Error,
    },
    #[error("the database {database} cannot be used: {reason}")]
    Server { database: String, reason: Refusal },
    #[error(
        "the database {database} has no tables of keyhold: is KEYHOLD_DATABASE_URL right? `keyhold serve` creates them"
    )]
    NoTables { database: String },
    #[error("there is no database at {}", path.display())]
    NoDatabase { path: PathBuf },
    #[error("the copy {} cannot be created: {reason}", path.display())]
    Backup { path: PathBuf, reason: String },
    #[error(
        "{database} holds an unfinished copy of {source_name}: run the same `keyhold db copy` again, which continues it"
    )]
    UnfinishedCopy {
        database: String,
        source_name: String,
    },
    #[error("{} cannot be restored: {reason}", path.display())]
    Restore { path: PathBuf, reason: String },
    /// The only one after which the database may have changed.
    #[error(
        "{} may be restored or not, because the server did not confirm the commit ({reason}): restore it again{before}",
        path.display()
    )]
    RestoreInDoubt {
        path: PathBuf,
        reason: String,
        /// Names the copy from before, if there is one.
        before: String,
    },
    #[error("the database cannot be migrated: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    #[error("the database cannot be read: {0}")]
    Read(#[from] sqlx::Error),
    #[error("the keys cannot be loaded: {0}")]
    Load(Error),
    #[error("the names of the keys cannot be prepared for searching: {0}")]
    Fold(Error),
    #[error(
        "KEYHOLD_KEY_PREFIX is {wanted}, but new keys of this database begin with {stored}_: set it to {stored}, or not at all"
    )]
    KeyPrefix { stored: String, wanted: String },
    #[error("the prefix of new keys cannot be stored: {0}")]
    KeepPrefix(Error),
    #[error("the sweep for notices cannot start: {0}")]
    Sweep(Error),
    #[error(
        "the pepper file {} is missing, and the database has keys that were created with it: restore it from the backup",
        path.display()
    )]
    PepperMissing { path: PathBuf },
    #[error(
        "there is a pepper file, {}, but its database, {}, is missing. Is its volume mounted, and is \
         KEYHOLD_DATABASE_URL right? `keyhold restore FILE` puts a backup in its place. To start with a new, empty \
         database, move the pepper file away first: backups need it",
        pepper.display(),
        path.display()
    )]
    DatabaseMissing { path: PathBuf, pepper: PathBuf },
    #[error(
        "there is a pepper file, {}, but its database, {database}, is empty: it was truncated or lost its write-ahead log. \
         `keyhold restore FILE` puts a backup in its place. To start with this empty database, move the pepper file \
         away first: backups need it",
        pepper.display()
    )]
    DatabaseEmpty { database: String, pepper: PathBuf },
    #[error("the pepper file {} cannot be used: {reason}", path.display())]
    Pepper { path: PathBuf, reason: String },
    #[error(
        "the key {access_key} was created with another pepper ({found}) than the one in the pepper file ({loaded})"
    )]
    PepperMismatch {
        access_key: String,
        found: String,
        loaded: String,
    },
    #[error("the key {0} in the database is damaged")]
    DamagedKey(String),
    #[error("this node cannot join the others: {0}")]
    Join(String),
    #[error("the system provides no random numbers: {0}")]
    Random(String),
    #[error("Argon2 cannot be set up: {0}")]
    Passwords(String),
}
