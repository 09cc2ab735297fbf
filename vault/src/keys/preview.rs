//! The meaning of an expiration before it is set, for the forms that offer one.

use shared::DAY_MS;
use shared::relative::relative;
use shared::token::AccessKey;
use shared::validation;
use sqlx::FromRow;

use crate::accounts::account::Account;
use crate::error::Result;
use crate::time::format::moment;
use crate::vault::Vault;

/// The present expiration of a key, which may be none.
#[derive(Clone, Copy, FromRow)]
struct Present {
    expires_at: Option<i64>,
}

impl Vault {
    /// Returns a sentence about the instant that an expiration in the expiry grammar means now, in the account's zone:
    /// "Expires Fri 26 Feb 2027, 20:20 UTC, in 90 days." It is empty for a text that is no expiration, and a reason for
    /// one that cannot be set. With the access key of an active key that would then end earlier than now, it says so.
    ///
    /// # Errors
    /// Those of reading the database.
    pub async fn expiry_sentence(
        &self,
        account: &Account,
        expiry: &str,
        access_key: &str,
    ) -> Result<String> {
        let Ok(expiry) = validation::expiry(expiry) else {
            return Ok(String::new());
        };
        let now = self.now();
        Ok(match expiry.resolve_later(now, &account.time_zone) {
            Ok(Some(at)) => {
                let text = moment(at, account.time_zone).text;
                let lost = lost(self.present(account, access_key).await?, at, now);
                format!("{lost}Expires {text}, {}.", relative(at, now))
            }
            Ok(None) => {
                "Never expires. If the key leaks, it works until you expire it. A date is safer."
                    .to_owned()
            }
            Err(error) => error.to_string(),
        })
    }

    /// Returns a key of the account, if there is one with this access key.
    async fn present(&self, account: &Account, access_key: &str) -> Result<Option<Present>> {
        let Ok(access_key) = access_key.parse::<AccessKey>() else {
            return Ok(None);
        };
        Ok(sqlx::query_as(
            "SELECT expires_at FROM api_keys WHERE account_id = $1 AND access_key = $2",
        )
        .bind(&account.id)
        .bind(access_key.to_string())
        .fetch_optional(&self.readers())
        .await?)
    }
}

/// A sentence on what a key loses by an expiration, and the blank after it; empty if it loses nothing.
fn lost(present: Option<Present>, at: i64, now: i64) -> String {
    let Some(Present { expires_at }) = present else {
        return String::new();
    };
    let Some(present) = expires_at else {
        return "So far this key never expires. ".to_owned();
    };
    if present <= now || at >= present {
        return String::new();
    }
    match (present - at + DAY_MS / 2) / DAY_MS {
        0 => "This shortens the key's life. ".to_owned(),
        1 => "This shortens the key's life by 1 day. ".to_owned(),
        days => format!("This shortens the key's life by {days} days. "),
    }
}
