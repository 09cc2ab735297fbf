//! Who uses which key: counted in memory beside the decision, written to tables of its own by
//! [`flush`](self::flush), and [`read`](self::read) for the pages and the mails. Nothing in here can alter a key.
//!
//! Counting touches the part of its own thread only, so calls do not wait for each other, nor for the
//! database; what it holds is bounded by the keys in use, not by the calls.

mod flush;
mod pending;
mod read;

pub use flush::Flusher;
pub(crate) use read::{FAILING, failing, still};

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use shared::token::AccessKey;

use crate::Vault;
use crate::directory::AccountEntry;
use crate::shards::Shards;
use pending::Pending;

/// Where a call comes from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Source<'a> {
    pub address: Option<IpAddr>,
    /// The User-Agent header as it was sent.
    pub agent: &'a [u8],
}

/// How a call with the right secret ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    Accepted,
    /// The key had expired.
    Refused,
}

/// What was counted and is not written yet.
type Counted = HashMap<AccessKey, Pending>;

#[derive(Default)]
pub(crate) struct Usage {
    parts: Shards<Mutex<Counted>>,
    /// When the oldest was counted of what is not written yet, UTC epoch milliseconds; 0: nothing is.
    since: AtomicI64,
    failures: AtomicU64,
}

impl Usage {
    /// Counts a call at `now`, UTC epoch milliseconds.
    pub fn count(
        &self,
        access_key: AccessKey,
        account: &Arc<AccountEntry>,
        now: i64,
        outcome: Outcome,
        source: Source<'_>,
    ) {
        self.note_age(now);
        let mut counted = lock(self.parts.mine());
        counted
            .entry(access_key)
            .or_insert_with(|| Pending::new(account))
            .count(now, outcome, source);
    }

    fn note_age(&self, now: i64) {
        // Nearly always something waits already, and a read is all there is to do.
        if self.since.load(Ordering::Relaxed) == 0 {
            let _ = self
                .since
                .compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// When the oldest was counted that is not written; 0: nothing waits.
    fn since(&self) -> i64 {
        self.since.load(Ordering::Relaxed)
    }

    /// Takes everything out, to write it.
    fn take(&self) -> Counted {
        // First, so that what is counted from here on starts a new age.
        self.since.store(0, Ordering::Relaxed);
        let mut all = Counted::new();
        for part in self.parts.iter() {
            let part = std::mem::take(&mut *lock(part));
            merge(&mut all, part);
        }
        all
    }

    /// Puts back what could not be written.
    fn put_back(&self, counted: Counted, since: i64) {
        merge(&mut lock(self.parts.mine()), counted);
        self.since.store(since, Ordering::Relaxed);
        self.failures.fetch_add(1, Ordering::Relaxed);
    }
}

impl Vault {
    /// How long the oldest counted call waits to be written.
    pub fn flush_lag(&self) -> Duration {
        let waits = match self.0.usage.since() {
            0 => 0,
            since => self.now() - since,
        };
        Duration::from_millis(u64::try_from(waits).unwrap_or(0))
    }

    /// How many times writing the usage failed since the start.
    pub fn flush_failures(&self) -> u64 {
        self.0.usage.failures.load(Ordering::Relaxed)
    }
}

/// A panic while counting leaves at worst a count that is off by one.
fn lock(part: &Mutex<Counted>) -> std::sync::MutexGuard<'_, Counted> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
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
