//! The arithmetic of staggering: which key gets which of the days.

use chrono::{NaiveDate, TimeZone as _};
use shared::expiry::Expiry;

use crate::time::format::local_date;
use crate::time::zones::Zone;

/// A key and its expirations, UTC epoch milliseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Spread<K> {
    pub key: K,
    pub before: i64,
    /// On `day`, or `before` itself.
    pub after: i64,
    pub day: NaiveDate,
}

/// Spreads keys that expire on `last`, in the order of their expirations, over as many as `days` days that end there. The
/// first of these is not before the day after `now`. Each key keeps its time of day, none expires later than it did or
/// out of order, and the last key of all stays where it is.
pub fn spread<K>(
    keys: Vec<(K, i64)>,
    (last, days): (NaiveDate, u32),
    now: i64,
    zone: Zone,
) -> Vec<Spread<K>> {
    let slots = i64::from(days).min(room(last, now, zone));
    let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
    let mut earliest = i64::MIN;
    let spread = |(place, (key, before)): (i64, (K, i64))| {
        // From the end, so that as few keys as possible are moved far.
        let back = (count - 1 - place) * slots / count;
        let day = u64::try_from(back)
            .ok()
            .and_then(|back| last.checked_sub_days(chrono::Days::new(back)))
            .unwrap_or(last);
        // A time of day that a change of clocks skips or repeats on the other day must not change the order.
        let after = on_day(before, day, last, now, zone)
            .min(before)
            .max(earliest);
        earliest = after;
        Spread {
            key,
            before,
            after,
            day,
        }
    };
    (0..).zip(keys).map(spread).collect()
}

/// Returns the number of days from the day after `now` to `last`; at least one.
pub fn room(last: NaiveDate, now: i64, zone: Zone) -> i64 {
    let tomorrow = local_date(now, zone).succ_opt().unwrap_or(last);
    (last.signed_duration_since(tomorrow).num_days() + 1).max(1)
}

/// Returns the instant with the same time of day on another day.
fn on_day(at: i64, day: NaiveDate, last: NaiveDate, now: i64, zone: Zone) -> i64 {
    if day == last {
        return at;
    }
    let local = chrono::DateTime::from_timestamp_millis(at)
        .map(|utc| zone.from_utc_datetime(&utc.naive_utc()).naive_local());
    local
        .and_then(|local| {
            let moved = Expiry::Local(day.and_time(local.time()));
            moved.resolve(now, &zone).ok().flatten()
        })
        .unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::test_support::{DAY, HOUR, NOON};
    use crate::time::format::moment;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap_or_default()
    }

    fn days(spread: &[Spread<usize>], zone: Zone) -> Vec<String> {
        spread
            .iter()
            .map(|one| moment(one.after, zone).local)
            .collect()
    }

    /// Seven keys at the end of 1 May, over three days.
    #[test]
    fn each_day_gets_its_share_at_the_same_time_of_day() {
        let zone = Zone::stored("Europe/Berlin");
        let end = Expiry::EndOf(date("2027-05-01")).resolve(NOON, &zone);
        let end = end.ok().flatten().unwrap_or_default();
        let keys = (0..7).map(|key| (key, end)).collect();
        let spread = spread(keys, (date("2027-05-01"), 3), NOON, zone);
        assert_eq!(
            days(&spread, zone),
            [
                "2027-04-29T23:59",
                "2027-04-29T23:59",
                "2027-04-30T23:59",
                "2027-04-30T23:59",
                "2027-05-01T23:59",
                "2027-05-01T23:59",
                "2027-05-01T23:59",
            ]
        );
        assert!(spread.iter().all(|one| one.after.rem_euclid(1000) == 999));
    }

    /// With more days than keys, the days between stay empty and the last key stays where it is.
    #[test]
    fn few_keys_are_far_apart() {
        let at = NOON + 30 * DAY;
        let spread = spread(
            (0..3).map(|key| (key, at)).collect(),
            (date("2026-12-23"), 7),
            NOON,
            Zone::utc(),
        );
        assert_eq!(
            days(&spread, Zone::utc()),
            ["2026-12-19T12:00", "2026-12-21T12:00", "2026-12-23T12:00"]
        );
    }

    /// Today is never used, and tomorrow only if nothing earlier than now comes of it.
    #[test]
    fn no_day_is_before_tomorrow() {
        let at = NOON + 2 * DAY;
        let over = |last: &str, at: i64| {
            let keys = (0..4).map(|key| (key, at)).collect();
            days(
                &spread(keys, (date(last), 30), NOON, Zone::utc()),
                Zone::utc(),
            )
        };
        assert_eq!(
            over("2026-11-25", at),
            [
                "2026-11-24T12:00",
                "2026-11-24T12:00",
                "2026-11-25T12:00",
                "2026-11-25T12:00"
            ]
        );
        assert_eq!(over("2026-11-24", at - DAY), ["2026-11-24T12:00"; 4]);
        assert_eq!(over("2026-11-23", NOON + HOUR), ["2026-11-23T13:00"; 4]);
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(500))]

        /// Never later, never before tomorrow, in order, evenly, and on the planned day.
        #[test]
        fn a_spread_keeps_its_promises(
            ahead in 0..400_i64,
            mut times in prop::collection::vec(0..DAY, 1..40),
            days in 1..40_u32,
            zone in prop::sample::select(vec![
                "UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kathmandu", "America/Nuuk", "Australia/Lord_Howe",
            ]),
        ) {
            let zone = Zone::stored(zone);
            let last = local_date(NOON + ahead * DAY, zone);
            // The instants of that day: from noon on, later than now.
            let begin = Expiry::EndOf(last.pred_opt().unwrap_or_default()).resolve(NOON, &zone).ok().flatten();
            let begin = begin.unwrap_or_default() + 1;
            let end = Expiry::EndOf(last).resolve(NOON, &zone).ok().flatten().unwrap_or_default();
            times.sort_unstable();
            let keys: Vec<_> = times.iter().map(|time| ((), (begin + time).clamp(NOON + 1, end.max(NOON + 1)))).collect();
            let spread = spread(keys.clone(), (last, days), NOON, zone);
            let tomorrow = local_date(NOON, zone).succ_opt().unwrap_or_default();
            let slots = i64::from(days).min(ahead).max(1);
            let mut by_day: BTreeMap<NaiveDate, usize> = BTreeMap::new();
            for (one, ((), before)) in spread.iter().zip(&keys) {
                prop_assert_eq!(one.before, *before);
                prop_assert!(one.after <= one.before, "later");
                prop_assert!(one.after == one.before || local_date(one.after, zone) >= tomorrow, "too early");
                prop_assert!(one.day <= last);
                prop_assert!(one.day == last || one.day >= tomorrow);
                prop_assert!(last.signed_duration_since(one.day).num_days() < slots);
                *by_day.entry(one.day).or_default() += 1;
            }
            prop_assert!(spread.windows(2).all(|pair| pair[0].after <= pair[1].after), "order");
            let share = keys.len().div_ceil(usize::try_from(slots).unwrap_or(1));
            prop_assert!(by_day.values().all(|keys| *keys <= share), "{by_day:?} over {slots}");
            let last_key = spread.last().map(|one| one.after == one.before);
            prop_assert_eq!(last_key, Some(true));
        }
    }
}
