//! The instant by which everything is decided.

#![expect(clippy::disallowed_methods, reason = "the clock")]

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A source of the present instant.
pub trait Clock: Send + Sync {
    /// UTC epoch milliseconds; never less than an earlier answer.
    fn now(&self) -> i64;

    /// What the clock on the wall shows, UTC epoch milliseconds: it may jump either way. For noticing jumps;
    /// nothing is decided by it.
    fn wall(&self) -> i64;

    /// Milliseconds since a fixed instant of this process, never less than an earlier answer. It runs evenly whatever
    /// happens to the clock on the wall: for waits, never for anything that is stored.
    fn monotonic(&self) -> i64;

    /// Sees to it that no later answer is less than `at`.
    fn raise(&self, at: i64);
}

/// The machine's clock, floored at the highest instant it has shown: when the machine's clock is set back,
/// Keyhold's stands still until it is caught up with, so an expired key stays expired.
#[derive(Debug)]
pub struct SystemClock {
    highest: AtomicI64,
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            highest: AtomicI64::default(),
            started: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        floor(&self.highest, self.wall())
    }

    fn wall(&self) -> i64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| {
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            })
    }

    fn monotonic(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn raise(&self, at: i64) {
        self.highest.fetch_max(at, Ordering::AcqRel);
    }
}

/// The higher of `read` and everything read before. A plain load comes first: of the many calls in one
/// millisecond only one needs to write, and a write would bounce between the processors.
fn floor(highest: &AtomicI64, read: i64) -> i64 {
    let seen = highest.load(Ordering::Acquire);
    if read <= seen {
        return seen;
    }
    highest.fetch_max(read, Ordering::AcqRel).max(read)
}

/// A clock that a test moves.
#[derive(Debug)]
pub struct ManualClock {
    set: AtomicI64,
    highest: AtomicI64,
    /// How far leaps have moved the wall clock away from the monotonic one.
    leapt: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `now`, UTC epoch milliseconds.
    pub fn at(now: i64) -> Self {
        Self {
            set: AtomicI64::new(now),
            highest: AtomicI64::new(now),
            leapt: AtomicI64::default(),
        }
    }

    /// Moves the clock; backwards too, as an administrator might.
    pub fn set(&self, now: i64) {
        self.set.store(now, Ordering::Release);
    }

    pub fn advance(&self, milliseconds: i64) {
        self.set.fetch_add(milliseconds, Ordering::AcqRel);
    }

    /// Moves the wall clock alone, either way: no time has passed.
    pub fn leap(&self, milliseconds: i64) {
        self.advance(milliseconds);
        self.leapt.fetch_add(milliseconds, Ordering::AcqRel);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> i64 {
        floor(&self.highest, self.wall())
    }

    fn wall(&self) -> i64 {
        self.set.load(Ordering::Acquire)
    }

    fn monotonic(&self) -> i64 {
        self.wall() - self.leapt.load(Ordering::Acquire)
    }

    fn raise(&self, at: i64) {
        self.highest.fetch_max(at, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_stands_still() {
        let clock = ManualClock::at(1_000);
        clock.advance(500);
        assert_eq!(clock.now(), 1_500);
        clock.set(200);
        assert_eq!(clock.now(), 1_500);
        clock.set(1_501);
        assert_eq!(clock.now(), 1_501);
    }

    #[test]
    fn a_leap_takes_no_time() {
        let clock = ManualClock::at(1_000);
        let started = clock.monotonic();
        clock.leap(500);
        clock.advance(20);
        assert_eq!((clock.now(), clock.monotonic() - started), (1_520, 20));
        clock.leap(-500);
        assert_eq!((clock.now(), clock.monotonic() - started), (1_520, 20));
    }

    #[test]
    fn the_system_clock_shows_this_century() {
        assert!(SystemClock::default().now() > 1_700_000_000_000);
    }
}
