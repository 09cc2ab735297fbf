//! Return to the machine's clock after a clock that ran ahead was corrected: the only way to lower the floor, and
//! reserved to the operator. Nothing is removed from the audit trail; its entries up to now are no longer believed in
//! matters of time.
//!
//! Decisions of a person stand: a key that was expired manually while the clock ran ahead expires at the present
//! instant. A key that expired only because of the leap is good again.

#![expect(clippy::disallowed_methods, reason = "closing has a deadline")]

use std::sync::Arc;
use std::time::Duration;

use shared::notice::Stage;
use sqlx::{AnyConnection, AssertSqlSafe};
use tokio::time::Instant;

use super::clock_floor;
use crate::cluster;
use crate::error::{Error, OpenError, Result};
use crate::storage::{self, Content, Database, Inspected, System, Tx};
use crate::time::clock::Clock;

/// The longest that closing the database may take.
const CLOSING: Duration = Duration::from_secs(5);

/// The result of an acceptance, or of its dry run.
#[derive(Debug)]
pub struct Accepted {
    /// The machine's clock, UTC epoch milliseconds.
    pub now: i64,
    /// The latest recorded instant, which lies ahead of it.
    pub recorded: i64,
    /// Name and access key of the keys that were expired manually at an instant ahead: they expire now.
    pub expired: Vec<(String, String)>,
}

/// Tests whether `expires_at` of a key (`k`) is an instant after $1 at which it was expired manually: any other
/// expiration lies ahead of the instant at which it was set.
const EXPIRED_MANUALLY: &str = "k.expires_at > $1 AND k.expires_at = k.expiration_set_at";

/// Columns with the instants of past events. An event that still lies ahead happened now at the latest.
const HAPPENED: [(&str, &[&str]); 12] = [
    ("sweeps", &["swept_to"]),
    ("sessions", &["created_at", "seen_at"]),
    ("api_keys", &["created_at", "expiration_set_at"]),
    (
        "accounts",
        &[
            "created_at",
            "confirmed_at",
            "second_confirmed_at",
            "suspended_at",
        ],
    ),
    (
        "outbox",
        &[
            "created_at",
            "tried_since",
            "next_at",
            "leased_at",
            "finished_at",
        ],
    ),
    ("last_uses", &["used_at"]),
    ("callers", &["seen_at", "refused_at"]),
    ("key_changes", &["at"]),
    (
        "operator_tokens",
        &["created_at", "revoked_at", "last_used_at"],
    ),
    ("operator_sessions", &["created_at"]),
    ("idempotency_keys", &["created_at"]),
    (
        "portal_sessions",
        &["created_at", "redeemed_at", "ended_at"],
    ),
];

/// Makes the next start use the machine's clock. Returns none if nothing recorded lies ahead of it. With `dry_run`,
/// changes nothing.
///
/// Waits for the leases of nodes that were killed.
///
/// # Errors
/// A sentence, also if a server has the database open.
pub async fn accept(
    database_url: &str,
    clock: Arc<dyn Clock>,
    dry_run: bool,
) -> Result<Option<Accepted>, OpenError> {
    if let Some(path) = storage::missing(database_url)? {
        return Err(OpenError::NoDatabase { path });
    }
    let inspected = Inspected::new(database_url).await?;
    if inspected.content != Content::Blank
        && let Some(mut connection) = storage::connect_server(database_url).await?
    {
        let nodes = if dry_run {
            cluster::listing(&mut connection).await?
        } else {
            cluster::await_absence(&mut connection).await?
        };
        if !nodes.is_empty() {
            let sentence = format!("nodes use it; stop them first: {}", cluster::names(&nodes));
            return Err(OpenError::Accept(Error::NotSaved(sentence)));
        }
    }
    let database = Database::open(inspected, clock.clone(), Arc::default()).await?;
    let accepted = lower(&database, clock.wall(), dry_run).await;
    database.close(Instant::now() + CLOSING).await;
    accepted
}

async fn lower(
    database: &Database,
    now: i64,
    dry_run: bool,
) -> Result<Option<Accepted>, OpenError> {
    let recorded = clock_floor::recorded(&database.readers).await?;
    let Some(recorded) = recorded.filter(|recorded| *recorded > now) else {
        return Ok(None);
    };
    // By the machine's clock, not the transaction's, which is floored at the very instant to be lowered.
    let lower = async |tx: &mut Tx| {
        // Nodes cannot join in this transaction, which has the write turn.
        let nodes = cluster::count(tx.connection()).await?;
        if nodes > 0 {
            let sentence = format!("{nodes} nodes use it; stop all of them first");
            return Err(Error::NotSaved(sentence));
        }
        let expired = lower_all(tx.connection(), now).await?;
        if dry_run {
            tx.roll_back();
        }
        Ok(expired)
    };
    let expired = database.transact(System, lower);
    let expired = expired.await.map_err(OpenError::Accept)?;
    Ok(Some(Accepted {
        now,
        recorded,
        expired,
    }))
}

async fn lower_all(
    connection: &mut AnyConnection,
    now: i64,
) -> Result<Vec<(String, String)>, Error> {
    // Made of constants only; everything else is bound.
    let select = format!(
        "SELECT k.name, k.access_key FROM api_keys k WHERE {EXPIRED_MANUALLY} ORDER BY k.name"
    );
    let expired: Vec<(String, String)> = sqlx::query_as(AssertSqlSafe(select))
        .bind(now)
        .fetch_all(&mut *connection)
        .await?;
    let told = format!(
        "UPDATE notices SET expires_at = $1 WHERE EXISTS (
             SELECT 1 FROM api_keys k WHERE k.access_key = notices.access_key
             AND k.expires_at = notices.expires_at AND {EXPIRED_MANUALLY})"
    );
    let keys = format!(
        "UPDATE api_keys AS k SET expires_at = $1, expiration_set_at = $1 WHERE {EXPIRED_MANUALLY}"
    );
    // A link made by the clock that ran ahead would be valid for too long.
    let links = "UPDATE links SET expires_at = $1
                 WHERE expires_at > $1 AND id IN (SELECT id FROM outbox WHERE created_at > $1)";
    // Operators' tokens and portal sessions keep the life that they were given, which is limited.
    let tokens = "UPDATE operator_tokens SET expires_at = expires_at - (created_at - $1) WHERE created_at > $1";
    let portals =
        "UPDATE portal_sessions SET code_expires_at = code_expires_at - (created_at - $1),
                   expires_at = expires_at - (created_at - $1) WHERE created_at > $1";
    let audit = "UPDATE clock SET disbelieved = (SELECT COALESCE(MAX(id), 0) FROM audit) WHERE id = 1 AND $1 > 0";
    for statement in [&*told, &keys, links, tokens, portals, audit] {
        sqlx::query(AssertSqlSafe(statement.to_owned()))
            .bind(now)
            .execute(&mut *connection)
            .await?;
    }
    // Notices sent ahead of their time are sent again when it comes.
    for stage in Stage::ALL {
        sqlx::query(
            "DELETE FROM notices WHERE stage = $1 AND expires_at > $2 AND (EXISTS (
                     SELECT 1 FROM api_keys k WHERE k.access_key = notices.access_key
                     AND k.expires_at = notices.expires_at)
                 OR EXISTS (SELECT 1 FROM operator_tokens t WHERE t.id = notices.access_key))",
        )
        .bind(stage.slug())
        .bind(now.saturating_add(stage.lead()))
        .execute(&mut *connection)
        .await?;
    }
    for (table, columns) in HAPPENED {
        for column in columns {
            let statement = format!("UPDATE {table} SET {column} = $1 WHERE {column} > $1");
            sqlx::query(AssertSqlSafe(statement))
                .bind(now)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(expired)
}
