//! Replacement of everything in a PostgreSQL database by the content of a file, in one transaction.
//!
//! From the first look at the database to the commit, no other process changes it: the connection has the write turn,
//! without which nodes neither write nor join, and the locked table of nodes keeps leases from being renewed. The change
//! log continues after its newest entry, with one of another tag. So a node that was cut off meanwhile finds neither its
//! row nor the entry that it applied last, and loads everything again before it verifies (`docs/nodes.md`).

use std::path::Path;

use sqlx::AssertSqlSafe;
use sqlx::error::DatabaseError;

use super::backup::back_up;
use super::end::{End, Engine, counted};
use super::error::CopyError;
use super::rows::{Checksum, Value};
use super::schema::Schema;
use super::survey::{sum, survey};
use super::transfer::fill_table;
use super::{Progress, Step};
use crate::crypto::random;
use crate::error::OpenError;
use crate::storage::backup::Copied;
use crate::storage::{MIGRATIONS, server_clock};

/// SQLSTATE of a lock that did not come in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// A database that is about to be replaced.
pub struct Replacement {
    end: End,
    schema: Schema,
    /// Whether the database has no tables yet.
    pub is_blank: bool,
}

impl Replacement {
    /// Keeps every other process from changing the database at `url`. Rejects one that a node uses.
    pub async fn begin(url: &str) -> Result<Self, CopyError> {
        let (end, is_blank) = End::to_replace(url).await?;
        Ok(Self {
            end,
            schema: Schema::of_migrations().await?,
            is_blank,
        })
    }

    /// Reads the server's clock, UTC epoch milliseconds.
    pub async fn clock(&mut self) -> sqlx::Result<i64> {
        server_clock(&mut self.end.connection).await
    }

    /// Copies the database into a new file.
    pub async fn back_up(
        &mut self,
        file: &Path,
        report: &mut impl FnMut(Progress<'_>),
    ) -> Result<Copied, OpenError> {
        back_up(&mut self.end, file, report).await
    }

    /// Puts the content of `file` in the place of everything, up to the commit. `at` is the instant of the restore.
    pub async fn fill(
        &mut self,
        file: &Path,
        at: i64,
        report: &mut impl FnMut(Progress<'_>),
    ) -> Result<(), CopyError> {
        let mut source = End::of_file(file, "mode=ro&immutable=true").await?;
        let expected = survey(&mut source, &self.schema, Engine::Postgres, report).await?;
        if self.is_blank {
            MIGRATIONS.run(&mut self.end.connection).await?;
        }
        self.end.begin_filling().await?;
        self.empty(at).await?;
        for table in &self.schema.tables {
            fill_table(&mut source, &mut self.end, table, report).await?;
        }
        source.close().await?;
        self.compare(&expected, file, report).await
    }

    /// Commits.
    pub async fn commit(mut self) -> sqlx::Result<()> {
        self.end.commit().await?;
        // The planner knows nothing about tables that have just been filled, and finds out later by itself.
        let _ = sqlx::raw_sql("ANALYZE")
            .execute(&mut self.end.connection)
            .await;
        let _ = self.end.close().await;
        Ok(())
    }

    /// Empties all tables, and continues the change log.
    async fn empty(&mut self, at: i64) -> Result<(), CopyError> {
        let lock = "LOCK TABLE nodes IN ACCESS EXCLUSIVE MODE";
        self.run(lock).await?;
        self.end.reject_nodes().await?;
        let (newest, latest): (i64, i64) =
            sqlx::query_as("SELECT COALESCE(MAX(seq), 0), COALESCE(MAX(at), 0) FROM key_changes")
                .fetch_one(&mut self.end.connection)
                .await?;
        self.run(&format!("TRUNCATE {}", self.schema.names()))
            .await?;
        let tag = random::id("").map_err(|error| OpenError::Random(error.to_string()))?;
        sqlx::query("INSERT INTO key_changes (seq, tag, at, body) VALUES ($1, $2, $3, '[]')")
            .bind(newest + 1)
            .bind(tag)
            .bind(latest.max(at))
            .execute(&mut self.end.connection)
            .await?;
        Ok(())
    }

    /// Runs a statement that waits for those who read.
    async fn run(&mut self, statement: &str) -> Result<(), CopyError> {
        let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
        match statement.execute(&mut self.end.connection).await {
            Ok(_) => Ok(()),
            Err(error) => {
                let code = error.as_database_error().and_then(DatabaseError::code);
                Err(if code.as_deref() == Some(LOCK_NOT_AVAILABLE) {
                    CopyError::Read(self.end.name.clone())
                } else {
                    error.into()
                })
            }
        }
    }

    /// Checks that the database has the rows of the file.
    async fn compare(
        &mut self,
        expected: &[Checksum],
        file: &Path,
        report: &mut impl FnMut(Progress<'_>),
    ) -> Result<(), CopyError> {
        for (table, expected) in self.schema.tables.iter().zip(expected) {
            let mut look = |_: &[Value]| ();
            let found = sum(&mut self.end, table, Step::Comparing, &mut look, report).await?;
            if found != *expected {
                return Err(CopyError::Unequal {
                    database: self.end.name.clone(),
                    file: file.to_owned(),
                    table: table.name.clone(),
                    rows: counted(found.rows),
                    expected: counted(expected.rows),
                });
            }
        }
        Ok(())
    }
}
