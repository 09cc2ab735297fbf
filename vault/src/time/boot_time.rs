//! The clock of leases: the time since the machine booted. It runs while the machine is suspended, and setting the wall
//! clock does not move it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Linux counts a suspension only in this one of its two monotonic clocks, macOS in `CLOCK_MONOTONIC`.
#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

/// An instant of this machine's boot clock, in nanoseconds. Those of two machines cannot be compared.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct BootTime(pub i64);

impl BootTime {
    /// Later than every reading of the clock.
    pub const NEVER: Self = Self(i64::MAX);
    /// Earlier than every reading of the clock.
    pub const PAST: Self = Self(i64::MIN);

    pub fn now() -> Self {
        let read = clock_gettime(CLOCK);
        Self(read.tv_sec * 1_000_000_000 + read.tv_nsec)
    }

    pub fn plus_ms(self, milliseconds: i64) -> Self {
        Self(self.0.saturating_add(milliseconds * 1_000_000))
    }

    /// Returns the time from `self` until `later`, zero if that is past.
    pub fn until(self, later: Self) -> Duration {
        let rest = later.0.saturating_sub(self.0);
        Duration::from_nanos(u64::try_from(rest).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boot_clock_advances() {
        let before = BootTime::now();
        let mut after = BootTime::now();
        while after == before {
            after = BootTime::now();
        }
        assert!(BootTime::PAST < before && before < after && after < BootTime::NEVER);
        assert_eq!(
            before.until(before.plus_ms(1_500)),
            Duration::from_millis(1_500)
        );
        assert_eq!(after.until(before), Duration::ZERO);
    }
}
