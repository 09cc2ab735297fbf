//! Health of writes: the fault for `/readyz` and the metrics, a count, and a line in the log each minute while they
//! fail, however many changes are rejected.

#![expect(clippy::disallowed_methods, reason = "the log gets one line a minute")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::state::readiness::{Cause, Readiness};

/// The time between two log lines.
const LINE_EVERY: Duration = Duration::from_mins(1);

pub struct Health {
    readiness: Arc<Readiness>,
    failures: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The current failure.
    present: Option<Present>,
    /// The time of the last log line.
    line: Option<Instant>,
}

struct Present {
    since: Instant,
    /// The count of failures when this one began.
    before: u64,
    reason: String,
    /// Whether the log has a line about it.
    logged: bool,
}

impl Health {
    pub fn new(readiness: Arc<Readiness>) -> Self {
        Self {
            readiness,
            failures: AtomicU64::new(0),
            state: Mutex::default(),
        }
    }

    /// Returns the number of failed writes since the start.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Counts a failure.
    pub fn count(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Records that writes fail. Returns whether they worked until now.
    pub fn failed(&self, reason: &str) -> bool {
        let mut state = self.state();
        let first = state.present.is_none();
        let present = state.present.get_or_insert_with(|| Present {
            since: Instant::now(),
            before: self.failures(),
            reason: String::new(),
            logged: false,
        });
        reason.clone_into(&mut present.reason);
        self.report(reason);
        first
    }

    /// Replaces the reason of the current failure with a more exact one.
    pub fn explain(&self, reason: &str) {
        if let Some(present) = &mut self.state().present {
            reason.clone_into(&mut present.reason);
            self.report(reason);
        }
    }

    /// Counts a change that is refused because of the machine's clock, until that is right again.
    pub fn skewed(&self, sentence: &str) {
        self.count();
        if self.readiness.fail(Cause::Skew, sentence) {
            tracing::error!("changes are refused: {sentence}");
        }
    }

    fn report(&self, reason: &str) {
        let sentence = format!("the database does not accept changes: {reason}");
        self.readiness.fail(Cause::Writes, sentence);
    }

    /// Logs that writes fail, unless the last line is less than a minute old.
    pub fn remind(&self) {
        let mut state = self.state();
        let due = state.line_is_due();
        let failures = self.failures();
        if let Some(present) = state.present.as_mut().filter(|_| due) {
            present.logged = true;
            tracing::error!(
                "the database does not accept changes, {} rejected so far; keys are verified as before: {}",
                failures - present.before,
                present.reason
            );
            state.line = Some(Instant::now());
        }
    }

    /// Clears the fault, unless there were more than `seen` failures. Returns whether no fault is left.
    pub fn recover(&self, seen: u64) -> bool {
        let mut state = self.state();
        if self.failures() != seen {
            return false;
        }
        let due = state.line_is_due();
        let Some(present) = state.present.take() else {
            return true;
        };
        self.readiness.recover(Cause::Writes);
        let refused = seen - present.before;
        let lasted = present.since.elapsed().as_secs();
        if present.logged {
            tracing::info!(
                refused,
                "the database accepts changes again, after {lasted} s"
            );
        } else if due {
            tracing::warn!(
                refused,
                "the database rejected a change and accepts changes again: {}",
                present.reason
            );
            state.line = Some(Instant::now());
        }
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn line_is_due(&self) -> bool {
        self.line.is_none_or(|line| line.elapsed() >= LINE_EVERY)
    }
}
