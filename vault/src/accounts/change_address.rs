//! Changes of an account's email address. The password authorizes a request, and the change takes effect once the link
//! sent to the new address is opened. The old address is notified of both, and a new password cancels the request.
//!
//! The requested address is stored only as the recipient of the pending link.

use shared::capability::Need;
use shared::mail::MailKind;
use shared::validation::FieldErrors;
use shared::view::AddressView;
use sqlx::AnyConnection;

use crate::accounts::account::Account;
use crate::accounts::email_links::{self, Link};
use crate::accounts::refold::refold_one;
use crate::accounts::sessions::Actor;
use crate::error::{Error, Result};
use crate::limits::backoff::Subject;
use crate::outbox::{self, ledger};
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry};
use crate::text;
use crate::vault::Vault;

/// Returns the address that the account has requested and not yet confirmed.
async fn pending(
    connection: &mut AnyConnection,
    account: &str,
    now: i64,
) -> Result<Option<String>> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT o.recipient FROM links l JOIN outbox o ON o.id = l.id
         WHERE o.account_id = $1 AND o.kind = $2 AND l.used_at IS NULL AND l.expires_at > $3",
    )
    .bind(account)
    .bind(outbox::kind_slug(MailKind::ChangeAddress))
    .bind(now)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|(address,)| address))
}

/// Makes the recipient of `link` the account's address, within the transaction that uses the link. `owned_at` is when
/// the account's creator was proven to have opened it; with none, it may have been a stranger.
///
/// # Errors
/// [`Error::LinkGone`] if another account has taken the address.
pub async fn complete(tx: &mut Tx, link: &Link, owned_at: Option<i64>) -> Result<()> {
    let (account, old, new) = (&link.account, &link.account_email, &link.recipient);
    let changed = sqlx::query(
        "UPDATE accounts SET email = $1, confirmed_at = $2, owned_at = CAST($4 AS BIGINT),
         second_confirmed_at = CASE WHEN second_recipient <> $1 THEN second_confirmed_at END,
         second_recipient = CASE WHEN second_recipient <> $1 THEN second_recipient END
         WHERE id = $3",
    )
    .bind(new)
    .bind(tx.now())
    .bind(account)
    .bind(owned_at)
    .execute(tx.connection())
    .await;
    match changed {
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            return Err(Error::LinkGone);
        }
        other => other?,
    };
    refold_one(tx.connection(), account).await?;
    // Links sent to the old address no longer act on this account.
    for kind in [MailKind::ResetPassword, MailKind::ConfirmAddress] {
        email_links::void(tx, account, kind).await?;
    }
    // Unsent notices go to the new address.
    ledger::readdress(tx.connection(), account, (old, new)).await?;
    outbox::enqueue(tx, account, MailKind::AddressChanged, old).await?;
    tx.audit(Entry::of_account(account, Action::AddressChanged, new))
        .await
}

impl Vault {
    /// Returns the account's address and the one that it has requested.
    pub async fn address(&self, account: &Account) -> Result<AddressView> {
        let readers = &self.readers();
        let read = readers.read(async |connection| {
            let (email, confirmed_at): (String, Option<i64>) =
                sqlx::query_as("SELECT email, confirmed_at FROM accounts WHERE id = $1")
                    .bind(&account.id)
                    .fetch_one(&mut *connection)
                    .await?;
            Ok(AddressView {
                email,
                confirmed: confirmed_at.is_some(),
                pending: pending(connection, &account.id, self.now()).await?,
            })
        });
        read.await
    }

    /// Requests another address and sends a link to it. The current one stays in force until the link is opened.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `email` and `current_password`; [`Error::Throttled`]; [`Error::Busy`].
    pub async fn change_address(
        &self,
        actor: &Actor,
        email: &str,
        current_password: &str,
    ) -> Result<()> {
        let mut errors = FieldErrors::default();
        let email = errors.check("email", text::email(email));
        if email.as_ref() == Some(&actor.account().email) {
            errors.add("email", "This is already your account's address.");
        }
        if current_password.is_empty() {
            errors.add("current_password", "Enter your current password.");
        }
        let (Some(email), true) = (email, errors.is_empty()) else {
            return Err(errors.into());
        };
        self.confirm_password(actor, current_password).await?;
        // The current address is notified too, and may be a stranger's mailbox unless it is proven to be the owner's.
        // When its limit is reached, the request is rejected rather than accepted without that mail.
        let (told, account) = (MailKind::AddressAsked, actor.account());
        let present = if self.is_owned(&account.id).await? {
            Subject::owned_mailbox(told, &account.id)
        } else {
            Subject::mailbox(told, &account.email)
        };
        let mailboxes = vec![Subject::mailbox(MailKind::ChangeAddress, &email), present];
        self.may_write_to(actor, mailboxes)?;
        let account = account.clone();
        self.write(actor.with(Need::Holder), move |tx| {
            Box::pin(async move {
                let taken: Option<(i64,)> =
                    sqlx::query_as("SELECT created_at FROM accounts WHERE email = $1")
                        .bind(&email)
                        .fetch_optional(tx.connection())
                        .await?;
                if taken.is_some() {
                    let message = "This address can't be used. Choose another.";
                    return Err(FieldErrors::one("email", message).into());
                }
                email_links::put(tx, &account.id, MailKind::ChangeAddress, &email).await?;
                outbox::enqueue(tx, &account.id, MailKind::AddressAsked, &account.email).await?;
                tx.audit(Entry::of_account(&account.id, Action::AddressAsked, &email))
                    .await
            })
        })
        .await
    }

    /// Cancels the request of [`Vault::change_address`]. Does nothing without one.
    ///
    /// # Errors
    /// [`Error::SessionOver`].
    pub async fn keep_address(&self, actor: &Actor) -> Result<()> {
        let account = actor.account().id.clone();
        self.write(actor.with(Need::Holder), move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let Some(address) = pending(tx.connection(), &account, now).await? else {
                    tx.roll_back();
                    return Ok(());
                };
                email_links::void(tx, &account, MailKind::ChangeAddress).await?;
                tx.audit(Entry::of_account(&account, Action::AddressKept, &address))
                    .await
            })
        })
        .await
    }
}
