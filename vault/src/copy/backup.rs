//! Backups of either engine, in the same kind of file: of SQLite's by [`storage::backup`](crate::storage::backup), of a
//! PostgreSQL database from here.
//!
//! A server's database is read in one snapshot, beside its nodes. All its writes are serialised, so that is a state
//! between two changes: no row of the audit trail without its change. The change log and the list of nodes belong to
//! the processes, not to the data, and begin in the file as the migrations leave them.

use std::path::Path;

use sqlx::Connection;

use super::end::End;
use super::error::CopyError;
use super::rows::{Checksum, Value};
use super::schema::Schema;
use super::survey::sum;
use super::transfer::fill_table;
use super::{Progress, Step};
use crate::error::OpenError;
use crate::storage::backup::{self, Contents, Copied, NewFile, Reason};
use crate::storage::{is_server, name};

/// Copies the database at `url` into a new file, beside running servers, and reports how far that is.
///
/// # Errors
/// A sentence that names the obstacle; nothing is left behind then.
pub async fn backup(
    url: &str,
    file: &Path,
    mut report: impl FnMut(Progress<'_>),
) -> Result<Copied, OpenError> {
    if !is_server(url) {
        return backup::backup(url, file).await;
    }
    let copied = of_server(url, file, &mut report).await?;
    let is_empty = || OpenError::Backup {
        path: file.to_owned(),
        reason: name(url).map_or_else(|_| String::new(), |name| format!("{name} is empty")),
    };
    copied.ok_or_else(is_empty)
}

/// The same for a database on a server; none, and no file, if it has no tables.
pub async fn of_server(
    url: &str,
    file: &Path,
    report: &mut impl FnMut(Progress<'_>),
) -> Result<Option<Copied>, OpenError> {
    let new = NewFile::begin(file)?;
    match read(url, &new, report).await.transpose() {
        None => Ok(None),
        Some(filled) => new.end(filled).map(Some),
    }
}

async fn read(
    url: &str,
    new: &NewFile,
    report: &mut impl FnMut(Progress<'_>),
) -> Result<Option<Contents>, Reason> {
    let Some(mut source) = End::beside_nodes(url).await? else {
        return Ok(None);
    };
    let contents = fill(&mut source, new, report).await?;
    source.close().await?;
    Ok(Some(contents))
}

/// The same over a connection that is open.
pub async fn back_up(
    source: &mut End,
    file: &Path,
    report: &mut impl FnMut(Progress<'_>),
) -> Result<Copied, OpenError> {
    let new = NewFile::begin(file)?;
    let filled = fill(source, &new, report).await;
    new.end(filled)
}

/// Copies one state of a server's database into the new file.
async fn fill(
    source: &mut End,
    new: &NewFile,
    report: &mut impl FnMut(Progress<'_>),
) -> Result<Contents, Reason> {
    let schema = Schema::of_migrations().await?;
    let mut target = End::new_file(new.path(), &schema).await?;
    source.start_snapshot(&schema).await?;
    target.begin_filling().await?;
    let mut checksums = Vec::new();
    for table in &schema.tables {
        checksums.push(fill_table(source, &mut target, table, report).await?);
    }
    target.commit().await?;
    source.stop_reading().await?;
    target.close().await?;
    let accounts = compare(new, &schema, &checksums, report).await?;
    let rows = |name: &str| {
        let mut tables = schema.tables.iter().zip(&checksums);
        let found = tables.find(|(table, _)| table.name == name);
        found.map_or(0, |(_, checksum)| {
            i64::try_from(checksum.rows).unwrap_or(i64::MAX)
        })
    };
    Ok(Contents {
        keys: rows("api_keys"),
        accounts,
    })
}

/// Checks that the file is sound, and that it has the rows that were read. Returns the number of accounts.
async fn compare(
    new: &NewFile,
    schema: &Schema,
    expected: &[Checksum],
    report: &mut impl FnMut(Progress<'_>),
) -> Result<i64, Reason> {
    new.checked().await?.close().await?;
    let mut copy = End::of_file(new.path(), "mode=ro&immutable=true").await?;
    for (table, expected) in schema.tables.iter().zip(expected) {
        let mut look = |_: &[Value]| ();
        let found = sum(&mut copy, table, Step::Comparing, &mut look, report).await?;
        if found != *expected {
            let reason = "the copy does not have the rows of the database".to_owned();
            return Err(Reason::Copy(reason));
        }
    }
    let accounts = backup::accounts(&mut copy.connection).await?;
    copy.close().await?;
    Ok(accounts)
}

impl From<CopyError> for Reason {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Open(error) => Self::Source(error),
            other => Self::Copy(other.to_string()),
        }
    }
}
