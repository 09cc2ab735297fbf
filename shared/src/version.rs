//! The part of versions that server and browser share: a form carries the version of the state that it was begun on.

use crate::dates::Writing;

const GOOD: &str = "-good";
const EXPIRED: &str = "-expired";

/// A key's version of the digest of its fields, and whether the key is good.
pub fn with_goodness(digest: &str, good: bool) -> String {
    format!("{digest}{}", if good { GOOD } else { EXPIRED })
}

/// Returns the version of the same key once it has expired on its own: the one that a page shows from then on.
pub fn expired(version: &str) -> String {
    with_goodness(
        version.trim_end_matches(GOOD).trim_end_matches(EXPIRED),
        false,
    )
}

/// The version of an account's preferences.
pub fn of_preferences(time_zone: &str, warning_days: i64, writing: Writing) -> String {
    let (date, clock) = (writing.date.slug(), writing.clock.slug());
    format!("{warning_days} {time_zone} {date} {clock}")
}

/// The version of the choice of stages, from their slugs as stored. An empty choice has one too.
pub fn of_stages(stages: &str) -> String {
    format!("stages {stages}")
}

/// The version of the second recipient, or of having none.
pub fn of_recipient(address: Option<&str>) -> String {
    format!("recipient {}", address.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_can_tell_that_a_key_has_expired() {
        let good = with_goodness("ab", true);
        assert_eq!(expired(&good), with_goodness("ab", false));
        assert_eq!(expired(&expired(&good)), expired(&good));
        assert_ne!(expired(&good), good);
    }
}
