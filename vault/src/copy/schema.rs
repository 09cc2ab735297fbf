//! The tables to copy and their columns, derived from the migrations, so that a new table or column is copied without a
//! change here.

use sqlx::{AnyConnection, Connection};

use super::error::CopyError;
use super::rows::count;
use crate::storage::MIGRATIONS;

/// Tables about the processes that use a database, which begin in the target as the migrations leave them.
const OF_PROCESSES: [&str; 3] = ["commits", "key_changes", "nodes"];

/// The tables of the newest schema.
pub struct Schema {
    /// The tables to copy, each after those that it refers to.
    pub tables: Vec<Table>,
    /// The tables that are not copied.
    pub others: Vec<Table>,
}

/// A table.
#[derive(Debug)]
pub struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    /// The places of the primary key's columns in `columns`, in the order of the key.
    pub key: Vec<usize>,
    /// The tables that it refers to.
    pub refers_to: Vec<String>,
    /// The number of rows that the migrations themselves insert.
    pub seeded: u64,
}

/// A column.
#[derive(Debug)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

/// The types that the migrations use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Integer,
    Text,
    Bytes,
}

impl Kind {
    fn of(declared: &str) -> Option<Self> {
        match declared {
            "BIGINT" => Some(Self::Integer),
            "TEXT" => Some(Self::Text),
            "BYTEA" => Some(Self::Bytes),
            _ => None,
        }
    }
}

impl Schema {
    /// Reads the tables from an empty database in memory, which SQLite's catalogue describes for both engines: they share
    /// one text.
    pub async fn of_migrations() -> Result<Self, CopyError> {
        let mut connection = AnyConnection::connect("sqlite::memory:").await?;
        MIGRATIONS.run(&mut connection).await?;
        let names: Vec<(String,)> = sqlx::query_as(
            "SELECT name FROM sqlite_master
             WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> '_sqlx_migrations' ORDER BY name",
        )
        .fetch_all(&mut connection)
        .await?;
        let mut tables = Vec::new();
        for (name,) in names {
            tables.push(Table::read(&mut connection, name).await?);
        }
        connection.close().await?;
        let (others, tables) = tables
            .into_iter()
            .partition(|table| OF_PROCESSES.contains(&table.name.as_str()));
        Ok(Self {
            tables: sorted(tables),
            others,
        })
    }

    /// Returns the names of all tables, separated by commas.
    pub fn names(&self) -> String {
        let tables = self.tables.iter().chain(&self.others);
        let names: Vec<String> = tables.map(|table| format!("\"{}\"", table.name)).collect();
        names.join(", ")
    }
}

impl Table {
    async fn read(connection: &mut AnyConnection, name: String) -> Result<Self, CopyError> {
        let described: Vec<(String, String, i64)> =
            sqlx::query_as("SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid")
                .bind(&name)
                .fetch_all(&mut *connection)
                .await?;
        let refers_to: Vec<(String,)> =
            sqlx::query_as("SELECT DISTINCT \"table\" FROM pragma_foreign_key_list($1)")
                .bind(&name)
                .fetch_all(&mut *connection)
                .await?;
        let seeded = count(connection, &name).await?;
        let mut key: Vec<usize> = (0..described.len())
            .filter(|&place| described[place].2 > 0)
            .collect();
        key.sort_by_key(|&place| described[place].2);
        let mut columns = Vec::new();
        for (column, declared, _) in described {
            let kind = Kind::of(&declared).ok_or_else(|| CopyError::Type {
                table: name.clone(),
                column: column.clone(),
                declared,
            })?;
            columns.push(Column { name: column, kind });
        }
        Ok(Self {
            name,
            columns,
            key,
            refers_to: refers_to.into_iter().map(|(table,)| table).collect(),
            seeded,
        })
    }

    /// Returns the names of all columns, separated by commas.
    pub fn column_names(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(Column::quoted).collect();
        names.join(", ")
    }
}

impl Column {
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.name)
    }
}

/// Sorts tables so that each follows those that it refers to.
fn sorted(mut tables: Vec<Table>) -> Vec<Table> {
    let mut sorted: Vec<Table> = Vec::new();
    while !tables.is_empty() {
        let is_placed = |name: &String| sorted.iter().any(|table| table.name == *name);
        let next = tables
            .iter()
            .position(|table| table.refers_to.iter().all(is_placed));
        // A circle has no such order. The schema has none, which a test checks.
        sorted.push(tables.remove(next.unwrap_or(0)));
    }
    sorted
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use sqlx::any::install_default_drivers;

    use super::*;

    /// Copying in this order satisfies every foreign key, and continuing after the last key needs a key.
    #[tokio::test]
    async fn tables_follow_those_that_they_refer_to() {
        install_default_drivers();
        let tables = Schema::of_migrations().await.unwrap().tables;
        assert!(tables.iter().any(|table| table.name == "api_keys"));
        for (place, table) in tables.iter().enumerate() {
            assert!(!table.key.is_empty(), "{table:?}");
            for name in &table.refers_to {
                let before = &tables[..place];
                assert!(
                    before.iter().any(|other| other.name == *name),
                    "{} before {name}",
                    table.name
                );
            }
        }
    }
}
