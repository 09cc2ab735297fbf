//! The expiration in every time zone: what a local date or minute means where clocks change. A key that
//! ends an hour early takes an integration down; requirement D8.

use std::sync::LazyLock;

use chrono::{
    DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone,
};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;
use shared::DAY_MS;
use shared::expiry::Expiry;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A change of a zone's offset: at `at`, from `before` to `after`, all in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Transition {
    zone: Tz,
    at: i64,
    before: i64,
    after: i64,
}

/// The changes of every zone from 1970 to 2045, found by halving the steps in which the offset differs.
static TRANSITIONS: LazyLock<Vec<Transition>> = LazyLock::new(|| {
    let step = 8 * DAY_MS;
    let mut found = Vec::new();
    for zone in TZ_VARIANTS {
        let mut before = offset(zone, 0);
        for from in (0..75 * 365 * DAY_MS).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
            let (mut low, mut high) = (from, from + step);
            let after = offset(zone, high);
            if after == before {
                continue;
            }
            while high - low > 1 {
                let middle = i64::midpoint(low, high);
                if offset(zone, middle) == before {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            found.push(Transition {
                zone,
                at: high,
                before,
                after,
            });
            before = after;
        }
    }
    found
});

fn local_at(zone: Tz, at: i64) -> DateTime<Tz> {
    DateTime::from_timestamp_millis(at)
        .expect("an instant within the calendar")
        .with_timezone(&zone)
}

fn offset(zone: Tz, at: i64) -> i64 {
    i64::from(local_at(zone, at).offset().fix().local_minus_utc()) * 1000
}

fn local_date(zone: Tz, at: i64) -> NaiveDate {
    local_at(zone, at).date_naive()
}

fn naive(local_ms: i64) -> NaiveDateTime {
    DateTime::from_timestamp_millis(local_ms)
        .expect("a time within the calendar")
        .naive_utc()
}

fn resolve(expiry: Expiry, zone: Tz) -> i64 {
    expiry
        .resolve(0, &zone)
        .expect("a time before the year 9999")
        .expect("an instant")
}

fn minute(zone: Tz, local: NaiveDateTime) -> i64 {
    resolve(Expiry::Local(local), zone)
}

fn end_of(zone: Tz, date: NaiveDate) -> i64 {
    resolve(Expiry::EndOf(date), zone)
}

/// Reads "2026-11-26T23:59" in a zone and gives the instant as RFC 3339 in UTC.
fn utc(zone: Tz, text: &str) -> String {
    let at = resolve(text.parse().expect("a text of the grammar"), zone);
    local_at(Tz::UTC, at)
        .format("%Y-%m-%dT%H:%M:%S%.3f")
        .to_string()
}

/// Clocks that change at midnight, across it, and by a whole day; each as its government announced it.
#[test]
fn known_days_end_where_they_should() {
    for (zone, text, instant) in [
        // An ordinary day on either side of Greenwich.
        (
            Tz::America__Los_Angeles,
            "2026-11-26",
            "2026-11-27T07:59:59.999",
        ),
        (Tz::Asia__Kathmandu, "2026-11-26", "2026-11-26T18:14:59.999"),
        // 00:00 to 01:00: the day before ends as usual, and midnight itself is in the gap.
        (Tz::America__Havana, "2027-03-13", "2027-03-14T04:59:59.999"),
        (
            Tz::America__Havana,
            "2027-03-14T00:30",
            "2027-03-14T05:30:00.000",
        ),
        (Tz::Africa__Cairo, "2026-04-23", "2026-04-23T21:59:59.999"),
        // 24:00 back to 23:00: the last hour of the day comes twice and counts twice.
        (Tz::Africa__Cairo, "2026-10-29", "2026-10-29T21:59:59.999"),
        (
            Tz::Africa__Cairo,
            "2026-10-29T23:30",
            "2026-10-29T21:30:00.000",
        ),
        // 23:00 to 00:00: the day has no last hour.
        (Tz::America__Nuuk, "2027-03-27", "2027-03-28T00:59:59.999"),
        (
            Tz::America__Nuuk,
            "2027-03-27T23:30",
            "2027-03-28T01:30:00.000",
        ),
        // Half an hour only.
        (
            Tz::Australia__Lord_Howe,
            "2026-10-04T02:15",
            "2026-10-03T15:45:00.000",
        ),
        (
            Tz::Australia__Lord_Howe,
            "2026-04-05T01:45",
            "2026-04-04T15:15:00.000",
        ),
        // A minute past midnight, back to the evening before.
        (
            Tz::America__St_Johns,
            "2010-11-06",
            "2010-11-07T03:29:59.999",
        ),
        // Samoa left out 30 December 2011 and crossed the date line.
        (Tz::Pacific__Apia, "2011-12-29", "2011-12-30T09:59:59.999"),
        (Tz::Pacific__Apia, "2011-12-30", "2011-12-31T09:59:59.999"),
        (Tz::Pacific__Apia, "2011-12-31", "2011-12-31T09:59:59.999"),
        (
            Tz::Pacific__Apia,
            "2011-12-30T12:00",
            "2011-12-30T22:00:00.000",
        ),
    ] {
        assert_eq!(utc(zone, text), instant, "{text} in {zone}");
    }
}

/// The scan is worth something: it sees the zones that change and the oddest of the changes.
#[test]
fn the_changes_of_all_zones_are_found() {
    assert!(TZ_VARIANTS.len() > 500);
    assert!(TRANSITIONS.len() > 15_000, "{}", TRANSITIONS.len());
    assert!(
        TRANSITIONS
            .iter()
            .any(|change| change.after - change.before == DAY_MS)
    );
    assert!(
        TRANSITIONS
            .iter()
            .any(|change| change.after - change.before == HOUR / 2)
    );
    assert!(
        TRANSITIONS
            .iter()
            .any(|change| local_at(change.zone, change.at).year() == 2044)
    );
}

/// Around every change, a local time means the later of the instants that it could name.
#[test]
fn folds_and_gaps_mean_the_later_instant() {
    for &Transition {
        zone,
        at,
        before,
        after,
    } in TRANSITIONS.iter()
    {
        let (first, last) = (at + before.min(after), at + before.max(after));
        let middle = i64::midpoint(first, last);
        for local in [first - MINUTE, first, middle, last - 1, last, last + MINUTE] {
            let readings = [local - before, local - after];
            let real = readings
                .into_iter()
                .filter(|&instant| local_at(zone, instant).naive_local() == naive(local));
            // In a gap neither reading is real, and the later one is meant all the same.
            let expected = real.max().unwrap_or(readings[0].max(readings[1]));
            assert_eq!(
                minute(zone, naive(local)),
                expected,
                "{} in {zone}",
                naive(local)
            );
        }
    }
}

/// Around every change, a day ends with the last millisecond whose local date is that day.
#[test]
fn a_day_ends_with_its_last_millisecond() {
    let mut left_out = 0;
    for &Transition { zone, at, .. } in TRANSITIONS.iter() {
        for date in local_date(zone, at - 1)
            .iter_days()
            .take_while(|&date| date <= local_date(zone, at))
        {
            let end = end_of(zone, date);
            if local_date(zone, end) == date {
                for later in [1, MINUTE, HOUR / 2 + 1, HOUR, 3 * HOUR, DAY_MS] {
                    assert!(
                        local_date(zone, end + later) > date,
                        "{date} in {zone}, {later} ms later"
                    );
                }
            } else {
                // Only a day that never was may end on another day, and then with that one.
                left_out += 1;
                assert!(
                    local_date(zone, at - 1) < date && date < local_date(zone, at),
                    "{date} in {zone}"
                );
                assert_eq!(
                    end,
                    end_of(zone, date.succ_opt().expect("a date of the calendar")),
                    "{date} in {zone}"
                );
            }
        }
    }
    // Kwajalein, Kiribati, Samoa and Tokelau, some under two names.
    assert!((4..12).contains(&left_out), "{left_out}");
}

fn zones() -> impl Strategy<Value = Tz> {
    proptest::sample::select(TZ_VARIANTS.as_slice())
}

/// Minutes from 1890, when clocks still followed the sun, to 2110.
fn minutes() -> impl Strategy<Value = NaiveDateTime> {
    (-42_000_000..73_000_000_i64).prop_map(|minute| naive(minute * MINUTE))
}

fn is_real(zone: Tz, local: NaiveDateTime) -> bool {
    local_at(zone, minute(zone, local)).naive_local() == local
}

proptest! {
    #![proptest_config(crate::seeded::cases(4000))]

    /// The page shows the minute that was chosen, unless clocks skipped it; then it shows a later one.
    #[test]
    fn a_minute_reads_back_as_chosen(zone in zones(), local in minutes()) {
        let shown = local_at(zone, minute(zone, local)).naive_local();
        prop_assert!(shown >= local);
        prop_assert!(shown == local || zone.from_local_datetime(&local).latest().is_none());
    }

    /// No later instant shows the same minute.
    #[test]
    fn a_minute_is_its_last_occurrence(zone in zones(), local in minutes(), later in 1..1500_i64) {
        let at = minute(zone, local) + later * MINUTE;
        prop_assert_ne!(local_at(zone, at).naive_local(), local);
    }

    /// A later choice never ends a key earlier, except that a skipped time stands for one after the gap.
    #[test]
    fn later_minutes_are_later_instants(zone in zones(), local in minutes(), wait in 0..3000_i64) {
        let then = local + TimeDelta::minutes(wait);
        prop_assert!(minute(zone, local) <= minute(zone, then) || !is_real(zone, local));
    }

    /// Dates have no such exception.
    #[test]
    fn later_days_end_later(zone in zones(), local in minutes()) {
        let (date, next) = (local.date(), local.date() + TimeDelta::days(1));
        prop_assert!(end_of(zone, date) <= end_of(zone, next));
    }

    /// "The end of that day" is never before a minute of that day that exists.
    #[test]
    fn a_day_ends_after_all_its_minutes(zone in zones(), local in minutes()) {
        prop_assert!(minute(zone, local) <= end_of(zone, local.date()) || !is_real(zone, local));
        let last = local.date().and_time(NaiveTime::MIN) + TimeDelta::minutes(24 * 60 - 1);
        prop_assert!(!is_real(zone, last) || minute(zone, last) + MINUTE - 1 == end_of(zone, local.date()));
    }
}
