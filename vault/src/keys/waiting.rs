//! The wait of a change for nodes that cannot be reached, for the page that made it.

use shared::token::AccessKey;

use crate::accounts::account::Account;
use crate::cluster::Unreachable;
use crate::crypto::random;
use crate::error::Result;
use crate::vault::Vault;

impl Vault {
    /// Returns the nodes that a committed change of this key of the account waits for; without an access key, of a new key;
    /// with the handle of a change, that of its undo. None with SQLite, and for a key of another account.
    ///
    /// # Errors
    /// Those of reading the database.
    pub async fn waiting(
        &self,
        account: &Account,
        access_key: &str,
    ) -> Result<Option<Unreachable>> {
        let Some(node) = self.0.database.node() else {
            return Ok(None);
        };
        let _reading = self.reading(&account.id).await?;
        let readers = self.readers();
        if access_key.is_empty() {
            return node.unreachable(&readers, &account.id).await;
        }
        let access_key = match access_key.parse::<AccessKey>() {
            Ok(access_key) => access_key.to_string(),
            Err(_) => match self.changed_key(account, access_key).await? {
                Some(access_key) => access_key,
                None => return Ok(None),
            },
        };
        let unreachable = node.unreachable(&readers, &access_key).await?;
        // The key itself may be deleted.
        let own: Option<(i64,)> =
            sqlx::query_as("SELECT id FROM audit WHERE account_id = $1 AND subject = $2 LIMIT 1")
                .bind(&account.id)
                .bind(&access_key)
                .fetch_optional(&readers)
                .await?;
        Ok(unreachable.filter(|_| own.is_some()))
    }

    /// Returns a key of a change. All of its keys wait for the same nodes.
    async fn changed_key(&self, account: &Account, change: &str) -> Result<Option<String>> {
        if !random::is_id(change) {
            return Ok(None);
        }
        let found: Option<(String,)> = sqlx::query_as(
            "SELECT subject FROM audit WHERE change_id = $1 AND account_id = $2 LIMIT 1",
        )
        .bind(change)
        .bind(&account.id)
        .fetch_optional(&self.readers())
        .await?;
        Ok(found.map(|(subject,)| subject))
    }
}
