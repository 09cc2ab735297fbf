//! The table `nodes`: one row for each process that may verify.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::lease::Term;
use super::log::{self, Position};
use super::view::Row;
use crate::crypto::random;
use crate::error::Result;

/// The database's clock in epoch milliseconds. No decision uses it.
const CLOCK: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";

/// What a node tells the others about itself.
#[derive(Clone, Debug)]
pub struct Introduction {
    pub version: String,
    /// The address at which it serves.
    pub address: String,
    pub pepper_id: String,
    /// The prefix of new keys, without its underscore.
    pub key_prefix: String,
    pub term: Term,
}

/// A node with which another one cannot share the database.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Incompatible {
    #[error(
        "the node at {address} has another pepper ({found}) than the one in the pepper file ({loaded}): all nodes need \
         the same file"
    )]
    Pepper {
        address: String,
        found: String,
        loaded: String,
    },
    #[error(
        "KEYHOLD_LEASE is {own} here and {found} on the node at {address}: it must be the same on all nodes. To change it, \
         stop all of them"
    )]
    Term {
        address: String,
        found: i64,
        own: i64,
    },
    #[error(
        "KEYHOLD_KEY_PREFIX is {own} here and {found} on the node at {address}: it must be the same on all nodes. To set it, \
         stop all of them"
    )]
    Prefix {
        address: String,
        found: String,
        own: String,
    },
}

/// A row with which `introduction` cannot coexist, and its number of renewals.
pub struct Obstacle {
    pub id: String,
    pub renewals: i64,
    pub term: Term,
    pub reason: Incompatible,
}

/// All rows, and the database's clock at that instant, epoch milliseconds.
pub struct Listed {
    pub rows: Vec<Row>,
    pub clock: i64,
}

/// Returns a migration after `known` with which a version that does not know it cannot work: its name says so.
pub async fn breaking_migration(
    connection: &mut AnyConnection,
    known: i64,
) -> sqlx::Result<Option<i64>> {
    let (found,) = sqlx::query_as(AssertSqlSafe(select_breaking(known)))
        .fetch_one(connection)
        .await?;
    Ok(found)
}

/// The beginning of the description of such a migration.
pub const BREAKING: &str = "breaking";

/// Returns the statement that finds the first such migration after `known`, or NULL.
pub fn select_breaking(known: i64) -> String {
    format!(
        "SELECT MIN(version) FROM _sqlx_migrations WHERE version > {known} AND description LIKE '{BREAKING}%'"
    )
}

/// Returns the nodes that differ in something that all nodes must share.
pub async fn obstacles(
    connection: &mut AnyConnection,
    introduction: &Introduction,
) -> sqlx::Result<Vec<Obstacle>> {
    type Found = (String, String, String, i64, i64, String);
    let found: Vec<Found> = sqlx::query_as(
        "SELECT id, address, pepper_id, renewals, lease_ms, key_prefix FROM nodes
         WHERE pepper_id <> $1 OR lease_ms <> $2 OR key_prefix <> $3 ORDER BY id",
    )
    .bind(&introduction.pepper_id)
    .bind(introduction.term.ms())
    .bind(&introduction.key_prefix)
    .fetch_all(connection)
    .await?;
    let obstacle = |(id, address, pepper_id, renewals, lease_ms, key_prefix): Found| {
        let reason = if pepper_id != introduction.pepper_id {
            Incompatible::Pepper {
                address,
                found: pepper_id,
                loaded: introduction.pepper_id.clone(),
            }
        } else if lease_ms != introduction.term.ms() {
            Incompatible::Term {
                address,
                found: lease_ms / 1000,
                own: introduction.term.ms() / 1000,
            }
        } else {
            Incompatible::Prefix {
                address,
                found: key_prefix,
                own: introduction.key_prefix.clone(),
            }
        };
        Obstacle {
            id,
            renewals,
            term: Term::of_ms(lease_ms),
            reason,
        }
    };
    Ok(found.into_iter().map(obstacle).collect())
}

/// Adds a row, which keeps the newest entry of the log and all later ones in it. Returns its id, which no other row
/// ever has: a delayed renewal of an earlier row must not speak for this one. The write turn is held.
pub async fn insert(
    connection: &mut AnyConnection,
    introduction: &Introduction,
) -> Result<(String, Position)> {
    let id = random::id("node_")?;
    let (position, _) = log::newest(&mut *connection).await?;
    let insert = format!(
        "INSERT INTO nodes (id, version, address, pepper_id, seen, renewals, lease_ms, lease_until, joined_at, skew_ms,
             key_prefix)
         VALUES ($1, $2, $3, $4, $5, 0, $6, 0, {CLOCK}, 0, $7)"
    );
    sqlx::query(AssertSqlSafe(insert))
        .bind(&id)
        .bind(&introduction.version)
        .bind(&introduction.address)
        .bind(&introduction.pepper_id)
        .bind(position.seq)
        .bind(introduction.term.ms())
        .bind(&introduction.key_prefix)
        .execute(connection)
        .await?;
    Ok((id, position))
}

/// Renews a lease. Returns false if the row was removed. With `news`, also wakes the nodes that wait until this one has
/// seen a change: in the same message, because they wait, and in a transaction of its own, because the server makes
/// commits that notify one after the other.
pub async fn renew(
    connection: &mut AnyConnection,
    id: &str,
    seen: i64,
    skew_ms: i64,
    news: bool,
) -> sqlx::Result<bool> {
    // A message of several statements has no parameters. These are two numbers, and an id made in this process.
    let renew = format!(
        "UPDATE nodes SET seen = {seen}, renewals = renewals + 1, lease_until = {CLOCK} + lease_ms, skew_ms = {skew_ms}
         WHERE id = '{id}'"
    );
    let statements = if news {
        format!("BEGIN; {renew}; COMMIT; NOTIFY keyhold_seen")
    } else {
        renew
    };
    let renewed = sqlx::raw_sql(AssertSqlSafe(statements))
        .execute(connection)
        .await?;
    Ok(renewed.rows_affected() == 1)
}

/// Reads all rows.
pub async fn list(connection: &mut AnyConnection) -> sqlx::Result<Listed> {
    let list = format!(
        "SELECT n.id, n.seen, n.renewals, n.lease_ms, c.clock
         FROM (SELECT {CLOCK} AS clock) c LEFT JOIN nodes n ON 1 = 1"
    );
    type Found = (Option<String>, Option<i64>, Option<i64>, Option<i64>, i64);
    let found: Vec<Found> = sqlx::query_as(AssertSqlSafe(list))
        .fetch_all(connection)
        .await?;
    let clock = found.first().map_or(0, |row| row.4);
    let rows = found
        .into_iter()
        .filter_map(|(id, seen, renewals, lease_ms, _)| {
            Some(Row {
                id: id?,
                seen: seen?,
                renewals: renewals?,
                term: Term::of_ms(lease_ms?),
            })
        });
    Ok(Listed {
        rows: rows.collect(),
        clock,
    })
}

/// A node, for the operator.
#[derive(Clone, Debug)]
pub struct Listing {
    pub id: String,
    pub version: String,
    pub address: String,
    /// The number of changes that it does not have yet.
    pub lag: i64,
    /// The rest of its lease by the database's clock, in milliseconds; none while it loads its directory.
    pub lease_ms: Option<i64>,
    pub skew_ms: i64,
}

/// Returns whether the database has the tables that [`listing`] reads.
pub async fn has_tables(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    let has = "SELECT to_regclass('nodes') IS NOT NULL AND to_regclass('key_changes') IS NOT NULL";
    sqlx::query_scalar(has).fetch_one(connection).await
}

/// Reads all rows for the operator, in the order in which the nodes joined.
pub async fn listing(connection: &mut AnyConnection) -> sqlx::Result<Vec<Listing>> {
    let listing = format!(
        "SELECT id, version, address, (SELECT MAX(seq) FROM key_changes) - seen, renewals, lease_until - {CLOCK}, skew_ms
         FROM nodes ORDER BY joined_at, id"
    );
    type Found = (String, String, String, i64, i64, i64, i64);
    let found: Vec<Found> = sqlx::query_as(AssertSqlSafe(listing))
        .fetch_all(connection)
        .await?;
    let listing = found.into_iter().map(
        |(id, version, address, lag, renewals, lease_ms, skew_ms)| Listing {
            id,
            version,
            address,
            lag,
            lease_ms: (renewals > 1).then_some(lease_ms),
            skew_ms,
        },
    );
    Ok(listing.collect())
}

/// Counts the rows.
pub async fn count(connection: &mut AnyConnection) -> sqlx::Result<i64> {
    let (count,) = sqlx::query_as("SELECT COUNT(*) FROM nodes")
        .fetch_one(connection)
        .await?;
    Ok(count)
}

/// Removes a row if it has not been renewed since it had this number of renewals. Returns whether it was removed.
/// A row that is locked is being renewed.
pub async fn remove(connection: &mut AnyConnection, id: &str, renewals: i64) -> sqlx::Result<bool> {
    let remove = "DELETE FROM nodes WHERE id IN (
        SELECT id FROM nodes WHERE id = $1 AND renewals = $2 FOR UPDATE SKIP LOCKED)";
    let removed = sqlx::query(remove)
        .bind(id)
        .bind(renewals)
        .execute(connection)
        .await?;
    Ok(removed.rows_affected() == 1)
}

/// Removes the row of this process, which no longer verifies.
pub async fn leave(connection: &mut AnyConnection, id: &str) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM nodes WHERE id = $1")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}
