//! Formats of instants for readers, in the account's zone. The zone tables stay on the server.

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use shared::moment::Moment;

use crate::time::zones::Zone;

/// Returns an instant in the forms that pages need.
pub fn moment(at: i64, zone: Zone) -> Moment {
    let utc = utc(at);
    let local = zone.from_utc_datetime(&utc.naive_utc());
    Moment {
        at,
        rfc3339: rfc3339(at),
        text: local.format("%a %-d %b %Y, %H:%M %Z").to_string(),
        local: local.format("%Y-%m-%dT%H:%M").to_string(),
    }
}

/// Returns an instant within a sentence: "26 Feb 2027, 20:20 UTC".
pub fn in_words(at: i64, zone: Zone) -> String {
    let local = zone.from_utc_datetime(&utc(at).naive_utc());
    local.format("%-d %b %Y, %H:%M %Z").to_string()
}

/// As [`in_words`], but only the day for the last millisecond of one.
pub fn day_in_words(at: i64, zone: Zone) -> String {
    let local = zone.from_utc_datetime(&utc(at).naive_utc());
    if local.format("%H:%M:%S%.3f").to_string() == "23:59:59.999" {
        local.format("%-d %b %Y").to_string()
    } else {
        in_words(at, zone)
    }
}

/// Returns a date for people: "Sat 1 May 2027".
pub fn day(date: NaiveDate) -> String {
    date.format("%a %-d %b %Y").to_string()
}

/// Returns the date of an instant in a zone.
pub fn local_date(at: i64, zone: Zone) -> NaiveDate {
    zone.from_utc_datetime(&utc(at).naive_utc()).date_naive()
}

/// Returns RFC 3339 in UTC with milliseconds.
pub fn rfc3339(at: i64) -> String {
    utc(at).to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// Converts an instant. One beyond chrono's range is also beyond the expiry grammar; it is shown as the epoch.
fn utc(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_as_the_account_expects() {
        let end_of_day = 1_795_766_399_999;
        let there = moment(end_of_day, Zone::stored("America/Los_Angeles"));
        assert_eq!(there.text, "Thu 26 Nov 2026, 23:59 PST");
        assert_eq!(there.local, "2026-11-26T23:59");
        assert_eq!(there.rfc3339, "2026-11-27T07:59:59.999Z");
        let zone = Zone::stored("America/Los_Angeles");
        assert_eq!(in_words(end_of_day, zone), "26 Nov 2026, 23:59 PST");
        assert_eq!(day_in_words(end_of_day, zone), "26 Nov 2026");
        assert_eq!(day_in_words(end_of_day + 1, zone), "27 Nov 2026, 00:00 PST");
        assert_eq!(
            moment(end_of_day, Zone::stored("Asia/Kathmandu")).text,
            "Fri 27 Nov 2026, 13:44 UTC+05:45"
        );
    }
}
