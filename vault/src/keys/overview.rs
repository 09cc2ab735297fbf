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
        let refused = if calls.iter().any(|day| day.refused > 0) {
            self.refused(account, now).await?
        } else {
            Vec::new()
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
            claim: self.claim(account).await?,
            address: self.address(account).await?,
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
    /// that time, or that was not set to another one since, cannot have any, so the hours of most keys are not read.
    async fn refused(&self, account: &Account, now: i64) -> Result<Vec<RefusedKey>> {
        let since = now - i64::from(OVERVIEW_DAYS) * shared::DAY_MS;
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT k.access_key, k.name, CAST(SUM(h.refused) AS BIGINT) AS calls FROM api_keys k
             JOIN key_hours h ON h.access_key = k.access_key
             WHERE k.account_id = $1 AND (k.expires_at <= $2 OR k.expiration_set_at >= $3) AND h.hour >= $4
                   AND h.refused > 0
             GROUP BY k.access_key, k.name ORDER BY calls DESC, k.access_key LIMIT $5",
        )
        .bind(&account.id)
        .bind(now)
        .bind(since)
        .bind(since.div_euclid(HOUR_MS))
        .bind(i64::from(Overview::LIMIT))
        .fetch_all(&self.readers())
        .await?;
        let rows = rows.into_iter();
        Ok(rows
            .map(|(access_key, name, calls)| RefusedKey {
                access_key,
                name,
                calls,
            })
            .collect())
    }
}
