//! Request ids: a name for one request that the caller sees and the log has.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts requests from a random start, and scrambles the count, so that ids tell neither how many requests
/// there were nor repeat after a restart. They are names, not secrets.
#[derive(Default)]
pub struct RequestIds {
    next: AtomicU64,
    scramble: RandomState,
}

impl RequestIds {
    /// Sixteen hexadecimal digits.
    pub fn next(&self) -> String {
        format!(
            "{:016x}",
            self.scramble
                .hash_one(self.next.fetch_add(1, Ordering::Relaxed))
        )
    }
}
