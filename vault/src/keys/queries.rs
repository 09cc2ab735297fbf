//! Queries behind the pages: the table of keys, one key with its use and history, the Dashboard.

mod history;

use shared::list::{Column, ListQuery, PAGE_SIZE, Sort};
use shared::status::Status;
use shared::token::AccessKey;
use shared::usage::{KEY_DAYS, OVERVIEW_DAYS};
use shared::view::{Alarms, Attention, Counts, KeyDetail, KeyPage, KeyView, Overview};
use sqlx::{AssertSqlSafe, FromRow};

use crate::accounts::account::Account;
use crate::error::{Error, Result};
use crate::storage::version;
use crate::text;
use crate::time::format::moment;
use crate::usage::{self, FAILING, FailingRow};
use crate::vault::Vault;

/// The columns of [`ROW`].
#[derive(FromRow)]
struct Row {
    access_key: String,
    name: String,
    description: String,
    created_at: i64,
    expires_at: Option<i64>,
    used_at: Option<i64>,
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

const ROW: &str = "k.access_key, k.name, k.description, k.created_at, k.expires_at, u.used_at";

/// The source of a [`Row`].
const KEYS: &str = "api_keys k LEFT JOIN last_uses u ON u.access_key = k.access_key";

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
    }
}

fn watched(row: WatchedRow, account: &Account, now: i64) -> Attention {
    Attention {
        key: view(row.key, account, now),
        failing: row.failing.view(account.time_zone),
        calm: false,
    }
}

/// Returns the pattern of a search: any part of name, description or access key, in any case, with or without accents.
fn pattern(search: &str) -> String {
    let mut pattern = String::from("%");
    for char in text::plain(search).chars() {
        if matches!(char, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        // SQLite ends a pattern at U+0000, and PostgreSQL rejects it. Another control character finds as little: names
        // and descriptions contain none.
        pattern.push(if char == '\0' { '\u{1}' } else { char });
    }
    pattern.push('%');
    pattern
}

/// Returns the condition of a status, with $3 as now and $4 as the end of the warning window. A test keeps it equal to
/// [`Status::at`].
fn condition(status: Option<Status>) -> &'static str {
    match status {
        None => "($3 <= $4)",
        Some(Status::Active) => "(expires_at IS NULL OR expires_at > $4) AND $3 <= $4",
        Some(Status::ExpiringSoon) => "expires_at > $3 AND expires_at <= $4",
        Some(Status::Expired) => "expires_at <= $3 AND $3 <= $4",
    }
}

/// Returns the order of the rows; the access key makes it total, so that pages neither repeat nor skip rows.
fn order(sort: Sort) -> String {
    // By status, the keys that need attention come first: the ones that expire first.
    let column = match sort.column {
        // In SQLite by code points, in PostgreSQL by the database's collation. That decides only the order on pages.
        Column::Name => "folded",
        Column::AccessKey => "k.access_key",
        Column::Created => "created_at",
        // The databases disagree on where NULL sorts; never comes after every date.
        Column::Expires | Column::Status => "COALESCE(expires_at, 9223372036854775807)",
        // Never used comes before every use.
        Column::Used => "COALESCE(u.used_at, -1)",
    };
    let direction = if sort.descending { "DESC" } else { "ASC" };
    format!("{column} {direction}, k.access_key {direction}")
}

impl Vault {
    /// Returns one page of the table, in two statements.
    pub async fn list_keys(&self, account: &Account, query: &ListQuery) -> Result<KeyPage> {
        let _reading = self.reading(&account.id).await?;
        let now = self.now();
        let pattern = pattern(&query.search);
        let counts = self.counts(account, &pattern, now).await?;
        let matching = query
            .status
            .map_or(counts.total(), |status| counts.of(status));
        let pages = u32::try_from(matching.max(1))
            .unwrap_or(u32::MAX)
            .div_ceil(PAGE_SIZE);
        let page = query.page.clamp(1, pages);
        let statement = format!(
            "SELECT {ROW} FROM {KEYS} WHERE account_id = $1 AND folded LIKE $2 ESCAPE '\\' AND {}
             ORDER BY {} LIMIT $5 OFFSET $6",
            condition(query.status),
            order(query.sort)
        );
        // Built from constants only; all input is bound.
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&account.id)
            .bind(&pattern)
            .bind(now)
            .bind(now + account.window())
            .bind(i64::from(PAGE_SIZE))
            .bind(i64::from((page - 1) * PAGE_SIZE))
            .fetch_all(&self.readers())
            .await?;
        Ok(KeyPage {
            now,
            window: account.window(),
            time_zone: account.time_zone.name().to_owned(),
            keys: rows
                .into_iter()
                .map(|row| view(row, account, now))
                .collect(),
            counts,
            page,
            pages,
        })
    }

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
        let history = self.history(account, &key.access_key).await?;
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
        let counts = self.counts(account, "%", now).await?;
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

    async fn counts(&self, account: &Account, pattern: &str, now: i64) -> Result<Counts> {
        let (total, expired, expiring_soon): (i64, i64, i64) = sqlx::query_as(
            "SELECT COUNT(*),
                    COUNT(CASE WHEN expires_at <= $3 THEN 1 END),
                    COUNT(CASE WHEN expires_at > $3 AND expires_at <= $4 THEN 1 END)
             FROM api_keys WHERE account_id = $1 AND folded LIKE $2 ESCAPE '\\'",
        )
        .bind(&account.id)
        .bind(pattern)
        .bind(now)
        .bind(now + account.window())
        .fetch_one(&self.readers())
        .await?;
        Ok(Counts {
            active: total - expired - expiring_soon,
            expiring_soon,
            expired,
        })
    }
}
