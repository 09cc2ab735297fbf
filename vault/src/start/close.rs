//! Closing the vault.

#![expect(clippy::disallowed_methods, reason = "closing has a deadline")]

use std::time::Duration;

use tokio::time::Instant;

use crate::vault::Vault;

/// The longest that closing waits for work under way.
const CLOSING: Duration = Duration::from_secs(10);

impl Vault {
    /// Ends verification for good and gives the lease back, so that no change waits for this node. Without effect on SQLite,
    /// which has no leases. The vault can still write what concerns no key, such as usage.
    pub async fn leave(&self, deadline: Instant) {
        if let Some(node) = self.0.database.node() {
            node.leave(deadline).await;
        }
    }

    /// Closes the database, for a graceful stop.
    pub async fn close(&self) {
        self.close_by(Instant::now() + CLOSING).await;
    }

    /// Closes the database by a deadline.
    pub async fn close_by(&self, deadline: Instant) {
        if !self.finish_reset_requests(deadline).await {
            tracing::error!(
                "requested links to set a new password are not sent: the database accepts no changes"
            );
        }
        self.0.database.close(deadline).await;
    }
}
