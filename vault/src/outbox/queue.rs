//! The rows of the outbox, from insertion to settlement.

use shared::DAY_MS;
use shared::mail::{DeliveryState, MailKind};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::backoff;
use super::ledger::{DROPPED, LeftOut, leave_out};
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::mail::transport::SendError;
use crate::storage::{Database, System, Tx};

/// Notices to one address within a day, after which they are collected; fewer to an address that is not confirmed.
const MANY_A_DAY: i64 = 20;
const MANY_A_DAY_UNCONFIRMED: i64 = 10;
/// How long they are collected, in milliseconds: an hour.
const COLLECT_MS: i64 = 60 * 60 * 1000;
/// The turn of a mail that has not been tried yet: before all retries, whatever the clock showed when it was put into
/// the outbox.
pub const AT_ONCE: i64 = 0;

/// Returns the slug that stores a kind of mail; it never changes.
pub fn kind_slug(kind: MailKind) -> &'static str {
    match kind {
        MailKind::Notice => "notice",
        MailKind::ConfirmAddress => "confirm_address",
        MailKind::ConfirmSecondRecipient => "confirm_second_recipient",
        MailKind::ResetPassword => "reset_password",
        MailKind::PasswordChanged => "password_changed",
        MailKind::ChangeAddress => "change_address",
        MailKind::AddressAsked => "address_asked",
        MailKind::AddressChanged => "address_changed",
        MailKind::AccountDeleted => "account_deleted",
    }
}

/// Returns the kind of a stored slug.
///
/// # Errors
/// A slug of a newer version.
pub fn kind(slug: &str) -> Result<MailKind> {
    MailKind::ALL
        .into_iter()
        .find(|kind| kind_slug(*kind) == slug)
        .ok_or_else(|| {
            Error::Unavailable(format!("the outbox holds an unknown kind of mail, {slug}"))
        })
}

/// Returns the delivery state of a stored outcome.
pub fn state(outcome: Option<&str>) -> DeliveryState {
    match outcome {
        None => DeliveryState::Waiting,
        Some("sent") => DeliveryState::Sent,
        Some("failed") => DeliveryState::Failed,
        Some(_) => DeliveryState::Dropped,
    }
}

/// A mail to be added to the outbox.
pub struct NewMail<'a> {
    pub account: &'a str,
    pub kind: MailKind,
    pub recipient: &'a str,
    pub created_at: i64,
    /// The instant of its first attempt, by the machine's clock.
    pub next_at: i64,
}

/// Adds a mail that leaves as soon as the transaction is committed, and returns its id.
pub async fn enqueue(
    tx: &mut Tx,
    account: &str,
    kind: MailKind,
    recipient: &str,
) -> Result<String> {
    let mail = NewMail {
        account,
        kind,
        recipient,
        created_at: tx.now(),
        next_at: AT_ONCE,
    };
    enqueue_at(tx.connection(), mail).await
}

/// Adds a mail that leaves at its `next_at`, and returns its id.
pub async fn enqueue_at(connection: &mut AnyConnection, mail: NewMail<'_>) -> Result<String> {
    let id = random::id("mail_")?;
    sqlx::query(
        "INSERT INTO outbox (id, account_id, kind, recipient, created_at, next_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&id)
    .bind(mail.account)
    .bind(kind_slug(mail.kind))
    .bind(mail.recipient)
    .bind(mail.created_at)
    .bind(mail.next_at)
    .execute(connection)
    .await?;
    Ok(id)
}

/// Records that a mail was sent at its first attempt, with the mail server's answer: for a demonstration.
pub async fn sent_before(
    connection: &mut AnyConnection,
    id: &str,
    response: &str,
    at: i64,
) -> Result<()> {
    sqlx::query("UPDATE outbox SET attempts = 1 WHERE id = $1")
        .bind(id)
        .execute(&mut *connection)
        .await?;
    finish(connection, id, None, "sent", response, at).await?;
    Ok(())
}

/// How long a notice waits for others to join it.
#[derive(Clone, Copy, Debug)]
pub struct Wait {
    /// When it begins, by the machine's clock: the vault's own may stand still.
    pub from: i64,
    /// In milliseconds; 0: the mail leaves at once.
    pub length: i64,
}

/// Returns the mail that a new notice joins: one that was not yet tried, or else a new one, which leaves after `wait`.
/// After many in the last day it waits longer, so that expiring and restoring keys cannot fill a mailbox, least of all
/// a stranger's.
pub async fn notice(
    connection: &mut AnyConnection,
    account: &str,
    recipient: &str,
    now: i64,
    wait: Wait,
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
    let (lately, confirmed): (i64, Option<i64>) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM outbox o WHERE o.account_id = $1 AND o.created_at > $2
                 AND o.recipient = $3 AND o.kind = 'notice' AND COALESCE(o.outcome, '') <> 'dropped'),
                (SELECT CASE WHEN EXISTS (SELECT 1 FROM notice_addresses n WHERE n.account_id = $1 AND n.address = $3)
                             THEN created_at WHEN email = $3 THEN confirmed_at ELSE second_confirmed_at END
                 FROM accounts WHERE id = $1)",
    )
    .bind(account)
    .bind(now.saturating_sub(DAY_MS))
    .bind(recipient)
    .fetch_one(&mut *connection)
    .await?;
    let many = if confirmed.is_some() {
        MANY_A_DAY
    } else {
        MANY_A_DAY_UNCONFIRMED
    };
    let next_at = match wait.length {
        _ if lately >= many => wait.from.saturating_add(COLLECT_MS),
        0 => AT_ONCE,
        length => wait.from.saturating_add(length),
    };
    let mail = NewMail {
        account,
        kind: MailKind::Notice,
        recipient,
        created_at: now,
        next_at,
    };
    enqueue_at(connection, mail).await
}

/// A mail that this process may send until the lease ends.
#[derive(Debug, FromRow)]
pub struct Leased {
    pub id: String,
    #[sqlx(rename = "account_id")]
    pub account: String,
    /// The stored slug of its kind.
    pub kind: String,
    pub recipient: String,
    pub created_at: i64,
    pub(super) tried_since: i64,
    /// Including this one.
    pub attempts: i64,
    /// When the lease began.
    #[sqlx(skip)]
    pub since: i64,
}

/// A lease: the id of its mail, and when it began.
pub type LeaseId = (String, i64);

impl Leased {
    /// Returns the lease, which a later one of the same mail replaces.
    pub fn lease(&self) -> LeaseId {
        (self.id.clone(), self.since)
    }
}

/// Ends a leased mail that has nothing true left to report.
pub async fn drop_mail(
    connection: &mut AnyConnection,
    mail: &Leased,
    left_out: &[LeftOut],
    now: i64,
) -> Result<()> {
    let since = Some(mail.since);
    if finish(connection, &mail.id, since, DROPPED, "", now).await? {
        leave_out(connection, &mail.recipient, left_out).await?;
    }
    Ok(())
}

/// Ends every mail of an account that waits, as if it had nothing to report.
pub async fn withdraw(connection: &mut AnyConnection, account: &str, now: i64) -> Result<()> {
    sqlx::query(
        "UPDATE outbox SET outcome = $1, finished_at = $2, next_at = NULL, leased_at = NULL
         WHERE account_id = $3 AND outcome IS NULL",
    )
    .bind(DROPPED)
    .bind(now)
    .bind(account)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends a mail that has no outcome, and returns whether it had none. With `since`, only while it is leased since then:
/// after a longer lease another attempt may hold the mail, and its outcome counts.
async fn finish(
    connection: &mut AnyConnection,
    id: &str,
    since: Option<i64>,
    outcome: &str,
    response: &str,
    now: i64,
) -> Result<bool> {
    let leased = since.map_or("", |_| "AND leased_at = $5");
    let finish = format!(
        "UPDATE outbox SET outcome = $1, finished_at = $2, words = $3, next_at = NULL, leased_at = NULL
         WHERE id = $4 AND outcome IS NULL {leased}"
    );
    let mut finish = sqlx::query(AssertSqlSafe(finish))
        .bind(outcome)
        .bind(now)
        .bind(response)
        .bind(id);
    if let Some(since) = since {
        finish = finish.bind(since);
    }
    let finished = finish.execute(connection).await?;
    Ok(finished.rows_affected() > 0)
}

/// Records the outcome of an attempt. Only a mail that was sent records what it left out: before the next attempt
/// everything is checked again. The attempt's own task records it, so that a stop can cancel both.
///
/// Once the lease has ended, another attempt may hold the mail. Then only an acceptance is recorded: it is true whatever
/// becomes of that attempt, and keeps a further one from following.
pub async fn settle(
    database: &Database,
    mail: &Leased,
    left_out: &[LeftOut],
    outcome: &Result<String, SendError>,
    now: i64,
) -> Result<()> {
    let settle = async |tx: &mut Tx| {
        let (connection, since) = (tx.connection(), Some(mail.since));
        match outcome {
            Ok(response) => {
                if finish(connection, &mail.id, None, "sent", response, now).await? {
                    leave_out(connection, &mail.recipient, left_out).await?;
                }
            }
            Err(SendError::Permanent(response)) => {
                finish(connection, &mail.id, since, "failed", response, now).await?;
            }
            Err(SendError::Temporary(response) | SendError::Unknown(response))
                if now - mail.tried_since >= backoff::GIVE_UP_MS =>
            {
                let response = format!("Gave up after five days. Last attempt: {response}");
                finish(connection, &mail.id, since, "failed", &response, now).await?;
            }
            Err(fault @ (SendError::Temporary(response) | SendError::Unknown(response))) => {
                let wait = backoff::wait(&mail.id, mail.attempts);
                let wait = match fault {
                    SendError::Unknown(_) => wait.max(backoff::UNKNOWN_MS),
                    _ => wait,
                };
                try_again(connection, mail, now.saturating_add(wait), response).await?;
            }
        }
        Ok(())
    };
    database.transact(System, settle).await
}

/// Schedules the next attempt of a mail, while the lease is still this one: another attempt may hold it by now.
async fn try_again(
    connection: &mut AnyConnection,
    mail: &Leased,
    next_at: i64,
    response: &str,
) -> Result<()> {
    sqlx::query(
        "UPDATE outbox SET next_at = $1, leased_at = NULL, words = $2
         WHERE id = $3 AND leased_at = $4 AND outcome IS NULL",
    )
    .bind(next_at)
    .bind(response)
    .bind(&mail.id)
    .bind(mail.since)
    .execute(connection)
    .await?;
    Ok(())
}

/// Postpones a leased notice until `next_at`, as if it had not been taken: further ones join it.
pub async fn postpone(connection: &mut AnyConnection, mail: &Leased, next_at: i64) -> Result<()> {
    sqlx::query(
        "UPDATE outbox SET next_at = $1, leased_at = NULL, attempts = attempts - 1
         WHERE id = $2 AND leased_at = $3 AND outcome IS NULL",
    )
    .bind(next_at)
    .bind(&mail.id)
    .bind(mail.since)
    .execute(connection)
    .await?;
    Ok(())
}

/// Schedules a mail of this account that was given up again, and returns whether there was one.
pub async fn revive(connection: &mut AnyConnection, account: &str, id: &str) -> Result<bool> {
    let revived = sqlx::query(
        "UPDATE outbox SET outcome = NULL, finished_at = NULL, attempts = 0, next_at = $1
         WHERE id = $2 AND account_id = $3 AND outcome = 'failed'",
    )
    .bind(AT_ONCE)
    .bind(id)
    .bind(account)
    .execute(connection)
    .await?;
    Ok(revived.rows_affected() > 0)
}

impl crate::vault::Vault {
    /// Returns how many mails wait to be sent or retried.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::error::Error::Unavailable).
    pub async fn outbox_depth(&self) -> Result<usize> {
        let (waiting,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM outbox WHERE next_at IS NOT NULL")
                .fetch_one(&self.readers())
                .await?;
        Ok(usize::try_from(waiting).unwrap_or(0))
    }
}
