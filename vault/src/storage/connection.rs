//! Connections to a file of SQLite, with the settings that make an acknowledged change durable, and the start of a write.

#![expect(clippy::disallowed_methods, reason = "waits have deadlines")]

use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, Connection};
use tokio::time::{Instant, sleep};

use super::watch::Watch;
use crate::error::OpenError;
use crate::limits::patience;

/// Earlier versions have the WAL-reset bug, <https://sqlite.org/wal.html#walresetbug>.
const SQLITE_NEEDED: &str = "3.51.3";

/// WAL lets readers continue during a write; FULL syncs the log at every commit, so that acknowledged changes survive a
/// power cut.
const PRAGMAS: [&str; 5] = [
    // The size that the write-ahead log is cut to when it restarts.
    "PRAGMA journal_size_limit = 16777216",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    // For the few locks that occur here: the writer itself retries the start of a write.
    "PRAGMA busy_timeout = 1000",
];

/// The wait between two attempts at a lock that another process holds.
const LOCKED: Duration = Duration::from_millis(10);
/// The time before the deadline at which those attempts end, so that the lock is reported rather than a silent database.
const REPORT: Duration = Duration::from_millis(100);

/// Connections that only read.
pub const READERS: u32 = 5;
/// The longest that a query waits for a reader.
pub(super) const READER_TIMEOUT: Duration = patience::LONGEST;

/// Connects with the settings that every connection has.
pub async fn connect(address: &str) -> sqlx::Result<AnyConnection> {
    prepared(AnyConnection::connect(address).await?).await
}

/// Connects again to the watched file. Until its first read, a connection leaves the log beside the file alone: with
/// another file of the name, it would take the log for that file's.
pub async fn connect_again(address: &str, watch: &Watch) -> sqlx::Result<AnyConnection> {
    let connection = AnyConnection::connect(address).await?;
    if !watch.is_ours() {
        let replaced = std::io::Error::other("its file was replaced");
        return Err(sqlx::Error::Io(replaced));
    }
    prepared(connection).await
}

/// Gives a connection the settings that every connection has.
pub(super) async fn prepared(mut connection: AnyConnection) -> sqlx::Result<AnyConnection> {
    for pragma in PRAGMAS {
        sqlx::query(pragma).execute(&mut connection).await?;
    }
    Ok(connection)
}

pub fn readers(watch: Arc<Watch>) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(READERS)
        .min_connections(1)
        .acquire_timeout(READER_TIMEOUT)
        // Connections are not renewed: once the file was moved away, a new one would open another file.
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            let watch = Arc::clone(&watch);
            Box::pin(async move {
                if !watch.is_ours() {
                    return Err(sqlx::Error::PoolClosed);
                }
                for pragma in PRAGMAS.iter().chain(&["PRAGMA query_only = ON"]) {
                    sqlx::query(*pragma).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
}

/// Checks that SQLite applied the settings on which durability depends.
pub async fn assert_settings(connection: &mut AnyConnection) -> Result<(), OpenError> {
    let (version,): (String,) = sqlx::query_as("SELECT sqlite_version()")
        .fetch_one(&mut *connection)
        .await?;
    if numbers(&version) < numbers(SQLITE_NEEDED) {
        return Err(OpenError::OldSqlite {
            found: version,
            needed: SQLITE_NEEDED,
        });
    }
    let (journal,): (String,) = sqlx::query_as("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await?;
    let (synchronous,): (i64,) = sqlx::query_as("PRAGMA synchronous")
        .fetch_one(&mut *connection)
        .await?;
    let (foreign_keys,): (i64,) = sqlx::query_as("PRAGMA foreign_keys")
        .fetch_one(&mut *connection)
        .await?;
    if (journal.as_str(), synchronous, foreign_keys) != ("wal", 2, 1) {
        return Err(OpenError::Read(sqlx::Error::Protocol(format!(
            "SQLite did not take its settings: journal_mode {journal}, synchronous {synchronous}, foreign_keys {foreign_keys}"
        ))));
    }
    Ok(())
}

fn numbers(version: &str) -> Vec<u32> {
    version
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

/// Makes SQLite report a lock at once.
pub async fn disable_busy_wait(connection: &mut AnyConnection) -> sqlx::Result<()> {
    sqlx::query("PRAGMA busy_timeout = 0")
        .execute(connection)
        .await?;
    Ok(())
}

/// Begins a transaction. A lock of another process is retried until shortly before the deadline, from here rather than by
/// SQLite, whose wait could not be cancelled.
pub async fn begin_immediate(
    connection: &mut AnyConnection,
    deadline: Instant,
) -> sqlx::Result<()> {
    loop {
        match sqlx::query("BEGIN IMMEDIATE")
            .execute(&mut *connection)
            .await
        {
            Ok(_) => return Ok(()),
            Err(error) if is_busy(&error) && Instant::now() + LOCKED + REPORT < deadline => {
                sleep(LOCKED).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Returns whether another process holds a lock. The low byte of SQLite's extended code is the primary one.
fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: i32 = 5;
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .and_then(|code| code.parse::<i32>().ok())
        .is_some_and(|code| code & 0xff == SQLITE_BUSY)
}
