//! Removal of records that are kept for a limited time: the audit trail, and finished mails, with their links and their
//! part of the ledger.
//!
//! Records that a rule still reads stay, however old they are: the newest entries of the trail, from which ids and the
//! clock's floor continue; mails that wait; valid links; and the ledger of a current expiration that could be swept
//! again.

use shared::DAY_MS;

use crate::error::Result;
use crate::storage::System;
use crate::vault::Vault;

/// Retention periods in days; 0 is for ever.
#[derive(Clone, Copy, Debug)]
pub struct Keep {
    pub audit_days: u32,
    pub mails_days: u32,
}

impl Keep {
    pub const DEFAULT: Self = Self {
        audit_days: 400,
        mails_days: 90,
    };
}

/// Rows removed in one transaction, so that no change waits long for its turn.
const ENTRIES: u64 = 500;
/// A mail may take hundreds of rows of the ledger with it.
const MAILS: u64 = 50;

/// The floor of the clock reads the latest believed entry: see [`crate::start::clock_floor`].
const PRUNE_AUDIT: &str = "DELETE FROM audit WHERE id IN (
        SELECT id FROM audit
        WHERE at < $1 AND id < (SELECT MAX(id) FROM audit)
          AND at < (SELECT u.at FROM audit u WHERE u.id + 0 > (SELECT disbelieved FROM clock WHERE id = 1)
                    ORDER BY u.at DESC LIMIT 1)
        ORDER BY at, id LIMIT $2)";

const PRUNE_MAILS: &str = "DELETE FROM outbox WHERE id IN (
        SELECT o.id FROM outbox o
        WHERE o.finished_at < $1 AND o.outcome IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM links l WHERE l.id = o.id AND l.used_at IS NULL AND l.expires_at > $2)
          AND NOT EXISTS (SELECT 1 FROM notices n JOIN api_keys k ON k.access_key = n.access_key
                          WHERE n.mail_id = o.id AND k.expires_at = n.expires_at AND n.expires_at >= $1)
        ORDER BY o.finished_at LIMIT $3)";

impl Vault {
    /// Removes some of the records that are older at `now`, UTC epoch milliseconds, than their retention period.
    /// Returns whether there may be more.
    ///
    /// # Errors
    /// [`Error::NotSaved`](crate::error::Error::NotSaved), [`Error::Busy`](crate::error::Error::Busy).
    pub async fn prune(&self, keep: Keep, now: i64) -> Result<bool> {
        let mut more = false;
        if let Some(before) = before(keep.audit_days, now) {
            more |= self
                .remove(move || sqlx::query(PRUNE_AUDIT).bind(before).bind(number(ENTRIES)))
                .await?
                == ENTRIES;
        }
        if let Some(before) = before(keep.mails_days, now) {
            more |= self
                .remove(move || {
                    sqlx::query(PRUNE_MAILS)
                        .bind(before)
                        .bind(now)
                        .bind(number(MAILS))
                })
                .await?
                == MAILS;
        }
        Ok(more)
    }

    async fn remove(
        &self,
        statement: impl FnOnce() -> sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments>
        + Send
        + 'static,
    ) -> Result<u64> {
        self.write(System, move |tx| {
            Box::pin(async move {
                let removed = statement().execute(tx.connection()).await?;
                tx.commit_quietly();
                Ok(removed.rows_affected())
            })
        })
        .await
    }
}

fn before(days: u32, now: i64) -> Option<i64> {
    (days > 0).then(|| now.saturating_sub(i64::from(days) * DAY_MS))
}

fn number(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
