//! Formats of instants for readers, in the account's zone and in its way to write dates. The zone tables stay on the server.

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use shared::dates::{ClockStyle, DateStyle, Writing};
use shared::moment::Moment;

use crate::time::zones::Zone;

/// Returns chrono's pattern of a date: "26 Feb 2027".
fn date(writing: Writing) -> &'static str {
    match writing.date {
        DateStyle::DayMonthYear => "%-d %b %Y",
        DateStyle::MonthDayYear => "%b %-d, %Y",
        DateStyle::YearMonthDay => "%Y-%m-%d",
    }
}

/// Returns chrono's pattern of a date with its day of the week: "Fri 26 Feb 2027".
fn full_date(writing: Writing) -> &'static str {
    match writing.date {
        DateStyle::DayMonthYear => "%a %-d %b %Y",
        DateStyle::MonthDayYear => "%a, %b %-d, %Y",
        DateStyle::YearMonthDay => "%a %Y-%m-%d",
    }
}

/// Returns chrono's pattern of a time of day: "20:20".
fn time(writing: Writing) -> &'static str {
    match writing.clock {
        ClockStyle::Hours24 => "%H:%M",
        ClockStyle::Hours12 => "%-I:%M %p",
    }
}

/// Returns an instant in the forms that pages need.
pub fn moment(at: i64, zone: Zone) -> Moment {
    let utc = utc(at);
    let local = zone.from_utc_datetime(&utc.naive_utc());
    let writing = zone.writing();
    let text = format!("{}, {} %Z", full_date(writing), time(writing));
    Moment {
        at,
        rfc3339: rfc3339(at),
        text: local.format(&text).to_string(),
        local: local.format("%Y-%m-%dT%H:%M").to_string(),
    }
}

/// Returns an instant within a sentence: "26 Feb 2027, 20:20 UTC".
pub fn in_words(at: i64, zone: Zone) -> String {
    let local = zone.from_utc_datetime(&utc(at).naive_utc());
    let writing = zone.writing();
    let words = format!("{}, {} %Z", date(writing), time(writing));
    local.format(&words).to_string()
}

/// As [`in_words`], but only the day for the last millisecond of one.
pub fn day_in_words(at: i64, zone: Zone) -> String {
    let local = zone.from_utc_datetime(&utc(at).naive_utc());
    if local.format("%H:%M:%S%.3f").to_string() == "23:59:59.999" {
        local.format(date(zone.writing())).to_string()
    } else {
        in_words(at, zone)
    }
}

/// Returns a date for people: "Sat 1 May 2027".
pub fn day(date: NaiveDate, writing: Writing) -> String {
    date.format(full_date(writing)).to_string()
}

/// Returns a date of this year: "1 May".
pub fn day_of_year(date: NaiveDate, writing: Writing) -> String {
    let pattern = match writing.date {
        DateStyle::MonthDayYear => "%b %-d",
        DateStyle::DayMonthYear | DateStyle::YearMonthDay => "%-d %b",
    };
    date.format(pattern).to_string()
}

/// Returns the local time of an instant: "20:20".
pub fn time_of_day(at: i64, zone: Zone) -> String {
    let local = zone.from_utc_datetime(&utc(at).naive_utc());
    local.format(time(zone.writing())).to_string()
}

/// Returns the local date of an instant: "26 Feb 2027".
pub fn date_of(at: i64, zone: Zone) -> String {
    let local = zone.from_utc_datetime(&utc(at).naive_utc());
    local.format(date(zone.writing())).to_string()
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

    #[test]
    fn each_style_writes_the_same_instant() {
        let at = 1_803_589_200_000;
        let words = |date, clock| {
            let zone = Zone::utc().written(Writing { date, clock });
            let local = local_date(at, zone);
            [
                moment(at, zone).text,
                in_words(at, zone),
                day(local, zone.writing()),
                day_of_year(local, zone.writing()),
                time_of_day(at, zone),
                moment(at, zone).local,
            ]
        };
        assert_eq!(
            words(DateStyle::DayMonthYear, ClockStyle::Hours24),
            [
                "Thu 25 Feb 2027, 21:00 UTC",
                "25 Feb 2027, 21:00 UTC",
                "Thu 25 Feb 2027",
                "25 Feb",
                "21:00",
                "2027-02-25T21:00",
            ]
        );
        assert_eq!(
            words(DateStyle::MonthDayYear, ClockStyle::Hours12),
            [
                "Thu, Feb 25, 2027, 9:00 PM UTC",
                "Feb 25, 2027, 9:00 PM UTC",
                "Thu, Feb 25, 2027",
                "Feb 25",
                "9:00 PM",
                "2027-02-25T21:00",
            ]
        );
        assert_eq!(
            words(DateStyle::YearMonthDay, ClockStyle::Hours24),
            [
                "Thu 2027-02-25, 21:00 UTC",
                "2027-02-25, 21:00 UTC",
                "Thu 2027-02-25",
                "25 Feb",
                "21:00",
                "2027-02-25T21:00",
            ]
        );
    }
}
