//! Fills the key directory from the database, at the start.
//!
//! The loader holds the writer's turn from the first row that it reads to the last that it publishes. Nothing can be
//! deleted or expired in between, so however long the loader is delayed, it cannot bring a key back.

use futures_util::TryStreamExt;
use sqlx::{Any, Executor};

use crate::crypto::pepper::Pepper;
use crate::error::{Error, OpenError};
use crate::state::directory::KeyDirectory;
use crate::storage::key_rows::{ACCOUNTS, AccountRow, KEYS, name, publish, publish_account};
use crate::storage::{Database, Held};

/// Loads the directory, and holds the turn while it reads.
pub(crate) struct Loader<'a> {
    database: &'a Database,
    turn: Held,
}

impl<'a> Loader<'a> {
    pub async fn begin(database: &'a Database) -> Result<Self, Error> {
        Ok(Self {
            database,
            turn: database.hold().await?,
        })
    }

    /// Reads every account and key into a directory.
    pub async fn load(self, directory: &KeyDirectory) -> Result<(), OpenError> {
        let readers = &self.database.readers;
        let mut accounts = sqlx::query_as::<_, AccountRow>(ACCOUNTS).fetch(readers);
        while let Some(account) = accounts.try_next().await? {
            publish_account(directory, account);
        }
        let mut keys = sqlx::query_as::<_, (String, Vec<u8>)>(KEYS).fetch(readers);
        while let Some((row, digest)) = keys.try_next().await? {
            publish(directory, &row, &digest).ok_or_else(|| OpenError::DamagedKey(name(&row)))?;
        }
        drop(self.turn);
        Ok(())
    }
}

/// Rejects a database with a key that was made with another pepper, because it could never be verified.
pub async fn check_pepper<'a>(
    database: impl Executor<'a, Database = Any>,
    pepper: &Pepper,
) -> Result<(), OpenError> {
    let other: Option<(String, String)> =
        sqlx::query_as("SELECT access_key, pepper_id FROM api_keys WHERE pepper_id <> $1 LIMIT 1")
            .bind(&pepper.id)
            .fetch_optional(database)
            .await?;
    match other {
        None => Ok(()),
        Some((access_key, found)) => Err(OpenError::PepperMismatch {
            access_key,
            found,
            loaded: pepper.id.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test of two tasks")]
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot go on should stop there"
    )]

    use std::time::Duration;

    use super::*;
    use crate::keys::create::NewKey;
    use crate::storage::key_rows::reconcile;
    use crate::storage::{System, Tx};
    use crate::test_support::{Fixture, INVALID, verify};
    use crate::verify::Rejection;

    /// Whatever the outcome of a commit, the directory matches the database afterwards.
    #[tokio::test]
    async fn reconciling_makes_the_directory_the_database() {
        let fixture = Fixture::new().await;
        let vault = &fixture.vault;
        let member = fixture.member("a@example.com").await;
        let mut keys = Vec::new();
        for name in ["expired", "gone", "lost"] {
            keys.push(fixture.key(&member, name, "90d").await);
        }
        vault.0.directory.remove(keys[2].access_key);
        let change = async |tx: &mut Tx| {
            for statement in [
                "UPDATE api_keys SET expires_at = 0 WHERE name = 'expired'",
                "DELETE FROM api_keys WHERE name = 'gone'",
            ] {
                sqlx::query(statement).execute(tx.connection()).await?;
            }
            tx.roll_back();
            reconcile(tx.connection(), &vault.0.directory).await
        };
        let changed = vault.0.database.transact(System, change);
        changed.await.unwrap();
        let rejection = |key: &NewKey| verify(vault, key.access_key, &key.secret_key).err();
        assert_eq!(rejection(&member.default_key), None);
        let expired = Rejection::Expired {
            access_key: keys[0].access_key,
            at: 0,
        };
        assert_eq!(rejection(&keys[0]), Some(expired));
        assert_eq!(rejection(&keys[1]), Some(INVALID));
        assert_eq!(rejection(&keys[2]), None);
        assert_eq!(vault.key_count(), 3);
    }

    /// A loader that is paused after reading a key cannot bring it back: the deletion waits for it.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_paused_loader_revives_nothing() {
        let fixture = Fixture::new().await;
        let vault = &fixture.vault;
        let member = fixture.member("a@example.com").await;
        let (key, inner) = (member.default_key, &vault.0);

        let loader = Loader::begin(&inner.database).await.unwrap();
        let mut deletion = {
            let (vault, key) = (vault.clone(), key.access_key.to_string());
            let actor = member.actor;
            tokio::spawn(async move { vault.delete_key(&actor, &key, "Default key").await })
        };
        let paused = tokio::time::timeout(Duration::from_millis(200), &mut deletion).await;
        assert!(paused.is_err(), "it did not wait for the loader");
        loader.load(&inner.directory).await.unwrap();
        deletion.await.unwrap().unwrap();
        let rejection = verify(vault, key.access_key, &key.secret_key).err();
        assert_eq!(rejection, Some(INVALID));
        assert_eq!(vault.key_count(), 0);
    }
}
