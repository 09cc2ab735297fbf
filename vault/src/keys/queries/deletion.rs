//! The deletion of a key, for the page of a key that is no longer there.

use shared::token::AccessKey;

use crate::accounts::account::Account;
use crate::error::Result;
use crate::storage::audit::Action;
use crate::time::format::moment;
use crate::vault::Vault;

impl Vault {
    /// Returns a sentence about the deletion of a key of this account: "You deleted billing-cron on Sat 28 Nov 2026,
    /// 20:20 UTC." None for a key that exists, that never did, or that belongs to another account.
    ///
    /// # Errors
    /// Those of reading the database.
    pub async fn deletion(&self, account: &Account, access_key: &str) -> Result<Option<String>> {
        let Ok(access_key) = access_key.parse::<AccessKey>() else {
            return Ok(None);
        };
        let _reading = self.reading(&account.id).await?;
        let row: Option<(i64, String)> = sqlx::query_as(
            "SELECT at, detail FROM audit WHERE account_id = $1 AND subject = $2 AND action = $3
             ORDER BY id DESC LIMIT 1",
        )
        .bind(&account.id)
        .bind(access_key.to_string())
        .bind(Action::Deleted.slug())
        .fetch_optional(&self.readers())
        .await?;
        Ok(row.map(|(at, name)| {
            let when = moment(at, account.time_zone).text;
            format!("You deleted {name} on {when}.")
        }))
    }
}
