//! The wait of a change for nodes that cannot be reached, for the page that made it.

use shared::token::AccessKey;

use crate::accounts::account::Account;
use crate::cluster::Unreachable;
use crate::error::Result;
use crate::vault::Vault;

impl Vault {
    /// Returns the nodes that a committed change of this key of the account waits for; without an access key, of a new key.
    /// None with SQLite, and for a key of another account.
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
        let Ok(access_key) = access_key.parse::<AccessKey>() else {
            return Ok(None);
        };
        let access_key = access_key.to_string();
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
}
