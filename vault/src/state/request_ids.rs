//! The counter of request ids.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use shared::prefix::Prefix;

/// Counts requests from a random start and scrambles the count, so that ids neither reveal the number of requests nor
/// repeat after a restart. They are names, not secrets.
pub(crate) struct RequestIds {
    /// The prefix of the company's keys, which no id may hold.
    pub prefix: Prefix,
    next: AtomicU64,
    scramble: RandomState,
}

impl RequestIds {
    pub fn new(prefix: Prefix) -> Self {
        Self {
            prefix,
            next: AtomicU64::default(),
            scramble: RandomState::default(),
        }
    }

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
