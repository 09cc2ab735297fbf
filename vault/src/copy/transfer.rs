//! Writing rows into the target, batch by batch, each in one transaction.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, Connection};

use super::end::End;
use super::error::CopyError;
use super::rows::{Row, Rows, Value, count, described, greatest_key, key_of};
use super::schema::Table;
use super::{Progress, Step};

/// The most bytes of a batch.
const BATCH_BYTES: usize = 4 << 20;
/// The most rows and values of a statement. SQLite takes 32,766 values (<https://sqlite.org/limits.html>), PostgreSQL
/// 65,535.
const STATEMENT_ROWS: usize = 500;
const STATEMENT_VALUES: usize = 30_000;

/// Copies the rows of a table that the target does not have yet.
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
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while batch.len() < batch_rows && bytes < BATCH_BYTES {
            let Some(row) = rows.next().await? else {
                break;
            };
            bytes += row.iter().map(Value::size).sum::<usize>();
            batch.push(row);
        }
        if batch.is_empty() {
            return Ok(());
        }
        done += batch.len() as u64;
        write(target, table, batch).await?;
        report(Progress {
            step: Step::Copying,
            table: &table.name,
            rows: done,
            of,
        });
    }
}

/// Writes a batch in one transaction.
async fn write(target: &mut End, table: &Table, batch: Vec<Row>) -> Result<(), CopyError> {
    let [first, last] = [batch.first(), batch.last()]
        .map(|row| row.map_or_else(String::new, |row| described(table, &key_of(table, row))));
    let written = insert(target, table, batch).await;
    written.map_err(|source| CopyError::Write {
        database: target.name.clone(),
        table: table.name.clone(),
        range: format!("from {first} to {last}"),
        source,
    })
}

async fn insert(target: &mut End, table: &Table, batch: Vec<Row>) -> sqlx::Result<()> {
    let rows_at_once = STATEMENT_ROWS.min(STATEMENT_VALUES / table.columns.len());
    let mut change = target.connection.begin().await?;
    let mut rows = batch.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk: Vec<Row> = rows.by_ref().take(rows_at_once).collect();
        let mut statement = sqlx::query(AssertSqlSafe(insertion(table, chunk.len())));
        for value in chunk.into_iter().flatten() {
            statement = value.bind(statement);
        }
        statement.execute(&mut *change).await?;
    }
    change.commit().await
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
