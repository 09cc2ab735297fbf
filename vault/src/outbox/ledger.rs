//! The ledger (the table `notices`): which stage of which expiration of a key was reported to which recipient, and by
//! which mail. Its key makes a report unique, so nothing is reported twice.

use shared::notice::Stage;
use sqlx::AnyConnection;

use crate::error::Result;

/// Why a key is left out of a mail: a more urgent stage was reported instead.
pub const SUPERSEDED: &str = "superseded";
/// Why a key is left out of a mail: it was changed or deleted before the mail was sent.
pub const DROPPED: &str = "dropped";

/// A mail in the outbox, and its recipient.
pub struct MailTo<'a> {
    pub id: &'a str,
    pub account: &'a str,
    pub recipient: &'a str,
}

/// An expiration of a key, and the stage to report.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Report {
    pub access_key: String,
    /// UTC epoch milliseconds.
    pub expires_at: i64,
    pub stage: Stage,
}

impl Report {
    /// Returns the instant at which the stage is due, UTC epoch milliseconds.
    pub fn due(&self) -> i64 {
        self.stage.due(self.expires_at)
    }
}

/// Records that `mail` reports this, or with `left_out`, why it does not. Returns whether it is new: not if the ledger
/// has it already, and not if the key has another expiration by now.
pub async fn record(
    connection: &mut AnyConnection,
    mail: &MailTo<'_>,
    report: &Report,
    left_out: Option<&str>,
) -> Result<bool> {
    let inserted = sqlx::query(
        "INSERT INTO notices (access_key, expires_at, stage, recipient, mail_id, name, left_out)
         SELECT access_key, expires_at, $1, $2, $3, name, $4 FROM api_keys
         WHERE access_key = $5 AND expires_at = $6
         ON CONFLICT DO NOTHING",
    )
    .bind(report.stage.slug())
    .bind(mail.recipient)
    .bind(mail.id)
    .bind(left_out)
    .bind(&report.access_key)
    .bind(report.expires_at)
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

/// Records that `mail` reports the keys of a change that expired at `expires_at`, UTC epoch milliseconds, as [`record`].
/// Returns whether there are any.
pub async fn record_change(
    connection: &mut AnyConnection,
    mail: &MailTo<'_>,
    change: &str,
    expires_at: i64,
) -> Result<bool> {
    let inserted = sqlx::query(
        "INSERT INTO notices (access_key, expires_at, stage, recipient, mail_id, name, left_out)
         SELECT k.access_key, k.expires_at, $1, $2, $3, k.name, NULL
         FROM audit u JOIN api_keys k ON k.access_key = u.subject
         WHERE u.change_id = $4 AND u.account_id = $5 AND k.expires_at = $6
         ON CONFLICT DO NOTHING",
    )
    .bind(Stage::Expired.slug())
    .bind(mail.recipient)
    .bind(mail.id)
    .bind(change)
    .bind(mail.account)
    .bind(expires_at)
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

/// Records that `mail` reports a stage of an operator's token, named by its id and its name, as [`record`].
pub async fn record_token(
    connection: &mut AnyConnection,
    mail: &MailTo<'_>,
    (id, name): (&str, &str),
    (expires_at, stage): (i64, Stage),
) -> Result<bool> {
    let inserted = sqlx::query(
        "INSERT INTO notices (access_key, expires_at, stage, recipient, mail_id, name, left_out)
         VALUES ($1, $2, $3, $4, $5, $6, NULL) ON CONFLICT DO NOTHING",
    )
    .bind(id)
    .bind(expires_at)
    .bind(stage.slug())
    .bind(mail.recipient)
    .bind(mail.id)
    .bind(name)
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() > 0)
}

/// A key that a mail leaves out although it was meant to report it.
#[derive(Debug)]
pub struct LeftOut {
    pub access_key: String,
    pub expires_at: i64,
    pub stage: String,
    /// [`SUPERSEDED`] or [`DROPPED`].
    pub why: &'static str,
}

/// Marks keys as left out of a mail to this recipient.
pub(super) async fn leave_out(
    connection: &mut AnyConnection,
    recipient: &str,
    left_out: &[LeftOut],
) -> Result<()> {
    for key in left_out {
        sqlx::query(
            "UPDATE notices SET left_out = $1
             WHERE access_key = $2 AND expires_at = $3 AND stage = $4 AND recipient = $5",
        )
        .bind(key.why)
        .bind(&key.access_key)
        .bind(key.expires_at)
        .bind(&key.stage)
        .bind(recipient)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Makes `new` the recipient of the account's unsent notices to `old`, in the ledger and in the queue.
pub async fn readdress(
    connection: &mut AnyConnection,
    account: &str,
    (old, new): (&str, &str),
) -> Result<()> {
    sqlx::query(
        "UPDATE notices SET recipient = $1 WHERE recipient = $2 AND mail_id IN
             (SELECT id FROM outbox WHERE account_id = $3 AND recipient = $2 AND kind = 'notice' AND outcome IS NULL)
         AND NOT EXISTS (SELECT 1 FROM notices t WHERE t.access_key = notices.access_key
             AND t.expires_at = notices.expires_at AND t.stage = notices.stage AND t.recipient = $1)",
    )
    .bind(new)
    .bind(old)
    .bind(account)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE outbox SET recipient = $1
         WHERE account_id = $3 AND recipient = $2 AND kind = 'notice' AND outcome IS NULL",
    )
    .bind(new)
    .bind(old)
    .bind(account)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes a mail that has nothing to report. One that existed before with something to report stays.
pub async fn remove_if_empty(connection: &mut AnyConnection, mail: &str) -> Result<()> {
    sqlx::query(
        "DELETE FROM outbox WHERE id = $1
         AND NOT EXISTS (SELECT 1 FROM notices WHERE mail_id = $1 AND left_out IS NULL)",
    )
    .bind(mail)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes mails that were finished before an instant, the oldest first and at most `limit`, with their links and their
/// part of the ledger. Returns how many. Those stay whose links still work at `now`, or whose part of the ledger keeps
/// the current expiration of a key or an operator's token from being reported again.
pub async fn prune(
    connection: &mut AnyConnection,
    before: i64,
    now: i64,
    limit: u64,
) -> Result<u64> {
    let removed = sqlx::query(
        "DELETE FROM outbox WHERE id IN (
             SELECT o.id FROM outbox o
             WHERE o.finished_at < $1 AND o.outcome IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM links l WHERE l.id = o.id AND l.used_at IS NULL AND l.expires_at > $2)
               AND NOT EXISTS (SELECT 1 FROM notices n JOIN api_keys k ON k.access_key = n.access_key
                               WHERE n.mail_id = o.id AND k.expires_at = n.expires_at AND n.expires_at >= $1)
               AND NOT EXISTS (SELECT 1 FROM notices n JOIN operator_tokens t ON t.id = n.access_key
                               WHERE n.mail_id = o.id AND t.expires_at = n.expires_at AND n.expires_at >= $1)
             ORDER BY o.finished_at LIMIT $3)",
    )
    .bind(before)
    .bind(now)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(removed.rows_affected())
}
