//! Removal of records that are kept for a limited time: the audit trail, and finished mails, with their links and their
//! part of the ledger. The rows of deleted accounts go with their last mail, portal sessions a week after their end.
//!
//! Records that a rule still reads stay, however old they are: the newest entries of the trail, from which ids and the
//! clock's floor continue; mails that wait; valid links; and the ledger of a current expiration that could be swept
//! again.

use shared::DAY_MS;

use crate::accounts::{deletion, portal};
use crate::error::Result;
use crate::outbox;
use crate::storage::{System, audit};
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

impl Vault {
    /// Removes some of the records that are older at `now`, UTC epoch milliseconds, than their retention period.
    /// Returns whether there may be more.
    ///
    /// # Errors
    /// [`Error::NotSaved`](crate::error::Error::NotSaved), [`Error::Busy`](crate::error::Error::Busy).
    pub async fn prune(&self, keep: Keep, now: i64) -> Result<bool> {
        let mut more = false;
        if let Some(before) = before(keep.audit_days, now) {
            let removed = self.write(System, move |tx| {
                Box::pin(async move {
                    tx.commit_quietly();
                    audit::prune(tx.connection(), before, ENTRIES).await
                })
            });
            more |= removed.await? == ENTRIES;
        }
        if let Some(before) = before(keep.mails_days, now) {
            let removed = self.write(System, move |tx| {
                Box::pin(async move {
                    tx.commit_quietly();
                    let removed = outbox::prune(tx.connection(), before, now, MAILS).await?;
                    deletion::prune(tx.connection()).await?;
                    Ok(removed)
                })
            });
            more |= removed.await? == MAILS;
        }
        more |= self.prune_answers(now).await?;
        let removed = self.write(System, move |tx| {
            Box::pin(async move {
                tx.commit_quietly();
                portal::prune(tx.connection(), now, ENTRIES).await
            })
        });
        more |= removed.await? == ENTRIES;
        Ok(more)
    }
}

fn before(days: u32, now: i64) -> Option<i64> {
    (days > 0).then(|| now.saturating_sub(i64::from(days) * DAY_MS))
}
