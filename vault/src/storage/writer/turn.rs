//! The turn to write: one change at a time. It records since when it is held, because a holder that hangs, as on a
//! frozen volume, reports nothing itself.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::AnyConnection;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};

use super::doubt::Doubt;

/// The longest that a change waits to begin: for its turn, and for locks of other processes. After that it is rejected,
/// and not made later.
pub const TURN_TIMEOUT: Duration = Duration::from_secs(2);

/// The data that the turn guards.
pub struct Slot {
    /// None during a transaction, and after a failure.
    pub connection: Option<AnyConnection>,
    /// A commit failed, and its outcome has not been read since.
    pub doubt: Option<Doubt>,
    pub closed: bool,
}

/// Grants the turn in the order of the requests for it.
pub struct Turns {
    slot: Arc<AsyncMutex<Slot>>,
    since: Arc<Since>,
}

/// The instant at which the current turn was granted.
#[derive(Default)]
struct Since(Mutex<Option<Instant>>);

/// The turn, until it is dropped.
pub struct Turn {
    slot: OwnedMutexGuard<Slot>,
    since: Arc<Since>,
}

impl Turns {
    pub fn new(connection: AnyConnection) -> Self {
        let slot = Slot {
            connection: Some(connection),
            doubt: None,
            closed: false,
        };
        Self {
            slot: Arc::new(AsyncMutex::new(slot)),
            since: Arc::default(),
        }
    }

    /// Returns the turn; none if it did not come by `deadline`.
    pub async fn take(&self, deadline: Instant) -> Option<Turn> {
        let slot = timeout_at(deadline, Arc::clone(&self.slot).lock_owned()).await;
        let slot = slot.ok()?;
        *self.since.lock() = Some(Instant::now());
        Some(Turn {
            slot,
            since: Arc::clone(&self.since),
        })
    }

    /// Returns whether the turn has been held for longer than a change waits for it.
    pub fn are_stuck(&self) -> bool {
        self.since
            .lock()
            .is_some_and(|since| since.elapsed() >= TURN_TIMEOUT)
    }
}

impl Since {
    fn lock(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Deref for Turn {
    type Target = Slot;

    fn deref(&self) -> &Slot {
        &self.slot
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut Slot {
        &mut self.slot
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Before the slot is free for the next holder.
        *self.since.lock() = None;
    }
}
