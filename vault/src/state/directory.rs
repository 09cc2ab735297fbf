//! The directory of all keys in memory, by access key: loaded at the start, and updated by each change before the
//! change is acknowledged. Because it is complete, a key that is not here does not exist; because it is the only copy
//! that verification reads, nothing can go stale.
//!
//! Readers take no lock. A key costs about 160 bytes: its entry is in the map itself, and the facts that the keys of an
//! account share are stored once beside it, in an entry that stays the same as long as the account exists.

mod first;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use arc_swap::ArcSwapOption;
use foldhash::fast::RandomState;
use papaya::{HashMap, HashMapRef, LocalGuard};
use serde::{Deserialize, Serialize};
use shared::DAY_MS;
use shared::token::AccessKey;

use super::json;
use crate::crypto::pepper::Digest;

pub(crate) use first::Wanted;

/// The facts about a key that verification needs.
pub(crate) struct Entry {
    pub account: Arc<AccountEntry>,
    pub name: Box<str>,
    /// UTC epoch milliseconds, for lists.
    created_at: i64,
    pub expires_at: Option<i64>,
    pub digest: Digest,
}

/// The facts about an account that verification needs, shared by its keys.
#[derive(Debug)]
pub(crate) struct AccountEntry {
    pub id: Box<str>,
    /// The company's own id of the account.
    external_id: ArcSwapOption<String>,
    /// The warning window in milliseconds.
    window: AtomicI64,
    suspended: AtomicBool,
}

impl AccountEntry {
    /// Returns the company's own id, without a lock and without a count that processors would share.
    pub fn external_id(&self) -> Option<ExternalId> {
        let held = self.external_id.load();
        held.is_some().then_some(ExternalId(held))
    }

    pub fn window(&self) -> i64 {
        self.window.load(Ordering::Relaxed)
    }

    pub fn is_suspended(&self) -> bool {
        self.suspended.load(Ordering::Acquire)
    }

    fn set(&self, facts: &AccountFacts) {
        let window = facts.warning_days * DAY_MS;
        self.window.store(window, Ordering::Relaxed);
        self.suspended.store(facts.suspended, Ordering::Release);
        let known = self.external_id.load();
        if known.as_ref().map(|id| id.as_str()) != facts.external_id.as_deref() {
            let id = facts.external_id.clone();
            self.external_id.store(id.map(Arc::new));
        }
    }

    #[cfg(test)]
    pub fn new(id: &str, window: i64) -> Self {
        Self {
            id: id.into(),
            external_id: ArcSwapOption::empty(),
            window: AtomicI64::new(window),
            suspended: AtomicBool::new(false),
        }
    }
}

/// An external id, held for reading: not across an await.
#[derive(Debug)]
pub struct ExternalId(arc_swap::Guard<Option<Arc<String>>>);

impl AsRef<str> for ExternalId {
    fn as_ref(&self) -> &str {
        self.0.as_ref().map_or("", |id| id.as_str())
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
        created_at: i64,
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
    /// An account is deleted. Its keys were, before.
    Forget { account_id: String },
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
                created_at,
                expires_at,
                digest,
            } => {
                let instants = (created_at, expires_at);
                self.publish(access_key, &account_id, &name, instants, digest);
            }
            Publication::Amend {
                access_key,
                name,
                expires_at,
            } => self.amend(access_key, &name, expires_at),
            Publication::Remove { access_key } => self.remove(access_key),
            Publication::Forget { account_id } => {
                self.accounts.pin().remove(account_id.as_str());
            }
        }
    }

    /// Adds an account, or changes what is known about it.
    pub fn set_account(&self, facts: &AccountFacts) {
        let accounts = self.accounts.pin();
        if let Some(account) = accounts.get(facts.id.as_str()) {
            account.set(facts);
            return;
        }
        let account = AccountEntry {
            id: facts.id.as_str().into(),
            external_id: ArcSwapOption::empty(),
            window: AtomicI64::default(),
            suspended: AtomicBool::default(),
        };
        account.set(facts);
        accounts.insert(facts.id.as_str().into(), Arc::new(account));
    }

    /// Makes a new key usable. Returns false if its account is unknown.
    pub fn publish(
        &self,
        access_key: AccessKey,
        account_id: &str,
        name: &str,
        (created_at, expires_at): (i64, Option<i64>),
        digest: Digest,
    ) -> bool {
        let Some(account) = self.accounts.pin().get(account_id).cloned() else {
            return false;
        };
        let entry = Entry {
            account,
            name: name.into(),
            created_at,
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
            created_at: old.created_at,
            expires_at,
            digest: old.digest,
        });
    }

    /// Removes every key for which `keep` returns false.
    pub fn retain(&self, mut keep: impl FnMut(&AccessKey) -> bool) {
        self.keys.pin().retain(|access_key, _| keep(access_key));
    }

    /// Removes every account for which `keep` returns false.
    pub fn retain_accounts(&self, mut keep: impl FnMut(&str) -> bool) {
        self.accounts.pin().retain(|id, _| keep(id));
    }

    pub fn remove(&self, access_key: AccessKey) {
        self.keys.pin().remove(&access_key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(id: &str, external_id: Option<&str>) -> AccountFacts {
        AccountFacts {
            id: id.to_owned(),
            external_id: external_id.map(str::to_owned),
            warning_days: 14,
            suspended: false,
        }
    }

    fn key(number: u8) -> AccessKey {
        AccessKey::from_entropy([number; 10])
    }

    fn external_id(directory: &KeyDirectory, number: u8) -> Option<String> {
        let keys = directory.read();
        let id = keys.get(&key(number))?.account.external_id()?;
        Some(id.as_ref().to_owned())
    }

    /// Its keys share one entry, so that a change of an account looks at none of them.
    #[test]
    fn a_new_external_id_is_that_of_every_key_at_once() {
        let directory = KeyDirectory::default();
        for (account, numbers) in [("acc_1", [1, 2]), ("acc_2", [3, 4])] {
            directory.set_account(&facts(account, Some("old")));
            for number in numbers {
                assert!(directory.publish(key(number), account, "name", (0, None), [0; 32]));
            }
        }
        // A call that began before keeps what it has read.
        let keys = directory.read();
        let held = keys
            .get(&key(1))
            .and_then(|entry| entry.account.external_id());
        directory.set_account(&AccountFacts {
            suspended: true,
            ..facts("acc_1", Some("new"))
        });
        assert_eq!(held.as_ref().map(AsRef::as_ref), Some("old"));
        for number in [1, 2] {
            assert_eq!(external_id(&directory, number).as_deref(), Some("new"));
            let entry = keys.get(&key(number));
            assert!(entry.is_some_and(|entry| entry.account.is_suspended()));
        }
        assert_eq!(external_id(&directory, 3).as_deref(), Some("old"));
        directory.set_account(&facts("acc_1", None));
        assert_eq!(external_id(&directory, 2), None);
    }

    #[test]
    fn a_deleted_account_leaves_nothing_behind() {
        let directory = KeyDirectory::default();
        directory.set_account(&facts("acc_1", None));
        directory.set_account(&facts("acc_2", None));
        assert!(directory.publish(key(1), "acc_1", "name", (0, None), [0; 32]));
        directory.apply(Publication::Remove { access_key: key(1) });
        let account_id = "acc_1".to_owned();
        directory.apply(Publication::Forget { account_id });
        assert_eq!((directory.len(), directory.accounts.len()), (0, 1));
        assert!(!directory.publish(key(1), "acc_1", "name", (0, None), [0; 32]));
    }
}
