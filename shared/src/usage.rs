//! The usage of keys, as pages and mails show it: calls per hour or day, callers, and callers that still use an expired key.
//! Only calls with the right secret count.

use serde::{Deserialize, Serialize};

use crate::DAY_MS;
use crate::moment::Moment;

/// Days in the chart of a key's page, today among them.
pub const KEY_DAYS: u32 = 30;

/// Days in the chart of the Dashboard.
pub const OVERVIEW_DAYS: u32 = 14;

/// Callers of a key that are known: the last distinct pairs of address and user agent.
pub const KNOWN_CALLERS: i64 = 5;

/// A caller whose last rejection is longer ago than this has given up, and raises no alarm.
pub const STILL_MS: i64 = 7 * DAY_MS;

/// A span of time up to now whose calls a key's page shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CallRange {
    /// 24 hours, by hour.
    Day,
    /// 7 days, by day, as the longer ones.
    Week,
    Month,
    Quarter,
}

impl CallRange {
    pub const ALL: [Self; 4] = [Self::Day, Self::Week, Self::Month, Self::Quarter];

    /// The name in addresses and forms.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
        }
    }

    /// The label on pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Day => "24 hours",
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Quarter => "90 days",
        }
    }

    /// Parses [`CallRange::slug`]; anything else is the range that the page begins with.
    pub fn from_slug(slug: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|range| range.slug() == slug)
            .unwrap_or(Self::Month)
    }
}

/// The calls of one day in the account's zone, or of one hour.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DayCalls {
    /// "Mon 23 Nov"; the beginning of an hour: "14:00".
    pub day: String,
    pub accepted: i64,
    /// Because the key had expired.
    pub refused: i64,
}

/// The calls of a key in the last [`KEY_DAYS`] days, for a small chart.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Sparkline {
    pub accepted: i64,
    /// Because the key had expired.
    pub refused: i64,
    /// A digit for each day of UTC, oldest first: the share of the key's busiest day in ninths, rounded up, so that 0
    /// means no call and 9 the busiest day. Empty where no chart is shown.
    pub days: String,
}

impl Sparkline {
    /// Returns the chart of days, each with its accepted and refused calls, oldest first.
    pub fn of(days: &[(i64, i64)]) -> Self {
        let calls = |&(accepted, refused): &(i64, i64)| {
            u128::from(accepted.unsigned_abs()) + u128::from(refused.unsigned_abs())
        };
        let busiest = days.iter().map(calls).max().unwrap_or(0).max(1);
        let digit = |day| {
            let ninths = (calls(day) * 9).div_ceil(busiest);
            char::from_digit(u32::try_from(ninths).unwrap_or(9), 10).unwrap_or('9')
        };
        Self {
            accepted: days.iter().map(|day| day.0).sum(),
            refused: days.iter().map(|day| day.1).sum(),
            days: days.iter().map(digit).collect(),
        }
    }
}

/// A caller of a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CallerView {
    /// Empty where unknown.
    pub address: String,
    /// The User-Agent header: any text, and empty if there was none.
    pub agent: String,
    /// The last call.
    pub seen: Moment,
    /// Whether that call was refused because the key had expired.
    pub refused: bool,
}

/// Callers that still use an expired key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Failing {
    /// From 1 to [`KNOWN_CALLERS`].
    pub callers: i64,
    /// The last refusal.
    pub last: Moment,
}

/// "3 callers still fail". Of [`KNOWN_CALLERS`] there may be more, because no further ones are remembered.
pub fn still_fail(callers: i64) -> String {
    match callers {
        1 => "1 caller still fails".to_owned(),
        KNOWN_CALLERS.. => format!("at least {KNOWN_CALLERS} callers still fail"),
        few => format!("{few} callers still fail"),
    }
}

/// Formats a count for people: "1,234,567". Not for negative numbers.
pub fn grouped(count: i64) -> String {
    if count < 1000 {
        count.to_string()
    } else {
        format!("{},{:03}", grouped(count / 1000), count % 1000)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_number_of_failing_callers_agrees_with_its_words() {
        assert_eq!(still_fail(1), "1 caller still fails");
        assert_eq!(still_fail(2), "2 callers still fail");
        assert_eq!(still_fail(4), "4 callers still fail");
        assert_eq!(still_fail(5), "at least 5 callers still fail");
        assert_eq!(still_fail(6), "at least 5 callers still fail");
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (20_034, "20,034"),
            (1_000_007, "1,000,007"),
        ] {
            assert_eq!(grouped(count), text);
        }
    }

    #[test]
    fn a_sparkline_shows_each_day_as_a_share_of_the_busiest() {
        let days = |days: &[(i64, i64)]| Sparkline::of(days).days;
        assert_eq!(days(&[]), "");
        assert_eq!(days(&[(0, 0), (0, 0)]), "00");
        assert_eq!(days(&[(0, 0), (1, 0), (1_000_000, 0)]), "019");
        assert_eq!(days(&[(1, 0), (2, 0), (4, 5), (3, 0)]), "1293");
        assert_eq!(days(&[(i64::MAX - 1, 0), (1, 0)]), "91");
        let sums = Sparkline::of(&[(3, 0), (0, 2), (10, 5)]);
        assert_eq!((sums.accepted, sums.refused), (13, 7));
    }

    #[test]
    fn a_range_has_a_name_in_addresses() {
        assert_eq!(
            CallRange::ALL.map(CallRange::slug),
            ["24h", "7d", "30d", "90d"]
        );
        for range in CallRange::ALL {
            assert_eq!(CallRange::from_slug(range.slug()), range);
        }
        for other in ["", "1y", "24H"] {
            assert_eq!(CallRange::from_slug(other), CallRange::Month, "{other}");
        }
    }

    proptest! {
        #![proptest_config(crate::seeded::cases(1000))]

        /// A sparkline has a digit for each day, 0 exactly for a day without calls, 9 for the busiest, and more for a
        /// day with more calls.
        #[test]
        fn a_sparkline_is_true_to_its_days(
            days in prop::collection::vec((0..=2_i64, 0..1_000_i64, 0..1_000_i64), 0..40),
        ) {
            let days: Vec<(i64, i64)> = days.into_iter().map(|(some, a, r)| (some * a, some / 2 * r)).collect();
            let calls: Vec<i64> = days.iter().map(|(accepted, refused)| accepted + refused).collect();
            let chart = Sparkline::of(&days);
            let digits: Vec<u32> = chart.days.chars().filter_map(|char| char.to_digit(10)).collect();
            prop_assert_eq!(digits.len(), days.len());
            prop_assert_eq!(chart.accepted + chart.refused, calls.iter().sum::<i64>());
            let busiest = calls.iter().copied().max().unwrap_or(0);
            for (&calls_of_day, &digit) in calls.iter().zip(&digits) {
                prop_assert_eq!(digit == 0, calls_of_day == 0);
                prop_assert!(calls_of_day < busiest || busiest == 0 || digit == 9);
                for (&others, &other) in calls.iter().zip(&digits) {
                    prop_assert!(calls_of_day > others || digit <= other);
                }
            }
        }

        /// Grouping adds commas and changes nothing else.
        #[test]
        fn grouping_loses_no_digit(count in 0..=i64::MAX) {
            prop_assert_eq!(grouped(count).replace(',', ""), count.to_string());
        }
    }

    /// The shapes have these names, which pages of an older tab and programs read.
    #[test]
    fn the_shapes_have_these_names() -> Result<(), serde_json::Error> {
        let moment = Moment {
            at: 1,
            rfc3339: "r".to_owned(),
            text: "t".to_owned(),
            local: "l".to_owned(),
        };
        let moment_json = json!({"at": 1, "rfc3339": "r", "text": "t", "local": "l"});
        let day = DayCalls {
            day: "Mon 23 Nov".to_owned(),
            accepted: 3,
            refused: 1,
        };
        let day_json = json!({"day": "Mon 23 Nov", "accepted": 3, "refused": 1});
        assert_eq!(serde_json::to_value(&day)?, day_json);
        assert_eq!(serde_json::from_value::<DayCalls>(day_json)?, day);
        let chart = Sparkline::of(&[(3, 1)]);
        let chart_json = json!({"accepted": 3, "refused": 1, "days": "9"});
        assert_eq!(serde_json::to_value(&chart)?, chart_json);
        assert_eq!(serde_json::from_value::<Sparkline>(chart_json)?, chart);
        let caller = CallerView {
            address: "192.0.2.1".to_owned(),
            agent: "curl/8.5.0".to_owned(),
            seen: moment.clone(),
            refused: true,
        };
        let caller_json = json!({
            "address": "192.0.2.1", "agent": "curl/8.5.0", "seen": moment_json, "refused": true,
        });
        assert_eq!(serde_json::to_value(&caller)?, caller_json);
        assert_eq!(serde_json::from_value::<CallerView>(caller_json)?, caller);
        let failing = Failing {
            callers: 2,
            last: moment,
        };
        assert_eq!(
            serde_json::to_value(&failing)?,
            json!({"callers": 2, "last": moment_json})
        );
        Ok(())
    }
}
