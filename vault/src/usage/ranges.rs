//! Calls of a key in the ranges of its page: the last day by hour, and up to ninety days by day.

use shared::token::AccessKey;
use shared::usage::{CallRange, DayCalls, KEY_DAYS};
use shared::{DAY_MS, HOUR_MS};

use super::days::SUMMABLE;
use super::read::Days;
use crate::accounts::account::Account;
use crate::error::{Error, Result};
use crate::time::format::time_of_day;
use crate::time::zones::Zone;
use crate::vault::Vault;

const WEEK_DAYS: u32 = 7;
const QUARTER_DAYS: u32 = 90;

impl Vault {
    /// Returns the calls of a key in a range, oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`], for a key of another account too.
    pub async fn calls_in(
        &self,
        account: &Account,
        access_key: &str,
        range: CallRange,
    ) -> Result<Vec<DayCalls>> {
        let access_key: AccessKey = access_key.parse().map_err(|_| Error::NotFound)?;
        let access_key = access_key.to_string();
        let _reading = self.reading(&account.id).await?;
        let exists: Option<(i64,)> = sqlx::query_as(
            "SELECT created_at FROM api_keys WHERE account_id = $1 AND access_key = $2",
        )
        .bind(&account.id)
        .bind(&access_key)
        .fetch_optional(&self.readers())
        .await?;
        exists.ok_or(Error::NotFound)?;
        let now = self.now();
        let days = match range {
            CallRange::Day => return self.calls_by_hour(account, &access_key, now).await,
            CallRange::Week => WEEK_DAYS,
            CallRange::Month => KEY_DAYS,
            CallRange::Quarter => return self.calls_of_quarter(account, &access_key, now).await,
        };
        self.calls(account, Some(&access_key), days, now).await
    }

    /// Returns the calls of the last 24 hours, with the present one.
    async fn calls_by_hour(
        &self,
        account: &Account,
        access_key: &str,
        now: i64,
    ) -> Result<Vec<DayCalls>> {
        let last = now.div_euclid(HOUR_MS);
        let hours = self.hours_since(access_key, last - 23).await?;
        let calls = (last - 23..=last).map(|hour| {
            let calls = hours.iter().find(|calls| calls.0 == hour);
            DayCalls {
                day: beginning(hour, account.time_zone),
                accepted: calls.map_or(0, |calls| calls.1),
                refused: calls.map_or(0, |calls| calls.2),
            }
        });
        Ok(calls.collect())
    }

    /// Returns the calls of the last ninety days. Those whose hours are not kept any more are days of UTC, each counted
    /// for the local day that shares most of its hours.
    async fn calls_of_quarter(
        &self,
        account: &Account,
        access_key: &str,
        now: i64,
    ) -> Result<Vec<DayCalls>> {
        let seam = now.div_euclid(DAY_MS) - SUMMABLE;
        let mut calls = Days::until(now, QUARTER_DAYS, account.time_zone);
        let days: Vec<(i64, i64, i64)> = sqlx::query_as(
            "SELECT day, accepted, refused FROM key_days WHERE access_key = $1 AND day >= $2 AND day < $3",
        )
        .bind(access_key)
        .bind(seam - i64::from(QUARTER_DAYS))
        .bind(seam)
        .fetch_all(&self.readers())
        .await?;
        for (day, accepted, refused) in days {
            calls.add(24 * day + 12, accepted, refused);
        }
        for (hour, accepted, refused) in self.hours_since(access_key, 24 * seam).await? {
            calls.add(hour, accepted, refused);
        }
        Ok(calls.views())
    }

    /// Returns the hours of a key from one on, with the accepted and the refused calls of each.
    async fn hours_since(&self, access_key: &str, hour: i64) -> Result<Vec<(i64, i64, i64)>> {
        Ok(sqlx::query_as(
            "SELECT hour, accepted, refused FROM key_hours WHERE access_key = $1 AND hour >= $2",
        )
        .bind(access_key)
        .bind(hour)
        .fetch_all(&self.readers())
        .await?)
    }
}

/// Returns the local time at which an hour since the UTC epoch begins: "14:00", in Kathmandu "13:45".
fn beginning(hour: i64, zone: Zone) -> String {
    time_of_day(hour.saturating_mul(HOUR_MS), zone)
}
