//! The checks of a server and of its database, before anything is written: a primary of a supported version, reached
//! without a pooler that would separate a connection from its session, with our tables or none, and the rights to
//! change them.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::any::install_default_drivers;
use sqlx::postgres::PgListener;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};
use tokio::time::timeout;

use super::{CONNECT, Server, silent};
use crate::crypto::random;
use crate::error::{OpenError, Refusal};
use crate::storage::content::{Content, is_current, read_schema};

/// The longest that a notification may take.
const HEARD: Duration = Duration::from_secs(5);

/// The oldest version that is supported, as `server_version_num`.
const NEEDED: i64 = 150_000;

/// The tables of the schema that our tables are in, including those that the user may not read.
const TABLES: &str = "SELECT CAST(relname AS TEXT) FROM pg_class
     WHERE relkind IN ('r', 'p') AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";

/// Checks the server, and returns the content of the database.
pub async fn check(server: &Server) -> Result<Content, OpenError> {
    install_default_drivers();
    let refused = |reason| server.refused(reason);
    let failed = |error| server.unreachable(&error);
    let mut connection = server.connect().await.map_err(failed)?;
    // First: behind such a pooler, prepared statements fail with errors that do not name the cause.
    if is_pooled(server, &mut connection).await.map_err(failed)? {
        return Err(refused(Refusal::Pooler));
    }
    if let Some(reason) = refusal(&mut connection).await.map_err(failed)? {
        return Err(refused(reason));
    }
    let content = read_schema(server.name(), TABLES, &mut connection)
        .await
        .map_err(|error| match error {
            OpenError::Database { source, .. } => failed(source),
            error => error,
        })?;
    let current = content != Content::Blank && is_current(&mut connection).await.map_err(failed)?;
    if let Some(reason) = missing_right(&mut connection, current)
        .await
        .map_err(failed)?
    {
        return Err(refused(reason));
    }
    connection.close().await.map_err(failed)?;
    Ok(content)
}

/// Returns the server's own sentence about a failure, if it has one: sqlx adds where in the server's source it comes from.
pub fn explain(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        // As rustls reports a certificate that is not trusted.
        sqlx::Error::Io(error) if error.kind() == ErrorKind::InvalidData => {
            format!("the TLS connection fails: {error}")
        }
        sqlx::Error::Io(error) => format!("it cannot be reached: {error}"),
        sqlx::Error::Tls(error) => format!("the TLS connection fails: {error}"),
        error => error.to_string(),
    }
}

async fn refusal(connection: &mut AnyConnection) -> sqlx::Result<Option<Refusal>> {
    let (number, version): (i64, String) = sqlx::query_as(
        "SELECT CAST(current_setting('server_version_num') AS BIGINT), current_setting('server_version')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if number < NEEDED {
        return Ok(Some(Refusal::Old(version)));
    }
    let (standby, schema): (bool, Option<String>) =
        sqlx::query_as("SELECT pg_is_in_recovery(), CAST(current_schema() AS TEXT)")
            .fetch_one(&mut *connection)
            .await?;
    let (read_only, fsync, encoding): (String, String, String) = sqlx::query_as(
        "SELECT current_setting('default_transaction_read_only'), current_setting('fsync'),
                current_setting('server_encoding')",
    )
    .fetch_one(connection)
    .await?;
    if fsync == "off" {
        tracing::warn!(
            "the database server runs with fsync = off: a power cut loses acknowledged changes"
        );
    }
    Ok(if standby || read_only == "on" {
        Some(Refusal::Standby)
    } else if schema.is_none() {
        Some(Refusal::NoSchema)
    } else if encoding != "UTF8" {
        Some(Refusal::Encoding(encoding))
    } else {
        None
    })
}

/// Returns whether connections share sessions, as they do behind a pooler that lends them out by the transaction. It often
/// gives the session that is free first to the next connection that needs one; if there are several, it may not.
async fn is_pooled(server: &Server, connection: &mut AnyConnection) -> sqlx::Result<bool> {
    let ours = session(connection).await?;
    let mut other = server.connect().await?;
    sqlx::raw_sql("BEGIN").execute(&mut other).await?;
    let shared = session(&mut other).await? == ours;
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await?;
    other.close().await?;
    Ok(shared || !hears(server, connection).await?)
}

/// Returns whether a notification reaches a connection that waits for it. One without a session of its own gets none.
async fn hears(server: &Server, connection: &mut AnyConnection) -> sqlx::Result<bool> {
    let channel =
        random::id("keyhold_").map_err(|error| sqlx::Error::Protocol(error.to_string()))?;
    let listen = async {
        let mut listener = PgListener::connect(server.url()).await?;
        listener.listen(&channel).await?;
        Ok(listener)
    };
    let mut listener = match timeout(CONNECT, listen).await.map_err(|_| silent())? {
        Ok(listener) => listener,
        // A standby cannot listen, as the next check reports.
        Err(sqlx::Error::Database(_)) => return Ok(true),
        Err(error) => return Err(error),
    };
    let notify = AssertSqlSafe(format!("NOTIFY {channel}"));
    match sqlx::raw_sql(notify).execute(connection).await {
        Ok(_) => {}
        // The notification came to this connection, which has the session of the other one.
        Err(sqlx::Error::Protocol(_)) => return Ok(false),
        Err(error) => return Err(error),
    }
    Ok(timeout(HEARD, listener.recv())
        .await
        .is_ok_and(|heard| heard.is_ok()))
}

/// Returns the number of the server's process that serves a connection. Not by a prepared statement.
async fn session(connection: &mut AnyConnection) -> sqlx::Result<i64> {
    let row = sqlx::raw_sql("SELECT CAST(pg_backend_pid() AS BIGINT)")
        .fetch_one(connection)
        .await?;
    row.try_get(0)
}

/// Returns the right that the user lacks. Reading and writing a current schema needs no right to create tables.
async fn missing_right(
    connection: &mut AnyConnection,
    is_current: bool,
) -> sqlx::Result<Option<Refusal>> {
    let (user, schema): (String, String) =
        sqlx::query_as("SELECT CAST(current_user AS TEXT), CAST(current_schema() AS TEXT)")
            .fetch_one(&mut *connection)
            .await?;
    if !is_current {
        let (may,): (bool,) =
            sqlx::query_as("SELECT has_schema_privilege(current_schema(), 'CREATE')")
                .fetch_one(connection)
                .await?;
        return Ok((!may).then_some(Refusal::NoCreation(user, schema)));
    }
    let locked: Option<(String,)> = sqlx::query_as(
        "SELECT CAST(c.relname AS TEXT) FROM pg_class c
         WHERE c.relkind = 'r' AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
           AND c.relname <> '_sqlx_migrations'
           AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
                    AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
         ORDER BY c.relname LIMIT 1",
    )
    .fetch_optional(connection)
    .await?;
    Ok(locked.map(|(table,)| Refusal::NoChange(user, table)))
}
