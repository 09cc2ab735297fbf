//! The clock jump guard: it detects forward jumps of the clock before mails are written or anything is removed by it. A
//! machine whose clock jumps ahead for a moment must not tell every customer that their keys have expired.
//!
//! After a forward jump against the monotonic clock, the new time counts only once it has held for a while. A backward
//! jump needs no guard, since nothing becomes due by it.

use std::time::Duration;

/// A forward jump of more than this is doubted, in milliseconds: five minutes.
pub const JUMP_MS: i64 = 5 * 60 * 1000;
/// A clock that is ahead at the start by more than this is doubted, in milliseconds: half a year. Less counts as the
/// time that Keyhold was stopped.
const REST_MS: i64 = 180 * shared::DAY_MS;
/// A doubted time is believed once it has held this long, in milliseconds.
const CONFIRM_MS: i64 = 60 * 1000;

/// A reading of both clocks, in milliseconds: since the UTC epoch, and since any fixed instant.
#[derive(Clone, Copy, Debug)]
struct Reading {
    wall: i64,
    monotonic: i64,
}

impl Reading {
    /// Returns how far the wall clock is ahead of the time expected from an earlier reading.
    fn ahead_of(self, earlier: Self) -> i64 {
        (self.wall - earlier.wall) - (self.monotonic - earlier.monotonic)
    }
}

/// Compares the wall clock with the monotonic clock.
#[derive(Debug)]
pub struct ClockJumpGuard {
    /// The work that waits while the clock is doubted, for the log.
    what: &'static str,
    /// The last reading that was believed.
    believed: Reading,
    /// How far the next reading may be ahead of it, in milliseconds.
    allowed: i64,
    /// The first reading after a jump.
    doubted: Option<Reading>,
    highest: i64,
}

impl ClockJumpGuard {
    /// Starts from `known`, UTC epoch milliseconds, the latest instant known from an earlier run. `what` waits while
    /// the clock is doubted.
    pub fn since(known: i64, what: &'static str) -> Self {
        Self {
            what,
            believed: Reading {
                wall: known,
                monotonic: 0,
            },
            allowed: REST_MS,
            doubted: None,
            highest: known,
        }
    }

    /// Returns the instant to use, UTC epoch milliseconds, never less than an earlier one; none while the clock is
    /// doubted.
    pub fn now(&mut self, wall: i64, monotonic: Duration) -> Option<i64> {
        let monotonic = i64::try_from(monotonic.as_millis()).unwrap_or(i64::MAX);
        let reading = Reading { wall, monotonic };
        let ahead = reading.ahead_of(self.believed);
        if ahead > self.allowed {
            match self.doubted {
                Some(doubted) if reading.ahead_of(doubted).abs() <= JUMP_MS => {
                    if monotonic - doubted.monotonic < CONFIRM_MS {
                        return None;
                    }
                    tracing::warn!(
                        "the clock has been stable for a minute: {} continues",
                        self.what
                    );
                }
                _ => {
                    tracing::warn!(
                        "the clock jumped {} s ahead: {} waits until it has been stable for a minute",
                        ahead / 1000,
                        self.what
                    );
                    self.doubted = Some(reading);
                    return None;
                }
            }
        }
        self.doubted = None;
        self.believed = reading;
        self.allowed = JUMP_MS;
        self.highest = self.highest.max(wall);
        Some(self.highest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{HOUR, NOON};

    fn at(guard: &mut ClockJumpGuard, wall: i64, seconds: u64) -> Option<i64> {
        guard.now(wall, Duration::from_secs(seconds))
    }

    #[test]
    fn an_ordinary_clock_is_trusted() {
        let mut guard = ClockJumpGuard::since(NOON, "mail");
        assert_eq!(at(&mut guard, NOON, 0), Some(NOON));
        assert_eq!(at(&mut guard, NOON + HOUR, 3_600), Some(NOON + HOUR));
        let adjusted = NOON + 2 * HOUR + 290_000;
        assert_eq!(
            at(&mut guard, adjusted, 7_200),
            Some(adjusted),
            "less than five minutes"
        );
    }

    #[test]
    fn a_jump_ahead_is_trusted_after_a_minute() {
        for jump in [HOUR, 400 * 24 * HOUR] {
            let mut guard = ClockJumpGuard::since(NOON, "mail");
            let there = |seconds: i64| NOON + jump + seconds * 1000;
            assert_eq!(at(&mut guard, NOON, 0), Some(NOON));
            assert_eq!(at(&mut guard, there(1), 1), None);
            assert_eq!(at(&mut guard, there(60), 60), None);
            assert_eq!(at(&mut guard, there(61), 61), Some(there(61)));
            assert_eq!(at(&mut guard, there(62), 62), Some(there(62)));
        }
    }

    #[test]
    fn a_suspension_of_months_is_no_jump_but_a_year_is() {
        for (rest, believed) in [(90, true), (400, false)] {
            let mut guard = ClockJumpGuard::since(NOON, "mail");
            let wall = NOON + rest * 24 * HOUR;
            assert_eq!(at(&mut guard, wall, 0), believed.then_some(wall));
        }
    }

    #[test]
    fn a_jump_that_is_taken_back_never_happened() {
        let mut guard = ClockJumpGuard::since(NOON, "mail");
        assert_eq!(at(&mut guard, NOON, 0), Some(NOON));
        assert_eq!(at(&mut guard, NOON + 400 * 24 * HOUR, 1), None);
        assert_eq!(at(&mut guard, NOON + 30_000, 30), Some(NOON + 30_000));
        assert_eq!(
            at(&mut guard, NOON + 400 * 24 * HOUR, 31),
            None,
            "doubted again"
        );
        assert_eq!(at(&mut guard, NOON + 400 * 24 * HOUR + 59_000, 90), None);
    }

    #[test]
    fn each_jump_restarts_the_doubt() {
        let mut guard = ClockJumpGuard::since(NOON, "mail");
        assert_eq!(at(&mut guard, NOON, 0), Some(NOON));
        for (second, hours) in [(1, 1), (40, 2), (80, 3), (120, 2)] {
            let wall = NOON + i64::from(hours) * HOUR;
            assert_eq!(at(&mut guard, wall, second), None, "at {second} s");
        }
        let settled = NOON + 2 * HOUR + 60_000;
        assert_eq!(at(&mut guard, settled, 180), Some(settled));
    }

    #[test]
    fn time_stands_still_after_a_jump_back() {
        let mut guard = ClockJumpGuard::since(NOON, "mail");
        assert_eq!(at(&mut guard, NOON, 0), Some(NOON));
        assert_eq!(at(&mut guard, NOON - HOUR, 1), Some(NOON));
        assert_eq!(
            at(&mut guard, NOON + 1000, 2),
            None,
            "ahead by an hour again"
        );
        assert_eq!(at(&mut guard, NOON + 61_000, 62), Some(NOON + 61_000));
    }
}
