//! Counts of the calls of each key that are not written yet. Nothing in here can alter a key.
//!
//! A call locks only the shard of its own thread, so calls wait neither for each other nor for the database; memory is
//! bounded by the keys in use, not by the calls.

pub mod pending;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use shared::status::Status;
use shared::token::AccessKey;

use crate::state::directory::AccountEntry;
use crate::state::sharded::Sharded;
use pending::Pending;
pub(crate) use pending::Source;

/// Counts that are not written yet.
pub(crate) type Counted = HashMap<AccessKey, Pending, RandomState>;

/// The keys of the last flush, each with a fingerprint of the callers that the flush wrote. If the same callers call
/// again, they displace no other.
pub(crate) type Settled = HashMap<AccessKey, u64, RandomState>;

#[derive(Default)]
pub(crate) struct Usage {
    parts: Sharded<Mutex<Counted>>,
    /// The instant of the oldest call that waits in the shards, UTC epoch milliseconds; 0 if none waits.
    since: AtomicI64,
    /// The same for the calls that are being written.
    writing: AtomicI64,
    /// The number of calls that are being written.
    taken: AtomicU64,
    pub settled: Mutex<Settled>,
    failures: AtomicU64,
}

impl Usage {
    /// Counts a call with the right secret at `now`, UTC epoch milliseconds. The call was rejected if the key's
    /// `status` was expired.
    pub fn count(
        &self,
        access_key: AccessKey,
        account: &Arc<AccountEntry>,
        now: i64,
        status: Status,
        source: Source<'_>,
    ) {
        let mut counted = lock(self.parts.local());
        // While the shard is locked, so that no flush empties it in between.
        self.note_age(now);
        counted
            .entry(access_key)
            .or_insert_with(|| Pending::new(account))
            .count(now, status, source);
    }

    fn note_age(&self, now: i64) {
        // Nearly always a call waits already, and one read is enough.
        if self.since.load(Ordering::Relaxed) == 0 {
            let _ = self
                .since
                .compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Returns the number of failed writes since the start.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Returns the instant of the oldest unwritten call; none if all are written.
    pub fn since(&self) -> Option<i64> {
        let ages = [&self.writing, &self.since].map(|age| age.load(Ordering::Relaxed));
        ages.into_iter().filter(|age| *age != 0).min()
    }

    /// Returns the number of calls that are not known to be written.
    pub fn waiting(&self) -> u64 {
        let parts = self.parts.iter();
        let counted: u64 = parts.map(|part| calls(&lock(part))).sum();
        counted + self.taken.load(Ordering::Relaxed)
    }

    /// Takes all counts out for writing; [`Usage::written`] or [`Usage::put_back`] must follow.
    pub fn take(&self) -> Counted {
        // First, so that calls counted from here on start a new age.
        let since = self.since.swap(0, Ordering::Relaxed);
        self.writing.store(since, Ordering::Relaxed);
        let mut all = Counted::default();
        for part in self.parts.iter() {
            let part = std::mem::take(&mut *lock(part));
            merge(&mut all, part);
        }
        self.taken.store(calls(&all), Ordering::Relaxed);
        all
    }

    /// Records that the counts taken out are written.
    pub fn written(&self) {
        self.writing.store(0, Ordering::Relaxed);
        self.taken.store(0, Ordering::Relaxed);
    }

    /// Puts back counts that could not be written.
    pub fn put_back(&self, mut counted: Counted) {
        let part = self.parts.local();
        // There may be many of them, and calls wait for the shard: counts that arrived meanwhile are merged outside the
        // lock, and only the few that arrive during that merge are merged under it.
        let newer = std::mem::take(&mut *lock(part));
        merge(&mut counted, newer);
        {
            let mut held = lock(part);
            let newest = std::mem::replace(&mut *held, counted);
            merge(&mut held, newest);
        }
        if let Some(since) = self.since() {
            self.since.store(since, Ordering::Relaxed);
        }
        self.writing.store(0, Ordering::Relaxed);
        self.taken.store(0, Ordering::Relaxed);
    }

    /// Counts a write that failed.
    pub fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }
}

/// A panic while counting leaves at worst a count that is off by one.
pub(crate) fn lock<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

fn calls(counted: &Counted) -> u64 {
    counted.values().map(Pending::calls).sum()
}

fn merge(all: &mut Counted, part: Counted) {
    if all.is_empty() {
        *all = part;
        return;
    }
    for (access_key, pending) in part {
        match all.entry(access_key) {
            std::collections::hash_map::Entry::Occupied(mut known) => known.get_mut().add(pending),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(pending);
            }
        }
    }
}
