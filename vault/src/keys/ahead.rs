//! The expirations of the next twelve months: how many keys expire in each week, and the days on which many do.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate};
use shared::DAY_MS;
use shared::dates::Writing;
use shared::view::overview::{Ahead, Heap, Month, Week};

use crate::accounts::account::Account;
use crate::error::Result;
use crate::time::format::{day, day_of_year, local_date};
use crate::time::zones::Zone;
use crate::vault::Vault;

/// A year and the rest of its last week.
const WEEKS: u64 = 53;

/// From this number of keys on, a day is a heap.
const HEAP: i64 = 5;

/// The most heaps that the Dashboard names.
const HEAPS: usize = 3;

/// Keys are counted by quarters of an hour: no zone's days begin between two of them, so each quarter is within one day.
const QUARTER_MS: i64 = 15 * 60 * 1000;

impl Vault {
    /// Returns the expirations of the next twelve months.
    pub(super) async fn ahead(&self, account: &Account, now: i64) -> Result<Ahead> {
        let quarters: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT expires_at / 900000 AS quarter, COUNT(*) FROM api_keys
             WHERE account_id = $1 AND expires_at > $2 AND expires_at <= $3 GROUP BY expires_at / 900000",
        )
        .bind(&account.id)
        .bind(now)
        // The last day may be in another offset.
        .bind(now + (i64::try_from(7 * WEEKS).unwrap_or_default() + 2) * DAY_MS)
        .fetch_all(&self.readers())
        .await?;
        Ok(ahead(&quarters, now, account.time_zone))
    }
}

/// Counts the keys of each quarter of an hour, given by its number since the epoch, by weeks and by days.
fn ahead(quarters: &[(i64, i64)], now: i64, zone: Zone) -> Ahead {
    let (today, writing) = (local_date(now, zone), zone.writing());
    let mut by_day: BTreeMap<NaiveDate, i64> = BTreeMap::new();
    for (quarter, keys) in quarters {
        let date = local_date(quarter.saturating_mul(QUARTER_MS), zone);
        *by_day.entry(date.max(today)).or_default() += keys;
    }
    let weeks = (0..WEEKS).map(|week| {
        let first = today + Days::new(7 * week);
        let last = first + Days::new(6);
        Week {
            days: format!(
                "{} – {}",
                day_of_year(first, writing),
                day_of_year(last, writing)
            ),
            keys: by_day.range(first..=last).map(|(_, keys)| keys).sum(),
        }
    });
    let months = today
        .iter_days()
        .take(usize::try_from(7 * WEEKS).unwrap_or_default())
        .filter(|date| date.day() == 1)
        .map(|date| Month {
            at: place(today, date),
            name: date.format("%b").to_string(),
        });
    Ahead {
        weeks: weeks.collect(),
        months: months.collect(),
        heaps: heaps(&by_day, today, writing),
    }
}

/// Returns the largest heaps that leave a day before them to move keys to.
fn heaps(by_day: &BTreeMap<NaiveDate, i64>, today: NaiveDate, writing: Writing) -> Vec<Heap> {
    let (from, end) = (today + Days::new(2), today + Days::new(7 * WEEKS));
    let mut days: Vec<(NaiveDate, i64)> = by_day
        .range(from..end)
        .map(|(date, keys)| (*date, *keys))
        .filter(|(_, keys)| *keys >= HEAP)
        .collect();
    days.sort_by_key(|(date, keys)| (-keys, *date));
    days.truncate(HEAPS);
    days.sort_unstable();
    days.into_iter()
        .map(|(date, keys)| Heap {
            day: date.to_string(),
            text: day(date, writing),
            keys,
            week: place(today, date) / 7,
        })
        .collect()
}

/// Returns the number of days from one date to another.
fn place(from: NaiveDate, to: NaiveDate) -> i64 {
    to.signed_duration_since(from).num_days()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_support::{DAY, HOUR, NOON};

    fn quarter(at: i64) -> i64 {
        at / QUARTER_MS
    }

    #[test]
    fn weeks_begin_today_and_months_have_their_places() {
        let end_of_day = NOON + 12 * HOUR - 1;
        let keys = [
            (quarter(end_of_day + 6 * DAY), 1),
            (quarter(end_of_day + 7 * DAY), 2),
        ];
        let ahead = ahead(&keys, NOON, Zone::utc());
        assert_eq!(ahead.weeks.len(), 53);
        let first: Vec<_> = ahead.weeks[..3]
            .iter()
            .map(|week| (week.days.as_str(), week.keys))
            .collect();
        assert_eq!(
            first,
            [
                ("23 Nov – 29 Nov", 1),
                ("30 Nov – 6 Dec", 2),
                ("7 Dec – 13 Dec", 0)
            ]
        );
        let months: Vec<_> = ahead
            .months
            .iter()
            .map(|month| (month.at, month.name.as_str()))
            .collect();
        assert_eq!(months[..2], [(8, "Dec"), (39, "Jan")]);
        assert_eq!(months.len(), 12);
        assert_eq!(ahead.heaps, []);
    }

    /// A day is the account's: 17 keys at the end of 1 May in Kathmandu, which is 18:15 in UTC.
    #[test]
    fn a_heap_is_a_day_of_the_account() {
        let kathmandu = Zone::stored("Asia/Kathmandu");
        let end: shared::expiry::Expiry = "2027-05-01"
            .parse()
            .unwrap_or(shared::expiry::Expiry::Never);
        let end = end
            .resolve(NOON, &kathmandu)
            .ok()
            .flatten()
            .unwrap_or_default();
        let keys = [
            (quarter(end), 17),
            (quarter(end) + 1, 4),
            (quarter(end) - 4, 1),
        ];
        let ahead = ahead(&keys, NOON, kathmandu);
        let [heap] = &ahead.heaps[..] else {
            panic!("{:?}", ahead.heaps);
        };
        assert_eq!(
            (heap.day.as_str(), heap.text.as_str(), heap.keys),
            ("2027-05-01", "Sat 1 May 2027", 18)
        );
        let week = usize::try_from(heap.week).unwrap_or(usize::MAX);
        assert_eq!(ahead.weeks[week].keys, 22);
        assert_eq!(ahead.weeks[week].days, "26 Apr – 2 May");
    }

    /// Tomorrow leaves no day before it.
    #[test]
    fn the_largest_heaps_with_room_before_them_are_named() {
        let keys = [(1, 9), (2, 5), (10, 6), (20, 4), (30, 7), (40, 5)];
        let keys = keys.map(|(days, keys)| (quarter(NOON + days * DAY), keys));
        let ahead = ahead(&keys, NOON, Zone::utc());
        let heaps: Vec<_> = ahead
            .heaps
            .iter()
            .map(|heap| (heap.keys, heap.text.as_str()))
            .collect();
        assert_eq!(
            heaps,
            [
                (5, "Wed 25 Nov 2026"),
                (6, "Thu 3 Dec 2026"),
                (7, "Wed 23 Dec 2026")
            ]
        );
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(200))]

        /// No key of the next twelve months is lost, in any zone.
        #[test]
        fn every_key_of_a_year_is_in_its_week(
            days in prop::collection::vec((0..365_i64, 1..20_i64), 0..30),
            zone in prop::sample::select(vec!["UTC", "Asia/Kathmandu", "America/Los_Angeles", "Pacific/Kiritimati"]),
        ) {
            let keys: Vec<_> = days.iter().map(|(day, keys)| (quarter(NOON + 1 + day * DAY), *keys)).collect();
            let ahead = ahead(&keys, NOON, Zone::stored(zone));
            let expected: i64 = keys.iter().map(|(_, keys)| keys).sum();
            prop_assert_eq!(ahead.weeks.iter().map(|week| week.keys).sum::<i64>(), expected);
            for heap in &ahead.heaps {
                let week = usize::try_from(heap.week).unwrap_or(usize::MAX);
                prop_assert!(ahead.weeks[week].keys >= heap.keys);
            }
        }
    }
}
