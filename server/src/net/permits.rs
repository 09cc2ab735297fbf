//! Connection permits: how many there are, which address holds them, and which connection ends when all are taken.
//!
//! No connection is refused while a permit is free. When none is, the connection that has been idle for longest is
//! closed, first among those of an address that holds more than its share, so that neither one address nor a crowd of
//! silent clients can keep others out. Permits are taken and freed under a lock; a request only stores a number.

#![expect(
    clippy::disallowed_methods,
    reason = "the connection that has been idle for longest makes way"
)]

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

/// The resolution of idle times in milliseconds: a busy connection stores its own once in that time.
const TICK: u64 = 16;
/// The shortest between two lines in the log, in milliseconds.
const WARN_INTERVAL: u64 = 60_000;
/// The pause between two searches for an idle connection while all permits are taken.
const SEARCH_INTERVAL: Duration = Duration::from_millis(50);

/// The permits of one listener.
pub struct Permits {
    /// For each permit: the last activity in milliseconds since `epoch`, shifted by one; the lowest bit says that a
    /// request is being answered.
    activity: Box<[AtomicU64]>,
    table: Mutex<Table>,
    freed: Notify,
    epoch: Instant,
    /// Permits that an address keeps when they run short.
    share: usize,
    /// Proxies: each has many clients behind it, so they have no share and are closed last.
    trusted: Vec<IpNet>,
    /// When it was last logged that all permits are taken, as in `activity`.
    last_warning: AtomicU64,
}

#[derive(Default)]
struct Table {
    free: Vec<usize>,
    /// The permits that each address holds.
    holders: HashMap<Holder, Vec<usize>>,
    tasks: HashMap<usize, AbortHandle>,
}

/// The holder whose share a connection counts against.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Holder {
    /// A proxy, by its own address.
    Trusted(IpAddr),
    /// An IPv4 address, or an IPv6 /56, which one customer commonly holds.
    Untrusted(IpAddr),
}

impl Holder {
    fn is_trusted(self) -> bool {
        matches!(self, Self::Trusted(_))
    }
}

/// One connection's permit, freed on drop.
pub struct Permit {
    permits: Arc<Permits>,
    index: usize,
    holder: Holder,
    buffers: AtomicU8,
}

/// Nothing large was read since the connection's buffers were new.
const SMALL: u8 = 0;
/// A large head was read, and hyper keeps a buffer of its size.
const LARGE: u8 = 1;
/// The same, and hyper waits for the next request: now they can be exchanged.
const IDLE: u8 = 2;
/// They are being exchanged.
const RENEWING: u8 = 3;

impl Permits {
    pub fn new(count: usize, share: usize, trusted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            activity: (0..count).map(|_| AtomicU64::new(0)).collect(),
            table: Mutex::new(Table {
                free: (0..count).rev().collect(),
                ..Table::default()
            }),
            freed: Notify::new(),
            epoch: Instant::now(),
            share: share.max(1),
            trusted,
            last_warning: AtomicU64::new(0),
        })
    }

    /// Takes a permit for a new connection from `peer`. Waits only if every connection is in the middle of a response.
    /// Must be called by one task at a time.
    pub async fn take(self: &Arc<Self>, peer: IpAddr) -> Permit {
        let holder = self.holder_of(peer);
        if let Some(permit) = self.free_permit(holder) {
            return permit;
        }
        self.warn();
        let mut ending = false;
        loop {
            if !ending {
                ending = self.end_one(holder);
            }
            // The ended task frees its permit as soon as it is next scheduled.
            let _ = timeout(SEARCH_INTERVAL, self.freed.notified()).await;
            if let Some(permit) = self.free_permit(holder) {
                return permit;
            }
        }
    }

    /// Registers the task that serves the connection of a permit.
    pub fn serve(&self, index: usize, task: AbortHandle) {
        if !task.is_finished() {
            self.table().tasks.insert(index, task);
        }
    }

    /// Waits until all permits are free.
    pub async fn empty(&self) {
        while self.table().free.len() < self.activity.len() {
            let _ = timeout(SEARCH_INTERVAL, self.freed.notified()).await;
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn holder_of(&self, peer: IpAddr) -> Holder {
        let peer = peer.to_canonical();
        if self.trusted.iter().any(|network| network.contains(&peer)) {
            return Holder::Trusted(peer);
        }
        Holder::Untrusted(match peer {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 72)).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }

    fn free_permit(self: &Arc<Self>, holder: Holder) -> Option<Permit> {
        let mut table = self.table();
        let index = table.free.pop()?;
        table.holders.entry(holder).or_default().push(index);
        drop(table);
        let permit = Permit {
            permits: Arc::clone(self),
            index,
            holder,
            buffers: AtomicU8::new(SMALL),
        };
        permit.idle();
        Some(permit)
    }

    /// Ends the connection whose permit a newcomer may have. Returns whether there is one.
    fn end_one(&self, newcomer: Holder) -> bool {
        let mut table = self.table();
        let own = table
            .holders
            .get(&newcomer)
            .filter(|permits| !newcomer.is_trusted() && permits.len() >= self.share);
        let chosen = if let Some(own) = own {
            // An address that has its share already gives up one of its own connections.
            own.iter()
                .map(|index| (self.activity_of(*index), *index))
                .min()
                .map(|(_, index)| index)
        } else {
            let all = table.holders.iter().flat_map(|(holder, permits)| {
                let trusted = holder.is_trusted();
                let over = !trusted && permits.len() > self.share;
                permits.iter().map(move |index| (over, trusted, *index))
            });
            let ranked = all.filter_map(|(over, trusted, index)| {
                let (busy, since) = self.activity_of(index);
                let rank = match (busy, over, trusted) {
                    (false, true, _) => 0,
                    (false, false, false) => 1,
                    (true, true, _) => 2,
                    (false, false, true) => 3,
                    (true, false, _) => return None,
                };
                Some((rank, since, index))
            });
            ranked.min().map(|(_, _, index)| index)
        };
        let Some(task) = chosen.and_then(|index| table.tasks.remove(&index)) else {
            return false;
        };
        drop(table);
        task.abort();
        true
    }

    /// Warns the operator, once a minute at most.
    fn warn(&self) {
        let now = self.since(Instant::now()) + 1;
        let warned = self.last_warning.load(Ordering::Relaxed);
        if warned == 0 || now - warned > WARN_INTERVAL {
            self.last_warning.store(now, Ordering::Relaxed);
            tracing::warn!(
                connections = self.activity.len(),
                "all connections are in use: the longest idle ones are closed for new ones"
            );
        }
    }

    fn since(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.epoch).as_millis();
        u64::try_from(since).unwrap_or(u64::MAX >> 1)
    }

    /// Returns whether a connection is being answered, and the time of its last activity.
    fn activity_of(&self, index: usize) -> (bool, u64) {
        let packed = self.activity[index].load(Ordering::Relaxed);
        (packed & 1 == 1, packed >> 1)
    }

    fn store(&self, index: usize, now: Instant, busy: bool) {
        let since = self.since(now) / TICK * TICK;
        let packed = since << 1 | u64::from(busy);
        let stored = &self.activity[index];
        if stored.load(Ordering::Relaxed) != packed {
            stored.store(packed, Ordering::Relaxed);
        }
    }
}

impl Permit {
    pub fn index(&self) -> usize {
        self.index
    }

    /// Records that a request is being answered.
    pub fn busy(&self) {
        self.permits.store(self.index, Instant::now(), true);
    }

    /// Records that the client's turn begins.
    pub fn idle(&self) {
        self.idle_since(Instant::now());
    }

    /// As [`Permit::idle`], at a known instant.
    pub fn idle_since(&self, now: Instant) {
        self.permits.store(self.index, now, false);
    }

    /// Records that a request with a large head was answered and the connection stays open.
    pub fn buffers_are_large(&self) {
        self.buffers.store(LARGE, Ordering::Relaxed);
    }

    /// Records that the connection waits for bytes to read.
    pub fn waits_to_read(&self) {
        if self.buffers.load(Ordering::Relaxed) == LARGE && !self.permits.activity_of(self.index).0
        {
            self.buffers.store(IDLE, Ordering::Relaxed);
        }
    }

    /// Begins the exchange of large buffers for new ones. Returns whether it is time.
    pub fn begins_renewal(&self) -> bool {
        self.changes(IDLE, RENEWING)
    }

    /// Ends the exchange. Returns whether there was one.
    pub fn ends_renewal(&self) -> bool {
        self.changes(RENEWING, SMALL)
    }

    /// Returns whether the apparent end of the connection is only the end of its buffers.
    pub fn is_renewed(&self) -> bool {
        self.buffers.load(Ordering::Relaxed) == RENEWING
    }

    fn changes(&self, from: u8, to: u8) -> bool {
        self.buffers
            .compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Records that the client read some of a response.
    pub fn progressed(&self) {
        let (busy, _) = self.permits.activity_of(self.index);
        self.permits.store(self.index, Instant::now(), busy);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut table = self.permits.table();
        table.tasks.remove(&self.index);
        if let Some(permits) = table.holders.get_mut(&self.holder) {
            permits.retain(|index| *index != self.index);
            if permits.is_empty() {
                table.holders.remove(&self.holder);
            }
        }
        table.free.push(self.index);
        drop(table);
        self.permits.freed.notify_one();
    }
}

#[cfg(test)]
mod tests;
