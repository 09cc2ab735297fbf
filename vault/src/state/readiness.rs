//! Faults that keep the vault from doing all of its work, by cause, for `/readyz`, the metrics and the log. The
//! component that detects a fault reports it here, and clears it once it is gone.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The cause of a fault. Each has at most one fault at a time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Cause {
    /// The process is not serving yet.
    Starting,
    /// The process has been told to stop.
    Stopping,
    /// The database refuses writes.
    Writes,
    /// The database file is no longer the one that was opened.
    File,
    /// The clock jumped ahead or was set back.
    Clock,
    /// The lease of this node is over, so it does not verify.
    Lease,
    /// The machine's clock differs from the database's.
    Skew,
}

impl Cause {
    pub const ALL: [Self; 7] = [
        Self::Starting,
        Self::Stopping,
        Self::Writes,
        Self::File,
        Self::Clock,
        Self::Lease,
        Self::Skew,
    ];

    /// Returns the cause as a metric's label.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::Writes => "writes",
            Self::File => "file",
            Self::Clock => "clock",
            Self::Lease => "lease",
            Self::Skew => "skew",
        }
    }
}

/// The current faults.
#[derive(Debug, Default)]
pub struct Readiness(Mutex<BTreeMap<Cause, String>>);

impl Readiness {
    /// Reports a fault, with a sentence for the operator. Returns whether the cause had no fault before.
    pub fn fail(&self, cause: Cause, sentence: impl Into<String>) -> bool {
        self.faults().insert(cause, sentence.into()).is_none()
    }

    /// Clears a fault. Returns whether there was one.
    pub fn recover(&self, cause: Cause) -> bool {
        self.faults().remove(&cause).is_some()
    }

    /// Returns the sentence of a cause's fault.
    pub fn fault(&self, cause: Cause) -> Option<String> {
        self.faults().get(&cause).cloned()
    }

    /// Returns all current faults, by cause.
    pub fn report(&self) -> Vec<(Cause, String)> {
        let faults = self.faults();
        faults
            .iter()
            .map(|(cause, text)| (*cause, text.clone()))
            .collect()
    }

    fn faults(&self) -> std::sync::MutexGuard<'_, BTreeMap<Cause, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_reported_until_it_is_taken_back() {
        let readiness = Readiness::default();
        assert_eq!(readiness.report(), []);
        assert!(readiness.fail(Cause::Writes, "the disk is full"));
        assert!(!readiness.fail(Cause::Writes, "the disk is still full"));
        assert!(readiness.fail(Cause::Stopping, "told to stop"));
        assert_eq!(
            readiness.report(),
            [
                (Cause::Stopping, "told to stop".to_owned()),
                (Cause::Writes, "the disk is still full".to_owned()),
            ]
        );
        assert!(readiness.recover(Cause::Writes));
        assert!(!readiness.recover(Cause::Writes));
        assert_eq!(readiness.fault(Cause::Writes), None);
    }
}
