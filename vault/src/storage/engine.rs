//! The database engine behind the writer: SQLite's file on this machine, or a PostgreSQL server. Only opening
//! connections, beginning and committing a write, and detecting faults differ; every other statement has one text.

use std::sync::Arc;
use std::time::Duration;

use sqlx::{AnyConnection, Connection};
use tokio::time::Instant;

use super::connection::{begin_immediate, connect_again, disable_busy_wait};
use super::postgres::{self, Commits, Server};
use super::watch::Watch;

pub enum Engine {
    /// The address for sqlx, and the watch over the file.
    Sqlite {
        address: String,
        watch: Arc<Watch>,
    },
    Postgres {
        server: Server,
        commits: Commits,
    },
}

/// What a server says as a write begins.
#[derive(Clone, Copy, Default)]
pub struct Begun {
    /// The latest instant that any process has recorded, UTC epoch milliseconds, which the write must not precede.
    pub latest: Option<i64>,
    /// The server's clock, UTC epoch milliseconds.
    pub clock: Option<i64>,
    /// A migration with which this version cannot work. A node that was cut off while it was made comes back so.
    pub breaking: Option<i64>,
}

/// The reasons for a write that has not begun.
pub enum NotBegun {
    /// Another node holds the turn to write.
    Busy,
    Fault(sqlx::Error),
}

impl From<sqlx::Error> for NotBegun {
    fn from(error: sqlx::Error) -> Self {
        Self::Fault(error)
    }
}

impl Engine {
    /// Returns whether a connection would reach the database that was opened. Another file of SQLite's may have its
    /// name; a server is what its address leads to.
    pub fn is_ours(&self) -> bool {
        match self {
            Self::Sqlite { watch, .. } => watch.is_ours(),
            Self::Postgres { .. } => true,
        }
    }

    /// Returns the server that several processes may share; none for SQLite.
    pub fn server(&self) -> Option<&Server> {
        match self {
            Self::Sqlite { .. } => None,
            Self::Postgres { server, .. } => Some(server),
        }
    }

    /// Returns the longest that the statements of one write may take together; none for SQLite, whose statements cannot be
    /// cancelled.
    pub fn patience(&self) -> Option<Duration> {
        match self {
            Self::Sqlite { .. } => None,
            Self::Postgres { .. } => Some(postgres::STATEMENTS),
        }
    }

    /// Returns whether a commit would be durable.
    pub fn can_commit(&self) -> bool {
        match self {
            Self::Sqlite { watch, .. } => watch.log_is_whole(),
            Self::Postgres { .. } => true,
        }
    }

    /// Returns whether a commit that has just succeeded is durable.
    pub fn keeps(&self) -> bool {
        match self {
            Self::Sqlite { watch, .. } => watch.keeps(),
            Self::Postgres { .. } => true,
        }
    }

    /// Opens a connection for the writer.
    pub async fn connect_writer(&self) -> sqlx::Result<AnyConnection> {
        match self {
            Self::Sqlite { address, watch } => {
                let mut connection = connect_again(address, watch).await?;
                disable_busy_wait(&mut connection).await?;
                Ok(connection)
            }
            Self::Postgres { server, .. } => server.connect_writer().await,
        }
    }

    /// Begins a write transaction, which no other process's can overlap, by `deadline`. A file of SQLite says nothing.
    pub async fn begin(
        &self,
        connection: &mut AnyConnection,
        deadline: Instant,
    ) -> Result<Begun, NotBegun> {
        match self {
            Self::Sqlite { .. } => {
                begin_immediate(connection, deadline).await?;
                Ok(Begun::default())
            }
            Self::Postgres { .. } => postgres::begin(connection, deadline).await,
        }
    }

    /// Returns the number of the next commit, by which its outcome can be found later; none for SQLite.
    pub fn next_commit(&self) -> Option<i64> {
        match self {
            Self::Sqlite { .. } => None,
            Self::Postgres { commits, .. } => Some(commits.next()),
        }
    }

    /// Commits, with its number if the outcome may have to be found later.
    pub async fn commit(
        &self,
        connection: &mut AnyConnection,
        number: Option<i64>,
    ) -> sqlx::Result<()> {
        match self {
            Self::Sqlite { .. } => {
                sqlx::query("COMMIT").execute(connection).await?;
                Ok(())
            }
            Self::Postgres { commits, .. } => {
                let left = number.map(|number| commits.leave(number));
                postgres::commit(connection, &left.unwrap_or_default()).await
            }
        }
    }

    /// Returns whether the latest numbered commit was made, if there is one. The turn to write is held.
    pub async fn has_committed(
        &self,
        connection: &mut AnyConnection,
        number: Option<i64>,
    ) -> sqlx::Result<bool> {
        match (self, number) {
            (Self::Postgres { commits, .. }, Some(number)) => commits.has(connection, number).await,
            _ => Ok(false),
        }
    }

    /// Returns whether a commit that failed with `error` may have been made.
    pub fn leaves_doubt(&self, error: &sqlx::Error) -> bool {
        match self {
            Self::Sqlite { .. } => true,
            Self::Postgres { .. } => postgres::leaves_doubt(error),
        }
    }

    /// Returns the time that a commit may take beyond the deadline of a write, until its standbys confirm it.
    pub fn confirmation(&self) -> Duration {
        match self {
            Self::Sqlite { .. } => Duration::ZERO,
            Self::Postgres { .. } => postgres::END,
        }
    }

    /// Returns the time that the answer to the start of a write may take to arrive, once its deadline is over.
    pub fn grace(&self) -> Duration {
        match self {
            Self::Sqlite { .. } => Duration::ZERO,
            Self::Postgres { .. } => postgres::GRACE,
        }
    }

    /// Rolls back.
    pub async fn roll_back(&self, connection: &mut AnyConnection) -> sqlx::Result<()> {
        match self {
            Self::Sqlite { .. } => {
                sqlx::query("ROLLBACK").execute(connection).await?;
                Ok(())
            }
            Self::Postgres { .. } => postgres::roll_back(connection).await,
        }
    }

    /// Looks for damage after a failed statement, and returns what is wrong. PostgreSQL checks its own pages.
    pub async fn damage(&self) -> Option<String> {
        let Self::Sqlite { address, watch } = self else {
            return None;
        };
        let check = async {
            let mut connection = connect_again(address, watch).await?;
            let (verdict,): (String,) = sqlx::query_as("PRAGMA quick_check(1)")
                .fetch_one(&mut connection)
                .await?;
            connection.close().await?;
            Ok::<_, sqlx::Error>(verdict)
        };
        match check.await {
            Ok(verdict) if verdict == "ok" => None,
            Ok(verdict) => Some(format!("the database is damaged: {verdict}")),
            Err(error) => Some(error.to_string()),
        }
    }
}
