//! Relative times in words: "in 3 days", "12 minutes ago".

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Returns the distance of `at` from `now`, both UTC epoch milliseconds: "in 3 days", "12 minutes ago". Within the last
/// hour before `at` it counts seconds, so that it can tick.
pub fn relative(at: i64, now: i64) -> String {
    let distance = at.saturating_sub(now);
    if distance > 0 {
        format!("in {}", span(distance, true))
    } else if distance > -MINUTE {
        "just now".to_owned()
    } else {
        format!("{} ago", span(distance.saturating_neg(), false))
    }
}

/// As [`relative`], for an event that repeats: the seconds of the last minute count too, "40 s ago".
pub fn ago(at: i64, now: i64) -> String {
    match now.saturating_sub(at) {
        ..SECOND => "just now".to_owned(),
        distance @ SECOND..MINUTE => format!("{} s ago", distance / SECOND),
        _ => relative(at, now),
    }
}

/// Formats a positive length. Hours and minutes are cut, days and years rounded: "in 90 days" a second after a choice
/// of 90 days, and never an hour too many on the last day. Counted seconds are rounded up, so that each shows for one
/// second and the last one before the end is 1.
fn span(length: i64, seconds: bool) -> String {
    let length = if seconds && length < HOUR {
        (length + SECOND - 1) / SECOND * SECOND
    } else {
        length
    };
    match length {
        _ if length < MINUTE && seconds => count(length / SECOND, "second"),
        _ if length < HOUR && seconds => {
            format!("{} min {} s", length / MINUTE, length % MINUTE / SECOND)
        }
        _ if length < HOUR => count(length / MINUTE, "minute"),
        _ if length < 2 * DAY => count(length / HOUR, "hour"),
        _ if length < 730 * DAY => count((length + DAY / 2) / DAY, "day"),
        _ => count(length.saturating_add(182 * DAY) / (365 * DAY), "year"),
    }
}

fn count(number: i64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_795_000_000_000;

    fn ahead(distance: i64) -> String {
        relative(NOW + distance, NOW)
    }

    fn behind(distance: i64) -> String {
        relative(NOW - distance, NOW)
    }

    /// The text counts seconds within the last hour, and shows 1 until the very end.
    #[test]
    fn the_last_hour_counts_seconds() {
        assert_eq!(ahead(1), "in 1 second");
        assert_eq!(ahead(SECOND), "in 1 second");
        assert_eq!(ahead(SECOND + 1), "in 2 seconds");
        assert_eq!(ahead(59 * SECOND), "in 59 seconds");
        assert_eq!(ahead(59 * SECOND + 1), "in 1 min 0 s");
        assert_eq!(ahead(MINUTE), "in 1 min 0 s");
        assert_eq!(ahead(MINUTE + 1), "in 1 min 1 s");
        assert_eq!(ahead(HOUR - SECOND), "in 59 min 59 s");
        assert_eq!(ahead(HOUR - SECOND + 1), "in 1 hour");
    }

    /// Hours are cut, so that the text never promises an hour that is not left.
    #[test]
    fn hours_are_cut() {
        assert_eq!(ahead(HOUR), "in 1 hour");
        assert_eq!(ahead(2 * HOUR - 1), "in 1 hour");
        assert_eq!(ahead(2 * HOUR), "in 2 hours");
        assert_eq!(ahead(2 * DAY - 1), "in 47 hours");
    }

    /// The page shows "in 90 days" right after a choice of 90 days.
    #[test]
    fn days_and_years_are_rounded() {
        assert_eq!(ahead(2 * DAY), "in 2 days");
        assert_eq!(ahead(2 * DAY + DAY / 2 - 1), "in 2 days");
        assert_eq!(ahead(2 * DAY + DAY / 2), "in 3 days");
        assert_eq!(ahead(90 * DAY - 5 * SECOND), "in 90 days");
        assert_eq!(ahead(365 * DAY), "in 365 days");
        assert_eq!(ahead(730 * DAY), "in 2 years");
        assert_eq!(ahead(36_500 * DAY), "in 100 years");
    }

    /// The expiration itself counts as past, and the first minute after it is not counted.
    #[test]
    fn the_past_begins_at_the_instant_itself() {
        assert_eq!(ahead(0), "just now");
        assert_eq!(behind(MINUTE - 1), "just now");
        assert_eq!(behind(MINUTE), "1 minute ago");
        assert_eq!(behind(2 * MINUTE - 1), "1 minute ago");
        assert_eq!(behind(HOUR - 1), "59 minutes ago");
        assert_eq!(behind(HOUR), "1 hour ago");
        assert_eq!(behind(2 * DAY), "2 days ago");
        assert_eq!(behind(800 * DAY), "2 years ago");
    }

    /// A repeated failure is dated to the second; a call newer than the page counts as now.
    #[test]
    fn what_goes_on_is_told_by_the_second() {
        let since = |distance: i64| ago(NOW - distance, NOW);
        assert_eq!(since(-5 * SECOND), "just now");
        assert_eq!(since(SECOND - 1), "just now");
        assert_eq!(since(SECOND), "1 s ago");
        assert_eq!(since(40 * SECOND), "40 s ago");
        assert_eq!(since(MINUTE - 1), "59 s ago");
        assert_eq!(since(MINUTE), "1 minute ago");
        assert_eq!(since(3 * DAY), "3 days ago");
        assert_eq!(ago(i64::MIN, i64::MAX), relative(i64::MIN, i64::MAX));
    }

    /// The most distant instants have a text: a wrong clock must not take a page down.
    #[test]
    fn the_ends_of_time_have_words() {
        assert_eq!(relative(i64::MAX, i64::MIN), "in 292471208 years");
        assert_eq!(relative(i64::MIN, i64::MAX), "292471208 years ago");
    }

    /// Every tick of the countdown shows a different text: none is skipped or lasts two seconds.
    #[test]
    fn the_countdown_changes_once_a_second() {
        for offset in [1, 499, 1000] {
            let words: Vec<_> = (0..3600)
                .map(|second| ahead(second * SECOND + offset))
                .collect();
            assert!(
                words.windows(2).all(|pair| pair[0] != pair[1]),
                "offset {offset}"
            );
        }
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(2000))]

        /// The direction is never wrong, and no pair of instants panics.
        #[test]
        fn the_direction_is_right(at: i64, now: i64) {
            let words = relative(at, now);
            prop_assert_eq!(words.starts_with("in "), at > now);
            prop_assert_eq!(words.ends_with(" ago") || words == "just now", at <= now);
        }

        /// Number and unit agree: no "1 days" and no "2 hour".
        #[test]
        fn the_number_agrees_with_its_unit(distance in -1000 * DAY..1000 * DAY) {
            let words = ahead(distance);
            let mut parts = words.trim_start_matches("in ").split(' ');
            if let (Some(number), Some(unit)) = (parts.next(), parts.next()) && unit != "min" && words != "just now" {
                prop_assert_eq!(number == "1", !unit.ends_with('s'), "{}", words);
            }
        }
    }
}
