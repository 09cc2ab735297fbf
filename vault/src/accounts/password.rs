//! Passwords of accounts: the rules for a new one, its change, and confirmation by the current one.

use shared::capability::Need;
use shared::mail::MailKind;
use shared::validation::{self, FieldErrors};

use crate::accounts::account::refuse_suspended;
use crate::accounts::devices;
use crate::accounts::email_links;
use crate::accounts::sessions::{self, Actor, SessionToken};
use crate::caller::Caller;
use crate::crypto::passwords::{self, Priority, Slot};
use crate::error::{Limit, Result};
use crate::limits::backoff::Subject;
use crate::outbox;
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry};
use crate::vault::Vault;

/// A change of the password, with the current one as proof.
#[derive(Clone, Copy)]
pub struct ChangePassword<'a> {
    pub current: &'a str,
    pub new: &'a str,
}

/// Checks a new password and rejects the most common ones.
///
/// # Errors
/// The message for the field.
pub(crate) fn new_password(text: &str) -> Result<(), String> {
    validation::new_password(text)?;
    if passwords::is_common(text) {
        return Err("This is one of the most common passwords. Choose another.".to_owned());
    }
    Ok(())
}

/// Adds the mail that reports a changed password, and returns its id.
pub(crate) async fn password_changed(tx: &mut Tx, account: &str, email: &str) -> Result<String> {
    outbox::enqueue(tx, account, MailKind::PasswordChanged, email).await
}

/// Stores a new password for the owner of the mailbox, whose address this confirms.
pub async fn reset(tx: &mut Tx, account: &str, password_hash: &str) -> Result<()> {
    // A stranger may have created the account with the owner's address, which its confirmation alone does not rule out,
    // so a second recipient from that time is removed. The calendar's URL changes in any case, since a reset may be the
    // response to a stolen password.
    sqlx::query(
        "UPDATE accounts SET password = $1, confirmed_at = COALESCE(confirmed_at, $2),
         owned_at = COALESCE(owned_at, $2),
         second_recipient = CASE WHEN owned_at IS NOT NULL THEN second_recipient END,
         second_confirmed_at = CASE WHEN owned_at IS NOT NULL THEN second_confirmed_at END,
         feed_generation = feed_generation + 1
         WHERE id = $3",
    )
    .bind(password_hash)
    .bind(tx.now())
    .bind(account)
    .execute(tx.connection())
    .await?;
    Ok(())
}

impl Vault {
    /// Reserves a queue slot to hash one password, and counts the rejection if none is free.
    pub(crate) fn reserve_hash(&self, priority: Priority, caller: &Caller) -> Result<Slot> {
        let slot = self.0.passwords.reserve(priority, caller);
        self.0.limits.counted(Limit::Hashing, slot)
    }

    /// Changes the password, ends every session of the account, and starts a new one for the caller.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for `current_password`, `new_password`;
    /// [`Error::Throttled`](crate::Error::Throttled); [`Error::Busy`](crate::Error::Busy).
    pub async fn change_password(
        &self,
        actor: &Actor,
        ChangePassword { current, new }: ChangePassword<'_>,
    ) -> Result<SessionToken> {
        let (account, caller) = (actor.account().clone(), &actor.caller);
        let mut errors = FieldErrors::default();
        errors.check("new_password", new_password(new));
        if current.is_empty() {
            errors.add("current_password", "Enter your current password.");
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        actor.session.admit(Need::Holder)?;
        self.0.limits.change(&account.id)?;
        let stored = self.confirm_password(actor, current).await?;
        let slot = self.reserve_hash(Priority::High, caller)?;
        let hash = self.0.passwords.hash(slot, new).await?;
        // An unproven address may be a stranger's. For a proven one, only changes that the owner was notified of count,
        // so that a thief of the password cannot suppress the mail.
        let kind = MailKind::PasswordChanged;
        let subjects = if self.is_owned(&account.id).await? {
            vec![Subject::owned_mailbox(kind, &account.id)]
        } else {
            Subject::mail(kind, &account.email, caller.address)
        };
        let may_write = self.0.limits.mail(subjects).is_ok();
        let (vault, caller) = (self.clone(), caller.clone());
        // The verified password authorizes the change, even if the session has ended meanwhile.
        self.write(caller.clone(), move |tx| {
            Box::pin(async move {
                refuse_suspended(tx.connection(), &account.id).await?;
                let changed = sqlx::query(
                    "UPDATE accounts SET password = $1 WHERE id = $2 AND password = $3",
                )
                .bind(&hash)
                .bind(&account.id)
                .bind(stored)
                .execute(tx.connection())
                .await?;
                if changed.rows_affected() == 0 {
                    let message = "The password was just changed elsewhere.";
                    return Err(FieldErrors::one("current_password", message).into());
                }
                for kind in [MailKind::ResetPassword, MailKind::ChangeAddress] {
                    email_links::void(tx, &account.id, kind).await?;
                }
                sessions::end_all(tx.connection(), &account.id).await?;
                let session = sessions::start(&vault, tx, &account.id, &caller).await?;
                tx.audit(Entry::of_account(&account.id, Action::PasswordChanged, ""))
                    .await?;
                if may_write {
                    password_changed(tx, &account.id, &account.email).await?;
                }
                let pepper = &vault.0.pepper;
                let device = devices::issue(pepper, caller.device.as_ref(), &account.email, &hash)?;
                Ok(session.on(device))
            })
        })
        .await
    }

    /// Verifies the current password again within a session, and returns its stored hash.
    ///
    /// # Errors
    /// [`Error::NotAllowed`](crate::Error::NotAllowed) in a session that a portal link began;
    /// [`Error::Invalid`](crate::Error::Invalid) for `current_password`; [`Error::Throttled`](crate::Error::Throttled);
    /// [`Error::Busy`](crate::Error::Busy).
    pub(crate) async fn confirm_password(&self, actor: &Actor, current: &str) -> Result<String> {
        actor.session.admit(Need::Holder)?;
        let account = &actor.account().id;
        // An intruder at an unlocked screen must not be able to guess at leisure. Counted by the account's id, so that
        // guesses made here do not slow down the owner's sign-in.
        let subjects = vec![Subject::Screen(account.clone())];
        let attempt = self.0.limits.password(subjects)?;
        let slot = self.reserve_hash(Priority::High, &actor.caller)?;
        let (stored,): (String,) = sqlx::query_as("SELECT password FROM accounts WHERE id = $1")
            .bind(account)
            .fetch_one(&self.readers())
            .await?;
        if !self
            .0
            .passwords
            .verify(slot, current, Some(stored.clone()))
            .await?
        {
            attempt.failed();
            return Err(
                FieldErrors::one("current_password", "This isn't your current password.").into(),
            );
        }
        attempt.succeeded();
        Ok(stored)
    }
}
