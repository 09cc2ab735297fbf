//! The outbox: mails that are to be sent, written in the transaction that gave the reason for them.
//!
//! A mail's way: put → leased → checked against what is true by now → sent → settled. The lease keeps a second
//! sender off it, and ends by itself if the first one dies. The id is the Message-ID for ever, so whatever
//! happens between the mail server's yes and our writing it down, a second copy can be told as one.

use sha2::{Digest as _, Sha256};
use shared::DAY_MS;
use shared::notice::{DeliveryState, MailKind};
use sqlx::AnyConnection;

use crate::database::Database;
use crate::error::{Error, Result};
use crate::mail::transport::SendFault;
use crate::random;

/// Why a key was left out of a mail: a more urgent stage was told instead.
pub const SUPERSEDED: &str = "superseded";
/// Why a key was left out of a mail: it was changed or deleted before the mail left.
pub const DROPPED: &str = "dropped";

/// How long a lease lasts, in milliseconds: well over the time-out of one attempt.
const LEASE_MS: i64 = 5 * 60 * 1000;
/// The wait after the first failure, in milliseconds; it doubles with each further one.
const FIRST_WAIT_MS: i64 = 30 * 1000;
/// The longest wait, in milliseconds: two hours. RFC 5321, section 4.5.4.1, asks for 30 minutes at least in
/// the long run, and for four to five days before giving up.
const LONGEST_WAIT_MS: i64 = 2 * 60 * 60 * 1000;
/// How long a mail is tried, in milliseconds.
const GIVE_UP_MS: i64 = 5 * DAY_MS;

/// Notices to one address within a day, after which they are collected.
const MANY_A_DAY: i64 = 20;
/// How long they are collected, in milliseconds: an hour.
const COLLECT_MS: i64 = 60 * 60 * 1000;
/// Nothing waits for longer than this, in milliseconds. A mail that is to be tried later still was put here
/// while the clock was wrong.
const HORIZON_MS: i64 = 2 * LONGEST_WAIT_MS;

/// The word by which a kind of mail is stored; it never changes.
pub fn kind_slug(kind: MailKind) -> &'static str {
    match kind {
        MailKind::Notice => "notice",
        MailKind::ConfirmAddress => "confirm_address",
        MailKind::ConfirmSecondRecipient => "confirm_second_recipient",
        MailKind::ResetPassword => "reset_password",
    }
}

/// The kind that a stored word means.
///
/// # Errors
/// A word of a newer version.
pub fn kind(slug: &str) -> Result<MailKind> {
    use MailKind::{ConfirmAddress, ConfirmSecondRecipient, Notice, ResetPassword};
    [
        Notice,
        ConfirmAddress,
        ConfirmSecondRecipient,
        ResetPassword,
    ]
    .into_iter()
    .find(|kind| kind_slug(*kind) == slug)
    .ok_or_else(|| Error::Unavailable(format!("the outbox holds an unknown kind of mail, {slug}")))
}

/// How far a mail has come, by its stored outcome.
pub fn state(outcome: Option<&str>) -> DeliveryState {
    match outcome {
        None => DeliveryState::Waiting,
        Some("sent") => DeliveryState::Sent,
        Some("failed") => DeliveryState::Failed,
        Some(_) => DeliveryState::Dropped,
    }
}

/// Adds a mail to a transaction, to be sent at once.
pub async fn put(
    connection: &mut AnyConnection,
    id: &str,
    account: &str,
    kind: MailKind,
    recipient: &str,
    now: i64,
) -> Result<()> {
    put_for(connection, id, account, kind, recipient, now, now).await
}

async fn put_for(
    connection: &mut AnyConnection,
    id: &str,
    account: &str,
    kind: MailKind,
    recipient: &str,
    now: i64,
    next_at: i64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO outbox (id, account_id, kind, recipient, created_at, tried_since, next_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(id)
    .bind(account)
    .bind(kind_slug(kind))
    .bind(recipient)
    .bind(now)
    .bind(next_at)
    .execute(connection)
    .await?;
    Ok(())
}

/// The mail that a new notice goes with: one that nobody has tried to send yet, or else a new one. Where there
/// were many in the last day, it waits for more to come, so that nobody's mailbox can be filled by expiring
/// and restoring keys, least of all one that belongs to somebody else.
pub async fn notice(
    connection: &mut AnyConnection,
    account: &str,
    recipient: &str,
    now: i64,
) -> Result<String> {
    let open: Option<(String,)> = sqlx::query_as(
        "SELECT id FROM outbox WHERE account_id = $1 AND recipient = $2 AND kind = 'notice'
         AND outcome IS NULL AND attempts = 0 ORDER BY created_at LIMIT 1",
    )
    .bind(account)
    .bind(recipient)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some((id,)) = open {
        return Ok(id);
    }
    let (lately,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM outbox WHERE account_id = $1 AND created_at > $2
         AND recipient = $3 AND kind = 'notice'",
    )
    .bind(account)
    .bind(now.saturating_sub(DAY_MS))
    .bind(recipient)
    .fetch_one(&mut *connection)
    .await?;
    let id = random::id("mail_")?;
    let next_at = if lately < MANY_A_DAY {
        now
    } else {
        now.saturating_add(COLLECT_MS)
    };
    put_for(
        connection,
        &id,
        account,
        MailKind::Notice,
        recipient,
        now,
        next_at,
    )
    .await?;
    Ok(id)
}

/// A mail that is ours to send until the lease ends.
#[derive(Debug)]
pub struct Leased {
    pub id: String,
    pub account: String,
    /// The stored word for its kind.
    pub kind: String,
    pub recipient: String,
    pub created_at: i64,
    tried_since: i64,
    /// With this one.
    attempts: i64,
    /// When the lease began.
    pub since: i64,
}

/// When the next mail is to be tried, UTC epoch milliseconds.
pub async fn next_try(database: &Database, now: i64) -> Result<Option<i64>> {
    // Two statements in one, because each finds its end of the index only by itself.
    let (first, last): (Option<i64>, Option<i64>) = sqlx::query_as(
        "SELECT (SELECT MIN(next_at) FROM outbox WHERE next_at IS NOT NULL),
                (SELECT MAX(next_at) FROM outbox WHERE next_at IS NOT NULL)",
    )
    .fetch_one(&database.readers)
    .await?;
    let astray = last.is_some_and(|last| last > now.saturating_add(HORIZON_MS));
    Ok(if astray { Some(now) } else { first })
}

/// Takes the mail that has waited longest, if one is due.
pub async fn lease(connection: &mut AnyConnection, now: i64) -> Result<Option<Leased>> {
    type Row = (String, String, String, String, i64, i64, i64);
    let row: Option<Row> = sqlx::query_as(
        "UPDATE outbox SET leased_at = $1, next_at = $2, attempts = attempts + 1
         WHERE id = (SELECT id FROM outbox WHERE next_at <= $1 OR next_at > $3 ORDER BY next_at LIMIT 1)
         RETURNING id, account_id, kind, recipient, created_at, tried_since, attempts",
    )
    .bind(now)
    .bind(now.saturating_add(LEASE_MS))
    .bind(now.saturating_add(HORIZON_MS))
    .fetch_optional(connection)
    .await?;
    Ok(row.map(
        |(id, account, kind, recipient, created_at, tried_since, attempts)| Leased {
            id,
            account,
            kind,
            recipient,
            created_at,
            tried_since,
            attempts,
            since: now,
        },
    ))
}

/// Ends a leased mail that has nothing true left to say.
pub async fn drop_mail(connection: &mut AnyConnection, mail: &Leased, now: i64) -> Result<()> {
    finish(connection, &mail.id, DROPPED, "", now).await
}

async fn finish(
    connection: &mut AnyConnection,
    id: &str,
    outcome: &str,
    words: &str,
    now: i64,
) -> Result<()> {
    sqlx::query(
        "UPDATE outbox SET outcome = $1, finished_at = $2, words = $3, next_at = NULL, leased_at = NULL
         WHERE id = $4 AND outcome IS NULL",
    )
    .bind(outcome)
    .bind(now)
    .bind(words)
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes down what came of an attempt.
pub async fn settle(
    database: &Database,
    mail: &Leased,
    outcome: &Result<String, SendFault>,
    now: i64,
) -> Result<()> {
    let mut write = database.begin().await?;
    let connection = &mut *write.transaction;
    match outcome {
        Ok(words) => finish(connection, &mail.id, "sent", words, now).await?,
        Err(SendFault::Permanent(words)) => {
            finish(connection, &mail.id, "failed", words, now).await?;
        }
        Err(SendFault::Temporary(words)) if now - mail.tried_since >= GIVE_UP_MS => {
            let words = format!("Given up after five days. Last: {words}");
            finish(connection, &mail.id, "failed", &words, now).await?;
        }
        Err(SendFault::Temporary(words)) => {
            // Only while the lease is still this one: somebody else may have it by now.
            sqlx::query(
                "UPDATE outbox SET next_at = $1, leased_at = NULL, words = $2
                 WHERE id = $3 AND leased_at = $4 AND outcome IS NULL",
            )
            .bind(now.saturating_add(wait(&mail.id, mail.attempts)))
            .bind(words)
            .bind(&mail.id)
            .bind(mail.since)
            .execute(connection)
            .await?;
        }
    }
    let _turn = write.commit().await?;
    Ok(())
}

/// Gives back every lease. Whoever held one is gone: only one process has the database open, and it sends
/// nothing now.
pub async fn return_leases(database: &Database, now: i64) -> Result<()> {
    let mut write = database.begin().await?;
    sqlx::query(
        "UPDATE outbox SET next_at = $1, leased_at = NULL WHERE leased_at IS NOT NULL AND outcome IS NULL",
    )
    .bind(now)
    .execute(&mut *write.transaction)
    .await?;
    let _turn = write.commit().await?;
    Ok(())
}

/// How long to wait after attempt number `attempts`, in milliseconds. It is spread by a quarter either way, so
/// that mails which failed together do not come back together; by the mail's id, so that a test can tell.
fn wait(id: &str, attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts - 1).unwrap_or(0).min(16);
    let wait = (FIRST_WAIT_MS << doublings).min(LONGEST_WAIT_MS);
    let digest = Sha256::new()
        .chain_update(id)
        .chain_update(attempts.to_be_bytes())
        .finalize();
    let spread = i64::from(digest[0]) - 128;
    wait + wait * spread / 512
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_half_a_minute_to_two_hours() {
        for id in ["mail_0", "mail_1", "mail_2"] {
            for (attempts, expected_s) in
                [(1, 30), (2, 60), (3, 120), (8, 3840), (9, 7200), (50, 7200)]
            {
                let expected = expected_s * 1000;
                let wait = wait(id, attempts);
                assert!(
                    (wait - expected).abs() <= expected / 4,
                    "attempt {attempts}: {wait} ms"
                );
            }
        }
        assert_ne!(wait("mail_0", 1), wait("mail_1", 1), "they are spread");
    }
}
