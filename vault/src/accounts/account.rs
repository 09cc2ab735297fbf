//! Accounts and their database rows.

use shared::dates::Writing;
use shared::notice::Stages;
use shared::view::AccountView;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use crate::accounts::table_layout::TableLayout;
use crate::error::{Error, Result};
use crate::state::directory::{AccountFacts, Publication};
use crate::storage::Tx;
use crate::text::account_lines;
use crate::time::format::local_date;
use crate::time::zones::Zone;
use crate::vault::Vault;

/// An account, without its password.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: String,
    /// The address; of an account without one, its id.
    pub email: String,
    /// The company's own id of the account, if it manages the account.
    pub external_id: Option<String>,
    /// As the company calls it; empty if it gives no name.
    pub name: String,
    /// Set while the account is suspended.
    pub suspended: Option<Suspension>,
    /// With the account's way to write dates.
    pub time_zone: Zone,
    pub warning_days: i64,
    pub table: TableLayout,
}

/// Why an account is suspended, and since when.
#[derive(Clone, Debug)]
pub struct Suspension {
    /// UTC epoch milliseconds.
    pub at: i64,
    /// As the operator wrote it; may be empty.
    pub reason: String,
}

/// The columns of [`AccountRow`], of the table `accounts a`.
pub(crate) const COLUMNS: &str = "a.id, a.email, a.time_zone, a.warning_days, a.page_size, a.created_column, a.date_style, \
     a.clock_style, a.external_id, a.name, a.suspended_at, a.suspended_reason";

impl Account {
    /// An account in UTC, for tests without a database.
    #[cfg(test)]
    pub fn sample() -> Self {
        Self {
            id: "acc_0".to_owned(),
            email: "a@example.com".to_owned(),
            external_id: None,
            name: String::new(),
            suspended: None,
            time_zone: Zone::utc(),
            warning_days: shared::validation::DEFAULT_WARNING_DAYS,
            table: TableLayout::default(),
        }
    }

    /// Returns what the pages show of the account. `now` is in UTC epoch milliseconds.
    pub fn view(&self, now: i64) -> AccountView {
        AccountView {
            email: self.address().unwrap_or(self.label()).to_owned(),
            name: self.name.clone(),
            back: None,
            owner: self.id.clone(),
            time_zone: self.time_zone.name().to_owned(),
            warning_days: self.warning_days,
            today: local_date(now, self.time_zone).to_string(),
        }
    }

    /// Adds the account's row.
    ///
    /// # Errors
    /// [`Error::SignUpRefused`] if the address already has an account.
    pub(crate) async fn insert(&self, tx: &mut Tx, password_hash: &str) -> Result<()> {
        let inserted = sqlx::query(
            "INSERT INTO accounts (id, email, password, time_zone, warning_days, created_at, stages, folded)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&self.id)
        .bind(&self.email)
        .bind(password_hash)
        .bind(self.time_zone.name())
        .bind(self.warning_days)
        .bind(tx.now())
        // The column's default has only the stages of its migration: SQLite cannot change a default.
        .bind(Stages::ALL.to_string())
        .bind(account_lines(&self.id, "", "", &self.email))
        .execute(tx.connection())
        .await;
        match inserted {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                Err(Error::SignUpRefused)
            }
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// Returns the address; none for an account without one.
    pub fn address(&self) -> Option<&str> {
        Some(self.email.as_str()).filter(|email| *email != self.id)
    }

    /// Returns what people call the account: its name, else its address, else the company's own id.
    pub fn label(&self) -> &str {
        let name = Some(self.name.as_str()).filter(|name| !name.is_empty());
        let known = name
            .or_else(|| self.address())
            .or(self.external_id.as_deref());
        known.unwrap_or(&self.id)
    }

    /// Counts the address as confirmed, by the account's creator.
    pub(crate) async fn own(&self, tx: &mut Tx) -> Result<()> {
        sqlx::query("UPDATE accounts SET confirmed_at = $1, owned_at = $1 WHERE id = $2")
            .bind(tx.now())
            .bind(&self.id)
            .execute(tx.connection())
            .await?;
        Ok(())
    }

    /// Publishes the account to verification once `tx` commits.
    pub(crate) fn publish(&self, tx: &mut Tx) {
        tx.publish(Publication::Account(AccountFacts {
            id: self.id.clone(),
            external_id: self.external_id.clone(),
            warning_days: self.warning_days,
            suspended: self.suspended.is_some(),
        }));
    }

    /// Withdraws the account from verification once `tx` commits, which deletes it and its keys.
    pub(crate) fn forget(&self, tx: &mut Tx) {
        tx.publish(Publication::Forget {
            account_id: self.id.clone(),
        });
    }

    /// The warning window in milliseconds.
    pub(crate) fn window(&self) -> i64 {
        self.warning_days * shared::DAY_MS
    }
}

/// An account's row in the database.
#[derive(FromRow)]
pub(crate) struct AccountRow {
    pub id: String,
    pub email: String,
    pub time_zone: String,
    pub warning_days: i64,
    pub page_size: i64,
    pub created_column: i64,
    pub date_style: String,
    pub clock_style: String,
    pub external_id: Option<String>,
    pub name: String,
    pub suspended_at: Option<i64>,
    pub suspended_reason: String,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let writing = Writing::stored(&row.date_style, &row.clock_style);
        let time_zone = Zone::stored(&row.time_zone).written(writing);
        Self {
            id: row.id,
            email: row.email,
            external_id: row.external_id,
            name: row.name,
            suspended: row.suspended_at.map(|at| Suspension {
                at,
                reason: row.suspended_reason,
            }),
            time_zone,
            warning_days: row.warning_days,
            table: TableLayout::stored(row.page_size, row.created_column),
        }
    }
}

/// Rejects a change by the owner of a suspended account, within its transaction.
///
/// # Errors
/// [`Error::Suspended`].
pub(crate) async fn refuse_suspended(connection: &mut AnyConnection, account: &str) -> Result<()> {
    let suspended: Option<(String,)> = sqlx::query_as(
        "SELECT suspended_reason FROM accounts WHERE id = $1 AND suspended_at IS NOT NULL",
    )
    .bind(account)
    .fetch_optional(connection)
    .await?;
    match suspended {
        Some((reason,)) => Err(Error::Suspended(reason)),
        None => Ok(()),
    }
}

/// Reads an account within the transaction that depends on it. A deleted one is not found.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn find(connection: &mut AnyConnection, id: &str) -> Result<Account> {
    let statement =
        format!("SELECT {COLUMNS} FROM accounts a WHERE a.id = $1 AND a.password <> ''");
    let row: Option<AccountRow> = sqlx::query_as(AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.map(Account::from).ok_or(Error::NotFound)
}

impl Vault {
    /// Returns whether the account's creator is proven to read mail at its address.
    pub(crate) async fn is_owned(&self, account: &str) -> Result<bool> {
        let (owned_at,): (Option<i64>,) =
            sqlx::query_as("SELECT owned_at FROM accounts WHERE id = $1")
                .bind(account)
                .fetch_one(&self.readers())
                .await?;
        Ok(owned_at.is_some())
    }

    /// Returns the account with this id, for requests that one of its keys authenticates.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn account(&self, id: &str) -> Result<Account> {
        let statement = format!("SELECT {COLUMNS} FROM accounts a WHERE a.id = $1");
        let row: Option<AccountRow> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(id)
            .fetch_optional(&self.readers())
            .await?;
        row.map(Account::from).ok_or(Error::NotFound)
    }
}
