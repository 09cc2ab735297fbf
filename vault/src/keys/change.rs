//! Operations on keys: edit, expire, restore, delete. Each is one transaction with its audit entry, published to the
//! directory before it is acknowledged. Every statement names the owner, so a key of another account is not found, like
//! one that does not exist.

use std::sync::atomic::Ordering;

use shared::expiry::{Expiry, ExpiryError};
use shared::status::is_good;
use shared::token::AccessKey;
use shared::validation::{self, FieldErrors, KeyChange};
use shared::view::Changed;
use sqlx::{AnyConnection, FromRow};

use crate::accounts::account::Account;
use crate::accounts::sessions::Actor;
use crate::error::{Conflict, Error, Result};
use crate::notices::sweep;
use crate::outbox::Wait;
use crate::state::directory::Publication;
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry};
use crate::storage::version;
use crate::text::{composed, folded, seen};
use crate::time::format::{moment, rfc3339};
use crate::vault::Vault;

/// An edit of a key. None leaves a field as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct EditKey<'a> {
    pub access_key: &'a str,
    pub name: Option<&'a str>,
    pub description: Option<&'a str>,
    /// In the expiry grammar.
    pub expiry: Option<&'a str>,
    /// The version that the edit is based on; an empty one accepts whatever is stored.
    pub version: &'a str,
}

/// The restoration of a key.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestoreKey<'a> {
    pub access_key: &'a str,
    /// In the expiry grammar.
    pub expiry: &'a str,
    /// The version that the restoration is based on; an empty one accepts whatever is stored.
    pub version: &'a str,
}

/// The part of a key's row that changes need.
struct Row {
    access_key: AccessKey,
    name: String,
    description: String,
    expires_at: Option<i64>,
    /// When the expiration was set. It equals the expiration of a key that was expired manually.
    set_at: i64,
}

/// The mutable columns of a key.
#[derive(FromRow)]
struct Stored {
    name: String,
    description: String,
    expires_at: Option<i64>,
    expiration_set_at: i64,
}

impl Row {
    /// Reads a key of this account, within the transaction that will change it.
    async fn find(
        connection: &mut AnyConnection,
        account: &Account,
        access_key: AccessKey,
    ) -> Result<Self> {
        let row: Option<Stored> = sqlx::query_as(
            "SELECT name, description, expires_at, expiration_set_at FROM api_keys
             WHERE access_key = $1 AND account_id = $2",
        )
        .bind(access_key.to_string())
        .bind(&account.id)
        .fetch_optional(connection)
        .await?;
        let stored = row.ok_or(Error::NotFound)?;
        Ok(Self {
            access_key,
            name: stored.name,
            description: stored.description,
            expires_at: stored.expires_at,
            set_at: stored.expiration_set_at,
        })
    }

    fn set_expiration(&mut self, expires_at: Option<i64>, now: i64) {
        (self.expires_at, self.set_at) = (expires_at, now);
    }

    /// Stores this row, with its audit entry.
    async fn save(
        &self,
        tx: &mut Tx,
        account: &Account,
        (action, detail): (Action, &str),
    ) -> Result<()> {
        let access_key = self.access_key.to_string();
        sqlx::query(
            "UPDATE api_keys SET name = $1, description = $2, folded = $3, expires_at = CAST($4 AS BIGINT), expiration_set_at = $7
             WHERE access_key = $5 AND account_id = $6",
        )
        .bind(&self.name)
        .bind(&self.description)
        .bind(folded(&self.name, &self.description, self.access_key))
        .bind(self.expires_at)
        .bind(&access_key)
        .bind(&account.id)
        .bind(self.set_at)
        .execute(tx.connection())
        .await?;
        tx.audit(Entry {
            account_id: &account.id,
            action,
            subject: &access_key,
            detail,
            expires_at: self.expires_at,
        })
        .await
    }

    fn changed(&self, before: Option<i64>, account: &Account, now: i64) -> Changed {
        Changed {
            access_key: self.access_key.to_string(),
            name: self.name.clone(),
            expiry_before: in_grammar(before),
            expiry: in_grammar(self.expires_at),
            expires: self.expires_at.map(|at| moment(at, account.time_zone)),
            version: self.version(now),
        }
    }

    fn version(&self, now: i64) -> String {
        version::of_key(&self.name, &self.description, self.expires_at, now)
    }

    /// Returns the expiration as the rest of a sentence: "expired on …".
    fn expiration(&self, account: &Account, now: i64) -> String {
        self.expires_at.map_or_else(
            || "never expires".to_owned(),
            |at| {
                let verb = if is_good(Some(at), now) {
                    "expires"
                } else {
                    "expired"
                };
                format!("{verb} on {}", moment(at, account.time_zone).text)
            },
        )
    }

    /// Describes the conflict of an edit with a key that has changed since: what is stored now, beside what was typed.
    fn conflict(&self, edit: &KeyChange, account: &Account, now: i64) -> Conflict {
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
        let expiration = format!("Stored now: the key {}.", self.expiration(account, now));
        conflict.fields.add("expiry", expiration);
        conflict
    }
}

/// Formats an expiration in the expiry grammar, exact to the millisecond.
fn in_grammar(expires_at: Option<i64>) -> String {
    expires_at.map_or_else(|| "never".to_owned(), rfc3339)
}

fn parse(access_key: &str) -> Result<AccessKey> {
    access_key.trim().parse().map_err(|_| Error::NotFound)
}

pub(crate) fn expiry_error(error: ExpiryError) -> Error {
    FieldErrors::one("expiry", error).into()
}

impl Vault {
    /// Changes the name, description and expiration that the edit contains. A past expiration is rejected unless it is
    /// the current one, because expiring a key is an operation of its own. An expired key becomes good again only by a
    /// different expiration.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for `name`, `description`, `expiry`; [`Error::Conflict`] if the key has
    /// changed since the edit's version, or has expired.
    pub async fn edit_key(&self, actor: &Actor, edit: EditKey<'_>) -> Result<Changed> {
        let access_key = parse(edit.access_key)?;
        let (name, description) = (edit.name.map(composed), edit.description.map(composed));
        let form = validation::key_change(name.as_deref(), description.as_deref(), edit.expiry);
        let begun_on = edit.version.trim().to_owned();
        self.change(actor, access_key, move |row, account, now| {
            let edit = form?;
            version::check(&begun_on, &row.version(now), || {
                row.conflict(&edit, account, now)
            })?;
            let mut detail = Vec::new();
            if let Some(expiry) = edit.expiry {
                let expires_at = expiry
                    .resolve(now, &account.time_zone)
                    .map_err(expiry_error)?;
                if expires_at != row.expires_at {
                    let later = expiry.resolve_later(now, &account.time_zone);
                    row.set_expiration(later.map_err(expiry_error)?, now);
                    detail.push("expiration");
                }
            }
            if let Some(name) = edit.name.filter(|name| *name != row.name) {
                row.name = name;
                detail.push("name");
            }
            if let Some(description) = edit.description.filter(|text| *text != row.description) {
                row.description = description;
                detail.push("description");
            }
            Ok((!detail.is_empty()).then(|| (Action::Edited, detail.join(", "))))
        })
        .await
    }

    /// Expires a key now. A key that has already expired keeps its expiration, but counts as expired manually from now
    /// on: if only a clock jump had expired it, correcting the clock does not revive it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn expire_key(&self, actor: &Actor, access_key: &str) -> Result<Changed> {
        let access_key = parse(access_key)?;
        self.change(actor, access_key, |row, _, now| {
            match row.expires_at.filter(|at| !is_good(Some(*at), now)) {
                Some(expired) if expired == row.set_at => return Ok(None),
                Some(expired) => row.set_at = expired,
                None => row.set_expiration(Some(now), now),
            }
            Ok(Some((Action::Expired, String::new())))
        })
        .await
    }

    /// Sets a later expiration, or none: the same credentials work again, or for longer.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for `expiry`, if it lies in the past or before the current expiration;
    /// [`Error::Conflict`] if the key has changed since the restoration's version.
    pub async fn restore_key(&self, actor: &Actor, restoration: RestoreKey<'_>) -> Result<Changed> {
        let access_key = parse(restoration.access_key)?;
        let expiry: Result<Expiry, FieldErrors> = validation::expiry(restoration.expiry);
        let seen = restoration.version.trim().to_owned();
        self.change(actor, access_key, move |row, account, now| {
            let expires_at = expiry?
                .resolve_later(now, &account.time_zone)
                .map_err(expiry_error)?;
            if expires_at == row.expires_at {
                return Ok(None);
            }
            version::check(&seen, &row.version(now), || {
                let message = format!(
                    "{} has changed since you opened this page, so nothing was saved: it {}.",
                    row.name,
                    row.expiration(account, now)
                );
                Conflict::new(message, row.version(now))
            })?;
            if row
                .expires_at
                .is_none_or(|present| expires_at.is_some_and(|at| at < present))
            {
                let message = "The key already lasts longer than that. Edit it to expire sooner.";
                return Err(FieldErrors::one("expiry", message).into());
            }
            row.set_expiration(expires_at, now);
            Ok(Some((Action::Restored, String::new())))
        })
        .await
    }

    /// Deletes a key permanently.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for `confirm_name`, if it is not the key's name.
    pub async fn delete_key(
        &self,
        actor: &Actor,
        access_key: &str,
        confirm_name: &str,
    ) -> Result<Changed> {
        let access_key = parse(access_key)?;
        let account = actor.account().clone();
        let confirm_name = seen(confirm_name).trim().to_owned();
        self.write(actor.clone(), move |tx| {
            Box::pin(async move {
                let row = Row::find(tx.connection(), &account, access_key).await?;
                if seen(&row.name).trim() != confirm_name {
                    let message = format!("Type the key's name, {}, to delete it.", row.name);
                    return Err(FieldErrors::one("confirm_name", message).into());
                }
                let subject = access_key.to_string();
                sqlx::query("DELETE FROM api_keys WHERE access_key = $1 AND account_id = $2")
                    .bind(&subject)
                    .bind(&account.id)
                    .execute(tx.connection())
                    .await?;
                tx.audit(Entry {
                    account_id: &account.id,
                    action: Action::Deleted,
                    subject: &subject,
                    detail: &row.name,
                    expires_at: row.expires_at,
                })
                .await?;
                tx.publish(Publication::Remove { access_key });
                Ok(row.changed(row.expires_at, &account, tx.now()))
            })
        })
        .await
    }

    /// Reads a key, applies `edit` to its row, saves it with the action and detail that `edit` returns (none: no
    /// change) and publishes it.
    async fn change<E>(&self, actor: &Actor, access_key: AccessKey, edit: E) -> Result<Changed>
    where
        E: FnOnce(&mut Row, &Account, i64) -> Result<Option<(Action, String)>>
            + Clone
            + Send
            + 'static,
    {
        let (vault, account) = (self.clone(), actor.account().clone());
        self.write(actor.clone(), move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let mut row = Row::find(tx.connection(), &account, access_key).await?;
                let before = row.expires_at;
                let Some((action, detail)) = edit(&mut row, &account, now)? else {
                    tx.confirm_earlier();
                    tx.roll_back();
                    return Ok(row.changed(before, &account, now));
                };
                row.save(tx, &account, (action, &detail)).await?;
                if action == Action::Expired && row.expires_at == Some(now) {
                    let key = row.access_key.to_string();
                    let wait = Wait {
                        from: vault.0.clock.wall(),
                        length: vault.0.notice_wait.load(Ordering::Relaxed),
                    };
                    sweep::expired_manually(tx, &account.id, &key, wait).await?;
                }
                tx.publish(Publication::Amend {
                    access_key,
                    name: row.name.clone(),
                    expires_at: row.expires_at,
                });
                Ok(row.changed(before, &account, now))
            })
        })
        .await
    }
}
