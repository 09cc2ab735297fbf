//! The row of a key, as changes read, change and store it.

use std::collections::HashMap;

use shared::status::is_good;
use shared::token::AccessKey;
use shared::validation::KeyChange;
use shared::view::Changed;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::sentence;
use crate::accounts::account::Account;
use crate::error::{Conflict, Error, Result};
use crate::state::directory::Publication;
use crate::storage::audit::{ChangeId, Replaced};
use crate::storage::version;
use crate::text::folded;
use crate::time::format::{moment, rfc3339};

/// Keys that one statement names.
pub const AT_ONCE: usize = 500;

/// The part of a key's row that changes need.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    pub access_key: AccessKey,
    pub name: String,
    pub description: String,
    /// UTC epoch milliseconds; none: never.
    pub expires_at: Option<i64>,
    /// When the expiration was set. It equals the expiration of a key that was expired manually.
    pub set_at: i64,
}

/// The columns of [`COLUMNS`].
#[derive(FromRow)]
pub struct Stored {
    pub access_key: String,
    pub name: String,
    pub description: String,
    pub expires_at: Option<i64>,
    pub expiration_set_at: i64,
}

/// The columns of a row.
pub const COLUMNS: &str = "k.access_key, k.name, k.description, k.expires_at, k.expiration_set_at";

impl TryFrom<Stored> for Row {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let damaged = |_| Error::Unavailable(format!("the key {} is damaged", stored.access_key));
        Ok(Self {
            access_key: stored.access_key.parse().map_err(damaged)?,
            name: stored.name,
            description: stored.description,
            expires_at: stored.expires_at,
            set_at: stored.expiration_set_at,
        })
    }
}

impl Row {
    /// Reads a key of this account, within the transaction that will change it.
    pub async fn find(
        connection: &mut AnyConnection,
        account: &Account,
        access_key: AccessKey,
    ) -> Result<Self> {
        let found = Self::find_all(connection, account, &[access_key]).await?;
        found.into_values().next().ok_or(Error::NotFound)
    }

    /// Reads those of these keys that the account has.
    pub async fn find_all(
        connection: &mut AnyConnection,
        account: &Account,
        access_keys: &[AccessKey],
    ) -> Result<HashMap<AccessKey, Self>> {
        let mut found = HashMap::with_capacity(access_keys.len());
        for access_keys in access_keys.chunks(AT_ONCE) {
            let statement = format!(
                "SELECT {COLUMNS} FROM api_keys k WHERE k.account_id = $1 AND k.access_key IN ({})",
                places(2, access_keys.len())
            );
            // Built from constants only; all input is bound.
            let mut query = sqlx::query_as(AssertSqlSafe(statement)).bind(&account.id);
            for access_key in access_keys {
                query = query.bind(access_key.to_string());
            }
            let rows: Vec<Stored> = query.fetch_all(&mut *connection).await?;
            for row in rows {
                let row = Self::try_from(row)?;
                found.insert(row.access_key, row);
            }
        }
        Ok(found)
    }

    /// Sets the expiration, and returns whether that changes it.
    pub fn set_expiration(&mut self, expires_at: Option<i64>, now: i64) -> bool {
        let changes = self.expires_at != expires_at;
        if changes {
            (self.expires_at, self.set_at) = (expires_at, now);
        }
        changes
    }

    /// Expires the key now, and returns whether that changes it. A key that has already expired keeps its expiration, but
    /// counts as expired manually from now on: if only a clock jump had expired it, correcting the clock does not revive
    /// it.
    pub fn expire(&mut self, now: i64) -> bool {
        match self.expires_at.filter(|at| !is_good(Some(*at), now)) {
            Some(expired) if expired == self.set_at => false,
            Some(expired) => {
                self.set_at = expired;
                true
            }
            None => self.set_expiration(Some(now), now),
        }
    }

    /// Returns what this row had and `after` has not.
    pub fn replaced_by<'a>(&'a self, after: &Self, change: Option<ChangeId<'a>>) -> Replaced<'a> {
        let differs = |before: &'a str, after: &str| (before != after).then_some(before);
        Replaced {
            change,
            name: differs(&self.name, &after.name),
            description: differs(&self.description, &after.description),
            expires_at: self.expires_at,
            set_at: self.set_at,
        }
    }

    /// Stores this row.
    pub async fn save(&self, connection: &mut AnyConnection, account: &Account) -> Result<()> {
        sqlx::query(
            "UPDATE api_keys SET name = $1, description = $2, folded = $3, expires_at = CAST($4 AS BIGINT), expiration_set_at = $7
             WHERE access_key = $5 AND account_id = $6",
        )
        .bind(&self.name)
        .bind(&self.description)
        .bind(folded(&self.name, &self.description, self.access_key))
        .bind(self.expires_at)
        .bind(self.access_key.to_string())
        .bind(&account.id)
        .bind(self.set_at)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Returns the effect of this row on verification.
    pub fn publication(&self) -> Publication {
        Publication::Amend {
            access_key: self.access_key,
            name: self.name.clone(),
            expires_at: self.expires_at,
        }
    }

    /// Returns the outcome of a change to this row.
    pub fn changed(
        &self,
        before: Option<i64>,
        account: &Account,
        now: i64,
        (change, sentence): (String, String),
    ) -> Changed {
        Changed {
            access_key: self.access_key.to_string(),
            name: self.name.clone(),
            expiry_before: in_grammar(before),
            expiry: in_grammar(self.expires_at),
            expires: self.expires_at.map(|at| moment(at, account.time_zone)),
            version: self.version(now),
            change,
            sentence,
        }
    }

    pub fn version(&self, now: i64) -> String {
        version::of_key(&self.name, &self.description, self.expires_at, now)
    }

    /// Describes the conflict of an edit with a key that has changed since: what is stored now, beside what was typed.
    pub fn conflict(&self, edit: &KeyChange, account: &Account, now: i64) -> Conflict {
        let message = "This key has changed since you opened this form, so nothing was saved. Each field shows what is \
                       stored now. Save again to replace it with your input.";
        let mut conflict = Conflict::new(message, self.version(now));
        let stored = |text: &str| {
            if text.is_empty() {
                "Stored now: nothing.".to_owned()
            } else {
                format!("Stored now: {text}")
            }
        };
        if edit.name.as_ref().is_some_and(|name| *name != self.name) {
            conflict.fields.add("name", stored(&self.name));
        }
        if edit
            .description
            .as_ref()
            .is_some_and(|description| *description != self.description)
        {
            conflict
                .fields
                .add("description", stored(&self.description));
        }
        let expiration = sentence::expiration(self, account, now);
        conflict
            .fields
            .add("expiry", format!("Stored now: the key {expiration}."));
        conflict
    }
}

/// Formats an expiration in the expiry grammar, exact to the millisecond.
fn in_grammar(expires_at: Option<i64>) -> String {
    expires_at.map_or_else(|| "never".to_owned(), rfc3339)
}

/// Returns the places of `count` parameters from `$first` on.
pub fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count)
        .map(|place| format!("${place}"))
        .collect();
    places.join(", ")
}
