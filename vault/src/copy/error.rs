//! The reasons why a database is not copied.

use std::path::PathBuf;

use crate::error::OpenError;

/// The reasons why a database is not copied. None shows a password.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the address of the {end}: {reason}")]
    Address {
        /// "source" or "target".
        end: &'static str,
        reason: &'static str,
    },
    #[error("{0} is both the source and the target")]
    Same(String),
    #[error("{0} is empty: there is nothing to copy")]
    Blank(String),
    #[error(
        "{database} has the tables of an earlier keyhold ({found} of {known} migrations): start this version once on it and stop \
         it, or use the earlier version"
    )]
    Earlier {
        database: String,
        found: usize,
        known: usize,
    },
    #[error("{0} is in use by another keyhold process: stop every one that uses it")]
    InUse(String),
    #[error(
        "{database} is in use by the node at {address}: stop every keyhold process that uses it"
    )]
    Served { database: String, address: String },
    #[error("{database} is not empty: its table {table} has {rows}. Copy into a new database")]
    NotEmpty {
        database: String,
        table: String,
        rows: String,
    },
    #[error(
        "{database} holds an unfinished copy of {source_then}, and {source_now} is another database, or has changed since. Remove \
         {database}, create it empty, and copy again"
    )]
    Other {
        database: String,
        source_then: String,
        source_now: String,
    },
    #[error(
        "PostgreSQL cannot store the NUL character (U+0000) in a text, and {database} has {found}. Nothing was copied. Edit or \
         delete {them} first:{rows}"
    )]
    Nul {
        database: String,
        found: String,
        them: &'static str,
        /// A line for each.
        rows: String,
    },
    #[error("{database}: {table} cannot be read at {place}: {source}")]
    Row {
        database: String,
        table: String,
        place: String,
        source: sqlx::Error,
    },
    #[error("{database}: the rows of {table} {range} cannot be written: {source}")]
    Write {
        database: String,
        table: String,
        range: String,
        source: sqlx::Error,
    },
    #[error(
        "{database} changed while it was copied, in its table {table}. Stop every keyhold process that uses it. Remove {target}, \
         create it empty, and copy again"
    )]
    Changed {
        database: String,
        table: String,
        target: String,
    },
    #[error(
        "the copy is not equal to its source: the table {table} has {rows} in {target} and {expected} in {database}, with \
         different checksums. Remove {target}, create it empty, and copy again"
    )]
    Differs {
        database: String,
        table: String,
        target: String,
        rows: String,
        expected: String,
    },
    #[error(
        "the table {table} would have {rows} in {database} and has {expected} in {}, with different checksums",
        file.display()
    )]
    Unequal {
        database: String,
        file: PathBuf,
        table: String,
        rows: String,
        expected: String,
    },
    #[error("{0} is being read, as by another backup: wait until that has ended")]
    Read(String),
    #[error("the column {column} of {table} has the type {declared}, which cannot be copied")]
    Type {
        table: String,
        column: String,
        declared: String,
    },
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("the target cannot be given its tables: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}
