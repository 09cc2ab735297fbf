//! The table of keys: one page of a search, with the numbers of keys by status.

use shared::list::{Column, ListQuery, PAGE_SIZE, Sort};
use shared::status::Status;
use shared::view::{Columns, Counts, KeyPage};
use sqlx::{AssertSqlSafe, FromRow};

use super::matching::{Matching, Parameters, condition};
use super::{ROW, Row, view};
use crate::accounts::account::Account;
use crate::error::Result;
use crate::keys::preview::offers;
use crate::time::format::local_date;
use crate::vault::Vault;

/// A row of the page, with the numbers of keys. A page without rows has one row without a key.
#[derive(FromRow)]
struct PageRow {
    #[sqlx(flatten)]
    counts: CountsRow,
    access_key: Option<String>,
    name: Option<String>,
    description: Option<String>,
    created_at: Option<i64>,
    expires_at: Option<i64>,
    used_at: Option<i64>,
}

impl PageRow {
    fn key(self) -> Option<Row> {
        Some(Row {
            access_key: self.access_key?,
            name: self.name?,
            description: self.description?,
            created_at: self.created_at?,
            expires_at: self.expires_at,
            used_at: self.used_at,
        })
    }
}

/// What a page behind the last one shows.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Beyond {
    LastPage,
    Nothing,
}

/// The columns of [`counted`].
#[derive(FromRow)]
struct CountsRow {
    total: i64,
    expired: i64,
    expiring_soon: i64,
}

impl CountsRow {
    fn counts(&self) -> Counts {
        Counts {
            active: self.total - self.expired - self.expiring_soon,
            expiring_soon: self.expiring_soon,
            expired: self.expired,
        }
    }
}

/// Returns the columns that count keys by status.
fn counted(account: &Account, now: i64, parameters: &mut Parameters) -> String {
    let expired = condition(Status::Expired, account, now, parameters);
    let soon = condition(Status::ExpiringSoon, account, now, parameters);
    format!(
        "COUNT(*) AS total, COUNT(CASE WHEN {expired} THEN 1 END) AS expired,
         COUNT(CASE WHEN {soon} THEN 1 END) AS expiring_soon"
    )
}

/// Returns the order of the rows; the access key makes it total, so that pages neither repeat nor skip rows.
fn order(sort: Sort) -> String {
    // By status, the keys that need attention come first: the ones that expire first.
    let column = match sort.column {
        // In SQLite by code points, in PostgreSQL by the database's collation. That decides only the order on pages.
        Column::Name => "k.folded",
        Column::AccessKey => "k.access_key",
        Column::Created => "k.created_at",
        // The databases disagree on where NULL sorts; never comes after every date.
        Column::Expires | Column::Status => "COALESCE(k.expires_at, 9223372036854775807)",
        // Never used comes before every use.
        Column::Used => "COALESCE(u.used_at, -1)",
    };
    let direction = if sort.descending { "DESC" } else { "ASC" };
    format!("{column} {direction}, k.access_key {direction}")
}

impl Vault {
    /// Returns one page of the table, of the account's size and with the calls of each key, in two statements.
    pub async fn list_keys(&self, account: &Account, query: &ListQuery) -> Result<KeyPage> {
        let _reading = self.reading(&account.id).await?;
        let mut page = self
            .key_page(account, query, account.table.page_size, Beyond::LastPage)
            .await?;
        self.add_sparklines(&mut page.keys, page.size, page.now)
            .await?;
        for key in &mut page.keys {
            key.offers = offers(key.expires_at(), account, page.now);
        }
        Ok(page)
    }

    /// Returns the present day in the account's zone, `2027-02-26`.
    pub fn today(&self, account: &Account) -> String {
        local_date(self.now(), account.time_zone).to_string()
    }

    /// Returns the same in pages of [`PAGE_SIZE`] and without the calls, in one statement: a program pages alike whatever
    /// a person has chosen for the table. A page behind the last one is empty.
    pub async fn list_keys_for_program(
        &self,
        account: &Account,
        query: &ListQuery,
    ) -> Result<KeyPage> {
        let _reading = self.reading(&account.id).await?;
        self.key_page(account, query, PAGE_SIZE, Beyond::Nothing)
            .await
    }

    async fn key_page(
        &self,
        account: &Account,
        query: &ListQuery,
        size: u32,
        beyond: Beyond,
    ) -> Result<KeyPage> {
        let now = self.now();
        let mut number = query.page;
        loop {
            let rows = self
                .key_page_rows(account, query, (number, size), now)
                .await?;
            let counts = rows
                .first()
                .map_or_else(Counts::default, |row| row.counts.counts());
            let matching = query
                .status
                .map_or(counts.total(), |status| counts.of(status));
            let pages = u32::try_from(matching.max(1))
                .unwrap_or(u32::MAX)
                .div_ceil(size);
            if number > pages && beyond == Beyond::LastPage {
                number = pages;
                continue;
            }
            return Ok(KeyPage {
                now,
                window: account.window(),
                time_zone: account.time_zone.label(now),
                keys: rows
                    .into_iter()
                    .filter_map(PageRow::key)
                    .map(|row| view(row, account, now))
                    .collect(),
                counts,
                page: number,
                pages,
                size,
                columns: Columns {
                    created: account.table.created,
                },
            });
        }
    }

    async fn key_page_rows(
        &self,
        account: &Account,
        query: &ListQuery,
        (page, size): (u32, u32),
        now: i64,
    ) -> Result<Vec<PageRow>> {
        let mut parameters = Parameters::default();
        let matching = Matching::new(account, query, now, &mut parameters);
        let counted = counted(account, now, &mut parameters);
        let limit = parameters.number(i64::from(size));
        let offset = parameters.number(i64::from(page - 1) * i64::from(size));
        let order = order(query.sort);
        // First the keys of the page alone, so that only theirs are looked up among the last uses, unless these decide.
        let statement = format!(
            "SELECT c.*, r.*
             FROM (SELECT {counted} FROM {} WHERE {}) c
             LEFT JOIN (SELECT {ROW}, ROW_NUMBER() OVER (ORDER BY {order}) AS place
                        FROM (SELECT k.access_key AS chosen FROM {} WHERE {}
                              ORDER BY {order} LIMIT {limit} OFFSET {offset}) p
                        JOIN api_keys k ON k.access_key = p.chosen
                        LEFT JOIN last_uses u ON u.access_key = k.access_key) r ON 1 = 1
             ORDER BY r.place",
            matching.source(false),
            matching.base,
            matching.source(query.sort.column == Column::Used),
            matching.all(),
        );
        // Built from constants only; all input is bound.
        let rows = parameters.bind(sqlx::query_as(AssertSqlSafe(statement)));
        Ok(rows.fetch_all(&self.readers()).await?)
    }

    /// Returns the numbers of all keys of an account by status.
    pub(in crate::keys) async fn counts(&self, account: &Account, now: i64) -> Result<Counts> {
        let mut parameters = Parameters::default();
        let id = parameters.text(&account.id);
        let counted = counted(account, now, &mut parameters);
        let statement = format!("SELECT {counted} FROM api_keys k WHERE k.account_id = {id}");
        let row: CountsRow = parameters
            .bind(sqlx::query_as(AssertSqlSafe(statement)))
            .fetch_one(&self.readers())
            .await?;
        Ok(row.counts())
    }
}
