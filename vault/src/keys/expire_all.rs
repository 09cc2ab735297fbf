//! Expiration of all keys of an account at once.

use shared::token::AccessKey;
use sqlx::AnyConnection;

use crate::error::{Error, Result};

/// A key that was expired.
pub struct Expired {
    pub access_key: AccessKey,
    pub name: String,
}

/// Expires every good key of the account at `now`, and returns these keys by their access keys. The caller records and
/// publishes them.
///
/// # Errors
/// [`Error::Unavailable`] for a damaged row.
pub async fn expire_all(
    connection: &mut AnyConnection,
    account: &str,
    now: i64,
) -> Result<Vec<Expired>> {
    // Marks the keys that have already expired as expired manually: if only a clock jump had expired one, correcting
    // the clock must not revive it. The next statement expires the others.
    sqlx::query(
        "UPDATE api_keys SET expiration_set_at = expires_at WHERE account_id = $1 AND expires_at <= $2",
    )
    .bind(account)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    let mut rows: Vec<(String, String)> = sqlx::query_as(
        "UPDATE api_keys SET expires_at = $1, expiration_set_at = $1
         WHERE account_id = $2 AND (expires_at IS NULL OR expires_at > $1) RETURNING access_key, name",
    )
    .bind(now)
    .bind(account)
    .fetch_all(connection)
    .await?;
    rows.sort_unstable();
    let expired = |(access_key, name): (String, String)| {
        let damaged = |_| Error::Unavailable(format!("the key {access_key} is damaged"));
        Ok(Expired {
            access_key: access_key.parse().map_err(damaged)?,
            name,
        })
    };
    rows.into_iter().map(expired).collect()
}
