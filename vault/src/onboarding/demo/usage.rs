//! Use of the demo keys: a month of calls, and programs that did not notice an expiration.

use std::collections::BTreeMap;

use shared::{DAY_MS, HOUR_MS};
use sqlx::AnyConnection;

use crate::accounts::account::Account;
use crate::error::Result;
use crate::keys::create::NewKey;
use crate::state::usage_counts::pending::{Caller, Hour};
use crate::usage::Rows;

const MINUTE_MS: i64 = 60 * 1000;

/// The use of a key: its name, when it was last accepted, and its callers.
type Use = (&'static str, i64, &'static [Place]);

/// A caller: address, user agent, time since its last call, and whether that call was rejected.
type Place = (&'static str, &'static str, i64, bool);

/// Uses of the demo keys; ages are in milliseconds. Keys not listed were never used. The addresses are reserved for
/// documentation.
const USES: [Use; 6] = [
    (
        "billing-cron",
        2 * HOUR_MS + 4 * MINUTE_MS,
        &[
            ("192.0.2.17", "curl/8.5.0", 40_000, true),
            (
                "2001:db8::2:17",
                "billing-cron/2.4 (+https://example.com/batch)",
                3 * MINUTE_MS,
                true,
            ),
            (
                "198.51.100.23",
                "python-requests/2.32.3",
                11 * MINUTE_MS,
                true,
            ),
            ("192.0.2.16", "curl/7.88.1", 19 * DAY_MS, false),
        ],
    ),
    (
        "staging",
        3 * MINUTE_MS,
        &[
            ("203.0.113.80", "Go-http-client/2.0", 3 * MINUTE_MS, false),
            ("203.0.113.81", "PostmanRuntime/7.43.0", 5 * HOUR_MS, false),
        ],
    ),
    (
        "mobile-app-v3",
        9_000,
        &[
            (
                "2001:db8:40::9a1",
                "Acme/3.8.1 CFNetwork/1568.200.51 Darwin/24.1.0",
                9_000,
                false,
            ),
            ("198.51.100.204", "okhttp/4.12.0", 21_000, false),
            ("203.0.113.7", "okhttp/4.12.0", 48_000, false),
            ("2001:db8:7::77", "okhttp/4.11.0", 2 * MINUTE_MS, false),
            (
                "198.51.100.9",
                "Acme/3.7.0 CFNetwork/1496.0.7 Darwin/23.5.0",
                4 * MINUTE_MS,
                false,
            ),
        ],
    ),
    (
        "partner-acme",
        35 * MINUTE_MS,
        &[(
            "203.0.113.140",
            "Java-http-client/21.0.4",
            35 * MINUTE_MS,
            false,
        )],
    ),
    (
        "warehouse-sync",
        2 * MINUTE_MS,
        &[
            ("192.0.2.31", "axios/1.7.9", 2 * MINUTE_MS, false),
            ("192.0.2.32", "axios/1.7.9", 7 * MINUTE_MS, false),
        ],
    ),
    (
        "legacy-importer",
        36 * DAY_MS,
        &[("192.0.2.5", "Wget/1.21.3", 36 * DAY_MS, false)],
    ),
];

/// Returns the accepted and rejected calls of a key in an hour, counted from the epoch. `ago` is in hours.
fn calls(name: &str, hour: i64, ago: i64) -> (i64, i64) {
    let of_day = hour.rem_euclid(24);
    // The first day of the epoch was a Thursday.
    let weekend = (hour.div_euclid(24) + 4).rem_euclid(7) % 6 == 0;
    // Pseudorandom variation, the same on every run.
    let chance = (hour.wrapping_mul(2_654_435_761) >> 7).rem_euclid(32);
    match name {
        // A nightly run, and the retries since the key expired.
        "billing-cron" if ago < 2 => (0, 14 + chance / 4),
        "billing-cron" if of_day == 2 => (240 + chance * 3, 0),
        "billing-cron" => (2, 0),
        "staging" if weekend || !(7..19).contains(&of_day) => (0, 0),
        "staging" => (4 + chance / 2, 0),
        "mobile-app-v3" => (20 + 3 * (12 - (of_day - 14).abs()) + chance / 2, 0),
        // Expired manually for a day.
        "partner-acme" if (19 * 24..20 * 24).contains(&ago) => (0, 3 + chance / 8),
        "partner-acme" if weekend => (0, 0),
        "partner-acme" => (2 + chance / 4, 0),
        "warehouse-sync" if ago < 8 * 24 => (12, 0),
        _ => (0, 0),
    }
}

/// Returns the accepted and rejected calls of a key in an hour: the usual ones, and at least those that its last use and
/// its callers tell of.
fn calls_of((name, last_use, callers): Use, hour: i64, now: i64) -> (i64, i64) {
    let (accepted, rejected) = calls(name, hour, now.div_euclid(HOUR_MS) - hour);
    let is_now = |age: i64| (now - age).div_euclid(HOUR_MS) == hour;
    let seen = |refused: bool| {
        let callers = callers
            .iter()
            .filter(|(_, _, age, rejected)| *rejected == refused && is_now(*age));
        i64::try_from(callers.count()).unwrap_or_default()
    };
    (
        accepted.max(seen(false)).max(i64::from(is_now(last_use))),
        rejected.max(seen(true)),
    )
}

/// Records how the keys were used.
pub async fn fill(
    connection: &mut AnyConnection,
    account: &Account,
    keys: &[NewKey],
    now: i64,
) -> Result<()> {
    let used: Vec<(String, Use)> = USES
        .into_iter()
        .filter_map(|used| {
            let key = keys.iter().find(|key| key.name == used.0)?;
            Some((key.access_key.to_string(), used))
        })
        .collect();
    let callers: Vec<(&str, Caller)> = used
        .iter()
        .flat_map(|(key, (_, _, callers))| {
            callers.iter().map(move |(address, agent, age, rejected)| {
                let seen_at = now - age;
                let caller = Caller {
                    address: address.parse().ok(),
                    agent: agent.as_bytes().into(),
                    seen_at,
                    rejected_at: rejected.then_some(seen_at),
                };
                (key.as_str(), caller)
            })
        })
        .collect();
    let mut rows = Rows {
        callers: callers.iter().map(|(key, caller)| (*key, caller)).collect(),
        ..Rows::default()
    };
    let mut of_account: BTreeMap<i64, Hour> = BTreeMap::new();
    for (key, one) in &used {
        let (_, last_use, _) = one;
        rows.last_uses.push((key, now - last_use));
        for ago in (0..30 * 24).rev() {
            let number = now.div_euclid(HOUR_MS) - ago;
            let (accepted, rejected) = calls_of(*one, number, now);
            if accepted + rejected > 0 {
                let hour = Hour {
                    number,
                    accepted,
                    rejected,
                };
                rows.key_hours.push((key, hour));
                // A statement must not name a row twice.
                of_account
                    .entry(number)
                    .and_modify(|sum| {
                        sum.accepted += accepted;
                        sum.rejected += rejected;
                    })
                    .or_insert(hour);
            }
        }
    }
    rows.account_hours = of_account
        .into_values()
        .map(|hour| (account.id.as_str(), hour))
        .collect();
    rows.write(connection, now).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At any hour and day, the calls of the last month hold those that the list of callers shows.
    #[test]
    fn the_calls_agree_with_the_callers() {
        // Every hour of a week, at its beginning and near its end.
        for hour in 0..7 * 24 {
            for minute in [0, 1, 31, 59] {
                let now = 20_000 * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS;
                for used in USES {
                    let (name, last_use, callers) = used;
                    for (age, rejected) in callers
                        .iter()
                        .map(|(_, _, age, rejected)| (*age, *rejected))
                        .chain([(last_use, false)])
                    {
                        let hour = (now - age).div_euclid(HOUR_MS);
                        let (accepted, refused) = calls_of(used, hour, now);
                        let calls = if rejected { refused } else { accepted };
                        assert!(calls > 0, "{name}, {age} ms before {now}");
                    }
                }
            }
        }
    }
}
