//! Every key, in memory, by its access key: loaded at the start, published to by each change before it is
//! acknowledged. Because it is complete, "not here" means "does not exist", and because it is the only copy
//! that verification reads, nothing can go stale.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use futures_util::TryStreamExt;
use papaya::HashMap;
use shared::DAY_MS;
use shared::token::AccessKey;

use crate::database::Database;
use crate::error::OpenError;
use crate::pepper::{Digest, Pepper};

/// What verification must know of a key.
pub struct Entry {
    pub account: Arc<AccountEntry>,
    pub name: Box<str>,
    pub expires_at: Option<i64>,
    pub(crate) digest: Digest,
}

/// What verification must know of an account, shared by its keys.
#[derive(Debug)]
pub struct AccountEntry {
    pub id: Box<str>,
    /// The warning window in milliseconds.
    window: AtomicI64,
}

impl AccountEntry {
    pub fn window(&self) -> i64 {
        self.window.load(Ordering::Relaxed)
    }
}

#[derive(Default)]
pub(crate) struct KeyDirectory {
    keys: HashMap<AccessKey, Arc<Entry>>,
    accounts: HashMap<Box<str>, Arc<AccountEntry>>,
}

impl KeyDirectory {
    /// Reads every account and key.
    ///
    /// # Errors
    /// Also if a key was made with another pepper: it could never be verified.
    pub async fn load(database: &Database, pepper: &Pepper) -> Result<Self, OpenError> {
        let directory = Self::default();
        let mut accounts =
            sqlx::query_as::<_, (String, i64)>("SELECT id, warning_days FROM accounts")
                .fetch(&database.readers);
        while let Some((id, warning_days)) = accounts.try_next().await? {
            directory.set_account(&id, warning_days);
        }
        type Row = (String, String, String, Option<i64>, Vec<u8>, String);
        let mut keys = sqlx::query_as::<_, Row>(
            "SELECT access_key, account_id, name, expires_at, digest, pepper_id FROM api_keys",
        )
        .fetch(&database.readers);
        while let Some((access_key, account_id, name, expires_at, digest, pepper_id)) =
            keys.try_next().await?
        {
            if pepper_id != pepper.id {
                return Err(OpenError::PepperMismatch {
                    access_key,
                    found: pepper_id,
                    loaded: pepper.id.clone(),
                });
            }
            let (Ok(key), Ok(digest)) = (access_key.parse::<AccessKey>(), Digest::try_from(digest))
            else {
                return Err(OpenError::DamagedKey(access_key));
            };
            if !directory.publish(key, &account_id, &name, expires_at, digest) {
                return Err(OpenError::DamagedKey(access_key));
            }
        }
        Ok(directory)
    }

    pub fn len(&self) -> usize {
        self.keys.len()
    }

    pub fn get(&self, access_key: AccessKey) -> Option<Arc<Entry>> {
        self.keys.pin().get(&access_key).cloned()
    }

    /// Makes an account known, or changes its warning window.
    pub fn set_account(&self, id: &str, warning_days: i64) {
        let accounts = self.accounts.pin();
        let account = accounts.get_or_insert_with(id.into(), || {
            Arc::new(AccountEntry {
                id: id.into(),
                window: AtomicI64::new(0),
            })
        });
        account
            .window
            .store(warning_days * DAY_MS, Ordering::Relaxed);
    }

    /// Makes a new key usable; false if its account is unknown.
    pub fn publish(
        &self,
        access_key: AccessKey,
        account_id: &str,
        name: &str,
        expires_at: Option<i64>,
        digest: Digest,
    ) -> bool {
        let Some(account) = self.accounts.pin().get(account_id).cloned() else {
            return false;
        };
        let entry = Entry {
            account,
            name: name.into(),
            expires_at,
            digest,
        };
        self.keys.pin().insert(access_key, Arc::new(entry));
        true
    }

    /// Changes what an edit, expire or restore may change.
    pub fn amend(&self, access_key: AccessKey, name: &str, expires_at: Option<i64>) {
        self.keys.pin().update(access_key, |old| {
            Arc::new(Entry {
                account: Arc::clone(&old.account),
                name: name.into(),
                expires_at,
                digest: old.digest,
            })
        });
    }

    pub fn remove(&self, access_key: AccessKey) {
        self.keys.pin().remove(&access_key);
    }
}
