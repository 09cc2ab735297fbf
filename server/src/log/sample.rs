//! Sampling: of each kind of line, the output of one statement in the code, so many a minute are written and the others
//! are counted. Requests that strangers repeat make the log grow no faster.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;
use tracing::{Level, Metadata};

/// Lines of one kind that are written in a window.
const WRITTEN: u32 = 60;
const WINDOW: Duration = Duration::from_mins(1);

/// The recent lines of each kind.
#[derive(Default)]
pub struct Sample {
    /// One entry for each statement that logs.
    kinds: Mutex<HashMap<Identifier, Kind>>,
    left_out: AtomicU64,
}

struct Kind {
    metadata: &'static Metadata<'static>,
    began: Instant,
    written: u32,
    left_out: u64,
}

/// Lines of a kind that were left out.
pub struct LeftOut {
    metadata: &'static Metadata<'static>,
    lines: u64,
}

impl Sample {
    /// Returns whether to write a line of this kind. Lines below INFO exist only at the operator's request, so all are
    /// written.
    pub fn admits(&self, metadata: &'static Metadata<'static>, now: Instant) -> bool {
        if *metadata.level() > Level::INFO {
            return true;
        }
        let mut kinds = self.kinds();
        let kind = kinds.entry(metadata.callsite()).or_insert(Kind {
            metadata,
            began: now,
            written: 0,
            left_out: 0,
        });
        // A window in which lines were left out ends when they are reported.
        if kind.left_out == 0 && now.saturating_duration_since(kind.began) >= WINDOW {
            kind.began = now;
            kind.written = 0;
        }
        if kind.written < WRITTEN {
            kind.written += 1;
            return true;
        }
        kind.left_out += 1;
        self.left_out.fetch_add(1, Ordering::Relaxed);
        false
    }

    /// Returns how many lines were left out so far.
    pub fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    /// Ends the windows that are over, and returns the lines that they left out.
    pub fn take_expired(&self, now: Instant) -> Vec<LeftOut> {
        self.take(|kind| now.saturating_duration_since(kind.began) >= WINDOW)
    }

    /// Ends all windows.
    pub fn take_all(&self) -> Vec<LeftOut> {
        self.take(|_| true)
    }

    fn take(&self, is_over: impl Fn(&Kind) -> bool) -> Vec<LeftOut> {
        let mut kinds = self.kinds();
        let over = kinds.extract_if(|_, kind| kind.left_out > 0 && is_over(kind));
        over.map(|(_, kind)| LeftOut {
            metadata: kind.metadata,
            lines: kind.left_out,
        })
        .collect()
    }

    fn kinds(&self) -> MutexGuard<'_, HashMap<Identifier, Kind>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Logs how many lines were left out.
pub fn report(left_out: &[LeftOut]) {
    for LeftOut { metadata, lines } in left_out {
        tracing::warn!(
            lines,
            level = %metadata.level(),
            at = format_args!("{}:{}", metadata.target(), metadata.line().unwrap_or(0)),
            "more lines of one kind were left out"
        );
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "tests pass an instant of their own"
    )]

    use tracing::Callsite;
    use tracing::callsite::DefaultCallsite;
    use tracing::field::FieldSet;
    use tracing::metadata::Kind as Sort;

    use super::*;

    macro_rules! kind {
        ($level:expr) => {{
            static CALLSITE: DefaultCallsite = {
                static METADATA: Metadata<'static> = Metadata::new(
                    "event",
                    "server::test",
                    $level,
                    None,
                    Some(1),
                    None,
                    FieldSet::new(&[], Identifier(&CALLSITE)),
                    Sort::EVENT,
                );
                DefaultCallsite::new(&METADATA)
            };
            CALLSITE.metadata()
        }};
    }

    #[test]
    fn lines_of_a_kind_are_limited_per_minute_and_the_rest_is_counted() {
        let sample = Sample::default();
        let (common, rare) = (kind!(Level::WARN), kind!(Level::WARN));
        let began = Instant::now();
        let written = (0..1000).filter(|_| sample.admits(common, began)).count();
        assert_eq!(written, 60);
        assert_eq!(sample.left_out(), 940);
        assert!(sample.admits(rare, began), "another kind is not concerned");

        assert!(sample.take_expired(began + WINDOW / 2).is_empty());
        let over = sample.take_expired(began + WINDOW);
        assert_eq!(over.len(), 1);
        assert_eq!(over[0].lines, 940);
        assert!(sample.admits(common, began + WINDOW));
        assert!(sample.take_all().is_empty(), "once");
    }

    #[test]
    fn lines_below_info_are_all_written() {
        let sample = Sample::default();
        let debug = kind!(Level::DEBUG);
        let now = Instant::now();
        assert!((0..1000).all(|_| sample.admits(debug, now)));
    }
}
