//! Queue of requests for a new password, and the slots that they occupy.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{RwLock, oneshot};
use tokio::time::Instant;

use crate::error::{Error, Result};

/// The most slots in use at a time.
const CAPACITY: usize = 1_000;
/// The most of them for one network.
const CAPACITY_OF_NETWORK: usize = CAPACITY / 4;

/// A waiting request.
pub(crate) struct Request {
    pub email: String,
    pub slot: Slot,
    pub since: Instant,
    /// Set once the link is in the outbox.
    pub put: Arc<AtomicBool>,
    pub done: oneshot::Sender<()>,
}

/// The queue of waiting requests.
#[derive(Default)]
pub(crate) struct ResetRequests {
    waiting: Mutex<Vec<Request>>,
    slots: Arc<Slots>,
    /// Held shared while requests are handled, so that the stop can wait for those that have been taken.
    pub handling: RwLock<()>,
}

/// The slots in use, by waiting requests and by those that are being handled.
#[derive(Default)]
struct Slots(Mutex<HashMap<Option<IpAddr>, usize>>);

/// A queue slot. It is freed when its request is dropped, also by a panic.
pub(crate) struct Slot {
    slots: Arc<Slots>,
    /// None: unknown, which counts as a network of its own.
    network: Option<IpAddr>,
}

impl Slots {
    fn taken(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Entry::Occupied(mut held) = self.slots.taken().entry(self.network) {
            *held.get_mut() -= 1;
            if *held.get() == 0 {
                held.remove();
            }
        }
    }
}

impl ResetRequests {
    pub fn waiting(&self) -> MutexGuard<'_, Vec<Request>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves a slot.
    ///
    /// # Errors
    /// [`Error::Busy`] if too many are in use, in total or for its network.
    pub fn reserve(&self, network: Option<IpAddr>) -> Result<Slot> {
        let mut taken = self.slots.taken();
        let held = taken.get(&network).copied().unwrap_or_default();
        if taken.values().sum::<usize>() >= CAPACITY || held >= CAPACITY_OF_NETWORK {
            return Err(Error::Busy);
        }
        taken.insert(network, held + 1);
        let slots = Arc::clone(&self.slots);
        Ok(Slot { slots, network })
    }

    /// Adds a request that has a slot. Returns whether it is the first.
    pub fn add(&self, request: Request) -> bool {
        let mut waiting = self.waiting();
        waiting.push(request);
        waiting.len() == 1
    }

    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.waiting())
    }

    /// Puts back requests that could not be handled.
    pub fn put_back(&self, requests: Vec<Request>) {
        self.waiting().splice(0..0, requests);
    }

    /// Returns whether every slot is free.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.slots.taken().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::origin::network;

    fn reserve(requests: &ResetRequests, address: [u8; 4]) -> Option<Slot> {
        let network = network(IpAddr::from(address));
        requests.reserve(Some(network)).ok()
    }

    #[test]
    fn one_network_leaves_slots_to_others() {
        let requests = ResetRequests::default();
        let asked = (0..=u8::MAX).cycle().take(2 * CAPACITY);
        let mut one: Vec<_> = asked
            .filter_map(|host| reserve(&requests, [203, 0, 113, host]))
            .collect();
        assert_eq!(one.len(), CAPACITY_OF_NETWORK);
        let other = reserve(&requests, [192, 0, 2, 1]);
        assert!(other.is_some());
        let asked = (0..10).flat_map(|network| std::iter::repeat_n(network, CAPACITY));
        let rest: Vec<_> = asked
            .filter_map(|network| reserve(&requests, [198, 51, network, 1]))
            .collect();
        let held: usize = requests.slots.taken().values().sum();
        assert_eq!(
            (held, rest.len()),
            (CAPACITY, CAPACITY - CAPACITY_OF_NETWORK - 1)
        );
        one.pop();
        assert!(
            reserve(&requests, [203, 0, 113, 1]).is_some(),
            "a slot is free"
        );
    }
}
