//! PostgreSQL: its connections with their limits of time, its write turn, and the checks of a server before anything is
//! written to it.
//!
//! All writes of one database are serialised, over all processes, by an advisory lock that a write transaction takes
//! as it begins and that ends with it. So a write finds what it has with SQLite: it sees every earlier one, nothing
//! changes beside it, and the order of the instants is the order of the commits. Neither deadlocks nor serialization
//! failures can occur among Keyhold's own transactions.

#![expect(clippy::disallowed_methods, reason = "waits have deadlines")]

mod address;
mod commits;
mod inspect;
mod readers;

use std::str::FromStr;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, install_default_drivers};
use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions, Row};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::content::newest_schema;
use super::engine::{Begun, NotBegun};
use crate::cluster::select_breaking;
use crate::error::{OpenError, Refusal};

use inspect::explain;

pub use address::Server;
pub use commits::Commits;
pub use inspect::check;
pub use readers::Renewal;

/// The key of the advisory lock: "keyhold" in ASCII. Advisory locks belong to one database.
pub const TURN: i64 = 0x006b_6579_686f_6c64;
/// The key of the lock of the process that migrates the tables.
const MIGRATION: i64 = TURN + 1;
/// The longest that connecting may take.
const CONNECT: Duration = Duration::from_secs(2);
/// The rest between two attempts to become the process that migrates the tables.
const TRY_AGAIN: Duration = Duration::from_millis(250);
/// The longest wait for a commit or a rollback, after which its connection is given up and its outcome in doubt. A
/// commit that waits for a synchronous standby must not be cut short by the server: it would count as done without
/// the standby having it.
pub const END: Duration = Duration::from_secs(10);

/// The time that the answer to the start of a write may take to arrive, once its deadline is over.
pub const GRACE: Duration = Duration::from_millis(500);
/// The longest that the statements of one write may take together. A server whose connection is cut without a trace ends
/// no statement.
pub const STATEMENTS: Duration = Duration::from_secs(15);

/// The longest that the server works on one statement, as in [`SETTINGS`].
pub const QUERY: Duration = Duration::from_secs(10);

/// The longest that a write may take after it had its turn in this process: to begin, for its statements, and to commit.
pub const WRITE: Duration = GRACE.saturating_add(STATEMENTS).saturating_add(END);

/// For every connection. The server ends a query, a wait for a lock and a forgotten transaction by itself, and notices
/// a client that is gone.
const SETTINGS: &str = "SET statement_timeout = '10s';
    SET lock_timeout = '2s';
    SET idle_in_transaction_session_timeout = '5s';
    SET client_connection_check_interval = '2s';
    SET tcp_user_timeout = '10s';
    SET tcp_keepalives_idle = 5;
    SET tcp_keepalives_interval = 2;
    SET tcp_keepalives_count = 3";

/// SQLSTATE of a lock that did not come in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Connects to a server; none if the address is one of SQLite.
pub async fn connect_server(url: &str) -> Result<Option<AnyConnection>, OpenError> {
    if !Server::is_meant(url) {
        return Ok(None);
    }
    install_default_drivers();
    let server = Server::new(url)?;
    let connection = server.connect().await;
    connection
        .map(Some)
        .map_err(|error| server.unreachable(&error))
}

impl Server {
    /// Returns the error of a start at which this server refuses to connect or to answer.
    pub fn unreachable(&self, error: &sqlx::Error) -> OpenError {
        self.refused(Refusal::Unreachable(explain(error)))
    }

    fn refused(&self, reason: Refusal) -> OpenError {
        OpenError::Server {
            database: self.name().to_owned(),
            reason,
        }
    }

    /// Opens a connection with the settings that every connection has.
    pub async fn connect(&self) -> sqlx::Result<AnyConnection> {
        self.connect_by(AnyConnectOptions::from_str(self.url())?)
            .await
    }

    async fn connect_by(&self, options: AnyConnectOptions) -> sqlx::Result<AnyConnection> {
        let connect = async {
            let mut connection = options.connect().await?;
            sqlx::raw_sql(SETTINGS).execute(&mut connection).await?;
            Ok(connection)
        };
        timeout(CONNECT, connect)
            .await
            .unwrap_or_else(|_| Err(silent()))
    }

    /// Opens a connection whose commits are durable.
    pub async fn connect_writer(&self) -> sqlx::Result<AnyConnection> {
        let mut connection = self.connect().await?;
        durable(&mut connection).await?;
        Ok(connection)
    }

    /// Opens such a connection, keeps every other process from changing the database while it is open, and lifts the limits
    /// of time, which are for short statements. None if another process does the same. A process that has just ended may
    /// still be connected for the server.
    pub async fn connect_alone(&self) -> sqlx::Result<Option<AnyConnection>> {
        // Reading a whole table is slow, and no cause for a warning.
        let options = AnyConnectOptions::from_str(self.url())?.disable_statement_logging();
        let mut connection = self.connect_by(options).await?;
        durable(&mut connection).await?;
        let alone = format!(
            "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET lock_timeout = '5s';
             SELECT pg_advisory_lock({TURN}); SET lock_timeout = '2s'"
        );
        let alone = sqlx::raw_sql(AssertSqlSafe(alone)).execute(&mut connection);
        match alone.await {
            Ok(_) => Ok(Some(connection)),
            Err(error) if code(&error).as_deref() == Some(LOCK_NOT_AVAILABLE) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a connection to migrate the tables by, while no other process does that. The limits of time are for statements on
    /// behalf of clients: a migration of a large table may take minutes, and so may the wait for the node that makes it. A
    /// table that is locked ends it all the same: statements of other nodes would wait behind this one.
    pub async fn connect_to_migrate(&self) -> sqlx::Result<AnyConnection> {
        let options = AnyConnectOptions::from_str(self.url())?.disable_statement_logging();
        let mut connection = self.connect_by(options).await?;
        durable(&mut connection).await?;
        let unlimited = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0";
        sqlx::raw_sql(unlimited).execute(&mut connection).await?;
        let mut told = false;
        // Asked again and again rather than waited for, so that a server that falls silent ends it.
        while !timeout(CONNECT, try_lock(&mut connection, MIGRATION))
            .await
            .unwrap_or_else(|_| Err(silent()))?
        {
            if !told {
                tracing::warn!("another node migrates the tables; this one waits for it");
                told = true;
            }
            sleep(TRY_AGAIN).await;
        }
        Ok(connection)
    }

    /// Opens a connection that only reads, for as long as that takes, beside every other process.
    pub async fn connect_to_read(&self) -> sqlx::Result<AnyConnection> {
        let options = AnyConnectOptions::from_str(self.url())?.disable_statement_logging();
        let mut connection = self.connect_by(options).await?;
        let unlimited = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
                         SET default_transaction_read_only = on";
        let unlimited = sqlx::raw_sql(unlimited).execute(&mut connection);
        timeout(CONNECT, unlimited)
            .await
            .unwrap_or_else(|_| Err(silent()))?;
        Ok(connection)
    }
}

/// Takes an advisory lock of the session, if no other process has it.
async fn try_lock(connection: &mut AnyConnection, lock: i64) -> sqlx::Result<bool> {
    let (taken,) = sqlx::query_as("SELECT pg_try_advisory_lock($1)")
        .bind(lock)
        .fetch_one(connection)
        .await?;
    Ok(taken)
}

/// Reads the server's clock, UTC epoch milliseconds.
pub async fn clock(connection: &mut AnyConnection) -> sqlx::Result<i64> {
    let clock = format!("SELECT {CLOCK}");
    let (clock,) = sqlx::query_as(AssertSqlSafe(clock))
        .fetch_one(connection)
        .await?;
    Ok(clock)
}

/// Makes commits of this connection wait for the disk, and for synchronous standbys if there are any, whatever the
/// server's default is.
async fn durable(connection: &mut AnyConnection) -> sqlx::Result<()> {
    for attempt in 0..2 {
        let (found,): (String,) = sqlx::query_as("SELECT current_setting('synchronous_commit')")
            .fetch_one(&mut *connection)
            .await?;
        if found == "on" || found == "remote_apply" {
            return Ok(());
        }
        if attempt == 0 {
            sqlx::raw_sql("SET synchronous_commit = on")
                .execute(&mut *connection)
                .await?;
        }
    }
    Err(sqlx::Error::Protocol(
        "the server does not set synchronous_commit, without which a change could be lost"
            .to_owned(),
    ))
}

/// The server's clock, UTC epoch milliseconds.
const CLOCK: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";

/// The latest instant in the audit trail or of a sweep, as the clock's floor takes it (`start/clock_floor.rs`). A sweep
/// does not look again at instants before its own: no later write may set an expiration there.
const LATEST: &str = "GREATEST(
        (SELECT u.at FROM audit u WHERE u.id + 0 > c.disbelieved ORDER BY u.at DESC LIMIT 1),
        (SELECT MAX(swept_to) FROM sweeps))";

/// Begins a write transaction and takes the turn to write, in one round trip, with what an instant for it depends on.
///
/// READ COMMITTED, whatever the server's default is: a snapshot must not be older than the turn.
pub async fn begin(connection: &mut AnyConnection, deadline: Instant) -> Result<Begun, NotBegun> {
    let rest = deadline
        .saturating_duration_since(Instant::now())
        .as_millis()
        .max(1);
    let statements = format!(
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = {rest};
         SELECT pg_advisory_xact_lock({TURN}); SET LOCAL lock_timeout = '2s';
         SELECT {LATEST}, {CLOCK},
             ({})
         FROM clock c WHERE c.id = 1",
        select_breaking(newest_schema())
    );
    let begun = sqlx::raw_sql(AssertSqlSafe(statements)).fetch_all(&mut *connection);
    // The server answers by the deadline, unless the connection to it is broken.
    match timeout_at(deadline + GRACE, begun).await {
        Ok(Ok(rows)) => match rows.last() {
            Some(row) => Ok(Begun {
                latest: row.try_get(0)?,
                clock: Some(row.try_get(1)?),
                breaking: row.try_get(2)?,
            }),
            None => Ok(Begun::default()),
        },
        Ok(Err(error)) if code(&error).as_deref() == Some(LOCK_NOT_AVAILABLE) => {
            roll_back(connection).await?;
            Err(NotBegun::Busy)
        }
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(silent().into()),
    }
}

/// Commits after the statements `last`. The setting before them fails if an earlier statement has failed: PostgreSQL
/// answers the COMMIT of such a transaction without an error, although it rolls back.
pub async fn commit(connection: &mut AnyConnection, last: &str) -> sqlx::Result<()> {
    let statements = format!("SET LOCAL statement_timeout = 0; {last} COMMIT");
    let commit = sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection);
    timeout(END, commit)
        .await
        .unwrap_or_else(|_| Err(silent()))?;
    Ok(())
}

/// Returns whether a commit that ended with `error` may have been made all the same. An error of the server says that the
/// transaction is over without it, unless it is about the connection (class 08) or the server's own end (57, 58, XX): those
/// may come after the commit, or from a pooler.
pub fn leaves_doubt(error: &sqlx::Error) -> bool {
    code(error).is_none_or(|code| {
        ["08", "57", "58", "XX"]
            .iter()
            .any(|class| code.starts_with(class))
    })
}

pub async fn roll_back(connection: &mut AnyConnection) -> sqlx::Result<()> {
    let roll_back = sqlx::raw_sql("ROLLBACK").execute(connection);
    timeout(END, roll_back)
        .await
        .unwrap_or_else(|_| Err(silent()))?;
    Ok(())
}

/// The error of a server that does not answer.
pub fn silent() -> sqlx::Error {
    sqlx::Error::Io(std::io::Error::other("it does not respond"))
}

/// Returns the SQLSTATE of an error of the server.
fn code(error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error()?.code()?;
    Some(code.into_owned())
}
