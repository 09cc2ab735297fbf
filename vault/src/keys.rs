//! What is done to a key: edit, expire, restore, delete. Each is one transaction with its audit
//! entry, published to the directory before it is acknowledged. Every statement names the owner, so a key of
//! somebody else and one that does not exist are the same: not found.

use shared::expiry::{Expiry, ExpiryError};
use shared::status::is_good;
use shared::token::AccessKey;
use shared::validation::{self, FieldErrors, KeyForm};
use shared::view::Changed;
use sqlx::AnyConnection;

use crate::accounts::Account;
use crate::audit::{self, Action, Entry};
use crate::dates::rfc3339;
use crate::error::{Error, Result};
use crate::sessions::Session;
use crate::{Caller, Vault, sweep};

/// A key's row, as far as changes need it.
struct Row {
    access_key: AccessKey,
    name: String,
    description: String,
    expires_at: Option<i64>,
}

impl Row {
    /// Reads a key of this account within the transaction that is about to change it.
    async fn find(
        connection: &mut AnyConnection,
        account: &Account,
        access_key: AccessKey,
    ) -> Result<Self> {
        let row: Option<(String, String, Option<i64>)> = sqlx::query_as(
            "SELECT name, description, expires_at FROM api_keys WHERE access_key = $1 AND account_id = $2",
        )
        .bind(access_key.to_string())
        .bind(&account.id)
        .fetch_optional(connection)
        .await?;
        let (name, description, expires_at) = row.ok_or(Error::NotFound)?;
        Ok(Self {
            access_key,
            name,
            description,
            expires_at,
        })
    }

    /// Writes what this row now says, with its audit entry.
    async fn save(
        &self,
        connection: &mut AnyConnection,
        account: &Account,
        (action, detail): (Action, &str),
        now: i64,
        caller: &Caller,
    ) -> Result<()> {
        let access_key = self.access_key.to_string();
        sqlx::query(
            "UPDATE api_keys SET name = $1, description = $2, folded = $3, expires_at = CAST($4 AS BIGINT),
             expiration_set_at = CASE WHEN expires_at IS DISTINCT FROM CAST($4 AS BIGINT)
                                 THEN CAST($7 AS BIGINT) ELSE expiration_set_at END
             WHERE access_key = $5 AND account_id = $6",
        )
        .bind(&self.name)
        .bind(&self.description)
        .bind(folded(&self.name, &self.description, self.access_key))
        .bind(self.expires_at)
        .bind(&access_key)
        .bind(&account.id)
        .bind(now)
        .execute(&mut *connection)
        .await?;
        let entry = Entry {
            at: now,
            account_id: &account.id,
            action,
            subject: &access_key,
            detail,
            expires_at: self.expires_at,
        };
        audit::record(connection, entry, caller).await
    }

    fn changed(&self, before: Option<i64>) -> Changed {
        Changed {
            access_key: self.access_key.to_string(),
            name: self.name.clone(),
            expiry_before: in_grammar(before),
            expiry: in_grammar(self.expires_at),
        }
    }
}

/// An expiration in the expiry grammar, exact to the millisecond.
fn in_grammar(expires_at: Option<i64>) -> String {
    expires_at.map_or_else(|| "never".to_owned(), rfc3339)
}

pub(crate) fn folded(name: &str, description: &str, access_key: AccessKey) -> String {
    format!(
        "{}\n{}\n{access_key}",
        name.to_lowercase(),
        description.to_lowercase()
    )
}

fn parse(access_key: &str) -> Result<AccessKey> {
    access_key.trim().parse().map_err(|_| Error::NotFound)
}

pub(crate) fn expiry_error(error: ExpiryError) -> Error {
    FieldErrors::one("expiry", error).into()
}

impl Vault {
    /// Changes name, description and expiration. A past expiration is refused unless it is the present one:
    /// taking a key out of use has an operation of its own.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for `name`, `description`, `expiry`.
    pub async fn edit_key(
        &self,
        session: &Session,
        access_key: &str,
        name: &str,
        description: &str,
        expiry: &str,
        caller: &Caller,
    ) -> Result<Changed> {
        let access_key = parse(access_key)?;
        let form = validation::key_form(name, description, expiry);
        let (session, caller) = (session.clone(), caller.clone());
        self.change(access_key, session, caller, move |row, account, now| {
            let KeyForm {
                name,
                description,
                expiry,
            } = form?;
            let mut detail = Vec::new();
            let expires_at = expiry
                .resolve(now, &account.time_zone)
                .map_err(expiry_error)?;
            if expires_at != row.expires_at {
                row.expires_at = expiry
                    .resolve_later(now, &account.time_zone)
                    .map_err(expiry_error)?;
                detail.push("expiration");
            }
            if name != row.name {
                row.name = name;
                detail.push("name");
            }
            if description != row.description {
                row.description = description;
                detail.push("description");
            }
            Ok((!detail.is_empty()).then(|| (Action::Edited, detail.join(", "))))
        })
        .await
    }

    /// Takes a key out of use now. One that has expired already keeps its expiration.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn expire_key(
        &self,
        session: &Session,
        access_key: &str,
        caller: &Caller,
    ) -> Result<Changed> {
        let access_key = parse(access_key)?;
        let (session, caller) = (session.clone(), caller.clone());
        self.change(access_key, session, caller, |row, _, now| {
            if !is_good(row.expires_at, now) {
                return Ok(None);
            }
            row.expires_at = Some(now);
            Ok(Some((Action::Expired, String::new())))
        })
        .await
    }

    /// Sets a later expiration, or none: the same credentials work again, or go on working for longer.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for `expiry`, if it lies in the past or before the present
    /// expiration.
    pub async fn restore_key(
        &self,
        session: &Session,
        access_key: &str,
        expiry: &str,
        caller: &Caller,
    ) -> Result<Changed> {
        let access_key = parse(access_key)?;
        let expiry: Result<Expiry, FieldErrors> = validation::expiry(expiry);
        let (session, caller) = (session.clone(), caller.clone());
        self.change(access_key, session, caller, move |row, account, now| {
            let expires_at = expiry?
                .resolve_later(now, &account.time_zone)
                .map_err(expiry_error)?;
            if expires_at == row.expires_at {
                return Ok(None);
            }
            if row
                .expires_at
                .is_none_or(|present| expires_at.is_some_and(|at| at < present))
            {
                let message =
                    "The key already lasts longer than that. Edit it to shorten its life.";
                return Err(FieldErrors::one("expiry", message).into());
            }
            row.expires_at = expires_at;
            Ok(Some((Action::Restored, String::new())))
        })
        .await
    }

    /// Deletes a key for ever.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for `confirm_name`, if it is not the key's name.
    pub async fn delete_key(
        &self,
        session: &Session,
        access_key: &str,
        confirm_name: &str,
        caller: &Caller,
    ) -> Result<Changed> {
        let access_key = parse(access_key)?;
        let (session, caller) = (session.clone(), caller.clone());
        let confirm_name = confirm_name.trim().to_owned();
        self.undisturbed(move |vault| async move {
            let mut write = vault.begin_as(&session).await?;
            let now = write.now;
            let account = session.account;
            let row = Row::find(&mut write.transaction, &account, access_key).await?;
            if row.name != confirm_name {
                let message = format!("Type the key's name, {}, to delete it.", row.name);
                return Err(FieldErrors::one("confirm_name", message).into());
            }
            let subject = access_key.to_string();
            sqlx::query("DELETE FROM api_keys WHERE access_key = $1 AND account_id = $2")
                .bind(&subject)
                .bind(&account.id)
                .execute(&mut *write.transaction)
                .await?;
            let entry = Entry {
                at: now,
                account_id: &account.id,
                action: Action::Deleted,
                subject: &subject,
                detail: &row.name,
                expires_at: row.expires_at,
            };
            audit::record(&mut write.transaction, entry, &caller).await?;
            let _turn = write.commit().await?;
            vault.0.directory.remove(access_key);
            Ok(row.changed(row.expires_at))
        })
        .await
    }

    /// Reads a key, lets `edit` change its row, saves it with the action and detail that `edit` names (none:
    /// nothing to do) and publishes it.
    async fn change<E>(
        &self,
        access_key: AccessKey,
        session: Session,
        caller: Caller,
        edit: E,
    ) -> Result<Changed>
    where
        E: FnOnce(&mut Row, &Account, i64) -> Result<Option<(Action, String)>> + Send + 'static,
    {
        self.undisturbed(move |vault| async move {
            let mut write = vault.begin_as(&session).await?;
            let account = session.account;
            let now = write.now;
            let mut row = Row::find(&mut write.transaction, &account, access_key).await?;
            let before = row.expires_at;
            if let Some((action, detail)) = edit(&mut row, &account, now)? {
                row.save(
                    &mut write.transaction,
                    &account,
                    (action, &detail),
                    now,
                    &caller,
                )
                .await?;
                if action == Action::Expired {
                    let key = row.access_key.to_string();
                    sweep::expired_by_hand(&mut write.transaction, &account.id, &key, now).await?;
                }
                let _turn = write.commit().await?;
                vault
                    .0
                    .directory
                    .amend(access_key, &row.name, row.expires_at);
            }
            Ok(row.changed(before))
        })
        .await
    }
}
