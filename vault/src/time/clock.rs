//! The clock that every decision uses.

#![expect(clippy::disallowed_methods, reason = "the clock")]

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A source of the current instant.
pub trait Clock: Send + Sync {
    /// Returns UTC epoch milliseconds, never less than an earlier result.
    fn now(&self) -> i64;

    /// Returns the wall clock's time, UTC epoch milliseconds, which may jump either way. It serves to detect jumps; no
    /// decision uses it.
    fn wall(&self) -> i64;

    /// Returns by how many milliseconds the wall clock is ahead of another one, which shows `other` now, UTC epoch
    /// milliseconds.
    fn ahead_of(&self, other: i64) -> i64 {
        self.wall().saturating_sub(other)
    }

    /// Returns milliseconds since a fixed instant of this process, never less than an earlier result. It runs evenly
    /// whatever happens to the wall clock: for waits, never for anything that is stored.
    fn monotonic(&self) -> i64;

    /// Ensures that no later result is less than `at`.
    fn raise(&self, at: i64);
}

/// The machine's clock, floored at the highest instant it has shown: when the machine's clock is set back, Keyhold's
/// stands still until the machine's catches up, so an expired key stays expired.
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

/// Returns the higher of `read` and everything read before. A plain load comes first: of the many calls in one
/// millisecond only one needs to write, and a write would bounce between the processors.
fn floor(highest: &AtomicI64, read: i64) -> i64 {
    let seen = highest.load(Ordering::Acquire);
    if read <= seen {
        return seen;
    }
    highest.fetch_max(read, Ordering::AcqRel).max(read)
}

/// A clock that a test sets.
#[derive(Debug)]
pub struct ManualClock {
    set: AtomicI64,
    highest: AtomicI64,
    /// The distance by which leaps have moved the wall clock from the monotonic one.
    leapt: AtomicI64,
    /// The distance from every other clock.
    ahead: AtomicI64,
}

impl ManualClock {
    /// Returns a clock that shows `now`, UTC epoch milliseconds.
    pub fn at(now: i64) -> Self {
        Self {
            set: AtomicI64::new(now),
            highest: AtomicI64::new(now),
            leapt: AtomicI64::default(),
            ahead: AtomicI64::default(),
        }
    }

    /// Sets the clock, also backwards, as an administrator might.
    pub fn set(&self, now: i64) {
        self.set.store(now, Ordering::Release);
    }

    pub fn advance(&self, milliseconds: i64) {
        self.set.fetch_add(milliseconds, Ordering::AcqRel);
    }

    /// Moves the wall clock alone, either way, without letting time pass.
    pub fn leap(&self, milliseconds: i64) {
        self.advance(milliseconds);
        self.leapt.fetch_add(milliseconds, Ordering::AcqRel);
    }

    /// Sets by how much this clock is ahead of every other, such as a database's, which the test does not move.
    pub fn set_ahead(&self, milliseconds: i64) {
        self.ahead.store(milliseconds, Ordering::Release);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> i64 {
        floor(&self.highest, self.wall())
    }

    fn wall(&self) -> i64 {
        self.set.load(Ordering::Acquire)
    }

    fn ahead_of(&self, _: i64) -> i64 {
        self.ahead.load(Ordering::Acquire)
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
    fn a_jump_does_not_move_the_monotonic_clock() {
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
