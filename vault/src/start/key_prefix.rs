//! The prefix of new keys: `KEYHOLD_KEY_PREFIX`, which the database keeps from the first start that sets it.
//!
//! Keys made before have Keyhold's own prefix, and stay as they are. So a database has two prefixes at most, and every node
//! knows both.

use shared::prefix::Prefix;
use sqlx::{Any, Executor};

use crate::error::{Error, OpenError};
use crate::storage::{Database, System};

/// Returns the prefix of new keys: the stored one, or else the wanted one.
///
/// # Errors
/// [`OpenError::KeyPrefix`] if another one is stored.
pub async fn choose<'a>(
    database: impl Executor<'a, Database = Any>,
    wanted: Option<Prefix>,
) -> Result<Prefix, OpenError> {
    let stored: Option<(String,)> = sqlx::query_as("SELECT prefix FROM key_prefix WHERE id = 1")
        .fetch_optional(database)
        .await?;
    let Some((stored,)) = stored else {
        return Ok(wanted.unwrap_or_default());
    };
    match (stored.parse(), wanted) {
        (Ok(prefix), None) => Ok(prefix),
        (Ok(prefix), Some(wanted)) if prefix == wanted => Ok(prefix),
        (_, wanted) => Err(OpenError::KeyPrefix {
            stored,
            wanted: wanted.unwrap_or_default().to_string(),
        }),
    }
}

/// Stores the prefix for ever, if it is not Keyhold's own.
pub async fn keep(database: &Database, prefix: Prefix) -> Result<(), Error> {
    if prefix == Prefix::KEYHOLD {
        return Ok(());
    }
    let stored = database.transact(System, async |tx| {
        sqlx::query(
            "INSERT INTO key_prefix (id, prefix) VALUES (1, $1) ON CONFLICT (id) DO NOTHING",
        )
        .bind(prefix.name())
        .execute(tx.connection())
        .await?;
        Ok(())
    });
    stored.await
}
