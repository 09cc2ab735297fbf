//! The directory of all keys in memory, by access key: loaded at the start, and updated by each change before the
//! change is acknowledged. Because it is complete, a key that is not here does not exist; because it is the only copy
//! that verification reads, nothing can go stale.
//!
//! Readers take no lock. A key costs about 150 bytes: its entry is in the map itself, and the facts that the keys of an
//! account share are stored once beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use foldhash::fast::RandomState;
use papaya::{HashMap, HashMapRef, LocalGuard};
use serde::{Deserialize, Serialize};
use shared::DAY_MS;
use shared::token::AccessKey;

use super::json;
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
    /// The company's own id of the account.
    pub external_id: Option<Box<str>>,
    /// The warning window in milliseconds.
    window: AtomicI64,
    suspended: AtomicBool,
}

impl AccountEntry {
    pub fn window(&self) -> i64 {
        self.window.load(Ordering::Relaxed)
    }

    pub fn is_suspended(&self) -> bool {
        self.suspended.load(Ordering::Acquire)
    }

    #[cfg(test)]
    pub fn new(id: &str, window: i64) -> Self {
        Self {
            id: id.into(),
            external_id: None,
            window: AtomicI64::new(window),
            suspended: AtomicBool::new(false),
        }
    }
}

/// The effect of a committed change on verification, as data: it can be applied here and recorded for other nodes. One that an
/// earlier version cannot read whole must be an error there.
#[derive(Clone, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Publication {
    /// An account is new, or one of these facts about it has changed.
    Account(AccountFacts),
    /// A key is new. Its account is known.
    Insert {
        #[serde(with = "json::access_key")]
        access_key: AccessKey,
        account_id: String,
        name: String,
        expires_at: Option<i64>,
        #[serde(with = "json::digest")]
        digest: Digest,
    },
    /// The name or the expiration of a key has changed.
    Amend {
        #[serde(with = "json::access_key")]
        access_key: AccessKey,
        name: String,
        expires_at: Option<i64>,
    },
    /// A key is deleted.
    Remove {
        #[serde(with = "json::access_key")]
        access_key: AccessKey,
    },
}

/// The facts about an account, as a change publishes them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountFacts {
    pub id: String,
    pub external_id: Option<String>,
    pub warning_days: i64,
    pub suspended: bool,
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

    /// Opens the map for lookups. An entry lives as long as the returned guard, which must not be held across an await.
    pub fn read(&self) -> Entries<'_> {
        self.keys.pin()
    }

    /// Applies a publication.
    pub fn apply(&self, publication: Publication) {
        match publication {
            Publication::Account(facts) => self.set_account(&facts),
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

    /// Adds an account, or changes what is known about it.
    pub fn set_account(&self, facts: &AccountFacts) {
        let accounts = self.accounts.pin();
        let known = accounts.get(facts.id.as_str());
        if let Some(account) = known
            && account.external_id.as_deref() == facts.external_id.as_deref()
        {
            let window = facts.warning_days * DAY_MS;
            account.window.store(window, Ordering::Relaxed);
            account.suspended.store(facts.suspended, Ordering::Release);
            return;
        }
        let account = Arc::new(AccountEntry {
            id: facts.id.as_str().into(),
            external_id: facts.external_id.as_deref().map(Box::from),
            window: AtomicI64::new(facts.warning_days * DAY_MS),
            suspended: AtomicBool::new(facts.suspended),
        });
        let is_known = known.is_some();
        accounts.insert(facts.id.as_str().into(), Arc::clone(&account));
        if is_known {
            self.hand_over(&account);
        }
    }

    /// Gives the keys of an account its new entry. Verification borrows the external id from the entry, so that a new id is
    /// a new entry; that is rare, so it may look at every key.
    fn hand_over(&self, account: &Arc<AccountEntry>) {
        let keys = self.keys.pin();
        let its = |entry: &Entry| entry.account.id == account.id;
        for (access_key, _) in keys.iter().filter(|(_, entry)| its(entry)) {
            keys.update(*access_key, |old| Entry {
                account: Arc::clone(account),
                name: old.name.clone(),
                expires_at: old.expires_at,
                digest: old.digest,
            });
        }
    }

    /// Makes a new key usable. Returns false if its account is unknown.
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

    /// Replaces the fields that an edit, expire or restore may change.
    pub fn amend(&self, access_key: AccessKey, name: &str, expires_at: Option<i64>) {
        self.keys.pin().update(access_key, |old| Entry {
            account: Arc::clone(&old.account),
            name: name.into(),
            expires_at,
            digest: old.digest,
        });
    }

    /// Removes every key for which `keep` returns false.
    pub fn retain(&self, mut keep: impl FnMut(&AccessKey) -> bool) {
        self.keys.pin().retain(|access_key, _| keep(access_key));
    }

    pub fn remove(&self, access_key: AccessKey) {
        self.keys.pin().remove(&access_key);
    }
}
