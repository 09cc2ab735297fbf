//! The usage of keys, as pages and mails show it: calls per day, callers, and callers that still use an expired key.
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

/// The calls of one day in the account's zone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DayCalls {
    /// "Mon 23 Nov".
    pub day: String,
    pub accepted: i64,
    /// Because the key had expired.
    pub refused: i64,
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

    proptest! {
        #![proptest_config(crate::seeded::cases(1000))]

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
