//! Reset of a forgotten password by the link in a mail, which [`crate::recovery::reset_requests`] sends.

use shared::mail::MailKind;
use shared::validation::FieldErrors;

use crate::accounts::account::refuse_suspended;
use crate::accounts::claim::CLAIMED;
use crate::accounts::devices;
use crate::accounts::email_links;
use crate::accounts::password::{self, new_password, password_changed};
use crate::accounts::sessions;
use crate::caller::{Caller, DeviceToken};
use crate::crypto::passwords::Priority;
use crate::error::{Error, Result};
use crate::limits::backoff::Subject;
use crate::outbox::MailTo;
use crate::recovery::claim::claim;
use crate::storage::audit::{Action, Entry};
use crate::vault::Vault;

impl Vault {
    /// Sets a new password by a link, ends every session of the account, changes the URL of its calendar, and counts
    /// its address as confirmed. Unless the account's creator was already proven to read mail there, all earlier keys
    /// expire (see [`crate::recovery::claim`]). The returned cookie marks this browser as the owner's, so that guessing
    /// strangers cannot block its sign-in.
    ///
    /// # Errors
    /// [`Error::LinkGone`]; [`Error::Invalid`] for `new_password`, which keeps the link valid; [`Error::Busy`].
    pub async fn reset_password(
        &self,
        caller: &Caller,
        token: &str,
        new: &str,
    ) -> Result<DeviceToken> {
        // Checked before hashing: hashing is expensive, and strangers may call this.
        let readers = &self.readers();
        let read = readers
            .read(async |connection| email_links::open(self, connection, token, self.now()).await);
        read.await?;
        new_password(new).map_err(|error| FieldErrors::one("new_password", error))?;
        let slot = self.reserve_hash(Priority::High, caller)?;
        let hash = self.0.passwords.hash(slot, new).await?;
        let (vault, token, device) = (self.clone(), token.to_owned(), caller.device.clone());
        self.write(caller.clone(), move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let link = email_links::open(&vault, tx.connection(), &token, now).await?;
                if link.kind != MailKind::ResetPassword {
                    return Err(Error::LinkGone);
                }
                refuse_suspended(tx.connection(), &link.account).await?;
                password::reset(tx, &link.account, &hash).await?;
                for kind in [MailKind::ResetPassword, MailKind::ChangeAddress] {
                    email_links::void(tx, &link.account, kind).await?;
                }
                sessions::end_all(tx.connection(), &link.account).await?;
                let detail = if link.owned { "" } else { CLAIMED };
                tx.audit(Entry::of_account(
                    &link.account,
                    Action::PasswordReset,
                    detail,
                ))
                .await?;
                let mail = password_changed(tx, &link.account, &link.account_email).await?;
                if !link.owned {
                    let mail = MailTo {
                        id: &mail,
                        account: &link.account,
                        recipient: &link.account_email,
                    };
                    claim(tx, &mail).await?;
                }
                let pepper = &vault.0.pepper;
                let device = devices::issue(pepper, device.as_ref(), &link.account_email, &hash)?;
                // Failures with the old password must not keep the owner out.
                let guessed = Subject::Account(link.account_email);
                tx.on_commit(move || vault.0.limits.forget(&guessed));
                Ok(device)
            })
        })
        .await
    }
}
