//! Deletion of an account with all its keys, by its owner.
//!
//! The keys stop working on every node before the deletion is acknowledged. What becomes of the account's own row is in
//! [`crate::accounts::deletion`].

use shared::capability::Need;
use shared::mail::MailKind;
use shared::token::AccessKey;
use shared::validation::FieldErrors;
use shared::view::account::{DeletionView, DoomedKey};
use sqlx::FromRow;

use crate::accounts::account::Account;
use crate::accounts::deletion::{empty, withdraw_mails};
use crate::accounts::sessions::{self, Actor};
use crate::error::{Error, Result};
use crate::limits::backoff::Subject;
use crate::outbox;
use crate::state::directory::Publication;
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry};
use crate::text;
use crate::time::format::moment;
use crate::vault::Vault;

/// Keys that are named before a deletion.
const NAMED: i64 = 10;
/// Keys that an account may have when it is deleted: other changes wait for this one.
pub const MOST: i64 = 10_000;

/// The confirmation of a deletion, as typed.
#[derive(Clone, Copy)]
pub struct DeleteAccount<'a> {
    /// The account's own address.
    pub confirm_email: &'a str,
    pub current_password: &'a str,
}

/// A key of the account.
#[derive(FromRow)]
struct KeyRow {
    access_key: String,
    name: String,
}

impl Vault {
    /// Returns what a deletion of the account would end: how many keys, and those that were used last.
    pub async fn deletion_preview(&self, account: &Account) -> Result<DeletionView> {
        let _reading = self.reading(&account.id).await?;
        let (keys,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM api_keys WHERE account_id = $1")
            .bind(&account.id)
            .fetch_one(&self.readers())
            .await?;
        let first: Vec<(String, Option<i64>)> = sqlx::query_as(
            "SELECT k.name, u.used_at FROM api_keys k LEFT JOIN last_uses u ON u.access_key = k.access_key
             WHERE k.account_id = $1 ORDER BY COALESCE(u.used_at, 0) DESC, k.created_at, k.access_key LIMIT $2",
        )
        .bind(&account.id)
        .bind(NAMED)
        .fetch_all(&self.readers())
        .await?;
        Ok(DeletionView {
            keys,
            first: first
                .into_iter()
                .map(|(name, used_at)| DoomedKey {
                    name,
                    used: used_at.map(|at| moment(at, account.time_zone)),
                })
                .collect(),
        })
    }

    /// Deletes the account with all its keys, ends its sessions and withdraws its pending mails. Returns the number of keys.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `confirm_email`, `current_password`; [`Error::Throttled`]; [`Error::Busy`].
    pub async fn delete_account(&self, actor: &Actor, typed: DeleteAccount<'_>) -> Result<i64> {
        let account = actor.account().clone();
        let mut errors = FieldErrors::default();
        if text::email(typed.confirm_email).ok().as_ref() != Some(&account.email) {
            let message = format!(
                "Type {}, the account's address, to delete it.",
                account.email
            );
            errors.add("confirm_email", message);
        }
        if typed.current_password.is_empty() {
            errors.add("current_password", "Enter your current password.");
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        let stored = self.confirm_password(actor, typed.current_password).await?;
        // As with a new password: an address that is not proven may be a stranger's.
        let kind = MailKind::AccountDeleted;
        let subjects = if self.is_owned(&account.id).await? {
            vec![Subject::owned_mailbox(kind, &account.id)]
        } else {
            Subject::mail(kind, &account.email, actor.caller.address)
        };
        let may_write = self.0.limits.mail(subjects).is_ok();
        self.write(actor.with(Need::Holder), move |tx| {
            Box::pin(async move {
                tx.confirm_earlier();
                let keys = delete_keys(tx, &account.id).await?;
                withdraw_mails(tx, &account.id).await?;
                if !empty(tx, &account.id, &stored).await? {
                    let message = "The password was just changed elsewhere.";
                    return Err(FieldErrors::one("current_password", message).into());
                }
                sessions::end_all(tx.connection(), &account.id).await?;
                account.forget(tx);
                let count = keys.to_string();
                let entry = Entry::of_account(&account.id, Action::AccountDeleted, &count);
                tx.audit(entry.named(account.external_id.as_deref()))
                    .await?;
                if may_write {
                    outbox::enqueue(tx, &account.id, kind, &account.email).await?;
                }
                Ok(keys)
            })
        })
        .await
    }
}

/// Deletes every key of an account, and returns how many there were.
pub(crate) async fn delete_keys(tx: &mut Tx, account: &str) -> Result<i64> {
    let keys: Vec<KeyRow> = sqlx::query_as(
        "SELECT access_key, name FROM api_keys WHERE account_id = $1 ORDER BY access_key LIMIT $2",
    )
    .bind(account)
    .bind(MOST + 1)
    .fetch_all(tx.connection())
    .await?;
    let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
    if count > MOST {
        return Err(Error::TooManyKeys(MOST));
    }
    let access_keys: Result<Vec<AccessKey>> = keys
        .iter()
        .map(|key| {
            let damaged = |_| Error::Unavailable(format!("the key {} is damaged", key.access_key));
            key.access_key.parse().map_err(damaged)
        })
        .collect();
    sqlx::query("DELETE FROM api_keys WHERE account_id = $1")
        .bind(account)
        .execute(tx.connection())
        .await?;
    let entries: Vec<_> = keys
        .iter()
        .map(|key| Entry {
            account_id: account,
            action: Action::Deleted,
            subject: &key.access_key,
            detail: &key.name,
            external_id: "",
            expires_at: None,
            replaced: None,
        })
        .collect();
    tx.audit_all(&entries).await?;
    for access_key in access_keys? {
        tx.publish(Publication::Remove { access_key });
    }
    Ok(count)
}
