//! Reading a database to its end: for the checksums of its tables, and for texts that PostgreSQL cannot store.

use std::fmt::Write as _;

use super::end::{End, Engine};
use super::error::CopyError;
use super::rows::{Checksum, Rows, Summing, Value, count, described, key_of};
use super::schema::{Schema, Table};
use super::{Progress, Step};

/// The number of rows between two reports.
const REPORT_ROWS: u64 = 5_000;
/// The most values that a refusal lists.
const LISTED: u64 = 20;

/// Reads all tables. Rejects texts that `engine` cannot store.
pub async fn survey(
    source: &mut End,
    schema: &Schema,
    engine: Engine,
    report: &mut impl FnMut(Progress<'_>),
) -> Result<Vec<Checksum>, CopyError> {
    let mut checksums = Vec::new();
    let mut unstorable = Unstorable::default();
    for table in &schema.tables {
        let mut look = |row: &[Value]| {
            if engine == Engine::Postgres {
                unstorable.look_at(table, row);
            }
        };
        checksums.push(sum(source, table, Step::Reading, &mut look, report).await?);
    }
    unstorable.reject(&source.name)?;
    Ok(checksums)
}

/// Reads a table to its end, and shows each row to `look`.
pub async fn sum(
    end: &mut End,
    table: &Table,
    step: Step,
    look: &mut impl FnMut(&[Value]),
    report: &mut impl FnMut(Progress<'_>),
) -> Result<Checksum, CopyError> {
    let of = count(&mut end.connection, &table.name).await?;
    let mut rows = Rows::of(end, table, None);
    let mut summing = Summing::default();
    while let Some(row) = rows.next().await? {
        summing.add(&row);
        look(&row);
        if summing.rows().is_multiple_of(REPORT_ROWS) {
            report(Progress {
                step,
                table: &table.name,
                rows: summing.rows(),
                of,
            });
        }
    }
    Ok(summing.finish())
}

/// Values with NUL characters.
#[derive(Default)]
struct Unstorable {
    found: u64,
    /// The first ones, a line each.
    lines: String,
}

impl Unstorable {
    fn look_at(&mut self, table: &Table, row: &[Value]) {
        for (column, value) in table.columns.iter().zip(row) {
            if !value.has_nul() {
                continue;
            }
            self.found += 1;
            if self.found <= LISTED {
                let key = described(table, &key_of(table, row));
                // Writing to a string cannot fail.
                let _ = write!(
                    self.lines,
                    "\n  {} of {} where {key}",
                    column.name, table.name
                );
            }
        }
    }

    fn reject(self, database: &str) -> Result<(), CopyError> {
        if self.found == 0 {
            return Ok(());
        }
        let (found, them) = if self.found == 1 {
            ("one such text".to_owned(), "it")
        } else {
            (format!("{} such texts", self.found), "them")
        };
        let more = self.found.saturating_sub(LISTED);
        let rest = if more > 0 {
            format!("\n  and {more} more")
        } else {
            String::new()
        };
        Err(CopyError::Nul {
            database: database.to_owned(),
            found,
            them,
            rows: self.lines + &rest,
        })
    }
}
