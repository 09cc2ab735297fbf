//! Rate limits: a bucket of tokens for each subject, refilled evenly (the generic cell rate algorithm, which stores one
//! instant per subject).

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::limits::bounded::Bounded;

pub struct Buckets {
    /// Microseconds until one token is refilled; 0 means no limit.
    interval: i64,
    /// Microseconds until an empty bucket is full.
    capacity: i64,
    /// The instant in microseconds at which a subject's bucket is full again.
    full_at: Mutex<Bounded<i64>>,
}

impl Buckets {
    /// Allows `rate` tokens per `period` milliseconds, and up to `burst` periods' worth at once. A rate of 0 means no
    /// limit.
    pub fn new(rate: u32, period: i64, burst: i64) -> Self {
        let interval = match rate {
            0 => 0,
            rate => (period * 1000 / i64::from(rate)).max(1),
        };
        Self {
            interval,
            capacity: interval * i64::from(rate) * burst,
            full_at: Mutex::default(),
        }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// [`Error::Throttled`] if the bucket is empty; nothing is taken then.
    pub fn take(&self, subject: &impl Hash, now: i64) -> Result<()> {
        self.take_many(subject, 1, now)
    }

    /// Takes tokens, at most a full bucket of them but one.
    ///
    /// # Errors
    /// As [`Buckets::take`].
    pub fn take_many(&self, subject: &impl Hash, tokens: i64, now: i64) -> Result<()> {
        if self.interval == 0 {
            return Ok(());
        }
        let now = now.saturating_mul(1000);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        // The emptier a bucket, the more its entry matters; a full one needs none.
        let entry = full_at.entry(subject, |at| (*at > now).then_some(*at));
        let most = (self.capacity - self.interval).max(self.interval);
        let taken = self.interval.saturating_mul(tokens).min(most);
        let next = (*entry).max(now) + taken;
        let excess = next - now - self.capacity;
        if excess > 0 {
            let seconds = u64::try_from(excess).unwrap_or(0).div_ceil(1_000_000);
            return Err(Error::Throttled {
                retry_after: seconds,
            });
        }
        *entry = next;
        Ok(())
    }

    /// Puts back a token whose operation did not happen.
    pub fn give_back(&self, subject: &impl Hash) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = full_at.get_mut(subject) {
            *at -= self.interval;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(buckets: &Buckets, now: i64) -> u64 {
        match buckets.take(&"a", now) {
            Ok(()) => 0,
            Err(Error::Throttled { retry_after }) => retry_after,
            Err(_) => u64::MAX,
        }
    }

    #[test]
    fn a_bucket_allows_a_burst_and_then_an_even_rate() {
        let buckets = Buckets::new(60, 60_000, 2);
        for _ in 0..120 {
            assert_eq!(wait(&buckets, 5_000), 0);
        }
        assert_eq!(wait(&buckets, 5_000), 1);
        assert_eq!(wait(&buckets, 5_000), 1, "a rejection takes nothing");
        assert!(buckets.take(&"b", 5_000).is_ok(), "another has its own");
        assert_eq!(wait(&buckets, 6_000), 0);
        assert_eq!(wait(&buckets, 6_000), 1);
        buckets.give_back(&"a");
        assert_eq!(wait(&buckets, 6_000), 0);
        for _ in 0..120 {
            assert_eq!(wait(&buckets, 200_000), 0, "full again, and no fuller");
        }
        assert_eq!(wait(&buckets, 200_000), 1);
    }

    #[test]
    fn a_rate_of_zero_means_no_limit() {
        let buckets = Buckets::new(0, 60_000, 1);
        assert!((0..10_000).all(|_| wait(&buckets, 0) == 0));
    }
}
