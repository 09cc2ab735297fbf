//! Writing rows into the target, batch by batch.

use std::fmt::Write as _;

use sqlx::{AnyConnection, AssertSqlSafe, Connection};

use super::end::End;
use super::error::CopyError;
use super::rows::{Checksum, Row, Rows, Summing, Value, count, described, greatest_key, key_of};
use super::schema::Table;
use super::{BATCH_ROWS, Progress, Step};

/// The most bytes of a batch.
const BATCH_BYTES: usize = 4 << 20;
/// The most rows and values of a statement. SQLite takes 32,766 values (<https://sqlite.org/limits.html>), PostgreSQL
/// 65,535.
const STATEMENT_ROWS: usize = 500;
const STATEMENT_VALUES: usize = 30_000;

/// Copies the rows of a table that the target does not have yet, each batch in a transaction.
pub async fn copy_table(
    source: &mut End,
    target: &mut End,
    table: &Table,
    of: u64,
    batch_rows: usize,
    report: &mut impl FnMut(Progress<'_>),
) -> Result<(), CopyError> {
    let after = greatest_key(target, table).await?;
    let mut done = if after.is_some() {
        count(&mut target.connection, &table.name).await?
    } else {
        0
    };
    let mut rows = Rows::of(source, table, after);
    loop {
        let batch = next_batch(&mut rows, batch_rows).await?;
        if batch.is_empty() {
            return Ok(());
        }
        done += batch.len() as u64;
        let range = Range::of(table, &batch);
        let written = write(target, table, batch).await;
        written.map_err(|source| range.failed(target, table, source))?;
        report(Progress {
            step: Step::Copying,
            table: &table.name,
            rows: done,
            of,
        });
    }
}

/// Copies all rows of a table into an empty one, in the caller's transaction. Returns their checksum.
pub async fn fill_table(
    source: &mut End,
    target: &mut End,
    table: &Table,
    report: &mut impl FnMut(Progress<'_>),
) -> Result<Checksum, CopyError> {
    let of = count(&mut source.connection, &table.name).await?;
    let mut rows = Rows::of(source, table, None);
    let mut summing = Summing::default();
    loop {
        let batch = next_batch(&mut rows, BATCH_ROWS).await?;
        if batch.is_empty() {
            return Ok(summing.finish());
        }
        for row in &batch {
            summing.add(row);
        }
        let range = Range::of(table, &batch);
        let inserted = insert(&mut target.connection, table, batch).await;
        inserted.map_err(|source| range.failed(target, table, source))?;
        report(Progress {
            step: Step::Copying,
            table: &table.name,
            rows: summing.rows(),
            of,
        });
    }
}

/// Returns the next rows, none at the end.
async fn next_batch(rows: &mut Rows<'_>, most: usize) -> Result<Vec<Row>, CopyError> {
    let (mut batch, mut bytes) = (Vec::new(), 0);
    while batch.len() < most && bytes < BATCH_BYTES {
        let Some(row) = rows.next().await? else {
            break;
        };
        bytes += row.iter().map(Value::size).sum::<usize>();
        batch.push(row);
    }
    Ok(batch)
}

/// The rows of a batch, for an error.
struct Range(String);

impl Range {
    fn of(table: &Table, batch: &[Row]) -> Self {
        let [first, last] = [batch.first(), batch.last()]
            .map(|row| row.map_or_else(String::new, |row| described(table, &key_of(table, row))));
        Self(format!("from {first} to {last}"))
    }

    fn failed(self, target: &End, table: &Table, source: sqlx::Error) -> CopyError {
        CopyError::Write {
            database: target.name.clone(),
            table: table.name.clone(),
            range: self.0,
            source,
        }
    }
}

/// Writes a batch in one transaction.
async fn write(target: &mut End, table: &Table, batch: Vec<Row>) -> sqlx::Result<()> {
    let mut change = target.connection.begin().await?;
    insert(&mut change, table, batch).await?;
    change.commit().await
}

async fn insert(
    connection: &mut AnyConnection,
    table: &Table,
    batch: Vec<Row>,
) -> sqlx::Result<()> {
    let rows_at_once = STATEMENT_ROWS.min(STATEMENT_VALUES / table.columns.len());
    let mut rows = batch.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<Row> = rows.by_ref().take(rows_at_once).collect();
        let mut statement = sqlx::query(AssertSqlSafe(insertion(table, chunk.len())));
        for value in chunk.into_iter().flatten() {
            statement = value.bind(statement);
        }
        statement.execute(&mut *connection).await?;
    }
    Ok(())
}

/// Returns the statement that inserts `rows` rows.
fn insertion(table: &Table, rows: usize) -> String {
    let columns = table.column_names();
    let mut text = format!("INSERT INTO \"{}\" ({columns}) VALUES ", table.name);
    let width = table.columns.len();
    for row in 0..rows {
        for column in 0..width {
            let before = match (row, column) {
                (0, 0) => "(",
                (_, 0) => "), (",
                _ => ", ",
            };
            // Writing to a string cannot fail.
            let _ = write!(text, "{before}${}", row * width + column + 1);
        }
    }
    text + ")"
}
