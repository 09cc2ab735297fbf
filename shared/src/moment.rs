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

/// Keeps the time of day and its zone, with which a text about an instant ends, in one line.
pub fn unbroken(text: &str) -> String {
    match text.rsplit_once(", ") {
        Some((day, time)) => [day, ", ", &time.replace(' ', "\u{a0}")].concat(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_and_its_zone_stay_together() {
        assert_eq!(
            unbroken("Thu, Feb 25, 2027, 9:00 PM UTC"),
            "Thu, Feb 25, 2027, 9:00\u{a0}PM\u{a0}UTC"
        );
        assert_eq!(unbroken("26 Nov 2026"), "26 Nov 2026");
    }
}
