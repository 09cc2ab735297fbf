//! Queries of the usage of keys, for the pages and the mails.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeZone};
use shared::HOUR_MS;
use shared::usage::{CallerView, DayCalls, Failing, KNOWN_CALLERS, STILL_MS};
use sqlx::FromRow;

use crate::accounts::account::Account;
use crate::error::Result;
use crate::time::format::{day_of_year, moment};
use crate::time::zones::Zone;
use crate::vault::Vault;

/// Two columns of a query over `api_keys k`: how many callers still fail because the key has expired, and when the last
/// of them did, 0 if none does. $2 is [`still`]. A rejection before the current expiration belongs to an earlier one:
/// the key was restored since.
pub const FAILING: &str = "
    (SELECT COUNT(*) FROM callers c
     WHERE c.access_key = k.access_key AND c.refused_at >= k.expires_at AND c.refused_at > $2) AS failing,
    (SELECT COALESCE(MAX(c.refused_at), 0) FROM callers c
     WHERE c.access_key = k.access_key AND c.refused_at >= k.expires_at AND c.refused_at > $2) AS failed_at";

/// Returns the instant up to which rejections do not count as ongoing.
pub fn still(now: i64) -> i64 {
    now - STILL_MS
}

/// The columns of [`FAILING`].
#[derive(FromRow)]
pub struct FailingRow {
    failing: i64,
    failed_at: i64,
}

impl FailingRow {
    /// Returns how many callers still fail.
    pub fn callers(&self) -> i64 {
        self.failing
    }

    /// Returns what pages show of it, if a caller still fails.
    pub fn view(&self, zone: Zone) -> Option<Failing> {
        (self.failing > 0).then(|| Failing {
            callers: self.failing,
            last: moment(self.failed_at, zone),
        })
    }
}

#[derive(FromRow)]
struct CallerRow {
    address: String,
    agent: String,
    seen_at: i64,
    refused_at: Option<i64>,
}

impl Vault {
    /// Returns the calls of each of the last `days` days in the account's zone, oldest first: of one key, or of all
    /// keys that the account has and had.
    pub(crate) async fn calls(
        &self,
        account: &Account,
        access_key: Option<&str>,
        days: u32,
        now: i64,
    ) -> Result<Vec<DayCalls>> {
        let mut sums = Days::until(now, days, account.time_zone);
        // More than enough: a local day can begin 14 hours before that of UTC, and last 25.
        let since = now.div_euclid(HOUR_MS) - 25 * (i64::from(days) + 1);
        let of_key = "SELECT h.hour, h.accepted, h.refused FROM api_keys k
             JOIN key_hours h ON h.access_key = k.access_key
             WHERE k.account_id = $1 AND h.hour >= $2 AND k.access_key = $3";
        let of_all = "SELECT hour, accepted, refused FROM account_hours WHERE account_id = $1 AND hour >= $2";
        let query = sqlx::query_as(if access_key.is_some() { of_key } else { of_all })
            .bind(&account.id)
            .bind(since);
        let query = match access_key {
            Some(access_key) => query.bind(access_key.to_owned()),
            None => query,
        };
        let hours: Vec<(i64, i64, i64)> = query.fetch_all(&self.readers()).await?;
        for (hour, accepted, refused) in hours {
            sums.add(hour, accepted, refused);
        }
        Ok(sums.views())
    }

    /// Returns the last callers of a key, the latest first.
    pub(crate) async fn callers(
        &self,
        account: &Account,
        access_key: &str,
    ) -> Result<Vec<CallerView>> {
        let rows: Vec<CallerRow> = sqlx::query_as(
            "SELECT c.address, c.agent, c.seen_at, c.refused_at FROM callers c
             JOIN api_keys k ON k.access_key = c.access_key
             WHERE k.account_id = $1 AND k.access_key = $2
             ORDER BY c.seen_at DESC, c.address, c.agent LIMIT $3",
        )
        .bind(&account.id)
        .bind(access_key)
        .bind(KNOWN_CALLERS)
        .fetch_all(&self.readers())
        .await?;
        let rows = rows.into_iter();
        Ok(rows
            .map(|row| CallerView {
                address: row.address,
                agent: row.agent,
                seen: moment(row.seen_at, account.time_zone),
                refused: row.refused_at.is_some_and(|at| at >= row.seen_at),
            })
            .collect())
    }
}

/// The calls of the last days in a zone.
pub(super) struct Days {
    zone: Zone,
    /// Accepted and refused ones.
    calls: BTreeMap<NaiveDate, (i64, i64)>,
}

impl Days {
    /// Returns that many days without calls, the last of them today's.
    pub fn until(now: i64, days: u32, zone: Zone) -> Self {
        let today = day(now.div_euclid(HOUR_MS), zone);
        let first = today - chrono::Days::new(u64::from(days) - 1);
        let days = first.iter_days().take_while(|date| *date <= today);
        Self {
            zone,
            calls: days.map(|date| (date, (0, 0))).collect(),
        }
    }

    /// Adds calls to the local day in which an hour since the UTC epoch begins, if it is one of these.
    pub fn add(&mut self, hour: i64, accepted: i64, refused: i64) {
        if let Some(sums) = self.calls.get_mut(&day(hour, self.zone)) {
            sums.0 += accepted;
            sums.1 += refused;
        }
    }

    /// Returns them for a page, oldest first.
    pub fn views(self) -> Vec<DayCalls> {
        let writing = self.zone.writing();
        let days = self.calls.into_iter();
        days.map(|(date, (accepted, refused))| DayCalls {
            day: format!("{} {}", date.format("%a"), day_of_year(date, writing)),
            accepted,
            refused,
        })
        .collect()
    }
}

/// Returns the first hour since the UTC epoch that [`Days::until`] counts.
pub(crate) fn first_hour(now: i64, days: u32, zone: Zone) -> i64 {
    let now = now.div_euclid(HOUR_MS);
    let first = day(now, zone) - chrono::Days::new(u64::from(days) - 1);
    let hours = now - 25 * (i64::from(days) + 1)..now;
    hours
        .into_iter()
        .find(|hour| day(*hour, zone) >= first)
        .unwrap_or(now)
}

/// Returns the local day in which an hour since the UTC epoch begins.
fn day(hour: i64, zone: Zone) -> NaiveDate {
    let utc = DateTime::from_timestamp(hour.saturating_mul(3600), 0).unwrap_or_default();
    zone.from_utc_datetime(&utc.naive_utc()).date_naive()
}
