//! Queries behind the pages: the table of keys, one key with its use and history, the Dashboard.

mod deletion;
mod history;
mod list;
pub(super) mod matching;

use shared::status::Status;
use shared::token::AccessKey;
use shared::usage::{KEY_DAYS, OVERVIEW_DAYS, Sparkline};
use shared::view::{Alarms, Attention, KeyDetail, KeyView, Overview};
use sqlx::{AssertSqlSafe, FromRow};

use crate::accounts::account::Account;
use crate::error::{Error, Result};
use crate::storage::version;
use crate::time::format::moment;
use crate::usage::{self, FAILING, FailingRow};
use crate::vault::Vault;

/// The columns of [`ROW`].
#[derive(FromRow)]
pub(super) struct Row {
    pub access_key: String,
    pub name: String,
    pub description: String,
    pub created_at: i64,
    pub expires_at: Option<i64>,
    pub used_at: Option<i64>,
}

/// The columns of [`ROW`] and [`FAILING`].
#[derive(FromRow)]
struct WatchedRow {
    #[sqlx(flatten)]
    key: Row,
    #[sqlx(flatten)]
    failing: FailingRow,
}

/// A key of the banner, its urgency and the numbers of alarms.
#[derive(FromRow)]
struct AlarmRow {
    #[sqlx(flatten)]
    watched: WatchedRow,
    urgency: i64,
    expired: i64,
    soon: i64,
}

/// How long a key that expired by itself counts as an alarm, in days.
const RECENT_DAYS: i64 = 14;

pub(super) const ROW: &str =
    "k.access_key, k.name, k.description, k.created_at, k.expires_at, u.used_at";

/// The source of a [`Row`].
pub(super) const KEYS: &str = "api_keys k LEFT JOIN last_uses u ON u.access_key = k.access_key";

fn view(row: Row, account: &Account, now: i64) -> KeyView {
    KeyView {
        version: version::of_key(&row.name, &row.description, row.expires_at, now),
        access_key: row.access_key,
        name: row.name,
        description: row.description,
        status: Status::at(row.expires_at, now, account.window()),
        created: moment(row.created_at, account.time_zone),
        expires: row.expires_at.map(|at| moment(at, account.time_zone)),
        used: row.used_at.map(|at| moment(at, account.time_zone)),
        calls: Sparkline::default(),
    }
}

fn watched(row: WatchedRow, account: &Account, now: i64) -> Attention {
    Attention {
        key: view(row.key, account, now),
        failing: row.failing.view(account.time_zone),
        calm: false,
    }
}

impl Vault {
    /// Returns one key with its use and its history.
    ///
    /// # Errors
    /// [`Error::NotFound`], for a key of another account too.
    pub async fn show_key(&self, account: &Account, access_key: &str) -> Result<KeyDetail> {
        let access_key: AccessKey = access_key.parse().map_err(|_| Error::NotFound)?;
        let _reading = self.reading(&account.id).await?;
        let now = self.now();
        let statement = format!(
            "SELECT {ROW}, {FAILING} FROM {KEYS} WHERE k.account_id = $1 AND k.access_key = $3"
        );
        let row: Option<WatchedRow> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&account.id)
            .bind(usage::still(now))
            .bind(access_key.to_string())
            .fetch_optional(&self.readers())
            .await?;
        let Attention { key, failing, .. } = watched(row.ok_or(Error::NotFound)?, account, now);
        let of_key = Some(key.access_key.as_str());
        let calls = self.calls(account, of_key, KEY_DAYS, now).await?;
        let callers = self.callers(account, &key.access_key).await?;
        let texts = (key.name.as_str(), key.description.as_str());
        let history = self.history(account, &key.access_key, texts).await?;
        Ok(KeyDetail {
            now,
            window: account.window(),
            time_zone: account.time_zone.name().to_owned(),
            key,
            failing,
            calls,
            callers,
            history,
        })
    }

    /// Returns the contents of the Dashboard.
    pub async fn overview(&self, account: &Account) -> Result<Overview> {
        let _reading = self.reading(&account.id).await?;
        let now = self.now();
        let counts = self.counts(account, now).await?;
        // `$4 >= $2` is always true in these two: a statement must use every bound parameter.
        let upcoming = "AND expires_at > $2 AND $4 >= $2 ORDER BY expires_at, k.access_key";
        let newest = "AND created_at <= $2 AND $4 >= $2 ORDER BY created_at DESC, k.access_key";
        let (attention, alarms) = self.attention(account, now).await?;
        Ok(Overview {
            now,
            window: account.window(),
            time_zone: account.time_zone.name().to_owned(),
            counts,
            attention,
            alarms,
            upcoming: self.few(account, upcoming, now, now).await?,
            newest: self.few(account, newest, now, now).await?,
            calls: self.calls(account, None, OVERVIEW_DAYS, now).await?,
            claim: self.claim(account).await?,
            address: self.address(account).await?,
        })
    }

    /// Returns the keys of the banner and the total number of alarms. An alarm is a key that is still called although
    /// it has expired, one that expires soon, or one that expired by itself in the last fortnight. A key that was
    /// expired manually and is silent is as its owner wants it: for a day it fills free slots, to be restored from
    /// there, but it never displaces an alarm or shows the banner alone.
    async fn attention(&self, account: &Account, now: i64) -> Result<(Vec<Attention>, Alarms)> {
        // Expired keys in use come first, but only three of them before those that expire soon: a dozen must not hide
        // these.
        let statement = format!(
            "SELECT t.*,
                    COUNT(CASE WHEN urgency IN (1, 3) THEN 1 END) OVER () AS expired,
                    COUNT(CASE WHEN urgency = 2 THEN 1 END) OVER () AS soon
             FROM (SELECT s.*, CASE WHEN failing > 0 THEN 1
                                    WHEN expires_at > $4 THEN 2
                                    WHEN expiration_set_at < expires_at AND expires_at > $6 THEN 3
                                    WHEN expiration_set_at >= expires_at AND expires_at > $7 THEN 4
                                    ELSE 5 END AS urgency
                   FROM (SELECT {ROW}, k.expiration_set_at, {FAILING} FROM {KEYS}
                         WHERE k.account_id = $1 AND k.expires_at <= $3) s) t
             WHERE urgency < 5
             ORDER BY CASE WHEN urgency = 1 AND ROW_NUMBER() OVER (PARTITION BY urgency ORDER BY failed_at DESC) > 3
                           THEN 2.5 ELSE urgency END,
                      failed_at DESC, ABS(expires_at - $4), access_key LIMIT $5"
        );
        let rows: Vec<AlarmRow> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&account.id)
            .bind(usage::still(now))
            .bind(now + account.window())
            .bind(now)
            .bind(i64::from(Overview::LIMIT))
            .bind(now - RECENT_DAYS * shared::DAY_MS)
            .bind(now - shared::DAY_MS)
            .fetch_all(&self.readers())
            .await?;
        let mut alarms = Alarms::default();
        let mut attention = Vec::new();
        for row in rows {
            alarms = Alarms {
                expired: row.expired,
                soon: row.soon,
            };
            attention.push(Attention {
                calm: row.urgency == 4,
                ..watched(row.watched, account, now)
            });
        }
        if alarms == Alarms::default() {
            attention.clear();
        }
        attention.sort_by_key(|attention| match &attention.failing {
            Some(failing) => (false, -failing.last.at),
            None => (true, attention.key.expires_at().unwrap_or(i64::MAX)),
        });
        Ok((attention, alarms))
    }

    /// Returns the first few keys by a condition on the instant $2, and an order; $4 is now.
    async fn few(
        &self,
        account: &Account,
        rest: &'static str,
        at: i64,
        now: i64,
    ) -> Result<Vec<KeyView>> {
        let statement = format!("SELECT {ROW} FROM {KEYS} WHERE account_id = $1 {rest} LIMIT $3");
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&account.id)
            .bind(at)
            .bind(i64::from(Overview::LIMIT))
            .bind(now)
            .fetch_all(&self.readers())
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| view(row, account, now))
            .collect())
    }
}
