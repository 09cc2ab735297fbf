//! The counter of request ids.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts requests from a random start and scrambles the count, so that ids neither reveal the number of requests nor
/// repeat after a restart. They are names, not secrets.
#[derive(Default)]
pub(crate) struct RequestIds {
    next: AtomicU64,
    scramble: RandomState,
}

impl RequestIds {
    /// Returns the next id: sixteen hexadecimal digits.
    pub fn next(&self) -> [u8; 16] {
        let number = self
            .scramble
            .hash_one(self.next.fetch_add(1, Ordering::Relaxed));
        std::array::from_fn(|index| {
            let digit = (number >> (60 - 4 * index)) & 15;
            b"0123456789abcdef"[digit as usize]
        })
    }
}
