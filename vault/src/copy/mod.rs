//! Copy of a whole database into another one, of the same engine or the other: the way from SQLite to PostgreSQL and back.
//!
//! Both ends are kept from every other Keyhold. The source is read once before anything is written, for its checksums and
//! for texts that the target cannot store; then each table is copied in the order of its primary key, batch by batch, each
//! committed. So an interrupted copy continues after the last key of the target. At the end both are read again, and only
//! if all checksums agree may a server open the target.

pub(crate) mod backup;
mod end;
mod error;
pub(crate) mod replace;
mod rows;
mod schema;
mod survey;
#[cfg(test)]
mod tests;
mod transfer;

use sha2::{Digest, Sha256};
use sqlx::any::install_default_drivers;

use crate::crypto::random::hex;
use crate::error::OpenError;
use crate::storage;
use crate::storage::copying::Unfinished;
use end::{End, counted};
pub use error::CopyError;
use rows::{Checksum, Value};
use schema::{Schema, Table};
use survey::{sum, survey};
use transfer::copy_table;

/// The most rows of a transaction.
const BATCH_ROWS: usize = 5_000;

/// A part of the work.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// The source is read before anything is written.
    Reading,
    Copying,
    /// Both databases are read and compared.
    Comparing,
}

/// How far a table is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    pub step: Step,
    pub table: &'a str,
    pub rows: u64,
    /// The number of its rows.
    pub of: u64,
}

/// A finished copy.
#[derive(Debug)]
pub struct Copied {
    /// The addresses without passwords.
    pub source: String,
    pub target: String,
    /// Whether it continued an interrupted copy.
    pub resumed: bool,
    pub tables: Vec<CopiedTable>,
}

/// A table, which is equal on both sides.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CopiedTable {
    pub name: String,
    pub rows: u64,
    /// SHA-256 over its rows, in hexadecimal.
    pub checksum: String,
}

/// Copies the database at `from` into the empty one at `to`, or continues a copy that was interrupted, which may happen at
/// any time.
///
/// # Errors
/// A sentence that names the obstacle and shows no password.
pub async fn copy(
    from: &str,
    to: &str,
    report: impl FnMut(Progress<'_>),
) -> Result<Copied, CopyError> {
    copy_in_batches(from, to, BATCH_ROWS, report).await
}

async fn copy_in_batches(
    from: &str,
    to: &str,
    batch_rows: usize,
    mut report: impl FnMut(Progress<'_>),
) -> Result<Copied, CopyError> {
    install_default_drivers();
    if named("source", from)? == named("target", to)? {
        return Err(CopyError::Same(named("source", from)?));
    }
    let schema = Schema::of_migrations().await?;
    let mut source = End::source(from).await?;
    let (mut target, unfinished) = End::target(to, &schema).await?;
    source.start_reading().await?;
    let expected = survey(&mut source, &schema, target.engine, &mut report).await?;
    let noted = Unfinished {
        source: source.name.clone(),
        content: content(&schema, &expected),
    };
    let resumed = unfinished.is_some();
    match unfinished {
        None => target.begin(&schema, &noted).await?,
        Some(before) if before.content == noted.content => {}
        Some(before) => {
            return Err(CopyError::Other {
                database: target.name,
                source_then: before.source,
                source_now: noted.source,
            });
        }
    }
    for (table, checksum) in schema.tables.iter().zip(&expected) {
        let of = checksum.rows;
        copy_table(&mut source, &mut target, table, of, batch_rows, &mut report).await?;
    }
    // What has changed since it was first read shows only in a new transaction.
    source.stop_reading().await?;
    source.start_reading().await?;
    for (table, checksum) in schema.tables.iter().zip(&expected) {
        compare(&mut source, &mut target, table, checksum, &mut report).await?;
    }
    source.stop_reading().await?;
    let copied = Copied {
        source: source.name.clone(),
        target: target.name.clone(),
        resumed,
        tables: copied_tables(&schema, &expected),
    };
    target.finish().await?;
    source.close().await?;
    Ok(copied)
}

/// Returns the name of the database at an address.
fn named(end: &'static str, url: &str) -> Result<String, CopyError> {
    storage::name(url).map_err(|error| match error {
        OpenError::Address(reason) => CopyError::Address { end, reason },
        other => other.into(),
    })
}

fn copied_tables(schema: &Schema, checksums: &[Checksum]) -> Vec<CopiedTable> {
    let tables = schema.tables.iter().zip(checksums);
    tables
        .map(|(table, checksum)| CopiedTable {
            name: table.name.clone(),
            rows: checksum.rows,
            checksum: hex(&checksum.digest),
        })
        .collect()
}

/// Returns a digest of all tables.
fn content(schema: &Schema, checksums: &[Checksum]) -> String {
    let mut hasher = Sha256::new();
    for (table, checksum) in schema.tables.iter().zip(checksums) {
        hasher.update(format!("{} {} ", table.name, checksum.rows));
        hasher.update(checksum.digest);
    }
    hex(&hasher.finalize())
}

/// Compares a table of the target with that of the source, and that with what the source had at the beginning.
async fn compare(
    source: &mut End,
    target: &mut End,
    table: &Table,
    expected: &Checksum,
    report: &mut impl FnMut(Progress<'_>),
) -> Result<(), CopyError> {
    let mut look = |_: &[Value]| ();
    let now = sum(source, table, Step::Comparing, &mut look, report).await?;
    if now != *expected {
        return Err(CopyError::Changed {
            database: source.name.clone(),
            table: table.name.clone(),
            target: target.name.clone(),
        });
    }
    let copied = sum(target, table, Step::Comparing, &mut look, report).await?;
    if copied != now {
        return Err(CopyError::Differs {
            database: source.name.clone(),
            table: table.name.clone(),
            target: target.name.clone(),
            rows: counted(copied.rows),
            expected: counted(now.rows),
        });
    }
    Ok(())
}
