//! The lease: the time for which a node may verify from memory without following the change log, and the arithmetic on
//! which its holder and all others agree.
//!
//! Holder and others measure the same lease with different clocks, which agree on nothing but the length of a second,
//! and on that only roughly. So the holder uses five sixths of a lease, and all others wait for all of it: that is
//! sound as long as each clock gains or loses less than an eleventh (9 %) on real time. chrony corrects a clock by up
//! to a twelfth (`maxslewrate`, 8.3 %) unless configured otherwise, and other services by less than a thousandth.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::time::boot_time::BootTime;

/// The length of a lease, the same on all nodes of a database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Term {
    milliseconds: i64,
}

impl Term {
    pub fn of_ms(milliseconds: i64) -> Self {
        Self { milliseconds }
    }

    pub fn ms(self) -> i64 {
        self.milliseconds
    }

    pub fn duration(self) -> Duration {
        Duration::from_millis(u64::try_from(self.milliseconds).unwrap_or(0))
    }

    /// Returns when the holder stops to verify. `begun` is its clock before it read the change log: a change that the
    /// reading missed was committed after that.
    pub fn held_until(self, begun: BootTime) -> BootTime {
        begun.plus_ms(self.milliseconds / 6 * 5)
    }

    /// Returns when, by another node's clock, a lease is over that was begun before `known`.
    pub fn over_at(self, known: BootTime) -> BootTime {
        known.plus_ms(self.milliseconds)
    }
}

/// The end of this process's lease, read by every verification.
#[derive(Debug)]
pub struct Lease(AtomicI64);

impl Lease {
    /// A lease without an end, for a database with one process.
    pub fn endless() -> Self {
        Self(AtomicI64::new(BootTime::NEVER.0))
    }

    /// A lease that has not begun.
    pub fn none() -> Self {
        Self(AtomicI64::new(BootTime::PAST.0))
    }

    /// Returns whether verification is over, or has not begun. A request must have been read before.
    pub fn is_over(&self) -> bool {
        let end = self.end();
        end != BootTime::NEVER && end <= BootTime::now()
    }

    pub fn end(&self) -> BootTime {
        BootTime(self.0.load(Ordering::Acquire))
    }

    /// Sets the end, once the directory has every change that was read for it.
    pub fn hold_until(&self, end: BootTime) {
        self.0.store(end.0, Ordering::Release);
    }

    /// Ends the lease now: before this node leaves, or before its directory is replaced.
    pub fn end_now(&self) {
        self.hold_until(BootTime::PAST);
    }
}
