//! `keyhold db copy`: the whole database into another one, with its progress on standard error.

use std::fmt::Write;
use std::io;

use vault::copy::{Copied, CopyError, Progress, copy};

use super::progress::{Ended, Shown, until_interrupted};
use crate::config::commands::DbCopy;

/// The reasons why the copy is not complete.
#[derive(Debug, thiserror::Error)]
pub enum DbCopyError {
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error("interrupted: the same command continues the copy")]
    Interrupted,
    #[error("interrupts cannot be caught: {0}")]
    Signal(io::Error),
}

/// Copies a database, and reports its tables.
///
/// # Errors
/// The obstacle, or an interrupt (SIGINT), after which the copy can be continued.
pub async fn run(command: &DbCopy) -> Result<String, DbCopyError> {
    let mut shown = Shown::default();
    let report = |progress: Progress<'_>| shown.show(progress);
    let ended = until_interrupted(copy(&command.from, &command.to, report)).await;
    match ended.map_err(DbCopyError::Signal)? {
        Ended::Done(copied) => Ok(described(&copied?)),
        Ended::Interrupted => Err(DbCopyError::Interrupted),
    }
}

fn described(copied: &Copied) -> String {
    let Copied {
        source,
        target,
        resumed,
        tables,
    } = copied;
    let rows: u64 = tables.iter().map(|table| table.rows).sum();
    let mut text = String::new();
    if *resumed {
        text.push_str("An interrupted copy was continued. ");
    }
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{source} was copied to {target}: {} tables, {rows} rows. Numbers of rows and checksums (SHA-256) are equal:",
        tables.len()
    );
    for table in tables {
        let _ = writeln!(
            text,
            "  {}  {:>10}  {}",
            table.checksum, table.rows, table.name
        );
    }
    text.push_str(
        "The pepper file was not copied: start Keyhold with the same one. Without it no key can be verified.\n",
    );
    text
}
