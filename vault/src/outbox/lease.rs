//! Leases of mails: how long they last, and how they end without an outcome.
//!
//! A process that has the database to itself leases for longer than any attempt takes: the next start takes its leases
//! back. Among several nodes, a start cannot tell the lease of a dead node from that of a sending one. So a lease is
//! short there, and its node extends it during the attempt.

use std::time::Duration;

use sqlx::AnyConnection;

use super::backoff;
use super::queue::{AT_ONCE, LeaseId, Leased};
use crate::error::Result;
use crate::storage::{Database, System, Tx};

/// Duration of a lease of the only process, in milliseconds: longer than the longest attempt.
pub const LEASE_MS: i64 = 90 * 60 * 1000;
/// Duration of a lease of one of several nodes, in milliseconds: two minutes. It outlasts the failover of a database,
/// and delays the mails of a node that dies.
const NODE_LEASE_MS: i64 = 2 * 60 * 1000;
/// Interval at which a node extends a lease.
pub const EXTEND_EVERY: Duration = Duration::from_secs(30);
/// Age of a lease at the start, in milliseconds, from which its mail may have arrived: ten minutes. A killed process is
/// restarted sooner; one whose database accepts nothing is stopped later.
const LONG_AGO_MS: i64 = 10 * 60 * 1000;
/// The response recorded for a mail that may have arrived without a stored acceptance.
const NOT_STORED: &str = "the service stopped before it could store the mail server's response; the email may have been delivered";

/// Returns the duration of a new lease, in milliseconds.
pub fn duration(database: &Database) -> i64 {
    if database.is_shared() {
        NODE_LEASE_MS
    } else {
        LEASE_MS
    }
}

/// Extends a lease of a node at `now`. Returns false if it has ended and another attempt holds the mail or has settled it.
pub async fn extend(database: &Database, mail: &Leased, now: i64) -> Result<bool> {
    let extend = async |tx: &mut Tx| {
        let extended = sqlx::query(
            "UPDATE outbox SET next_at = $1 WHERE id = $2 AND leased_at = $3 AND outcome IS NULL",
        )
        .bind(now.saturating_add(NODE_LEASE_MS))
        .bind(&mail.id)
        .bind(mail.since)
        .execute(tx.connection())
        .await?;
        tx.commit_quietly();
        Ok(extended.rows_affected() > 0)
    };
    database.transact(System, extend).await
}

/// Gives a mail that was leased again back to the attempt of this process that has held it since `since`.
pub async fn keep(connection: &mut AnyConnection, mail: &Leased, since: i64) -> Result<()> {
    sqlx::query(
        "UPDATE outbox SET leased_at = $1, attempts = attempts - 1
         WHERE id = $2 AND leased_at = $3 AND outcome IS NULL",
    )
    .bind(since)
    .bind(&mail.id)
    .bind(mail.since)
    .execute(connection)
    .await?;
    Ok(())
}

/// Returns the leases of this process at a stop, when it sends nothing any more. A copy of the `unknown` mails may have
/// arrived, so they wait; the `other` ones leave at once. A lease that another node has by now is not this process's.
pub async fn return_leases(
    database: &Database,
    unknown: &[LeaseId],
    other: &[LeaseId],
    now: i64,
) -> Result<()> {
    let shared = database.is_shared();
    let return_all = async |tx: &mut Tx| {
        for (mail, since) in unknown {
            sqlx::query(
                "UPDATE outbox SET next_at = $1, leased_at = NULL, words = $2
                 WHERE id = $3 AND leased_at = $4 AND outcome IS NULL",
            )
            .bind(now.saturating_add(backoff::UNKNOWN_MS))
            .bind(NOT_STORED)
            .bind(mail)
            .bind(since)
            .execute(tx.connection())
            .await?;
        }
        if !shared {
            return return_rest(tx.connection()).await;
        }
        for (mail, since) in other {
            sqlx::query(
                "UPDATE outbox SET next_at = $1, leased_at = NULL
                 WHERE id = $2 AND leased_at = $3 AND outcome IS NULL",
            )
            .bind(AT_ONCE)
            .bind(mail)
            .bind(since)
            .execute(tx.connection())
            .await?;
        }
        Ok(())
    };
    database.transact(System, return_all).await
}

/// Takes back the leases of the previous process at a start, if only one has the database open. If it was killed,
/// usually a moment ago, its mails leave at once. If it stopped while the database accepted nothing, it could not even
/// store that a copy may have arrived. So a notice leased long ago waits. A link does not: it is useful for an hour
/// only. Leases of nodes end soon by themselves.
pub async fn take_back_leases(database: &Database, now: i64) -> Result<()> {
    if database.is_shared() {
        return Ok(());
    }
    let take_back = async |tx: &mut Tx| {
        sqlx::query(
            "UPDATE outbox SET next_at = $1, leased_at = NULL, words = $2
             WHERE leased_at <= $3 AND kind = 'notice' AND outcome IS NULL",
        )
        .bind(now.saturating_add(backoff::UNKNOWN_MS))
        .bind(NOT_STORED)
        .bind(now.saturating_sub(LONG_AGO_MS))
        .execute(tx.connection())
        .await?;
        return_rest(tx.connection()).await
    };
    database.transact(System, take_back).await
}

async fn return_rest(connection: &mut AnyConnection) -> Result<()> {
    sqlx::query(
        "UPDATE outbox SET next_at = $1, leased_at = NULL WHERE leased_at IS NOT NULL AND outcome IS NULL",
    )
    .bind(AT_ONCE)
    .execute(connection)
    .await?;
    Ok(())
}
