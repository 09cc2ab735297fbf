//! Every key, in memory, by its access key: loaded at the start, published to by each change before it is
//! acknowledged. Because it is complete, "not here" means "does not exist", and because it is the only copy
//! that verification reads, nothing can go stale.
//!
//! Readers take no lock. A key costs about 150 bytes: the entries stand in the map itself, and what the keys
//! of an account have in common stands beside it once.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use foldhash::fast::RandomState;
use papaya::{HashMap, HashMapRef, LocalGuard};
use shared::DAY_MS;
use shared::token::AccessKey;

use crate::crypto::pepper::Digest;

/// The facts about a key that verification needs.
pub(crate) struct Entry {
    pub account: Arc<AccountEntry>,
    pub name: Box<str>,
    pub expires_at: Option<i64>,
    pub digest: Digest,
}

/// The facts about an account that verification needs, shared by its keys.
#[derive(Debug)]
pub(crate) struct AccountEntry {
    pub id: Box<str>,
    /// The warning window in milliseconds.
    window: AtomicI64,
}

impl AccountEntry {
    pub fn window(&self) -> i64 {
        self.window.load(Ordering::Relaxed)
    }

    #[cfg(test)]
    pub fn new(id: &str, window: i64) -> Self {
        Self {
            id: id.into(),
            window: AtomicI64::new(window),
        }
    }
}

/// What a committed change makes known to verification, as data: it can be applied here and recorded for others.
#[derive(Clone)]
pub(crate) enum Publication {
    /// An account is new, or has another warning window.
    Account { id: String, warning_days: i64 },
    /// A key is new. Its account is known.
    Insert {
        access_key: AccessKey,
        account_id: String,
        name: String,
        expires_at: Option<i64>,
        digest: Digest,
    },
    /// A key has another name or expiration.
    Amend {
        access_key: AccessKey,
        name: String,
        expires_at: Option<i64>,
    },
    /// A key is deleted.
    Remove { access_key: AccessKey },
}

/// The map, held for reading.
pub(crate) type Entries<'a> = HashMapRef<'a, AccessKey, Entry, RandomState, LocalGuard<'a>>;

#[derive(Default)]
pub(crate) struct KeyDirectory {
    keys: HashMap<AccessKey, Entry, RandomState>,
    accounts: HashMap<Box<str>, Arc<AccountEntry>>,
}

impl KeyDirectory {
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Opens the map for lookups. An entry lives as long as the returned guard, which must not be kept over an await.
    pub fn read(&self) -> Entries<'_> {
        self.keys.pin()
    }

    /// Takes over what a change published.
    pub fn apply(&self, publication: Publication) {
        match publication {
            Publication::Account { id, warning_days } => self.set_account(&id, warning_days),
            Publication::Insert {
                access_key,
                account_id,
                name,
                expires_at,
                digest,
            } => {
                self.publish(access_key, &account_id, &name, expires_at, digest);
            }
            Publication::Amend {
                access_key,
                name,
                expires_at,
            } => self.amend(access_key, &name, expires_at),
            Publication::Remove { access_key } => self.remove(access_key),
        }
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
        self.keys.pin().insert(access_key, entry);
        true
    }

    /// Changes what an edit, expire or restore may change.
    pub fn amend(&self, access_key: AccessKey, name: &str, expires_at: Option<i64>) {
        self.keys.pin().update(access_key, |old| Entry {
            account: Arc::clone(&old.account),
            name: name.into(),
            expires_at,
            digest: old.digest,
        });
    }

    /// Removes every key that `keep` does not name.
    pub fn retain(&self, mut keep: impl FnMut(&AccessKey) -> bool) {
        self.keys.pin().retain(|access_key, _| keep(access_key));
    }

    pub fn remove(&self, access_key: AccessKey) {
        self.keys.pin().remove(&access_key);
    }
}
