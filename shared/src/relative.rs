//! How far away an instant is, in words.

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// "in 3 days", "12 minutes ago": the distance of `at` from `now`, both UTC epoch milliseconds. Within
/// the last hour before `at` it counts seconds, so that it can tick.
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

/// `length` is positive. Hours and minutes are cut, days and years rounded: "in 90 days" a second after
/// a choice of 90 days, and never an hour more than there is on the last day.
fn span(length: i64, seconds: bool) -> String {
    match length {
        _ if length < MINUTE && seconds => count((length + SECOND - 1) / SECOND, "second"),
        _ if length < HOUR && seconds => {
            format!("{} min {} s", length / MINUTE, length % MINUTE / SECOND)
        }
        _ if length < HOUR => count(length / MINUTE, "minute"),
        _ if length < 2 * DAY => count(length / HOUR, "hour"),
        _ if length < 730 * DAY => count((length + DAY / 2) / DAY, "day"),
        _ => count((length + 182 * DAY) / (365 * DAY), "year"),
    }
}

fn count(number: i64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}
