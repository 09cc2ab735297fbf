//! The keys of an account for a file: all that the table's filters match, or named ones. Secrets are not stored, so
//! a file has none.
//!
//! They are read in batches, so an export takes as little memory and holds a reader as briefly as a page of the table.
//! Keys that are made meanwhile may be missing, and others have the state in which their batch finds them.

use shared::list::ListQuery;
use shared::status::Status;
use shared::token::AccessKey;
use sqlx::AssertSqlSafe;

use super::queries::matching::{Matching, Parameters};
use super::queries::{KEYS, ROW, Row};
use super::selection::Selection;
use crate::accounts::account::Account;
use crate::error::{Error, Result};
use crate::vault::Vault;

/// Keys in one batch.
const BATCH: usize = 500;

/// A key of an export; the instants are UTC epoch milliseconds.
#[derive(Clone, Debug)]
pub struct ExportedKey {
    pub access_key: String,
    pub name: String,
    pub description: String,
    pub status: Status,
    pub created_at: i64,
    /// None: never.
    pub expires_at: Option<i64>,
    /// The last call that was accepted.
    pub used_at: Option<i64>,
}

/// An export that goes on.
pub struct Export {
    vault: Vault,
    account: Account,
    rest: Rest,
}

/// The keys that are still to be read.
enum Rest {
    /// Those that a query matches, the oldest first, after one that was created at an instant.
    After(ListQuery, i64, String),
    Named(Vec<AccessKey>),
    None,
}

impl Vault {
    /// Begins the export of the account's keys: of those that `query` matches, or of named ones, as for a change of many.
    ///
    /// # Errors
    /// [`Error::NoSuchKeys`] if the account lacks one that is named; [`Error::Invalid`] if none is named.
    pub async fn export(
        &self,
        account: &Account,
        access_keys: &str,
        query: &ListQuery,
    ) -> Result<Export> {
        let rest = match Selection::parse(access_keys, query)? {
            Selection::All(query) => Rest::After(query, i64::MIN, String::new()),
            Selection::Named(named) => Rest::Named(named),
        };
        let export = Export {
            vault: self.clone(),
            account: account.clone(),
            rest,
        };
        if let Rest::Named(named) = &export.rest {
            export.check(named).await?;
        }
        Ok(export)
    }
}

impl Export {
    /// Checks that the account has all of these keys.
    async fn check(&self, named: &[AccessKey]) -> Result<()> {
        let mut missing = Vec::new();
        for named in named.chunks(BATCH) {
            let found = self.named(named).await?;
            missing.extend(
                named
                    .iter()
                    .map(ToString::to_string)
                    .filter(|access_key| found.iter().all(|row| row.access_key != *access_key)),
            );
        }
        match missing.first() {
            None => Ok(()),
            Some(first) => Err(Error::NoSuchKeys {
                first: first.clone(),
                count: missing.len(),
            }),
        }
    }

    /// Returns the next keys; none after the last.
    ///
    /// # Errors
    /// Those of reading the database.
    pub async fn next(&mut self) -> Result<Option<Vec<ExportedKey>>> {
        let now = self.vault.now();
        let rows = match &self.rest {
            Rest::None => return Ok(None),
            Rest::After(query, created_at, access_key) => {
                self.after(query, (*created_at, access_key), now).await?
            }
            Rest::Named(named) => self.named(&named[..named.len().min(BATCH)]).await?,
        };
        self.rest = match std::mem::replace(&mut self.rest, Rest::None) {
            Rest::After(query, ..) => match rows.last() {
                Some(last) if rows.len() == BATCH => {
                    Rest::After(query, last.created_at, last.access_key.clone())
                }
                _ => Rest::None,
            },
            Rest::Named(mut named) if named.len() > BATCH => Rest::Named(named.split_off(BATCH)),
            _ => Rest::None,
        };
        let window = self.account.window();
        let exported = |row: Row| ExportedKey {
            status: Status::at(row.expires_at, now, window),
            access_key: row.access_key,
            name: row.name,
            description: row.description,
            created_at: row.created_at,
            expires_at: row.expires_at,
            used_at: row.used_at,
        };
        Ok(Some(rows.into_iter().map(exported).collect()))
    }

    async fn after(
        &self,
        query: &ListQuery,
        (created_at, access_key): (i64, &str),
        now: i64,
    ) -> Result<Vec<Row>> {
        let mut parameters = Parameters::default();
        let matching = Matching::new(&self.account, query, now, &mut parameters);
        let created_at = parameters.number(created_at);
        let access_key = parameters.text(access_key);
        let condition = format!(
            "{} AND (k.created_at > {created_at} OR (k.created_at = {created_at} AND k.access_key > {access_key}))",
            matching.all()
        );
        self.read(&condition, parameters).await
    }

    async fn named(&self, named: &[AccessKey]) -> Result<Vec<Row>> {
        let mut parameters = Parameters::default();
        let account = parameters.text(&self.account.id);
        let named: Vec<String> = named.iter().map(ToString::to_string).collect();
        let named = parameters.texts(named.iter().map(String::as_str));
        let condition = format!("k.account_id = {account} AND k.access_key IN ({named})");
        self.read(&condition, parameters).await
    }

    async fn read(&self, condition: &str, parameters: Parameters) -> Result<Vec<Row>> {
        let _reading = self.vault.reading(&self.account.id).await?;
        let statement = format!(
            "SELECT {ROW} FROM {KEYS} WHERE {condition} ORDER BY k.created_at, k.access_key LIMIT {BATCH}"
        );
        // Built from constants only; all input is bound.
        let rows = parameters.bind(sqlx::query_as(AssertSqlSafe(statement)));
        Ok(rows.fetch_all(&self.vault.readers()).await?)
    }
}
