//! Notices to a mailbox that has received many from unconfirmed accounts: they wait and are collected.

use shared::mail::MailKind;
use sqlx::AnyConnection;

use crate::error::{Error, Result};
use crate::outbox::{self, Leased};
use crate::vault::Vault;

/// Postpones a notice until `next_at`, as if it had not been taken: further ones join it.
pub async fn postpone(connection: &mut AnyConnection, mail: &Leased, next_at: i64) -> Result<()> {
    sqlx::query(
        "UPDATE outbox SET next_at = $1, leased_at = NULL, attempts = attempts - 1 WHERE id = $2 AND outcome IS NULL",
    )
    .bind(next_at)
    .bind(&mail.id)
    .execute(connection)
    .await?;
    Ok(())
}

impl Vault {
    /// Returns how long a new notice has to wait, in milliseconds, because its mailbox has received many from accounts
    /// whose address is not confirmed: a stranger may have created them, under many spellings of it.
    pub(super) async fn crowded(
        &self,
        connection: &mut AnyConnection,
        mail: &Leased,
    ) -> Result<Option<i64>> {
        if mail.kind != outbox::kind_slug(MailKind::Notice) || mail.attempts > 1 {
            return Ok(None);
        }
        let unconfirmed: Option<(String,)> = sqlx::query_as(
            "SELECT id FROM accounts WHERE id = $1 AND email = $2 AND confirmed_at IS NULL",
        )
        .bind(&mail.account)
        .bind(&mail.recipient)
        .fetch_optional(connection)
        .await?;
        if unconfirmed.is_none() {
            return Ok(None);
        }
        match self.0.limits.notice(&mail.recipient) {
            Err(Error::Throttled { retry_after }) => {
                Ok(Some(i64::try_from(retry_after).unwrap_or(0) * 1000))
            }
            other => other.map(|()| None),
        }
    }
}
