//! Metrics of decisions for the operator: the number of each outcome, and durations.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use shared::problem::Code;

use crate::state::sharded::Sharded;

/// Upper bounds of the buckets in nanoseconds, inclusive. A decision takes less than a microsecond on current machines;
/// one far above that was delayed.
const BOUNDS: [u64; 11] = [
    250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 64_000, 256_000, 1_000_000, 10_000_000,
];

/// The outcomes of a decision other than a good key.
const REJECTIONS: [Code; 6] = [
    Code::CredentialsMissing,
    Code::CredentialsMalformed,
    Code::KeyInvalid,
    Code::KeyExpired,
    Code::AccountSuspended,
    Code::Unavailable,
];

#[derive(Default)]
struct Shard {
    good: AtomicU64,
    rejected: [AtomicU64; REJECTIONS.len()],
    /// One more than there are bounds: the last is for durations beyond them.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanoseconds: AtomicU64,
}

#[derive(Default)]
pub(crate) struct DecisionMetrics(Sharded<Shard>);

/// The decisions since the start.
#[derive(Clone, Debug, PartialEq)]
pub struct Decisions {
    /// Decisions by outcome: `good`, or the code of the rejection.
    pub by_code: Vec<(&'static str, u64)>,
    /// Upper bound in seconds, and the number of decisions that took at most that long.
    pub at_most: Vec<(f64, u64)>,
    pub count: u64,
    /// The total duration of all decisions.
    pub seconds: f64,
}

impl DecisionMetrics {
    /// Counts a decision; `rejected` is none for a good key.
    pub fn count(&self, rejected: Option<Code>, took: Duration) {
        let shard = self.0.local();
        let outcome = match rejected {
            None => Some(&shard.good),
            Some(code) => REJECTIONS
                .iter()
                .position(|known| *known == code)
                .map(|index| &shard.rejected[index]),
        };
        if let Some(outcome) = outcome {
            outcome.fetch_add(1, Ordering::Relaxed);
        }
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < nanoseconds);
        shard.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        shard.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    pub fn read(&self) -> Decisions {
        let sum = |of: &dyn Fn(&Shard) -> &AtomicU64| {
            self.0
                .iter()
                .map(|shard| of(shard).load(Ordering::Relaxed))
                .sum::<u64>()
        };
        let mut by_code = vec![("good", sum(&|shard| &shard.good))];
        for (index, code) in REJECTIONS.iter().enumerate() {
            by_code.push((code.slug(), sum(&|shard| &shard.rejected[index])));
        }
        let mut count = 0;
        let mut at_most = Vec::with_capacity(BOUNDS.len());
        for (index, bound) in BOUNDS.iter().enumerate() {
            count += sum(&|shard| &shard.buckets[index]);
            at_most.push((seconds(*bound), count));
        }
        count += sum(&|shard| &shard.buckets[BOUNDS.len()]);
        Decisions {
            by_code,
            at_most,
            count,
            seconds: seconds(sum(&|shard| &shard.nanoseconds)),
        }
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    Duration::from_nanos(nanoseconds).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts add up across threads, also beyond the last bound.
    #[test]
    fn shards_are_added_up() {
        let metrics = DecisionMetrics::default();
        std::thread::scope(|scope| {
            for _ in 0..5 {
                scope.spawn(|| {
                    metrics.count(None, Duration::from_nanos(250));
                    metrics.count(Some(Code::KeyExpired), Duration::from_nanos(251));
                    metrics.count(Some(Code::KeyInvalid), Duration::from_secs(1));
                    metrics.count(Some(Code::AccountSuspended), Duration::from_nanos(250));
                });
            }
        });
        let read = metrics.read();
        let expected = [
            ("good", 5),
            ("credentials_missing", 0),
            ("credentials_malformed", 0),
            ("key_invalid", 5),
            ("key_expired", 5),
            ("account_suspended", 5),
            ("unavailable", 0),
        ];
        assert_eq!(read.by_code, expected);
        assert_eq!(read.at_most[..2], [(250e-9, 10), (500e-9, 15)]);
        assert_eq!(read.at_most.last(), Some(&(0.01, 15)));
        assert_eq!(read.count, 20);
        assert!((read.seconds - 5.0).abs() < 0.001);
    }
}
