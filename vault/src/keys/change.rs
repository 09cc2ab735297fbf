//! Operations on keys: edit, expire, restore, delete. Each is one transaction with its audit entry, published to the
//! directory before it is acknowledged. Every statement names the owner, so a key of another account is not found, like
//! one that does not exist.

use shared::capability::Need;
use std::sync::atomic::Ordering;

use shared::expiry::{Expiry, ExpiryError};
use shared::token::AccessKey;
use shared::validation::{self, FieldErrors};
use shared::view::Changed;

use super::row::Row;
use super::sentence;
use super::unseen;
use crate::accounts::account::Account;
use crate::accounts::sessions::Actor;
use crate::crypto::random;
use crate::error::{Conflict, Error, Result};
use crate::notices::reports;
use crate::outbox::Wait;
use crate::state::directory::Publication;
use crate::storage::Tx;
use crate::storage::audit::{Action, ChangeId, Entry};
use crate::storage::version;
use crate::text::{composed, seen};
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

fn parse(access_key: &str) -> Result<AccessKey> {
    access_key.trim().parse().map_err(|_| Error::NotFound)
}

pub(crate) fn expiry_error(error: ExpiryError) -> Error {
    FieldErrors::one("expiry", error).into()
}

/// Returns the edit of a row; see [`Vault::edit_key`].
pub(crate) fn editing(
    edit: EditKey<'_>,
) -> impl FnOnce(&mut Row, &Account, i64) -> Result<Option<String>> + Clone + Send + 'static {
    let (name, description) = (edit.name.map(composed), edit.description.map(composed));
    let form = validation::key_change(name.as_deref(), description.as_deref(), edit.expiry);
    let begun_on = edit.version.trim().to_owned();
    move |row, account, now| {
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
        Ok((!detail.is_empty()).then(|| detail.join(", ")))
    }
}

/// Returns the edit of a row that restores it; see [`Vault::restore_key`].
pub(crate) fn restoring(
    restoration: RestoreKey<'_>,
) -> impl FnOnce(&mut Row, &Account, i64) -> Result<Option<String>> + Clone + Send + 'static {
    let expiry: Result<Expiry, FieldErrors> = validation::expiry(restoration.expiry);
    let seen = restoration.version.trim().to_owned();
    move |row, account, now| {
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
                sentence::expiration(row, account, now)
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
        Ok(Some(String::new()))
    }
}

/// Deletes a key in a transaction, with its audit entry and its publication.
pub(crate) async fn delete(tx: &mut Tx, account: &Account, row: &Row) -> Result<()> {
    let access_key = row.access_key;
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
        external_id: "",
        expires_at: row.expires_at,
        replaced: None,
    })
    .await?;
    tx.publish(Publication::Remove { access_key });
    Ok(())
}

/// Reads a key in a transaction, applies `edit` to its row, saves it with its before-image and with the detail that `edit`
/// returns (none: no change), and publishes it.
pub(crate) async fn apply<E>(
    vault: &Vault,
    tx: &mut Tx,
    account: &Account,
    (access_key, action): (AccessKey, Action),
    edit: E,
) -> Result<Changed>
where
    E: FnOnce(&mut Row, &Account, i64) -> Result<Option<String>>,
{
    let now = tx.now();
    let before = Row::find(tx.connection(), account, access_key).await?;
    let mut row = before.clone();
    let detail = edit(&mut row, account, now)?;
    let text = if action == Action::Edited && row.expires_at == before.expires_at {
        format!("{} is saved.", row.name)
    } else {
        sentence::expires(&row, account, now)
    };
    let Some(detail) = detail else {
        tx.confirm_earlier();
        tx.roll_back();
        let said = (String::new(), text);
        return Ok(row.changed(before.expires_at, account, now, said));
    };
    let change = random::id("change_")?;
    let id = ChangeId {
        id: &change,
        wall_at: vault.0.clock.wall(),
    };
    row.save(tx.connection(), account).await?;
    let subject = access_key.to_string();
    tx.audit(Entry {
        account_id: &account.id,
        action,
        subject: &subject,
        detail: &detail,
        external_id: "",
        expires_at: row.expires_at,
        replaced: Some(before.replaced_by(&row, Some(id))),
    })
    .await?;
    if action == Action::Expired && row.expires_at == Some(now) {
        reports::expired_manually(tx, &account.id, &subject, vault.notice_wait()).await?;
    }
    tx.publish(row.publication());
    Ok(row.changed(before.expires_at, account, now, (change, text)))
}

/// Returns what a change of a key needs of its session. Restoring is an edit of the expiration.
pub(super) fn need(action: Action) -> Need {
    match action {
        Action::Expired => Need::EXPIRE,
        _ => Need::EDIT,
    }
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
        self.change(actor, access_key, Action::Edited, editing(edit))
            .await
    }

    /// Expires a key now. A key that has already expired keeps its expiration, but counts as expired manually from now
    /// on: if only a clock jump had expired it, correcting the clock does not revive it.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn expire_key(&self, actor: &Actor, access_key: &str) -> Result<Changed> {
        let access_key = parse(access_key)?;
        self.change(actor, access_key, Action::Expired, |row, _, now| {
            Ok(row.expire(now).then(String::new))
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
        self.change(actor, access_key, Action::Restored, restoring(restoration))
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
        let sees = unseen::sees(actor);
        let deletion = self.write(actor.with(Need::DELETE), move |tx| {
            Box::pin(async move {
                let row = Row::find(tx.connection(), &account, access_key).await?;
                if seen(&row.name).trim() != confirm_name {
                    let message = if sees {
                        format!("Type the key's name, {}, to delete it.", row.name)
                    } else {
                        "Type the key's name to delete it.".to_owned()
                    };
                    return Err(FieldErrors::one("confirm_name", message).into());
                }
                delete(tx, &account, &row).await?;
                let said = (String::new(), format!("{} is deleted.", row.name));
                Ok(row.changed(row.expires_at, &account, tx.now(), said))
            })
        });
        unseen::outcome(actor, deletion.await, "is deleted")
    }

    /// Changes a key of the actor's account; see [`apply`].
    async fn change<E>(
        &self,
        actor: &Actor,
        access_key: AccessKey,
        action: Action,
        edit: E,
    ) -> Result<Changed>
    where
        E: FnOnce(&mut Row, &Account, i64) -> Result<Option<String>> + Clone + Send + 'static,
    {
        let (vault, account) = (self.clone(), actor.account().clone());
        let change = self.write(actor.with(need(action)), move |tx| {
            Box::pin(async move { apply(&vault, tx, &account, (access_key, action), edit).await })
        });
        let done = match action {
            Action::Expired => "has expired",
            _ => "is saved",
        };
        unseen::outcome(actor, change.await, done)
    }

    /// Returns how long the mail about a key that is expired now waits for others.
    pub(super) fn notice_wait(&self) -> Wait {
        Wait {
            from: self.0.clock.wall(),
            length: self.0.notice_wait.load(Ordering::Relaxed),
        }
    }
}
