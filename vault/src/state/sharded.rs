//! Counters that many threads write at once: each thread has a shard of its own, so threads do not wait for each other,
//! and a read adds the shards up.

use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_utils::CachePadded;

/// One shard for each thread that counts, as long as there are not many more threads than processors.
pub(crate) struct Sharded<T>(Box<[CachePadded<T>]>);

static NEXT_THREAD: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: usize = NEXT_THREAD.fetch_add(1, Ordering::Relaxed);
}

impl<T: Default> Default for Sharded<T> {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        // At least twice the processors, and a power of two: threads are numbered as they start, and not all of them
        // count.
        let parts = (2 * processors).next_power_of_two();
        Self((0..parts).map(|_| CachePadded::default()).collect())
    }
}

impl<T> Sharded<T> {
    /// Returns the shard of this thread.
    pub fn local(&self) -> &T {
        &self.0[THREAD.with(|thread| *thread) & (self.0.len() - 1)]
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|part| &**part)
    }
}
