//! Notices to a mailbox that has received many from unconfirmed accounts: they wait and are collected.

use shared::mail::MailKind;
use sqlx::AnyConnection;

use crate::error::{Error, Result};
use crate::outbox::{self, Leased};
use crate::vault::Vault;

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
