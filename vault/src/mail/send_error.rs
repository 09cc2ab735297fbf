//! Errors of an attempt to send a mail, and its progress.

use std::sync::atomic::{AtomicBool, Ordering};

use super::letter::{at_most, one_line};

/// Maximum characters kept of a mail server's response.
const RESPONSE_MAX_CHARS: usize = 500;

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

/// The progress of an attempt, known even if the attempt is cancelled.
#[derive(Debug, Default)]
pub struct Progress(AtomicBool);

impl Progress {
    /// Records that from now on the mail server may have the mail.
    pub(super) fn ending(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Records that the mail server has reported the outcome.
    pub(super) fn answered(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Records that the mail server has the mail, which is not stored yet.
    pub(crate) fn accepted(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Returns whether the mail may have been delivered without the database recording it.
    pub(crate) fn is_unknown(&self) -> bool {
        self.0.load(Ordering::Relaxed)
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
