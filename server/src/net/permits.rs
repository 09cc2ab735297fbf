//! The places for connections: who has one, and who gives one up when all are taken.
//!
//! Nothing is refused while there is room. When there is none, the connection that has been idle for longest makes
//! way, first among those of an address that holds more than its share, so that neither one address nor a crowd of
//! silent clients can keep others out. Places are taken and freed under a lock; a request only stores a number.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::IpNet;
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout};

/// How exactly idle times are told apart, in milliseconds: a busy connection stores its own once in that time.
const TICK: u64 = 16;
/// The shortest between two lines in the log, in milliseconds.
const SAY_EVERY: u64 = 60_000;
/// How often a full house is searched again for a connection that has become idle.
const SEARCH: Duration = Duration::from_millis(50);

/// The places of one listener.
pub struct Places {
    /// Of each place: the last sign of life in milliseconds since `begun`, shifted by one; the lowest bit says that
    /// a request is being answered.
    lives: Box<[AtomicU64]>,
    table: Mutex<Table>,
    freed: Notify,
    begun: Instant,
    /// Places that an address keeps when they run short.
    share: usize,
    /// Proxies: many clients stand behind one, so they have no share and go last.
    trusted: Vec<IpNet>,
    /// When the log last said that all places are taken, as in `lives`.
    said: AtomicU64,
}

#[derive(Default)]
struct Table {
    free: Vec<usize>,
    /// The places that each holds.
    holders: HashMap<Holder, Vec<usize>>,
    tasks: HashMap<usize, AbortHandle>,
}

/// Whose share a connection counts against.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Holder {
    /// A proxy, by its own address.
    Trusted(IpAddr),
    /// An IPv4 address, or an IPv6 /56, which one customer commonly holds.
    Stranger(IpAddr),
}

impl Holder {
    fn is_trusted(self) -> bool {
        matches!(self, Self::Trusted(_))
    }
}

/// One connection's place, free again when this is dropped.
pub struct Place {
    places: Arc<Places>,
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

impl Places {
    pub fn new(count: usize, share: usize, trusted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            lives: (0..count).map(|_| AtomicU64::new(0)).collect(),
            table: Mutex::new(Table {
                free: (0..count).rev().collect(),
                ..Table::default()
            }),
            freed: Notify::new(),
            begun: Instant::now(),
            share: share.max(1),
            trusted,
            said: AtomicU64::new(0),
        })
    }

    /// A place for a new connection from `peer`. Waits for one only if every other is in the middle of an answer.
    /// To be called by one task at a time.
    pub async fn take(self: &Arc<Self>, peer: IpAddr) -> Place {
        let holder = self.holder_of(peer);
        if let Some(place) = self.free_place(holder) {
            return place;
        }
        self.say();
        let mut ending = false;
        loop {
            if !ending {
                ending = self.end_one(holder);
            }
            // The ended task lets go of its place as soon as it is next scheduled.
            let _ = timeout(SEARCH, self.freed.notified()).await;
            if let Some(place) = self.free_place(holder) {
                return place;
            }
        }
    }

    /// Says which task serves the connection in a place.
    pub fn serve(&self, index: usize, task: AbortHandle) {
        if !task.is_finished() {
            self.table().tasks.insert(index, task);
        }
    }

    /// Waits until all places are free.
    pub async fn empty(&self) {
        while self.table().free.len() < self.lives.len() {
            let _ = timeout(SEARCH, self.freed.notified()).await;
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
        Holder::Stranger(match peer {
            IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 72)).into(),
            v4 @ IpAddr::V4(_) => v4,
        })
    }

    fn free_place(self: &Arc<Self>, holder: Holder) -> Option<Place> {
        let mut table = self.table();
        let index = table.free.pop()?;
        table.holders.entry(holder).or_default().push(index);
        drop(table);
        let place = Place {
            places: Arc::clone(self),
            index,
            holder,
            buffers: AtomicU8::new(SMALL),
        };
        place.idle();
        Some(place)
    }

    /// Ends the connection that a newcomer may have the place of; whether there is one.
    fn end_one(&self, newcomer: Holder) -> bool {
        let mut table = self.table();
        let own = table
            .holders
            .get(&newcomer)
            .filter(|places| !newcomer.is_trusted() && places.len() >= self.share);
        let chosen = if let Some(own) = own {
            // Who has its share already makes way for itself.
            own.iter()
                .map(|index| (self.life(*index), *index))
                .min()
                .map(|(_, index)| index)
        } else {
            let all = table.holders.iter().flat_map(|(holder, places)| {
                let trusted = holder.is_trusted();
                let over = !trusted && places.len() > self.share;
                places.iter().map(move |index| (over, trusted, *index))
            });
            let ranked = all.filter_map(|(over, trusted, index)| {
                let (busy, since) = self.life(index);
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

    /// Tells the operator, once a minute at most.
    fn say(&self) {
        let now = self.since(Instant::now()) + 1;
        let said = self.said.load(Ordering::Relaxed);
        if said == 0 || now - said > SAY_EVERY {
            self.said.store(now, Ordering::Relaxed);
            tracing::warn!(
                connections = self.lives.len(),
                "all connections are taken: the longest idle ones make way for new ones"
            );
        }
    }

    fn since(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.begun).as_millis();
        u64::try_from(since).unwrap_or(u64::MAX >> 1)
    }

    /// Whether the connection in a place is being answered, and since when there was no sign of life.
    fn life(&self, index: usize) -> (bool, u64) {
        let life = self.lives[index].load(Ordering::Relaxed);
        (life & 1 == 1, life >> 1)
    }

    fn store(&self, index: usize, now: Instant, busy: bool) {
        let since = self.since(now) / TICK * TICK;
        let life = since << 1 | u64::from(busy);
        let stored = &self.lives[index];
        if stored.load(Ordering::Relaxed) != life {
            stored.store(life, Ordering::Relaxed);
        }
    }
}

impl Place {
    pub fn index(&self) -> usize {
        self.index
    }

    /// A request is being answered.
    pub fn busy(&self) {
        self.places.store(self.index, Instant::now(), true);
    }

    /// The client's turn begins.
    pub fn idle(&self) {
        self.idle_since(Instant::now());
    }

    /// The same at an instant that is known already.
    pub fn idle_since(&self, now: Instant) {
        self.places.store(self.index, now, false);
    }

    /// A request with a large head was answered, and the connection goes on.
    pub fn buffers_are_large(&self) {
        self.buffers.store(LARGE, Ordering::Relaxed);
    }

    /// The connection waits for something to read.
    pub fn waits_to_read(&self) {
        if self.buffers.load(Ordering::Relaxed) == LARGE && !self.places.life(self.index).0 {
            self.buffers.store(IDLE, Ordering::Relaxed);
        }
    }

    /// Whether large buffers can be exchanged for new ones now.
    pub fn begins_renewal(&self) -> bool {
        self.changes(IDLE, RENEWING)
    }

    /// Whether they were being exchanged.
    pub fn ends_renewal(&self) -> bool {
        self.changes(RENEWING, SMALL)
    }

    /// Whether what looks like the end of the connection is the end of its buffers.
    pub fn is_renewed(&self) -> bool {
        self.buffers.load(Ordering::Relaxed) == RENEWING
    }

    fn changes(&self, from: u8, to: u8) -> bool {
        self.buffers
            .compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// The client took some of an answer.
    pub fn took(&self) {
        let (busy, _) = self.places.life(self.index);
        self.places.store(self.index, Instant::now(), busy);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.places.table();
        table.tasks.remove(&self.index);
        if let Some(places) = table.holders.get_mut(&self.holder) {
            places.retain(|index| *index != self.index);
            if places.is_empty() {
                table.holders.remove(&self.holder);
            }
        }
        table.free.push(self.index);
        drop(table);
        self.places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests;
