//! Instants as they travel to the browser.

use serde::{Deserialize, Serialize};

/// An instant, with its text in the account's zone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Moment {
    /// UTC epoch milliseconds.
    pub at: i64,
    /// RFC 3339 in UTC with milliseconds, exactly `at`.
    pub rfc3339: String,
    /// For people: "Thu 26 Nov 2026, 23:59 PST".
    pub text: String,
    /// For `<input type="datetime-local">`: "2026-11-26T23:59".
    pub local: String,
}
