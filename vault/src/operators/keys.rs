//! Keys of all accounts, as the company's operators see and change them.

use serde_json::Value;
use shared::DAY_MS;
use shared::status::Status;
use shared::token::{AccessKey, SecretKey};
use shared::validation::key_form;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::once::{Made, Once};
use super::record::{ActorRecord, KeyRecord};
use super::token::Operator;
use super::{Expected, Meant, check, json};
use crate::accounts::account::{self, Account};
use crate::accounts::managed;
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::keys::change::{self, EditKey, RestoreKey, editing, restoring};
use crate::keys::create::create_as;
use crate::keys::row::Row as Key;
use crate::storage::audit::Action;
use crate::storage::{Tx, version};
use crate::text::composed;
use crate::time::format::rfc3339;
use crate::vault::Vault;

#[derive(FromRow)]
pub(super) struct Row {
    pub access_key: String,
    account_id: String,
    external_id: Option<String>,
    name: String,
    description: String,
    created_at: i64,
    expires_at: Option<i64>,
    used_at: Option<i64>,
    warning_days: i64,
    made_by: Option<String>,
    maker: Option<String>,
}

pub(super) const SELECT: &str = "SELECT k.access_key, k.account_id, a.external_id, k.name, k.description, k.created_at, k.expires_at,
        u.used_at, a.warning_days, k.made_by,
        (SELECT e.label FROM people e WHERE e.account_id = k.account_id AND e.external_id = k.made_by) AS maker
     FROM api_keys k JOIN accounts a ON a.id = k.account_id LEFT JOIN last_uses u ON u.access_key = k.access_key";

impl Row {
    pub fn record(self, now: i64) -> KeyRecord {
        KeyRecord {
            version: version::of_key(&self.name, &self.description, self.expires_at, now),
            access_key: self.access_key,
            account_id: self.account_id,
            external_id: self.external_id,
            name: self.name,
            description: self.description,
            status: Status::at(self.expires_at, now, self.warning_days * DAY_MS),
            created_at: rfc3339(self.created_at),
            expires_at: self.expires_at.map(rfc3339),
            last_used_at: self.used_at.map(rfc3339),
            made_by: self.made_by.map(|id| ActorRecord {
                label: self.maker.unwrap_or_else(|| id.clone()),
                external_id: id,
            }),
        }
    }
}

async fn record(
    connection: &mut AnyConnection,
    access_key: AccessKey,
    now: i64,
) -> Result<KeyRecord> {
    let statement = format!("{SELECT} WHERE k.access_key = $1");
    let row: Option<Row> = sqlx::query_as(AssertSqlSafe(statement))
        .bind(access_key.to_string())
        .fetch_optional(connection)
        .await?;
    row.map(|row| row.record(now)).ok_or(Error::NotFound)
}

async fn made(tx: &mut Tx, status: u16, access_key: AccessKey) -> Result<Made> {
    let now = tx.now();
    let record = record(tx.connection(), access_key, now).await?;
    Ok(Made {
        version: Some(record.tag()),
        account: Some(record.account_id.clone()),
        ..Made::new(status, json(&record))
    })
}

/// Finds the account of a key, within the transaction that changes it.
async fn owner(tx: &mut Tx, access_key: AccessKey) -> Result<Account> {
    let found: Option<(String,)> =
        sqlx::query_as("SELECT account_id FROM api_keys WHERE access_key = $1")
            .bind(access_key.to_string())
            .fetch_optional(tx.connection())
            .await?;
    let (id,) = found.ok_or(Error::NotFound)?;
    account::find(tx.connection(), &id).await
}

fn parse(access_key: &str) -> Result<AccessKey> {
    access_key.parse().map_err(|_| Error::NotFound)
}

impl Vault {
    /// Returns a key.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn key_record(&self, access_key: &str) -> Result<KeyRecord> {
        let (access_key, now) = (parse(access_key)?, self.now());
        let read = async |connection: &mut AnyConnection| record(connection, access_key, now).await;
        self.readers().read(read).await
    }

    /// Creates a key of an account. The answer shows the secret once.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `name`, `description`, `expiry`; [`Error::NotFound`]; [`Error::Quota`].
    pub async fn create_key_for(
        &self,
        operator: &Operator,
        named: &str,
        (name, description, expiry): (&str, &str, &str),
        once: Option<Once>,
    ) -> Result<Made> {
        let form = key_form(&composed(name), &composed(description), expiry)?;
        let (vault, named) = (self.clone(), named.to_owned());
        let made = self.manage(operator, once, move |tx, bits| {
            Box::pin(async move {
                let id = managed::id_of(tx.connection(), &named).await?;
                let account = account::find(tx.connection(), &id).await?;
                let access_key = AccessKey::with_prefix(vault.0.prefix, random::bytes()?);
                let pair = (
                    access_key,
                    SecretKey::with_prefix(vault.0.prefix, bits.bits),
                );
                create_as(pair, &vault, tx, &account, &form).await?;
                Ok(Made {
                    bits: Some(bits.bits),
                    ..made(tx, 201, access_key).await?
                })
            })
        });
        let text = |bits| {
            SecretKey::with_prefix(self.0.prefix, bits)
                .expose()
                .to_owned()
        };
        Ok(made.await?.with_secret("secret_key", text))
    }

    /// Changes the given fields of a key.
    ///
    /// # Errors
    /// [`Error::Invalid`]; [`Error::NotFound`]; [`Error::Outdated`].
    pub async fn edit_any_key(
        &self,
        operator: &Operator,
        edit: EditKey<'_>,
        expected: Expected,
    ) -> Result<Made> {
        let access_key = parse(edit.access_key)?;
        let edit = editing(edit);
        let vault = self.clone();
        self.manage(operator, None, move |tx, _| {
            Box::pin(async move {
                let account = owner(tx, access_key).await?;
                expect(tx, access_key, &expected).await?;
                let what = (access_key, Action::Edited);
                change::apply(&vault, tx, &account, what, edit).await?;
                made(tx, 200, access_key).await
            })
        })
        .await
    }

    /// Expires a key now, with a reason that its owner reads.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for `reason`; [`Error::Outdated`].
    pub async fn expire_any_key(
        &self,
        operator: &Operator,
        meant: impl Into<Meant>,
        reason: Option<&str>,
        once: Option<Once>,
    ) -> Result<Made> {
        let Meant { named, expected } = meant.into();
        let (vault, access_key) = (self.clone(), parse(&named)?);
        let reason = reason.map(managed::given_reason).transpose()?;
        self.manage(operator, once, move |tx, _| {
            Box::pin(async move {
                let account = owner(tx, access_key).await?;
                expect(tx, access_key, &expected).await?;
                let what = (access_key, Action::Expired);
                let expire = |row: &mut Key, _: &Account, now| {
                    Ok(row.expire(now).then(|| reason.unwrap_or_default()))
                };
                change::apply(&vault, tx, &account, what, expire).await?;
                made(tx, 200, access_key).await
            })
        })
        .await
    }

    /// Sets a later expiration, or none.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for `expiry`; [`Error::Outdated`].
    pub async fn restore_any_key(
        &self,
        operator: &Operator,
        meant: impl Into<Meant>,
        expiry: &str,
        once: Option<Once>,
    ) -> Result<Made> {
        let Meant { named, expected } = meant.into();
        let restore = restoring(RestoreKey {
            access_key: &named,
            expiry,
            version: "",
        });
        let (vault, access_key) = (self.clone(), parse(&named)?);
        self.manage(operator, once, move |tx, _| {
            Box::pin(async move {
                let account = owner(tx, access_key).await?;
                expect(tx, access_key, &expected).await?;
                let what = (access_key, Action::Restored);
                change::apply(&vault, tx, &account, what, restore).await?;
                made(tx, 200, access_key).await
            })
        })
        .await
    }

    /// Deletes a key permanently.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Outdated`].
    pub async fn delete_any_key(&self, operator: &Operator, meant: impl Into<Meant>) -> Result<()> {
        let Meant { named, expected } = meant.into();
        let access_key = parse(&named)?;
        self.write(operator.clone(), move |tx| {
            Box::pin(async move {
                let account = owner(tx, access_key).await?;
                expect(tx, access_key, &expected).await?;
                let row = Key::find(tx.connection(), &account, access_key).await?;
                change::delete(tx, &account, &row).await
            })
        })
        .await
    }

    /// Stores the answer to a request that changed nothing, or returns the earlier one.
    ///
    /// # Errors
    /// [`Error::Reused`].
    pub async fn keep_answer(
        &self,
        operator: &Operator,
        once: Once,
        decided: Value,
    ) -> Result<Made> {
        self.manage(operator, Some(once), move |_, _| {
            Box::pin(async move {
                Ok(Made {
                    // It names the account, so it goes with it.
                    account: decided["account_id"].as_str().map(str::to_owned),
                    ..Made::new(200, decided)
                })
            })
        })
        .await
    }
}

/// Rejects a change of a key that a request with If-Match does not mean: one of another version.
async fn expect(tx: &mut Tx, access_key: AccessKey, expected: &Expected) -> Result<()> {
    let now = tx.now();
    if expected.is_some() {
        let present = record(tx.connection(), access_key, now).await?.version;
        check(expected, &present)?;
    }
    Ok(())
}
