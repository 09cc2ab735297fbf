//! Errors of an attempt to send a mail, and its progress.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use super::letter::{at_most, one_line};
use crate::time::boot_time::BootTime;

/// Maximum characters kept of a mail server's response.
const RESPONSE_MAX_CHARS: usize = 500;
/// The reason of an attempt that was given up before its last step.
pub(super) const LEASE_OVER: &str =
    "the lease of this email could not be extended in time, so this attempt ended early";
/// The rest of a lease, in milliseconds, that an attempt needs at its last step: for the mail server's answer, for
/// storing it, and for clocks that differ.
const MARGIN_MS: i64 = 30_000;

/// The reason why a mail was not sent, from the mail server's response: one line, at most 500 characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SendError {
    /// A later attempt may succeed.
    Temporary(String),
    /// No attempt will: the mail itself is rejected.
    Permanent(String),
    /// The whole mail was sent and no response came: it may have been delivered.
    Unknown(String),
}

/// The progress of an attempt, known even if the attempt is cancelled, and the time that it has left.
#[derive(Debug)]
pub struct Progress {
    /// The mail server may have the mail.
    unknown: AtomicBool,
    /// The end of the lease, [`BootTime`].
    held_until: AtomicI64,
}

/// An attempt with a lease that does not end.
impl Default for Progress {
    fn default() -> Self {
        Self {
            unknown: AtomicBool::new(false),
            held_until: AtomicI64::new(BootTime::NEVER.0),
        }
    }
}

impl Progress {
    /// Sets the end of the lease, after which another node may send the mail.
    pub(crate) fn hold_until(&self, end: BootTime) {
        self.held_until.store(end.0, Ordering::Relaxed);
    }

    /// Returns whether the lease lasts long enough to end the attempt with it.
    pub(super) fn is_held(&self) -> bool {
        let end = BootTime(self.held_until.load(Ordering::Relaxed));
        end == BootTime::NEVER || BootTime::now().plus_ms(MARGIN_MS) < end
    }

    /// Records that from now on the mail server may have the mail, if the lease lasts long enough; else returns false.
    pub(super) fn ending(&self) -> bool {
        let held = self.is_held();
        self.unknown.store(held, Ordering::Relaxed);
        held
    }

    /// Records that the mail server has reported the outcome.
    pub(super) fn answered(&self) {
        self.unknown.store(false, Ordering::Relaxed);
    }

    /// Records that the mail server has the mail, which is not stored yet.
    pub(crate) fn accepted(&self) {
        self.unknown.store(true, Ordering::Relaxed);
    }

    /// Returns whether the mail may have been delivered without the database recording it.
    pub(crate) fn is_unknown(&self) -> bool {
        self.unknown.load(Ordering::Relaxed)
    }

    /// Returns the error of an attempt that ended here.
    pub(crate) fn error(&self, reason: &str) -> SendError {
        if self.is_unknown() {
            SendError::Unknown(response_line(&format!(
                "{reason}; the email may have been delivered"
            )))
        } else {
            SendError::temporary(reason)
        }
    }
}

impl SendError {
    /// The error of an attempt whose lease ends before it could.
    pub(super) fn lease_over() -> Self {
        Self::temporary(LEASE_OVER)
    }

    pub fn response(&self) -> &str {
        match self {
            Self::Temporary(response) | Self::Permanent(response) | Self::Unknown(response) => {
                response
            }
        }
    }

    pub(crate) fn temporary(reason: &str) -> Self {
        Self::Temporary(response_line(reason))
    }

    pub(crate) fn permanent(reason: &str) -> Self {
        Self::Permanent(response_line(reason))
    }
}

/// Returns the response of a mail server, fit for a row, a page and a log.
pub(super) fn response_line(response: &str) -> String {
    at_most(RESPONSE_MAX_CHARS, &one_line(response))
}
