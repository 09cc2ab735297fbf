//! Signing in and changing the password: what a password is asked for.

use shared::notice::MailKind;
use shared::validation::{self, FieldErrors};

use crate::accounts::{Account, AccountRow, entry, new_password};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::limits::backoff::{Attempt, Subject};
use crate::passwords::Turn;
use crate::reset::password_changed;
use crate::sessions::{self, Session, SessionToken};
use crate::{Caller, Vault, links};

impl Vault {
    /// Signs in.
    ///
    /// # Errors
    /// [`Error::Invalid`] where something is empty; [`Error::WrongCredentials`], the same and after the same
    /// time for an unknown address and a wrong password; [`Error::Throttled`]; [`Error::Busy`].
    pub async fn sign_in(
        &self,
        email: &str,
        password: &str,
        caller: &Caller,
    ) -> Result<SessionToken> {
        let mut errors = FieldErrors::default();
        let email = errors.check("email", validation::email(email));
        if password.is_empty() {
            errors.add("password", "Enter your password.");
        }
        let (Some(email), true) = (email, errors.is_empty()) else {
            return Err(errors.into());
        };
        let attempt = self.sign_in_attempt(&email, caller).await?;
        let place = self.place_to_hash(Turn::First, caller)?;
        type Row = (String, String, String, i64, String);
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, email, time_zone, warning_days, password FROM accounts WHERE email = $1",
        )
        .bind(&email)
        .fetch_optional(&self.0.database.readers)
        .await?;
        let stored = row.as_ref().map(|(.., stored)| stored.clone());
        // Passwords longer than any that could have been set are not hashed, only refused.
        let password = if validation::new_password(password).is_ok() {
            password
        } else {
            ""
        };
        let right = self.0.passwords.verify(place, password, stored).await?;
        let Some((id, email, time_zone, warning_days, stored)) = row.filter(|_| right) else {
            attempt.failed();
            return Err(Error::WrongCredentials);
        };
        attempt.succeeded();
        let account = Account::from(AccountRow {
            id,
            email,
            time_zone,
            warning_days,
        });
        let caller = caller.clone();
        self.undisturbed(move |vault| async move {
            let mut write = vault.0.database.begin().await?;
            let now = write.now;
            // The password may have been changed while this one was being checked; then all sessions that it
            // opened are over, and this one must not begin.
            let unchanged: Option<(i64,)> =
                sqlx::query_as("SELECT created_at FROM accounts WHERE id = $1 AND password = $2")
                    .bind(&account.id)
                    .bind(stored)
                    .fetch_optional(&mut *write.transaction)
                    .await?;
            if unchanged.is_none() {
                return Err(Error::WrongCredentials);
            }
            let session = sessions::start(&mut write.transaction, &account.id, now).await?;
            let done = entry(&account.id, Action::SignedIn, "", now);
            audit::record(&mut write.transaction, done, &caller).await?;
            let _turn = write.commit().await?;
            Ok(session)
        })
        .await
    }

    /// Changes the password, ends every session of the account, and starts a new one for whoever did it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `current_password`, `new_password`; [`Error::Throttled`]; [`Error::Busy`].
    pub async fn change_password(
        &self,
        session: &Session,
        current: &str,
        new: &str,
        caller: &Caller,
    ) -> Result<SessionToken> {
        let account = session.account.clone();
        let mut errors = FieldErrors::default();
        errors.check("new_password", new_password(new));
        if current.is_empty() {
            errors.add("current_password", "Enter your current password.");
        }
        if !errors.is_empty() {
            return Err(errors.into());
        }
        // Somebody at an unlocked screen must not be able to guess at leisure. Counted by the account's id:
        // guesses made here must not slow down the owner's signing in.
        let subjects = vec![Subject::Screen(account.id.clone())];
        let attempt = self.0.limits.password(subjects, self.now())?;
        let place = self.place_to_hash(Turn::First, caller)?;
        let (stored,): (String,) = sqlx::query_as("SELECT password FROM accounts WHERE id = $1")
            .bind(&account.id)
            .fetch_one(&self.0.database.readers)
            .await?;
        if !self
            .0
            .passwords
            .verify(place, current, Some(stored.clone()))
            .await?
        {
            attempt.failed();
            return Err(
                FieldErrors::one("current_password", "This is not your current password.").into(),
            );
        }
        attempt.succeeded();
        let place = self.place_to_hash(Turn::First, caller)?;
        let hash = self.0.passwords.hash(place, new).await?;
        // The address may be somebody else's until it is confirmed: not even the owner may fill its mailbox.
        let subjects = Subject::mail(MailKind::PasswordChanged, &account.email, caller.address);
        let may_write = self.0.limits.mail(subjects, self.now()).is_ok();
        let caller = caller.clone();
        self.undisturbed(move |vault| async move {
            let mut write = vault.0.database.begin().await?;
            let now = write.now;
            let changed =
                sqlx::query("UPDATE accounts SET password = $1 WHERE id = $2 AND password = $3")
                    .bind(hash)
                    .bind(&account.id)
                    .bind(stored)
                    .execute(&mut *write.transaction)
                    .await?;
            if changed.rows_affected() == 0 {
                let message = "The password was changed elsewhere just now.";
                return Err(FieldErrors::one("current_password", message).into());
            }
            links::void(
                &mut write.transaction,
                &account.id,
                MailKind::ResetPassword,
                now,
            )
            .await?;
            sessions::end_all(&mut write.transaction, &account.id).await?;
            let session = sessions::start(&mut write.transaction, &account.id, now).await?;
            let done = entry(&account.id, Action::PasswordChanged, "", now);
            audit::record(&mut write.transaction, done, &caller).await?;
            if may_write {
                let connection = &mut write.transaction;
                password_changed(connection, &account.id, &account.email, now).await?;
            }
            let _turn = write.commit().await?;
            Ok(session)
        })
        .await
    }

    /// Counts an attempt against the account and the network, or, where one of these must wait, against the
    /// owner at an address of earlier sign-ins: what strangers do elsewhere must not keep the owner out.
    async fn sign_in_attempt(&self, email: &str, caller: &Caller) -> Result<Attempt<'_>> {
        let mut subjects = vec![Subject::Account(email.to_owned())];
        subjects.extend(caller.address.map(Subject::network));
        let throttled = match self.0.limits.password(subjects, self.now()) {
            Ok(attempt) => return Ok(attempt),
            Err(throttled) => throttled,
        };
        match caller.address {
            Some(address) if self.has_signed_in_from(email, address).await? => self
                .0
                .limits
                .password(vec![Subject::Known(email.to_owned(), address)], self.now()),
            _ => Err(throttled),
        }
    }

    async fn has_signed_in_from(&self, email: &str, address: std::net::IpAddr) -> Result<bool> {
        let row: Option<(i64,)> = sqlx::query_as(
            "SELECT u.id FROM audit u JOIN accounts a ON a.id = u.account_id
             WHERE a.email = $1 AND u.subject = '' AND u.action = $2 AND u.address = $3 LIMIT 1",
        )
        .bind(email)
        .bind(Action::SignedIn.slug())
        .bind(address.to_string())
        .fetch_optional(&self.0.database.readers)
        .await?;
        Ok(row.is_some())
    }
}
