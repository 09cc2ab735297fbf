//! The first call with a new key, which its page waits for.

use shared::token::AccessKey;

use crate::accounts::account::Account;
use crate::error::Result;
use crate::vault::Vault;

impl Vault {
    /// Returns whether a call with this key of the account was accepted; false for any other key.
    ///
    /// # Errors
    /// Those of reading the database.
    pub async fn is_key_called(&self, account: &Account, access_key: &str) -> Result<bool> {
        // PostgreSQL refuses some texts that no access key has.
        let Ok(access_key) = access_key.parse::<AccessKey>() else {
            return Ok(false);
        };
        let row: Option<(i64,)> = sqlx::query_as(
            "SELECT h.hour FROM api_keys k JOIN key_hours h ON h.access_key = k.access_key
             WHERE k.account_id = $1 AND k.access_key = $2 AND h.accepted > 0 LIMIT 1",
        )
        .bind(&account.id)
        .bind(access_key.to_string())
        .fetch_optional(&self.readers())
        .await?;
        Ok(row.is_some())
    }
}
