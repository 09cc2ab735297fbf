//! Sign-in with address and password.

use shared::validation::{self, FieldErrors};
use sqlx::{AssertSqlSafe, FromRow};

use crate::accounts::account::{AccountRow, COLUMNS};
use crate::accounts::devices::{self, Device};
use crate::accounts::sessions::{self, SessionToken};
use crate::caller::Caller;
use crate::crypto::passwords::Priority;
use crate::error::{Error, Result};
use crate::limits::backoff::Subject;
use crate::storage::audit::{Action, Entry};
use crate::text;
use crate::vault::Vault;

/// An account with its stored password.
#[derive(FromRow)]
struct SignInRow {
    #[sqlx(flatten)]
    account: AccountRow,
    password: String,
}

impl Vault {
    /// Starts a session by address and password.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a missing or malformed field; [`Error::WrongCredentials`], the same and after the same
    /// time for an unknown address and a wrong password; [`Error::Throttled`]; [`Error::Busy`].
    pub async fn sign_in(
        &self,
        caller: &Caller,
        email: &str,
        password: &str,
    ) -> Result<SessionToken> {
        let mut errors = FieldErrors::default();
        let email = errors.check("email", text::email(email));
        if password.is_empty() {
            errors.add("password", "Enter your password.");
        }
        let (Some(email), true) = (email, errors.is_empty()) else {
            return Err(errors.into());
        };
        let device = Device::of(&self.0.pepper, caller.device.as_ref(), &email);
        let counted = subjects(&email, device.as_ref(), caller);
        let mut attempt = self.0.limits.password(counted)?;
        let slot = self.reserve_hash(Priority::High, caller)?;
        let row: Option<SignInRow> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT {COLUMNS}, a.password FROM accounts a WHERE a.email = $1"
        )))
        .bind(&email)
        .fetch_optional(&self.readers())
        .await?;
        let stored = row.as_ref().map(|row| row.password.clone());
        if let (Some(device), Some(stored)) = (&device, &stored)
            && !device.holds(&self.0.pepper, stored)
        {
            // The cookie vouches for an earlier password, which others may have known too.
            let counted = subjects(&email, None, caller);
            attempt = self.0.limits.password(counted)?;
        }
        // An overlong password is not hashed: the empty one, which never matches, stands in for it.
        let password = if validation::new_password(password).is_ok() {
            password
        } else {
            ""
        };
        let right = self.0.passwords.verify(slot, password, stored).await?;
        let Some(SignInRow {
            account,
            password: stored,
        }) = row.filter(|_| right)
        else {
            attempt.failed();
            return Err(Error::WrongCredentials);
        };
        attempt.succeeded();
        // A session and an audit entry are changes too.
        self.0.limits.change(&account.id)?;
        let (vault, caller) = (self.clone(), caller.clone());
        self.write(caller.clone(), move |tx| {
            Box::pin(async move {
                // The password may have changed during verification. That ended all sessions opened with it, so this
                // one must not start.
                let unchanged: Option<(i64,)> = sqlx::query_as(
                    "SELECT created_at FROM accounts WHERE id = $1 AND password = $2",
                )
                .bind(&account.id)
                .bind(&stored)
                .fetch_optional(tx.connection())
                .await?;
                if unchanged.is_none() {
                    return Err(Error::WrongCredentials);
                }
                let session = sessions::start(&vault, tx, &account.id, &caller).await?;
                tx.audit(Entry::of_account(&account.id, Action::SignedIn, ""))
                    .await?;
                let pepper = &vault.0.pepper;
                let device =
                    devices::issue(pepper, caller.device.as_ref(), &account.email, &stored)?;
                Ok(session.on(device))
            })
        })
        .await
    }
}

/// Returns what a sign-in attempt counts against. A browser of the owner's counts alone, so that strangers elsewhere
/// cannot keep the owner out; any other counts against the account and the network.
fn subjects(email: &str, device: Option<&Device>, caller: &Caller) -> Vec<Subject> {
    if let Some(device) = device {
        return vec![Subject::Device(email.to_owned(), device.id.clone())];
    }
    let mut subjects = vec![Subject::Account(email.to_owned())];
    subjects.extend(caller.address.map(Subject::network));
    subjects
}
