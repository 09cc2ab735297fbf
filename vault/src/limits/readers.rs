//! Turns at reading. An account's pages read data that grows with the account, and the database has few readers: one
//! account holds at most [`MAX_OF_ACCOUNT`] of them at a time, and all accounts together leave two: one for the sweep,
//! which holds a reader of SQLite to its end, and one for quick queries, such as session lookups.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::patience::Patience;
use crate::error::{Error, Result};

/// Readers that one account may hold.
const MAX_OF_ACCOUNT: usize = 2;
/// Readers that are reserved: no account's pages hold them.
const RESERVED: usize = 2;
/// The longest that a request waits for a turn at a file: on this machine, reads end by themselves. A server may be slow or
/// silent for all pages at once, so there the wait is one of those that a request's [`Patience`] limits.
const MAX_WAIT: Duration = Duration::from_secs(10);
/// Beyond this number of accounts, those that no longer read are dropped.
const CLEAN_UP_ABOVE: usize = 1_000;

pub struct Readers {
    all: Arc<Semaphore>,
    by_account: Mutex<HashMap<String, Weak<Semaphore>>>,
    on_server: bool,
}

/// A turn, which ends when dropped.
#[must_use = "reading ends with it"]
pub struct Reading {
    _permits: [OwnedSemaphorePermit; 2],
}

impl Readers {
    /// Manages turns at a database with `readers` reading connections, on a server or on this machine.
    pub fn new(readers: u32, on_server: bool) -> Self {
        Self {
            all: Arc::new(Semaphore::new(readers as usize - RESERVED)),
            by_account: Mutex::default(),
            on_server,
        }
    }

    /// Waits for a turn of this account. The holder of a turn must not request another.
    ///
    /// # Errors
    /// [`Error::Busy`] if none comes within [`MAX_WAIT`], or on a server while the request has patience.
    pub async fn turn(&self, account: &str, patience: &Patience) -> Result<Reading> {
        let closed = |_| Error::Unavailable("no more reading".to_owned());
        let of_account = self.of(account);
        let turn = async {
            let of_account = of_account.acquire_owned().await.map_err(closed)?;
            let of_all = Arc::clone(&self.all);
            let of_all = of_all.acquire_owned().await.map_err(closed)?;
            Ok(Reading {
                _permits: [of_account, of_all],
            })
        };
        let turn = if self.on_server {
            patience.wait(turn).await
        } else {
            timeout(MAX_WAIT, turn).await.ok()
        };
        turn.unwrap_or(Err(Error::Busy))
    }

    fn of(&self, account: &str) -> Arc<Semaphore> {
        let mut by_account = self
            .by_account
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(semaphore) = by_account.get(account).and_then(Weak::upgrade) {
            return semaphore;
        }
        if by_account.len() >= CLEAN_UP_ABOVE {
            by_account.retain(|_, semaphore| semaphore.strong_count() > 0);
        }
        let semaphore = Arc::new(Semaphore::new(MAX_OF_ACCOUNT));
        by_account.insert(account.to_owned(), Arc::downgrade(&semaphore));
        semaphore
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::super::patience::LONGEST;
    use super::*;
    use crate::storage::READERS;

    /// Waits for a turn of no request.
    async fn turn(readers: &Readers, account: &str) -> Result<Reading> {
        readers.turn(account, &Patience::default()).await
    }

    async fn waits(readers: &Readers, account: &str) -> bool {
        matches!(turn(readers, account).await, Err(Error::Busy))
    }

    #[tokio::test(start_paused = true)]
    async fn one_account_leaves_turns_to_the_others_and_all_leave_one_reader() {
        let readers = Readers::new(READERS, false);
        let first = turn(&readers, "a").await.unwrap();
        let second = turn(&readers, "a").await.unwrap();
        assert!(waits(&readers, "a").await);
        let third = turn(&readers, "b").await.unwrap();
        assert!(waits(&readers, "c").await, "the last readers are reserved");
        drop(first);
        let fourth = turn(&readers, "c").await.unwrap();
        drop((second, third, fourth));
        assert!(!waits(&readers, "a").await);
        for number in 0..3 * CLEAN_UP_ABOVE {
            drop(turn(&readers, &number.to_string()).await.unwrap());
        }
        assert!(readers.by_account.lock().unwrap().len() <= CLEAN_UP_ABOVE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_only_briefly_for_a_server() {
        let readers = Readers::new(READERS, true);
        let first = turn(&readers, "a").await.unwrap();
        let second = turn(&readers, "a").await.unwrap();
        let limit = LONGEST + Duration::from_millis(1);
        let third = timeout(limit, turn(&readers, "a")).await.unwrap();
        assert!(matches!(third, Err(Error::Busy)));
        drop((first, second));
    }

    #[tokio::test]
    async fn all_pages_and_a_sweep_leave_one_reader() {
        let fixture = crate::test_support::Fixture::new().await;
        let readers = &fixture.vault.0.database.readers;
        let mut held = vec![readers.acquire().await.unwrap()];
        for _ in 0..Readers::new(READERS, false).all.available_permits() {
            held.push(readers.acquire().await.unwrap());
        }
        assert!(readers.acquire().await.is_ok());
    }
}
