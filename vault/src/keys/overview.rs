//! Queries of the Dashboard. What it shows of alarms and of the months ahead has files of its own.

use shared::HOUR_MS;
use shared::usage::OVERVIEW_DAYS;
use shared::view::KeyView;
use shared::view::overview::{Later, Overview, RefusedKey};
use sqlx::AssertSqlSafe;

use crate::accounts::account::Account;
use crate::error::Result;
use crate::keys::queries::{KEYS, ROW, Row, view};
use crate::time::format::{day, local_date};
use crate::usage::first_hour;
use crate::vault::Vault;

/// Returns the ends of a snooze that are offered.
fn later(account: &Account, now: i64) -> Vec<Later> {
    let ends = [
        (1, "1d", "1 day"),
        (7, "7d", "1 week"),
        (30, "30d", "30 days"),
    ];
    let later = ends.map(|(days, until, label)| {
        let day = day(
            local_date(now + days * shared::DAY_MS, account.time_zone),
            account.time_zone.writing(),
        );
        Later { until, label, day }
    });
    later.into()
}

impl Vault {
    /// Returns the contents of the Dashboard.
    pub async fn overview(&self, account: &Account) -> Result<Overview> {
        let _reading = self.reading(&account.id).await?;
        let now = self.now();
        let counts = self.counts(account, now).await?;
        let needs = self.attention(account, now).await?;
        let calls = self.calls(account, None, OVERVIEW_DAYS, now).await?;
        let all_refused = calls.iter().map(|day| day.refused).sum();
        let (refused, refused_deleted) = if all_refused > 0 {
            self.refused(account, all_refused, now).await?
        } else {
            (Vec::new(), 0)
        };
        let today = local_date(now, account.time_zone);
        Ok(Overview {
            now,
            window: account.window(),
            time_zone: account.time_zone.label(now),
            tomorrow: today.succ_opt().unwrap_or(today).to_string(),
            later: later(account, now),
            counts,
            attention: needs.keys,
            alarms: needs.alarms,
            snoozed: needs.snoozed,
            ahead: self.ahead(account, now).await?,
            upcoming: self.upcoming(account, now).await?,
            calls,
            refused,
            refused_deleted,
            claim: self.claim(account).await?,
            address: match account.address() {
                Some(_) => Some(self.address(account).await?),
                None => None,
            },
            steps: self.first_steps(account, now).await?,
        })
    }

    /// Returns the keys that expire next.
    async fn upcoming(&self, account: &Account, now: i64) -> Result<Vec<KeyView>> {
        let statement = format!(
            "SELECT {ROW} FROM {KEYS} WHERE account_id = $1 AND expires_at > $2
             ORDER BY expires_at, k.access_key LIMIT $3"
        );
        // Built from constants only; all input is bound.
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&account.id)
            .bind(now)
            .bind(i64::from(Overview::LIMIT))
            .fetch_all(&self.readers())
            .await?;
        let rows = rows.into_iter();
        Ok(rows.map(|row| view(row, account, now)).collect())
    }

    /// Returns the keys with the most calls that were refused in the days of the chart. A key without an expiration in
    /// that time, or that was not set to another one since, cannot have any, so the hours of most keys are not read. Of `all`, returns
    /// also the rest: the calls of keys that are deleted.
    async fn refused(
        &self,
        account: &Account,
        all: i64,
        now: i64,
    ) -> Result<(Vec<RefusedKey>, i64)> {
        let since = first_hour(now, OVERVIEW_DAYS, account.time_zone);
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT k.access_key, k.name, CAST(SUM(h.refused) AS BIGINT) AS calls,
                    CAST(SUM(SUM(h.refused)) OVER () AS BIGINT) AS total FROM api_keys k
             JOIN key_hours h ON h.access_key = k.access_key
             WHERE k.account_id = $1 AND (k.expires_at <= $2 OR k.expiration_set_at >= $3) AND h.hour >= $4
                   AND h.refused > 0
             GROUP BY k.access_key, k.name ORDER BY calls DESC, k.access_key LIMIT $5",
        )
        .bind(&account.id)
        .bind(now)
        .bind(since * HOUR_MS)
        .bind(since)
        .bind(i64::from(Overview::LIMIT))
        .fetch_all(&self.readers())
        .await?;
        let present = rows.first().map_or(0, |row| row.3);
        let keys = rows
            .into_iter()
            .map(|(access_key, name, calls, _)| RefusedKey {
                access_key,
                name,
                calls,
            });
        Ok((keys.collect(), (all - present).max(0)))
    }
}
