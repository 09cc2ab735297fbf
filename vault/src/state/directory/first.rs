//! Lists of keys by what the directory knows: a look at every key in memory finds a page with few hits as fast as one with
//! many, which no index does in the order of the list.

use std::collections::BinaryHeap;
use std::sync::Arc;

use shared::status::Status;
use shared::token::AccessKey;

use super::{Entry, KeyDirectory};

/// Which keys a list shows, in the order of their creation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// The id of an account.
    pub owner: Option<String>,
    /// By the warning window of each key's own account.
    pub status: Option<Status>,
    /// Keys that expire before this instant, UTC epoch milliseconds.
    pub expires_before: Option<i64>,
    /// What comes after this instant of creation, and at it, after this key.
    pub after: (i64, Option<AccessKey>),
}

impl Wanted {
    fn has(&self, entry: &Entry, now: i64) -> bool {
        let status = |status| status == Status::at(entry.expires_at, now, entry.account.window());
        let before = |at| entry.expires_at.is_some_and(|expires_at| expires_at < at);
        self.status.is_none_or(status) && self.expires_before.is_none_or(before)
    }
}

impl KeyDirectory {
    /// Returns the first keys of a list at `now`, at most `most`, with their instants of creation.
    pub fn first(&self, wanted: &Wanted, now: i64, most: usize) -> Vec<(i64, AccessKey)> {
        let accounts = self.accounts.pin();
        let owner = match &wanted.owner {
            None => None,
            Some(id) => match accounts.get(id.as_str()) {
                Some(account) => Some(account),
                None => return Vec::new(),
            },
        };
        let (instant, key) = wanted.after;
        let is_after = |place: (i64, AccessKey)| match key {
            Some(key) => place > (instant, key),
            None => place.0 >= instant,
        };
        let mut first = BinaryHeap::with_capacity(most + 1);
        for (access_key, entry) in &self.keys.pin() {
            let place = (entry.created_at, *access_key);
            let is_late = first.len() >= most && first.peek().is_some_and(|last| place >= *last);
            let is_owned = owner.is_none_or(|owner| Arc::ptr_eq(owner, &entry.account));
            if !is_late && is_owned && is_after(place) && wanted.has(entry, now) {
                first.push(place);
                if first.len() > most {
                    first.pop();
                }
            }
        }
        first.into_sorted_vec()
    }
}
