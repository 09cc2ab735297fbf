//! Rows of accounts and keys, published to the key directory: all of them at the start, and again when the outcome of a
//! commit is unknown.

use std::collections::HashSet;

use futures_util::TryStreamExt;
use shared::token::AccessKey;
use sqlx::AnyConnection;

use crate::crypto::pepper::Digest;
use crate::error::Error;
use crate::state::directory::{AccountFacts, KeyDirectory};

/// Every account, as the directory needs it.
pub const ACCOUNTS: &str = "SELECT id, warning_days, external_id, suspended_at FROM accounts";

/// A row of [`ACCOUNTS`].
pub type AccountRow = (String, i64, Option<String>, Option<i64>);

/// Publishes a row of [`ACCOUNTS`].
pub fn publish_account(
    directory: &KeyDirectory,
    (id, warning_days, external_id, suspended_at): AccountRow,
) {
    directory.set_account(&AccountFacts {
        id,
        external_id,
        warning_days,
        suspended: suspended_at.is_some(),
    });
}

/// Every key, as the directory needs it. In one column, because columns dominate the time to read a million rows. The
/// name, which may be any text, comes last.
pub const KEYS: &str =
    "SELECT access_key || ' ' || account_id || ' ' || CAST(created_at AS TEXT) || ' '
                || COALESCE(CAST(expires_at AS TEXT), 'never') || ' ' || name,
            digest
     FROM api_keys";

/// Makes the directory match the database after a commit whose outcome is unknown. The turn is held.
pub async fn reconcile(
    connection: &mut AnyConnection,
    directory: &KeyDirectory,
) -> Result<(), Error> {
    let mut listed = HashSet::new();
    let mut accounts = sqlx::query_as::<_, AccountRow>(ACCOUNTS).fetch(&mut *connection);
    while let Some(account) = accounts.try_next().await? {
        listed.insert(account.0.clone());
        publish_account(directory, account);
    }
    drop(accounts);
    let mut known = HashSet::with_capacity(directory.len());
    let mut keys = sqlx::query_as::<_, (String, Vec<u8>)>(KEYS).fetch(connection);
    while let Some((row, digest)) = keys.try_next().await? {
        let access_key = publish(directory, &row, &digest)
            .ok_or_else(|| Error::Unavailable(format!("the key {} is damaged", name(&row))))?;
        known.insert(access_key);
    }
    directory.retain(|access_key| known.contains(access_key));
    directory.retain_accounts(|id| listed.contains(id));
    Ok(())
}

/// Returns the access key at the beginning of a row.
pub fn name(row: &str) -> String {
    row.split(' ').next().unwrap_or_default().to_owned()
}

/// Publishes a row. Returns its access key; none if the row is damaged.
pub fn publish(directory: &KeyDirectory, row: &str, digest: &[u8]) -> Option<AccessKey> {
    let mut parts = row.splitn(5, ' ');
    let access_key: AccessKey = parts.next()?.parse().ok()?;
    let account_id = parts.next()?;
    let created_at = parts.next()?.parse().ok()?;
    let expires_at = match parts.next()? {
        "never" => None,
        at => Some(at.parse().ok()?),
    };
    let digest = Digest::try_from(digest).ok()?;
    directory
        .publish(
            access_key,
            account_id,
            parts.next()?,
            (created_at, expires_at),
            digest,
        )
        .then_some(access_key)
}
