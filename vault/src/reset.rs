//! A forgotten password: asked for by anybody who can name an address, set by whoever reads mail there.

use shared::notice::MailKind;
use shared::validation::{self, FieldErrors};
use tokio::task::JoinHandle;

use crate::accounts::{entry, new_password};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::limits::backoff::Subject;
use crate::passwords::Turn;
use crate::{Caller, Vault, links, sessions};

impl Vault {
    /// Sends a link to a new password, if there is an account with this address. Whether there is cannot be
    /// told from the answer nor from its time: the work goes on after it, in the task that is handed back.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `email`; [`Error::Throttled`].
    #[expect(clippy::unused_async, reason = "like every other operation")]
    pub async fn request_reset(&self, email: &str, caller: &Caller) -> Result<JoinHandle<()>> {
        let email = validation::email(email).map_err(|error| FieldErrors::one("email", error))?;
        let subjects = Subject::mail(MailKind::ResetPassword, &email, caller.address);
        // Each counts, whether it led to a mail or not.
        self.0.limits.mail(subjects, self.now())?;
        let vault = self.clone();
        Ok(tokio::spawn(async move {
            let sent = vault.0.database.noted(vault.send_reset(&email).await);
            if let Err(error) = sent
                && error.is_news()
            {
                tracing::error!(%error, "a link to a new password could not be sent");
            }
        }))
    }

    async fn send_reset(&self, email: &str) -> Result<()> {
        let mut write = self.0.database.begin().await?;
        let now = write.now;
        let account: Option<(String,)> = sqlx::query_as("SELECT id FROM accounts WHERE email = $1")
            .bind(email)
            .fetch_optional(&mut *write.transaction)
            .await?;
        let Some((account,)) = account else {
            return Ok(());
        };
        let kind = MailKind::ResetPassword;
        links::put(&mut write.transaction, &account, kind, email, now).await?;
        let _turn = write.commit().await?;
        Ok(())
    }

    /// Sets a new password by a link, ends every session of the account, and counts its address as confirmed.
    ///
    /// # Errors
    /// [`Error::LinkGone`]; [`Error::Invalid`] for `new_password`, which leaves the link good; [`Error::Busy`].
    pub async fn reset_password(&self, token: &str, new: &str, caller: &Caller) -> Result<()> {
        // Looked at before anything is hashed: hashing is dear, and strangers may call this.
        let mut connection = self.0.database.readers.acquire().await?;
        links::open(self, &mut connection, token, self.now()).await?;
        drop(connection);
        new_password(new).map_err(|error| FieldErrors::one("new_password", error))?;
        let place = self.place_to_hash(Turn::First, caller)?;
        let hash = self.0.passwords.hash(place, new).await?;
        let (token, caller) = (token.to_owned(), caller.clone());
        self.undisturbed(move |vault| async move {
            let mut write = vault.0.database.begin().await?;
            let now = write.now;
            let connection = &mut *write.transaction;
            let link = links::open(&vault, connection, &token, now).await?;
            if link.kind != MailKind::ResetPassword {
                return Err(Error::LinkGone);
            }
            // An account that nobody has confirmed may have been made by somebody else with the owner's address:
            // whom that one let see into it sees no more.
            sqlx::query(
                "UPDATE accounts SET password = $1, confirmed_at = COALESCE(confirmed_at, $2),
                 second_recipient = CASE WHEN confirmed_at IS NOT NULL THEN second_recipient END,
                 second_confirmed_at = CASE WHEN confirmed_at IS NOT NULL THEN second_confirmed_at END,
                 feed_generation = feed_generation + CASE WHEN confirmed_at IS NULL THEN 1 ELSE 0 END
                 WHERE id = $3",
            )
            .bind(hash)
            .bind(now)
            .bind(&link.account)
            .execute(&mut *connection)
            .await?;
            links::void(connection, &link.account, MailKind::ResetPassword, now).await?;
            sessions::end_all(connection, &link.account).await?;
            let done = entry(&link.account, Action::PasswordReset, "", now);
            audit::record(connection, done, &caller).await?;
            let _turn = write.commit().await?;
            // What was guessed at the old password must not keep the owner out.
            vault.0.limits.forget(&Subject::Account(link.account_email));
            Ok(())
        })
        .await
    }
}
