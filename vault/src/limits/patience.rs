//! The wait of one request for readers of the database. A request reads several times, and each time it may wait for its
//! account's turn and for a connection: without a common limit these waits would add up.

#![expect(clippy::disallowed_methods, reason = "waits are measured")]

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

/// The longest that a request waits for readers, all its waits together. Without a request, the longest single wait.
pub const LONGEST: Duration = Duration::from_secs(2);

/// What a request has left of [`LONGEST`]; clones share it. The default is that of no request: each wait has all of it.
#[derive(Clone, Debug, Default)]
pub struct Patience(Option<Arc<Mutex<Spent>>>);

/// The time in which a request waited. Waits at the same time count once.
#[derive(Debug)]
struct Spent {
    /// The waits that have ended.
    before: Duration,
    /// How many waits there are now, and since when there has been one.
    waits: usize,
    since: Instant,
}

impl Patience {
    /// Returns the patience of a new request.
    pub fn of_request() -> Self {
        Self(Some(Arc::new(Mutex::new(Spent {
            before: Duration::ZERO,
            waits: 0,
            since: Instant::now(),
        }))))
    }

    /// Returns whether the waits belong to a request.
    pub fn is_of_request(&self) -> bool {
        self.0.is_some()
    }

    /// Waits for something while time is left; none if it does not come.
    pub async fn wait<T>(&self, wait: impl Future<Output = T>) -> Option<T> {
        let Some(spent) = &self.0 else {
            return timeout(LONGEST, wait).await.ok();
        };
        let left = LONGEST.saturating_sub(lock(spent).begin());
        let _waiting = Waiting(spent);
        timeout(left, wait).await.ok()
    }
}

impl Spent {
    /// Begins a wait. Returns the time that was spent before.
    fn begin(&mut self) -> Duration {
        if self.waits == 0 {
            self.since = Instant::now();
        }
        self.waits += 1;
        self.before + self.since.elapsed()
    }

    fn end(&mut self) {
        self.waits -= 1;
        if self.waits == 0 {
            self.before += self.since.elapsed();
        }
    }
}

/// A wait, until it is dropped.
struct Waiting<'a>(&'a Mutex<Spent>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(self.0).end();
    }
}

fn lock(spent: &Mutex<Spent>) -> MutexGuard<'_, Spent> {
    spent.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Returns how long a wait takes that ends with its patience.
    async fn in_vain(patience: &Patience) -> Duration {
        let begun = Instant::now();
        assert!(patience.wait(pending::<()>()).await.is_none());
        begun.elapsed()
    }

    /// Returns the difference from the limit to a millisecond, which is a timer's precision.
    fn is_about(found: Duration, expected: Duration) -> bool {
        found.abs_diff(expected) <= Duration::from_millis(2)
    }

    #[tokio::test(start_paused = true)]
    async fn the_waits_of_a_request_add_up_to_the_limit() {
        let patience = Patience::of_request();
        assert!(patience.wait(sleep(SECOND)).await.is_some());
        // Work between two waits, such as a slow query, does not count.
        sleep(10 * SECOND).await;
        assert!(patience.clone().wait(sleep(SECOND / 2)).await.is_some());
        assert!(is_about(in_vain(&patience).await, SECOND / 2));
        assert!(is_about(in_vain(&patience).await, Duration::ZERO));
        // What is there already needs no wait.
        assert!(patience.wait(async {}).await.is_some());
        assert!(is_about(in_vain(&Patience::of_request()).await, LONGEST));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_at_the_same_time_count_once() {
        let patience = Patience::of_request();
        let later = async {
            sleep(SECOND / 2).await;
            patience.wait(sleep(SECOND / 2)).await
        };
        let (first, second) = tokio::join!(patience.wait(sleep(SECOND)), later);
        assert!(first.is_some() && second.is_some());
        assert!(is_about(in_vain(&patience).await, SECOND));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_request_each_wait_has_the_limit() {
        let patience = Patience::default();
        for _ in 0..2 {
            assert!(is_about(in_vain(&patience).await, LONGEST));
        }
    }
}
