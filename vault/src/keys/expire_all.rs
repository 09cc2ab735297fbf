//! Expiration of all keys of an account at once.

use shared::token::AccessKey;
use sqlx::{AnyConnection, FromRow};

use crate::error::{Error, Result};

/// A key that was expired.
pub struct Expired {
    pub access_key: AccessKey,
    pub name: String,
    /// Its expiration before, UTC epoch milliseconds.
    pub expires_at: Option<i64>,
    /// When that was set.
    pub set_at: i64,
}

/// A good key.
#[derive(FromRow)]
struct Row {
    access_key: String,
    name: String,
    expires_at: Option<i64>,
    expiration_set_at: i64,
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
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT access_key, name, expires_at, expiration_set_at FROM api_keys
         WHERE account_id = $2 AND (expires_at IS NULL OR expires_at > $1) ORDER BY access_key",
    )
    .bind(now)
    .bind(account)
    .fetch_all(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE api_keys SET expires_at = $1, expiration_set_at = $1
         WHERE account_id = $2 AND (expires_at IS NULL OR expires_at > $1)",
    )
    .bind(now)
    .bind(account)
    .execute(connection)
    .await?;
    let expired = |row: Row| {
        let damaged = |_| Error::Unavailable(format!("the key {} is damaged", row.access_key));
        Ok(Expired {
            access_key: row.access_key.parse().map_err(damaged)?,
            name: row.name,
            expires_at: row.expires_at,
            set_at: row.expiration_set_at,
        })
    };
    rows.into_iter().map(expired).collect()
}
