//! Requests for a new password that wait to be handled, and the places that they take.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{RwLock, oneshot};
use tokio::time::Instant;

use crate::error::{Error, Result};

/// Most requests that wait.
const MOST: usize = 1_000;
/// Most of them from one network.
const MOST_OF_NETWORK: usize = MOST / 4;

/// A request that waits.
pub(crate) struct Request {
    pub email: String,
    pub place: Place,
    pub since: Instant,
    pub done: oneshot::Sender<()>,
}

/// The requests that wait.
#[derive(Default)]
pub(crate) struct ResetRequests {
    waiting: Mutex<Vec<Request>>,
    places: Arc<Places>,
    /// Shared by those that handle requests, so that the stop can wait for what they have taken.
    pub handling: RwLock<()>,
}

/// The places that are taken, by requests that wait and by those that are being handled.
#[derive(Default)]
struct Places(Mutex<HashMap<Option<IpAddr>, usize>>);

/// A place. Dropped with its request, also by a panic, it is free again.
pub(crate) struct Place {
    places: Arc<Places>,
    /// None: unknown, which counts as a network of its own.
    network: Option<IpAddr>,
}

impl Places {
    fn taken(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Entry::Occupied(mut held) = self.places.taken().entry(self.network) {
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

    /// Takes a place.
    ///
    /// # Errors
    /// [`Error::Busy`] if too many are waiting, in all or of its network.
    pub fn reserve(&self, network: Option<IpAddr>) -> Result<Place> {
        let mut taken = self.places.taken();
        let held = taken.get(&network).copied().unwrap_or_default();
        if taken.values().sum::<usize>() >= MOST || held >= MOST_OF_NETWORK {
            return Err(Error::Busy);
        }
        taken.insert(network, held + 1);
        let places = Arc::clone(&self.places);
        Ok(Place { places, network })
    }

    /// Adds a request that has a place, and says whether it is the first.
    pub fn add(&self, request: Request) -> bool {
        let mut waiting = self.waiting();
        waiting.push(request);
        waiting.len() == 1
    }

    pub fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.waiting())
    }

    /// Puts requests back that could not be handled.
    pub fn put_back(&self, requests: Vec<Request>) {
        self.waiting().splice(0..0, requests);
    }

    /// Whether every place is free.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.places.taken().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::origin::network;

    fn reserve(requests: &ResetRequests, address: [u8; 4]) -> Option<Place> {
        let network = network(IpAddr::from(address));
        requests.reserve(Some(network)).ok()
    }

    #[test]
    fn one_network_leaves_places_to_others() {
        let requests = ResetRequests::default();
        let asked = (0..=u8::MAX).cycle().take(2 * MOST);
        let mut one: Vec<_> = asked
            .filter_map(|host| reserve(&requests, [203, 0, 113, host]))
            .collect();
        assert_eq!(one.len(), MOST_OF_NETWORK);
        let other = reserve(&requests, [192, 0, 2, 1]);
        assert!(other.is_some());
        let asked = (0..10).flat_map(|network| std::iter::repeat_n(network, MOST));
        let rest: Vec<_> = asked
            .filter_map(|network| reserve(&requests, [198, 51, network, 1]))
            .collect();
        let held: usize = requests.places.taken().values().sum();
        assert_eq!((held, rest.len()), (MOST, MOST - MOST_OF_NETWORK - 1));
        one.pop();
        assert!(
            reserve(&requests, [203, 0, 113, 1]).is_some(),
            "a place is free"
        );
    }
}
