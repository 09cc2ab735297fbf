//! Keys of all accounts, as the company's operators see and change them.

use serde_json::Value;
use shared::DAY_MS;
use shared::status::Status;
use shared::token::{AccessKey, SecretKey};
use shared::validation::key_form;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::cursor::Place;
use super::once::{Made, Once};
use super::record::{KeyRecord, Page};
use super::token::Operator;
use super::{Expected, Meant, check, json};
use crate::accounts::account::{self, Account};
use crate::accounts::managed;
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::keys::change::{self, EditKey, RestoreKey, editing, restoring};
use crate::keys::create::create_as;
use crate::keys::queries::matching::{pattern, words};
use crate::keys::row::Row as Key;
use crate::storage::audit::Action;
use crate::storage::parameters::Parameters;
use crate::storage::{Tx, version};
use crate::text::composed;
use crate::time::format::rfc3339;
use crate::vault::Vault;

/// Which keys a list shows.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// The id of an account, or `ext:` and an external id.
    pub owner: Option<String>,
    /// By the warning window of each key's own account.
    pub status: Option<Status>,
    /// Keys that expire before this instant, UTC epoch milliseconds, expired ones too.
    pub expires_before: Option<i64>,
    /// Keys of which no call was accepted since this instant.
    pub unused_since: Option<i64>,
    /// Words, each a part of name, description or access key.
    pub search: Option<String>,
}

#[derive(FromRow)]
struct Row {
    access_key: String,
    account_id: String,
    external_id: Option<String>,
    name: String,
    description: String,
    created_at: i64,
    expires_at: Option<i64>,
    used_at: Option<i64>,
    warning_days: i64,
}

const SELECT: &str = "SELECT k.access_key, k.account_id, a.external_id, k.name, k.description, k.created_at, k.expires_at,
        u.used_at, a.warning_days
     FROM api_keys k JOIN accounts a ON a.id = k.account_id LEFT JOIN last_uses u ON u.access_key = k.access_key";

impl Row {
    fn record(self, now: i64) -> KeyRecord {
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

    /// Lists keys of all accounts, or of one, the oldest first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `after`; [`Error::NotFound`] for an owner that does not exist.
    pub async fn list_all_keys(
        &self,
        filter: KeyFilter,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<KeyRecord>> {
        let (now, mut parameters) = (self.now(), Parameters::default());
        let place = after.map(Place::read).transpose()?.unwrap_or_default();
        let at = parameters.number(place.created_at);
        let key = parameters.text(place.id);
        let mut wanted = vec![format!("(k.created_at, k.access_key) > ({at}, {key})")];
        if let Some(named) = &filter.owner {
            let find =
                async |connection: &mut AnyConnection| managed::id_of(connection, named).await;
            let id = self.readers().read(find).await?;
            wanted.push(format!("k.account_id = {}", parameters.text(id)));
        }
        if let Some(status) = filter.status {
            let now = parameters.number(now);
            let soon = format!("(CAST({now} AS BIGINT) + a.warning_days * {DAY_MS})");
            wanted.push(match status {
                Status::Active => format!("(k.expires_at IS NULL OR k.expires_at > {soon})"),
                Status::ExpiringSoon => {
                    format!("k.expires_at > {now} AND k.expires_at <= {soon}")
                }
                Status::Expired => format!("k.expires_at <= {now}"),
            });
        }
        if let Some(at) = filter.expires_before {
            wanted.push(format!("k.expires_at < {}", parameters.number(at)));
        }
        if let Some(at) = filter.unused_since {
            let at = parameters.number(at);
            wanted.push(format!("(u.used_at IS NULL OR u.used_at < {at})"));
        }
        for word in words(filter.search.as_deref().unwrap_or_default()) {
            let pattern = parameters.text(pattern(&word));
            wanted.push(format!("k.folded LIKE {pattern} ESCAPE '\\'"));
        }
        let most = parameters.number(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let statement = format!(
            "{SELECT} WHERE {} ORDER BY k.created_at, k.access_key LIMIT {most}",
            wanted.join(" AND ")
        );
        let query = sqlx::query_as::<_, Row>(AssertSqlSafe(statement));
        let rows = parameters.bind(query).fetch_all(&self.readers()).await?;
        let cursor = |row: &Row| Place::of(row.created_at, &row.access_key).cursor();
        Ok(Page::new(rows, limit, cursor).map(|row| row.record(now)))
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
                let access_key = AccessKey::from_entropy(random::bytes()?);
                let pair = (access_key, SecretKey::from_entropy(bits.bits));
                create_as(pair, &vault, tx, &account, &form).await?;
                Ok(Made {
                    bits: Some(bits.bits),
                    ..made(tx, 201, access_key).await?
                })
            })
        });
        let text = |bits| SecretKey::from_entropy(bits).expose().to_owned();
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
            Box::pin(async move { Ok(Made::new(200, decided)) })
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
