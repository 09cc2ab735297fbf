//! Rows of a table, read in the order of its primary key, which is the same with both engines, and their checksum.

use std::fmt::Write as _;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use sha2::{Digest, Sha256};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row as _};

use super::end::{End, Engine};
use super::error::CopyError;
use super::schema::{Kind, Table};
use crate::crypto::random::hex;

/// A value as both engines store it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// The values of a row, in the order of the table's columns.
pub type Row = Vec<Value>;

impl Value {
    fn read(row: &AnyRow, place: usize, kind: Kind) -> sqlx::Result<Self> {
        Ok(match kind {
            Kind::Integer => Self::Integer(row.try_get(place)?),
            Kind::Text => Self::Text(row.try_get(place)?),
            Kind::Bytes => Self::Bytes(row.try_get(place)?),
        })
    }

    /// Adds the value to a statement, with its type also where it is null.
    pub fn bind(self, query: Query<'_, Any, AnyArguments>) -> Query<'_, Any, AnyArguments> {
        match self {
            Self::Integer(value) => query.bind(value),
            Self::Text(value) => query.bind(value),
            Self::Bytes(value) => query.bind(value),
        }
    }

    /// Returns the value's bytes for the checksum: they tell its type, its length, and null from empty.
    fn encode(&self, hasher: &mut Sha256) {
        let mut sized = |kind: u8, bytes: &[u8]| {
            hasher.update([kind]);
            hasher.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(bytes);
        };
        match self {
            Self::Integer(Some(value)) => sized(1, &value.to_be_bytes()),
            Self::Text(Some(value)) => sized(2, value.as_bytes()),
            Self::Bytes(Some(value)) => sized(3, value),
            Self::Integer(None) | Self::Text(None) | Self::Bytes(None) => sized(0, &[]),
        }
    }

    /// Returns about how many bytes the value takes in a statement.
    pub fn size(&self) -> usize {
        match self {
            Self::Text(Some(value)) => value.len(),
            Self::Bytes(Some(value)) => value.len(),
            _ => 8,
        }
    }

    /// Returns whether PostgreSQL cannot store the value: its texts have no NUL character
    /// (<https://www.postgresql.org/docs/15/datatype-character.html>).
    pub fn has_nul(&self) -> bool {
        matches!(self, Self::Text(Some(value)) if value.contains('\0'))
    }
}

/// Returns the primary key of a row.
pub fn key_of(table: &Table, row: &[Value]) -> Vec<Value> {
    table.key.iter().map(|&place| row[place].clone()).collect()
}

/// Describes a row by its primary key.
pub fn described(table: &Table, key: &[Value]) -> String {
    let mut text = String::new();
    for (&place, value) in table.key.iter().zip(key) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        let name = &table.columns[place].name;
        // Writing to a string cannot fail.
        let _ = match value {
            Value::Integer(Some(value)) => write!(text, "{name} = {value}"),
            Value::Text(Some(value)) => write!(text, "{name} = {value:?}"),
            Value::Bytes(Some(value)) => write!(text, "{name} = {}", hex(value)),
            _ => write!(text, "{name} = NULL"),
        };
    }
    text
}

/// The rows of a table.
pub struct Rows<'a> {
    database: &'a str,
    table: &'a Table,
    stream: BoxStream<'a, sqlx::Result<AnyRow>>,
    /// The key of the row that was read last.
    last: Option<Vec<Value>>,
}

impl<'a> Rows<'a> {
    /// Reads the rows of `table` whose key is greater than `after`, or all.
    pub fn of(end: &'a mut End, table: &'a Table, after: Option<Vec<Value>>) -> Self {
        let order = order(table, end.engine, "");
        let columns = table.column_names();
        let name = &table.name;
        let beyond = if after.is_some() {
            let places: Vec<String> = (1..=table.key.len())
                .map(|place| format!("${place}"))
                .collect();
            format!("WHERE ({order}) > ({})", places.join(", "))
        } else {
            String::new()
        };
        let select = format!("SELECT {columns} FROM \"{name}\" {beyond} ORDER BY {order}");
        let mut query = sqlx::query(AssertSqlSafe(select));
        for value in after.into_iter().flatten() {
            query = value.bind(query);
        }
        Self {
            database: &end.name,
            table,
            stream: query.fetch(&mut end.connection),
            last: None,
        }
    }

    pub async fn next(&mut self) -> Result<Option<Row>, CopyError> {
        let Some(row) = self.stream.next().await else {
            return Ok(None);
        };
        let row = row.and_then(|row| read(self.table, &row));
        let row = row.map_err(|source| CopyError::Row {
            database: self.database.to_owned(),
            table: self.table.name.clone(),
            place: self.last.as_ref().map_or_else(
                || "its first row".to_owned(),
                |last| format!("the row after {}", described(self.table, last)),
            ),
            source,
        })?;
        self.last = Some(key_of(self.table, &row));
        Ok(Some(row))
    }
}

fn read(table: &Table, row: &AnyRow) -> sqlx::Result<Row> {
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(place, column)| Value::read(row, place, column.kind))
        .collect()
}

/// Returns the greatest key in `table`.
pub async fn greatest_key(end: &mut End, table: &Table) -> sqlx::Result<Option<Vec<Value>>> {
    let order = order(table, end.engine, " DESC");
    let columns = table.column_names();
    let name = &table.name;
    let select = format!("SELECT {columns} FROM \"{name}\" ORDER BY {order} LIMIT 1");
    let row = sqlx::query(AssertSqlSafe(select))
        .fetch_optional(&mut end.connection)
        .await?;
    let row = row.map(|row| read(table, &row)).transpose()?;
    Ok(row.map(|row| key_of(table, &row)))
}

/// Returns the number of rows of `table`.
pub async fn count(connection: &mut AnyConnection, table: &str) -> sqlx::Result<u64> {
    let select = AssertSqlSafe(format!("SELECT COUNT(*) FROM \"{table}\""));
    let (count,): (i64,) = sqlx::query_as(select).fetch_one(connection).await?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// Returns the columns of the key, for a comparison or an order. SQLite compares bytes; PostgreSQL only if told so.
fn order(table: &Table, engine: Engine, direction: &str) -> String {
    let columns = table.key.iter().map(|&place| &table.columns[place]);
    let columns: Vec<String> = columns
        .map(|column| {
            let collation = match (engine, column.kind) {
                (Engine::Postgres, Kind::Text) => " COLLATE \"C\"",
                _ => "",
            };
            format!("{}{collation}{direction}", column.quoted())
        })
        .collect();
    columns.join(", ")
}

/// The number of rows and a SHA-256 over all values, in the order of the key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checksum {
    pub rows: u64,
    pub digest: [u8; 32],
}

/// A checksum to which rows are added.
#[derive(Default)]
pub struct Summing {
    rows: u64,
    hasher: Sha256,
}

impl Summing {
    pub fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            value.encode(&mut self.hasher);
        }
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub fn finish(self) -> Checksum {
        Checksum {
            rows: self.rows,
            digest: self.hasher.finalize().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(rows: &[Row]) -> [u8; 32] {
        let mut summing = Summing::default();
        for row in rows {
            summing.add(row);
        }
        summing.finish().digest
    }

    #[test]
    fn different_rows_have_different_checksums() {
        let text = |text: &str| Value::Text(Some(text.to_owned()));
        let rows = [
            vec![text("ab"), text("c")],
            vec![text("a"), text("bc")],
            vec![text("abc"), text("")],
            vec![text("abc"), Value::Text(None)],
            vec![Value::Bytes(Some(b"abc".to_vec())), text("")],
            vec![text("abc"), Value::Integer(Some(0))],
            vec![text("abc"), Value::Integer(Some(1))],
        ];
        let mut digests: Vec<_> = rows
            .iter()
            .map(|row| digest(std::slice::from_ref(row)))
            .collect();
        digests.push(digest(&rows));
        digests.sort_unstable();
        digests.dedup();
        assert_eq!(digests.len(), rows.len() + 1);
    }
}
