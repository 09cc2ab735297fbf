//! Accounts and their database rows.

use shared::view::AccountView;
use sqlx::FromRow;

use crate::error::{Error, Result};
use crate::state::directory::Publication;
use crate::storage::Tx;
use crate::time::zones::Zone;
use crate::vault::Vault;

/// An account, without its password.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: String,
    pub email: String,
    pub time_zone: Zone,
    pub warning_days: i64,
}

impl Account {
    pub fn view(&self) -> AccountView {
        AccountView {
            email: self.email.clone(),
            time_zone: self.time_zone.name().to_owned(),
            warning_days: self.warning_days,
        }
    }

    /// Publishes the account to verification once `tx` commits.
    pub(crate) fn publish(&self, tx: &mut Tx) {
        tx.publish(Publication::Account {
            id: self.id.clone(),
            warning_days: self.warning_days,
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
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        let time_zone = Zone::stored(&row.time_zone);
        Self {
            id: row.id,
            email: row.email,
            time_zone,
            warning_days: row.warning_days,
        }
    }
}

impl Vault {
    /// Returns whether the account's creator is proven to read mail at its address.
    pub(crate) async fn is_owned(&self, account: &str) -> Result<bool> {
        let (owned_at,): (Option<i64>,) =
            sqlx::query_as("SELECT owned_at FROM accounts WHERE id = $1")
                .bind(account)
                .fetch_one(&self.0.database.readers)
                .await?;
        Ok(owned_at.is_some())
    }

    /// Returns the account with this id, for requests that one of its keys authenticates.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn account(&self, id: &str) -> Result<Account> {
        let row: Option<AccountRow> =
            sqlx::query_as("SELECT id, email, time_zone, warning_days FROM accounts WHERE id = $1")
                .bind(id)
                .fetch_optional(&self.0.database.readers)
                .await?;
        row.map(Account::from).ok_or(Error::NotFound)
    }
}
