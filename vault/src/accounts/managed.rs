//! Accounts that the company manages: its own id for each, a name, where the notices go, metadata, and suspension. Such an
//! account needs no address and no password of its own: its row has the id as address, which no address is, and a
//! password that none matches.

use std::collections::HashSet;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use shared::notice::Stages;
use shared::validation::{self, DEFAULT_WARNING_DAYS, FieldErrors};
use sqlx::AnyConnection;

use crate::accounts::account::{Account, Suspension};
use crate::accounts::notice_addresses::{self, MOST};
use crate::accounts::refold::refold_one;
use crate::accounts::table_layout::TableLayout;
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::storage::Tx;
use crate::text::{self, account_lines, composed};
use crate::time::zones::{self, Zone};

/// In the place of a password's hash.
const NO_PASSWORD: &str = "-";
const EXTERNAL_ID_MAX: usize = 200;
/// The most characters of an account's name, and of the reason for a suspension.
const NAME_MAX: usize = 200;
const REASON_MAX: usize = 500;
/// Bytes of the metadata as compact JSON.
const METADATA_MAX: usize = 1024;

/// What becomes of a field that can be empty: in JSON, an absent member, null or a value.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Setting<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Setting<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Option::deserialize(deserializer)?;
        Ok(value.map_or(Self::Clear, Self::Set))
    }
}

impl<T> Setting<T> {
    fn try_map<E>(self, check: impl FnOnce(T) -> Result<T, E>) -> Result<Self, E> {
        match self {
            Self::Set(value) => check(value).map(Self::Set),
            other => Ok(other),
        }
    }
}

/// What the company sets of an account. None leaves a field as it is, or takes its default in a new account.
#[derive(Clone, Debug, Default)]
pub struct ManagedFields {
    pub external_id: Setting<String>,
    pub name: Option<String>,
    pub notice_emails: Option<Vec<String>>,
    pub metadata: Option<Map<String, Value>>,
    /// An IANA name.
    pub time_zone: Option<String>,
    pub warning_days: Option<i64>,
}

/// The same, checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Checked {
    external_id: Setting<String>,
    name: Option<String>,
    notice_emails: Option<Vec<String>>,
    metadata: Option<String>,
    time_zone: Option<Zone>,
    warning_days: Option<i64>,
}

impl Checked {
    /// Returns the external id to set.
    pub(crate) fn external_id(&self) -> Option<&str> {
        match &self.external_id {
            Setting::Set(id) => Some(id),
            Setting::Keep | Setting::Clear => None,
        }
    }
}

impl ManagedFields {
    /// Checks all fields at once.
    ///
    /// # Errors
    /// [`Error::Invalid`], by the names of the fields; for one of the addresses, `notice_emails/<place>`.
    pub(crate) fn check(self) -> Result<Checked> {
        let mut errors = FieldErrors::default();
        let mut checked = Checked {
            warning_days: self.warning_days,
            ..Checked::default()
        };
        let id = self.external_id.try_map(|id| external_id(&id));
        checked.external_id = errors.check("external_id", id).unwrap_or_default();
        if let Some(text) = self.name {
            checked.name = errors.check("name", line(&text, NAME_MAX));
        }
        if let Some(addresses) = self.notice_emails {
            checked.notice_emails = Some(notice_emails(&addresses, &mut errors));
        }
        if let Some(metadata) = self.metadata {
            checked.metadata = errors.check("metadata", metadata_text(metadata));
        }
        if let Some(name) = self.time_zone {
            checked.time_zone = errors.check("time_zone", zones::choose(&name));
        }
        if let Some(days) = self.warning_days {
            errors.check("warning_days", validation::warning_days(&days.to_string()));
        }
        if errors.is_empty() {
            Ok(checked)
        } else {
            Err(errors.into())
        }
    }
}

/// An id of the company: 1 to 200 visible ASCII characters.
pub(crate) fn external_id(id: &str) -> Result<String, String> {
    let visible = id.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && (1..=EXTERNAL_ID_MAX).contains(&id.len()) {
        Ok(id.to_owned())
    } else {
        Err(format!(
            "An external id has 1 to {EXTERNAL_ID_MAX} visible ASCII characters, without blanks."
        ))
    }
}

/// A line of text of at most `most` characters, which may be empty.
pub(crate) fn line(text: &str, most: usize) -> Result<String, String> {
    let text = composed(text.trim());
    if text.chars().any(char::is_control) {
        return Err("This is a single line of text, without control characters.".to_owned());
    }
    if text.chars().count() > most {
        return Err(format!("This is longer than {most} characters."));
    }
    Ok(text)
}

/// A reason for its owner, which may not be empty.
pub(crate) fn given_reason(text: &str) -> Result<String> {
    let reason = line(text, REASON_MAX).and_then(|reason| match reason.as_str() {
        "" => Err(format!("Give a reason of 1 to {REASON_MAX} characters.")),
        _ => Ok(reason),
    });
    reason.map_err(|message| FieldErrors::one("reason", message).into())
}

fn notice_emails(addresses: &[String], errors: &mut FieldErrors) -> Vec<String> {
    if addresses.len() > MOST {
        errors.add("notice_emails", format!("At most {MOST} addresses."));
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut checked = Vec::new();
    for (place, typed) in addresses.iter().enumerate() {
        let field = format!("notice_emails/{place}");
        if let Some(address) = errors.check(&field, text::email(typed)) {
            if !seen.insert(address.clone()) {
                errors.add(&field, "This address is in the list twice.");
            }
            checked.push(address);
        }
    }
    checked
}

/// Returns whether a text or a name within a value contains U+0000.
fn has_null(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains('\0') || has_null(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn metadata_text(metadata: Map<String, Value>) -> Result<String, String> {
    let metadata = Value::Object(metadata);
    // Not every database of the company keeps it.
    if has_null(&metadata) {
        return Err("Metadata can't contain U+0000.".to_owned());
    }
    let text = metadata.to_string();
    if text.len() > METADATA_MAX {
        let length = text.len();
        return Err(format!(
            "Metadata has at most {METADATA_MAX} bytes as compact JSON; this has {length}."
        ));
    }
    Ok(text)
}

/// Adds an account without an address or a password.
///
/// # Errors
/// [`Error::Taken`] if the external id already has an account.
pub(crate) async fn insert(tx: &mut Tx, fields: &Checked) -> Result<Account> {
    let account = Account {
        id: random::id("acc_")?,
        email: String::new(),
        external_id: match &fields.external_id {
            Setting::Set(id) => Some(id.clone()),
            Setting::Keep | Setting::Clear => None,
        },
        name: fields.name.clone().unwrap_or_default(),
        suspended: None,
        time_zone: fields.time_zone.unwrap_or_else(Zone::utc),
        warning_days: fields.warning_days.unwrap_or(DEFAULT_WARNING_DAYS),
        table: TableLayout::default(),
    };
    let account = Account {
        email: account.id.clone(),
        ..account
    };
    let external_id = account.external_id.as_deref().unwrap_or_default();
    let inserted = sqlx::query(
        "INSERT INTO accounts (id, email, password, time_zone, warning_days, created_at, stages, external_id, name, metadata,
                               folded)
         VALUES ($1, $1, $2, $3, $4, $5, $6, CAST($7 AS TEXT), $8, $9, $10)",
    )
    .bind(&account.id)
    .bind(NO_PASSWORD)
    .bind(account.time_zone.name())
    .bind(account.warning_days)
    .bind(tx.now())
    .bind(Stages::ALL.to_string())
    .bind(account.external_id.clone())
    .bind(&account.name)
    .bind(fields.metadata.as_deref().unwrap_or("{}"))
    .bind(account_lines(&account.id, external_id, &account.name, &account.id))
    .execute(tx.connection())
    .await;
    taken(inserted)?;
    if let Some(addresses) = &fields.notice_emails {
        notice_addresses::set(tx.connection(), &account.id, addresses).await?;
    }
    Ok(account)
}

/// Changes the fields that are given. Returns the account after that, and the names of the fields that have changed.
///
/// # Errors
/// [`Error::Taken`] if the external id already has another account.
pub(crate) async fn update(
    tx: &mut Tx,
    account: Account,
    fields: &Checked,
) -> Result<(Account, Vec<&'static str>)> {
    let mut after = account;
    let mut changed = Vec::new();
    let (metadata,): (String,) = sqlx::query_as("SELECT metadata FROM accounts WHERE id = $1")
        .bind(&after.id)
        .fetch_one(tx.connection())
        .await?;
    let mut note = |differs: bool, field: &'static str| {
        if differs {
            changed.push(field);
        }
    };
    let id = match &fields.external_id {
        Setting::Keep => after.external_id.clone(),
        Setting::Clear => None,
        Setting::Set(id) => Some(id.clone()),
    };
    note(id != after.external_id, "external_id");
    after.external_id = id;
    if let Some(zone) = fields.time_zone {
        note(zone.name() != after.time_zone.name(), "time_zone");
        after.time_zone = zone.written(after.time_zone.writing());
    }
    if let Some(days) = fields.warning_days {
        note(days != after.warning_days, "warning_days");
        after.warning_days = days;
    }
    if let Some(name) = &fields.name {
        note(*name != after.name, "name");
        after.name.clone_from(name);
    }
    let new_metadata = fields.metadata.as_ref().unwrap_or(&metadata);
    note(*new_metadata != metadata, "metadata");
    if let Some(addresses) = &fields.notice_emails {
        let present = notice_addresses::of(tx.connection(), &after.id).await?;
        note(*addresses != present, "notice_emails");
        notice_addresses::set(tx.connection(), &after.id, addresses).await?;
    }
    let updated = sqlx::query(
        "UPDATE accounts SET external_id = CAST($1 AS TEXT), name = $2, metadata = $3, time_zone = $4, warning_days = $5
         WHERE id = $6",
    )
    .bind(after.external_id.clone())
    .bind(&after.name)
    .bind(new_metadata)
    .bind(after.time_zone.name())
    .bind(after.warning_days)
    .bind(&after.id)
    .execute(tx.connection())
    .await;
    taken(updated)?;
    refold_one(tx.connection(), &after.id).await?;
    Ok((after, changed))
}

fn taken<T>(written: sqlx::Result<T>) -> Result<T> {
    written.map_err(|error| match error {
        sqlx::Error::Database(error) if error.is_unique_violation() => Error::Taken,
        error => error.into(),
    })
}

/// Suspends an account, or lets it go on. Returns the account after that, or none if nothing changes.
pub(crate) async fn set_suspended(
    tx: &mut Tx,
    account: &Account,
    reason: Option<&str>,
) -> Result<Option<Account>> {
    let present = account.suspended.as_ref();
    if present.map(|suspension| suspension.reason.as_str()) == reason {
        return Ok(None);
    }
    let now = tx.now();
    // A new reason is no new suspension.
    let at = present.map_or(now, |suspension| suspension.at);
    let suspended = reason.map(|reason| Suspension {
        at,
        reason: reason.to_owned(),
    });
    sqlx::query(
        "UPDATE accounts SET suspended_at = CAST($1 AS BIGINT), suspended_reason = $2 WHERE id = $3",
    )
    .bind(suspended.as_ref().map(|suspension| suspension.at))
    .bind(reason.unwrap_or_default())
    .bind(&account.id)
    .execute(tx.connection())
    .await?;
    Ok(Some(Account {
        suspended,
        ..account.clone()
    }))
}

/// Finds an account by its id, or by `ext:` and the company's own id. Within the transaction that depends on it.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn id_of(connection: &mut AnyConnection, named: &str) -> Result<String> {
    let found: Option<(String,)> = match named.strip_prefix("ext:") {
        Some(external) if external_id(external).is_ok() => {
            sqlx::query_as("SELECT id FROM accounts WHERE external_id = $1 AND password <> ''")
                .bind(external)
                .fetch_optional(connection)
                .await?
        }
        None if random::is_id(named) => {
            sqlx::query_as("SELECT id FROM accounts WHERE id = $1 AND password <> ''")
                .bind(named)
                .fetch_optional(connection)
                .await?
        }
        _ => None,
    };
    found.map(|(id,)| id).ok_or(Error::NotFound)
}
