//! One end of a copy: a database and a connection to it. No other Keyhold uses it, except beside a backup.

use std::path::Path;
use std::str::FromStr;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions, Connection};

use super::error::CopyError;
use super::rows::count;
use super::schema::Schema;
use crate::error::OpenError;
use crate::storage::address::address;
use crate::storage::copying::{NOTE, Unfinished};
use crate::storage::{Content, Inspected, MIGRATIONS, missing};

/// The engine of a database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A database to copy from or to.
pub struct End {
    /// The address for people, without a password.
    pub name: String,
    pub engine: Engine,
    pub connection: AnyConnection,
    /// Keeps every other Keyhold off a file. Dropped after the connection.
    _inspected: Option<Inspected>,
}

impl End {
    /// Opens the database to copy from, and keeps every change away from it.
    pub async fn source(url: &str) -> Result<Self, CopyError> {
        if let Some(path) = missing(url)? {
            return Err(OpenError::NoDatabase { path }.into());
        }
        let inspected = Inspected::new(url).await?;
        if matches!(inspected.content, Content::Missing | Content::Blank) {
            return Err(CopyError::Blank(inspected.name()));
        }
        let connection = inspected.read_alone().await?;
        let mut end = Self::of(inspected, connection)?;
        end.reject_earlier().await?;
        end.reject_nodes().await?;
        Ok(end)
    }

    /// Opens a database on a server to read it beside its nodes, which go on making changes. None if it has no tables.
    pub async fn beside_nodes(url: &str) -> Result<Option<Self>, CopyError> {
        let inspected = Inspected::new(url).await?;
        if inspected.content == Content::Blank {
            return Ok(None);
        }
        let connection = inspected.read_beside().await?;
        let mut end = Self::of(inspected, Some(connection))?;
        end.reject_earlier().await?;
        Ok(Some(end))
    }

    /// Opens a database on a server to replace it, and keeps every change away from it. Returns whether it has no tables
    /// yet.
    pub async fn to_replace(url: &str) -> Result<(Self, bool), CopyError> {
        let inspected = Inspected::new(url).await?;
        let is_blank = inspected.content == Content::Blank;
        let connection = inspected.connect_alone().await?;
        let mut end = Self::of(inspected, connection)?;
        end.reject_nodes().await?;
        if !is_blank {
            end.reject_earlier().await?;
        }
        Ok((end, is_blank))
    }

    /// Opens an empty file that only this process knows, and gives it the tables without a row. Until it is complete it
    /// is worth nothing, so it has no journal and is not synced.
    pub async fn new_file(path: &Path, schema: &Schema) -> Result<Self, CopyError> {
        let mut end = Self::of_file(path, "mode=rw").await?;
        sqlx::raw_sql("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
            .execute(&mut end.connection)
            .await?;
        MIGRATIONS.run(&mut end.connection).await?;
        remove_seeded(&mut end.connection, schema).await?;
        Ok(end)
    }

    /// Opens a file that only this process knows, in `mode`.
    pub async fn of_file(path: &Path, mode: &str) -> Result<Self, CopyError> {
        let options = AnyConnectOptions::from_str(&address(path, mode))?;
        Ok(Self {
            name: path.display().to_string(),
            engine: Engine::Sqlite,
            // Reading a whole table is slow, and no cause for a warning.
            connection: options.disable_statement_logging().connect().await?,
            _inspected: None,
        })
    }

    /// Rejects the tables of an earlier version. Inspecting has rejected migrations that this version does not have.
    async fn reject_earlier(&mut self) -> Result<(), CopyError> {
        let known = MIGRATIONS.iter().count();
        let (found,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM _sqlx_migrations")
            .fetch_one(&mut self.connection)
            .await?;
        let found = usize::try_from(found).unwrap_or_default();
        if found < known {
            return Err(CopyError::Earlier {
                database: self.name.clone(),
                found,
                known,
            });
        }
        Ok(())
    }

    /// Rejects a database that a server uses. Its leases count by the clock of the database.
    pub async fn reject_nodes(&mut self) -> Result<(), CopyError> {
        if self.engine == Engine::Sqlite || !self.tables().await?.iter().any(|name| name == "nodes")
        {
            return Ok(());
        }
        let node: Option<(String,)> = sqlx::query_as(
            "SELECT address FROM nodes
             WHERE GREATEST(lease_until, joined_at + lease_ms) > EXTRACT(EPOCH FROM clock_timestamp()) * 1000
             ORDER BY joined_at LIMIT 1",
        )
        .fetch_optional(&mut self.connection)
        .await?;
        node.map_or(Ok(()), |(address,)| {
            Err(CopyError::Served {
                database: self.name.clone(),
                address,
            })
        })
    }

    /// Opens the database to copy to, which is empty or has an unfinished copy, and gives it its tables. Returns the
    /// unfinished copy.
    pub async fn target(
        url: &str,
        schema: &Schema,
    ) -> Result<(Self, Option<Unfinished>), CopyError> {
        let inspected = Inspected::to_copy_into(url).await?;
        let connection = inspected.connect_alone().await?;
        let mut end = Self::of(inspected, connection)?;
        end.reject_nodes().await?;
        let tables = end.tables().await?;
        let unfinished = if tables.iter().any(|table| table == NOTE) {
            Some(Unfinished::read(&mut end.connection).await?)
        } else {
            None
        };
        if unfinished.is_none() {
            end.reject_rows(schema, &tables).await?;
            MIGRATIONS.run(&mut end.connection).await?;
        }
        Ok((end, unfinished))
    }

    fn of(inspected: Inspected, connection: Option<AnyConnection>) -> Result<Self, CopyError> {
        let name = inspected.name();
        let Some(connection) = connection else {
            return Err(CopyError::InUse(name));
        };
        Ok(Self {
            name,
            engine: if inspected.is_server() {
                Engine::Postgres
            } else {
                Engine::Sqlite
            },
            connection,
            _inspected: Some(inspected),
        })
    }

    /// Rejects a database with rows other than those of the migrations.
    async fn reject_rows(&mut self, schema: &Schema, present: &[String]) -> Result<(), CopyError> {
        let tables = schema.tables.iter().chain(&schema.others);
        for table in tables.filter(|table| present.contains(&table.name)) {
            let rows = count(&mut self.connection, &table.name).await?;
            if rows > table.seeded {
                return Err(CopyError::NotEmpty {
                    database: self.name.clone(),
                    table: table.name.clone(),
                    rows: counted(rows),
                });
            }
        }
        Ok(())
    }

    async fn tables(&mut self) -> sqlx::Result<Vec<String>> {
        let names: Vec<(String,)> = sqlx::query_as(match self.engine {
            Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
            Engine::Postgres => {
                "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema()"
            }
        })
        .fetch_all(&mut self.connection)
        .await?;
        Ok(names.into_iter().map(|(name,)| name).collect())
    }

    /// Notes in the target that a copy is under way, and removes the rows that the migrations inserted.
    pub async fn begin(&mut self, schema: &Schema, noted: &Unfinished) -> Result<(), CopyError> {
        let mut change = self.connection.begin().await?;
        noted.note(&mut change).await?;
        remove_seeded(&mut change, schema).await?;
        Ok(change.commit().await?)
    }

    /// Ends the copy: from here on the target is a database like any other.
    pub async fn finish(mut self) -> Result<(), CopyError> {
        Unfinished::remove(&mut self.connection).await?;
        sqlx::raw_sql(match self.engine {
            Engine::Sqlite => "PRAGMA wal_checkpoint(TRUNCATE)",
            // The planner knows nothing about tables that have just been filled.
            Engine::Postgres => "ANALYZE",
        })
        .execute(&mut self.connection)
        .await?;
        Ok(self.connection.close().await?)
    }

    /// Begins the transaction in which all tables are filled.
    pub async fn begin_filling(&mut self) -> sqlx::Result<()> {
        let begin = match self.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        };
        sqlx::raw_sql(begin).execute(&mut self.connection).await?;
        Ok(())
    }

    pub async fn commit(&mut self) -> sqlx::Result<()> {
        sqlx::raw_sql("COMMIT")
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }

    pub async fn close(self) -> sqlx::Result<()> {
        self.connection.close().await
    }

    /// Reads one state of the database until [`Self::stop_reading`].
    pub async fn start_reading(&mut self) -> sqlx::Result<()> {
        sqlx::raw_sql(match self.engine {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        })
        .execute(&mut self.connection)
        .await?;
        Ok(())
    }

    /// The same beside other processes. The locks keep the tables in place: to a transaction, a table that another one
    /// has truncated since looks empty, whatever its snapshot. They come first, because the snapshot is taken by the
    /// first query (<https://www.postgresql.org/docs/15/mvcc-caveats.html>).
    pub async fn start_snapshot(&mut self, schema: &Schema) -> sqlx::Result<()> {
        self.start_reading().await?;
        if self.engine == Engine::Postgres {
            let lock = format!("LOCK TABLE {} IN ACCESS SHARE MODE", schema.names());
            sqlx::raw_sql(AssertSqlSafe(lock))
                .execute(&mut self.connection)
                .await?;
        }
        Ok(())
    }

    pub async fn stop_reading(&mut self) -> sqlx::Result<()> {
        sqlx::raw_sql("ROLLBACK")
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }
}

/// Removes the rows that the migrations inserted.
async fn remove_seeded(connection: &mut AnyConnection, schema: &Schema) -> sqlx::Result<()> {
    for table in schema.tables.iter().rev().filter(|table| table.seeded > 0) {
        let delete = AssertSqlSafe(format!("DELETE FROM \"{}\"", table.name));
        sqlx::query(delete).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Returns "1 row" or "2 rows".
pub fn counted(rows: u64) -> String {
    format!("{rows} row{}", if rows == 1 { "" } else { "s" })
}
