//! Accounts, as the company's operators see and change them.

use serde_json::{Map, Value};
use shared::validation::FieldErrors;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use super::cursor::Place;
use super::once::{self, Made, Once};
use super::record::{AccountRecord, Page};
use super::token::Operator;
use super::{Expected, Meant, check, json};
use crate::accounts::account::{self, Account};
use crate::accounts::deletion::{self, withdraw_mails};
use crate::accounts::managed::{self, ManagedFields};
use crate::accounts::notice_columns::next_feed;
use crate::accounts::{notice_addresses, portal, sessions};
use crate::error::{Error, Result};
use crate::keys::delete_account::delete_keys;
use crate::keys::queries::matching::pattern;
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry};
use crate::storage::parameters::Parameters;
use crate::text::plain;
use crate::time::format::rfc3339;
use crate::vault::Vault;

/// Whether an account is suspended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    Active,
    Suspended,
}

/// Which accounts a list shows.
#[derive(Clone, Debug, Default)]
pub struct AccountFilter {
    /// A part of id, external id, name or address, of sign-in or of notices; in any case, without accents.
    pub search: Option<String>,
    pub standing: Option<Standing>,
}

#[derive(FromRow)]
struct Row {
    id: String,
    email: String,
    external_id: Option<String>,
    name: String,
    metadata: String,
    time_zone: String,
    warning_days: i64,
    created_at: i64,
    suspended_at: Option<i64>,
    suspended_reason: String,
    keys: i64,
    /// A line each: the place, a blank, the address.
    notice_emails: Option<String>,
}

// The order within an aggregate is not fixed, so the places come with the addresses.
const SELECT: &str = "SELECT a.id, a.email, a.external_id, a.name, a.metadata, a.time_zone, a.warning_days, a.created_at,
        a.suspended_at, a.suspended_reason,
        (SELECT COUNT(*) FROM api_keys k WHERE k.account_id = a.id) AS keys,
        (SELECT STRING_AGG(CAST(n.place AS TEXT) || ' ' || n.address, '\n') FROM notice_addresses n
         WHERE n.account_id = a.id) AS notice_emails
     FROM accounts a";

impl From<Row> for AccountRecord {
    fn from(row: Row) -> Self {
        let listed = row.notice_emails.unwrap_or_default();
        let mut placed: Vec<_> = listed
            .lines()
            .filter_map(|line| line.split_once(' '))
            .collect();
        placed.sort_unstable();
        Self {
            email: Some(row.email).filter(|email| *email != row.id),
            id: row.id,
            external_id: row.external_id,
            name: row.name,
            notice_emails: placed
                .into_iter()
                .map(|(_, address)| address.to_owned())
                .collect(),
            metadata: match serde_json::from_str(&row.metadata) {
                Ok(Value::Object(metadata)) => metadata,
                _ => Map::new(),
            },
            time_zone: row.time_zone,
            warning_days: row.warning_days,
            created_at: rfc3339(row.created_at),
            suspended_reason: row.suspended_at.map(|_| row.suspended_reason),
            suspended_at: row.suspended_at.map(rfc3339),
            keys: row.keys,
        }
    }
}

/// Reads an account's record within a transaction, or from a reader.
async fn record(connection: &mut AnyConnection, id: &str) -> Result<AccountRecord> {
    let statement = format!("{SELECT} WHERE a.id = $1");
    let row: Option<Row> = sqlx::query_as(AssertSqlSafe(statement))
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.map(AccountRecord::from).ok_or(Error::NotFound)
}

/// Rejects a change of an account that a request with If-Match does not mean: one of another version.
async fn expect(tx: &mut Tx, id: &str, expected: &Expected) -> Result<()> {
    if expected.is_some() {
        let present = record(tx.connection(), id).await?.version();
        check(expected, &present)?;
    }
    Ok(())
}

async fn made(tx: &mut Tx, status: u16, id: &str) -> Result<Made> {
    let record = record(tx.connection(), id).await?;
    Ok(Made {
        version: Some(record.tag()),
        account: Some(id.to_owned()),
        ..Made::new(status, json(&record))
    })
}

/// Finds an account for a change.
async fn find(tx: &mut Tx, named: &str) -> Result<Account> {
    let id = managed::id_of(tx.connection(), named).await?;
    account::find(tx.connection(), &id).await
}

impl Vault {
    /// Returns an account, by its id, or by `ext:` and its external id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn account_record(&self, named: &str) -> Result<AccountRecord> {
        let read = async |connection: &mut AnyConnection| {
            let id = managed::id_of(connection, named).await?;
            record(connection, &id).await
        };
        self.readers().read(read).await
    }

    /// Lists accounts, the oldest first.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `after`.
    pub async fn list_accounts(
        &self,
        filter: AccountFilter,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<AccountRecord>> {
        let place = after.map(Place::read).transpose()?.unwrap_or_default();
        let mut parameters = Parameters::default();
        let at = parameters.number(place.created_at);
        let id = parameters.text(place.id);
        let mut wanted = format!("a.password <> '' AND (a.created_at, a.id) > ({at}, {id})");
        match filter.standing {
            Some(Standing::Active) => wanted.push_str(" AND a.suspended_at IS NULL"),
            Some(Standing::Suspended) => wanted.push_str(" AND a.suspended_at IS NOT NULL"),
            None => {}
        }
        if let Some(search) = filter.search {
            let pattern = parameters.text(pattern(plain(&search).trim()));
            // Addresses are stored in lower case.
            wanted = format!(
                "{wanted} AND (a.folded LIKE {pattern} ESCAPE '\\' OR a.second_recipient LIKE {pattern} ESCAPE '\\'
                  OR EXISTS (SELECT 1 FROM notice_addresses n WHERE n.account_id = a.id AND n.address LIKE {pattern} ESCAPE '\\'))"
            );
        }
        let most = parameters.number(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let statement = format!("{SELECT} WHERE {wanted} ORDER BY a.created_at, a.id LIMIT {most}");
        let query = sqlx::query_as::<_, Row>(AssertSqlSafe(statement));
        let rows = parameters.bind(query).fetch_all(&self.readers()).await?;
        let cursor = |row: &Row| Place::of(row.created_at, &row.id).cursor();
        Ok(Page::new(rows, limit, cursor).map(AccountRecord::from))
    }

    /// Creates an account that needs no address and no password of its own. It has no key yet: no one would see the secret
    /// of one.
    ///
    /// # Errors
    /// [`Error::Invalid`]; [`Error::Taken`].
    pub async fn create_account(
        &self,
        operator: &Operator,
        fields: ManagedFields,
        once: Option<Once>,
    ) -> Result<Made> {
        let fields = fields.check()?;
        self.manage(operator, once, move |tx, _| {
            Box::pin(async move {
                let account = managed::insert(tx, &fields).await?;
                let detail = account.external_id.as_deref().unwrap_or_default();
                let entry = Entry::of_account(&account.id, Action::AccountCreated, detail);
                tx.audit(entry.named(account.external_id.as_deref()))
                    .await?;
                account.publish(tx);
                made(tx, 201, &account.id).await
            })
        })
        .await
    }

    /// Changes the given fields of an account.
    ///
    /// # Errors
    /// [`Error::Invalid`]; [`Error::NotFound`]; [`Error::Taken`]; [`Error::Outdated`].
    pub async fn edit_account(
        &self,
        operator: &Operator,
        meant: impl Into<Meant>,
        fields: ManagedFields,
    ) -> Result<Made> {
        let fields = fields.check()?;
        let Meant { named, expected } = meant.into();
        self.manage(operator, None, move |tx, _| {
            Box::pin(async move {
                let account = find(tx, &named).await?;
                expect(tx, &account.id, &expected).await?;
                let before = account.external_id.clone();
                let (after, changed) = managed::update(tx, account, &fields).await?;
                if changed.is_empty() {
                    tx.confirm_earlier();
                    tx.roll_back();
                } else {
                    let detail = changed.join(", ");
                    let entry = Entry::of_account(&after.id, Action::AccountEdited, &detail);
                    let external_id = after.external_id.as_deref().or(before.as_deref());
                    tx.audit(entry.named(external_id)).await?;
                    after.publish(tx);
                }
                made(tx, 200, &after.id).await
            })
        })
        .await
    }

    /// Deletes an account with all its keys, ends its sessions, and withdraws its pending mails. Returns the number of keys.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Outdated`].
    pub async fn delete_managed_account(
        &self,
        operator: &Operator,
        meant: impl Into<Meant>,
    ) -> Result<i64> {
        let Meant { named, expected } = meant.into();
        self.write(operator.clone(), move |tx| {
            Box::pin(async move {
                let account = find(tx, &named).await?;
                expect(tx, &account.id, &expected).await?;
                tx.confirm_earlier();
                let keys = delete_keys(tx, &account.id).await?;
                withdraw_mails(tx, &account.id).await?;
                deletion::empty_any(tx, &account.id).await?;
                once::forget(tx, &account.id).await?;
                sessions::end_all(tx.connection(), &account.id).await?;
                account.forget(tx);
                let count = keys.to_string();
                let entry = Entry::of_account(&account.id, Action::AccountDeleted, &count);
                tx.audit(entry.named(account.external_id.as_deref()))
                    .await?;
                Ok(keys)
            })
        })
        .await
    }

    /// Suspends an account: its keys are refused, and its pages only read, from when this returns.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `reason`; [`Error::NotFound`]; [`Error::Outdated`].
    pub async fn suspend(
        &self,
        operator: &Operator,
        meant: impl Into<Meant>,
        reason: &str,
        once: Option<Once>,
    ) -> Result<Made> {
        let reason = managed::given_reason(reason)?;
        self.set_suspended(operator, meant.into(), Some(reason), once)
            .await
    }

    /// Lets a suspended account go on: everything is as it was.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Outdated`].
    pub async fn resume(
        &self,
        operator: &Operator,
        meant: impl Into<Meant>,
        once: Option<Once>,
    ) -> Result<Made> {
        self.set_suspended(operator, meant.into(), None, once).await
    }

    async fn set_suspended(
        &self,
        operator: &Operator,
        Meant { named, expected }: Meant,
        reason: Option<String>,
        once: Option<Once>,
    ) -> Result<Made> {
        self.manage(operator, once, move |tx, _| {
            Box::pin(async move {
                let account = find(tx, &named).await?;
                expect(tx, &account.id, &expected).await?;
                let changed = managed::set_suspended(tx, &account, reason.as_deref()).await?;
                if let Some(after) = &changed {
                    let (action, detail) = match reason.as_deref() {
                        Some(reason) => (Action::Suspended, reason),
                        None => (Action::Resumed, ""),
                    };
                    let entry = Entry::of_account(&after.id, action, detail);
                    tx.audit(entry.named(after.external_id.as_deref())).await?;
                    after.publish(tx);
                } else {
                    tx.confirm_earlier();
                    tx.roll_back();
                }
                made(tx, 200, &account.id).await
            })
        })
        .await
    }

    /// Ends every session of an account, or those of one actor, by the company's own id of the person. Links that were not
    /// used yet no longer work. With every session, the URL of the calendar changes too: it is the one secret that a session
    /// has seen and that outlives it, and belongs to no one person.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `actor`; [`Error::NotFound`] for the account; [`Error::Outdated`].
    pub async fn end_sessions(
        &self,
        operator: &Operator,
        meant: impl Into<Meant>,
        actor: Option<&str>,
        once: Option<Once>,
    ) -> Result<Made> {
        let actor = actor.map(managed::external_id).transpose();
        let actor = actor.map_err(|message| FieldErrors::one("actor", message))?;
        let Meant { named, expected } = meant.into();
        self.manage(operator, once, move |tx, _| {
            Box::pin(async move {
                let account = find(tx, &named).await?;
                expect(tx, &account.id, &expected).await?;
                let mut ended = portal::end_all(tx, &account.id, actor.as_deref()).await?;
                let detail = if let Some(actor) = &actor {
                    format!("{ended}, of {actor}")
                } else {
                    ended += sessions::end_all(tx.connection(), &account.id).await?;
                    ended.to_string()
                };
                let entry = Entry::of_account(&account.id, Action::SessionsEnded, &detail);
                tx.audit(entry.named(account.external_id.as_deref()))
                    .await?;
                if actor.is_none() {
                    next_feed(tx.connection(), &account.id).await?;
                    let entry = Entry::of_account(&account.id, Action::CalendarReset, "");
                    tx.audit(entry).await?;
                }
                Ok(Made::new(200, serde_json::json!({ "ended": ended })))
            })
        })
        .await
    }

    /// Returns the addresses that the company has set for an account's notices, for its pages.
    pub async fn notice_addresses(&self, account: &str) -> Result<Vec<String>> {
        let read =
            async |connection: &mut AnyConnection| notice_addresses::of(connection, account).await;
        self.readers().read(read).await
    }
}
