//! Confirmation of addresses by links in mails, and the end of notices to a second recipient.

use shared::mail::{LinkPurpose, MailKind};
use shared::view::notices::LinkView;
use sqlx::AnyConnection;

use crate::accounts::account::refuse_suspended;
use crate::accounts::change_address;
use crate::accounts::devices::Device;
use crate::accounts::email_links::{Link, open, stop_purpose, void};
use crate::accounts::notice_columns::remove_second;
use crate::accounts::sessions::{self, Session};
use crate::caller::Caller;
use crate::crypto::signed_token;
use crate::error::{Error, Result};
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry};
use crate::vault::Vault;

/// Returns whether the account's owner has signed in on the browser that opened `link`. A stranger who created the
/// account with another person's address never has both that mailbox's link and a signed-in browser. A session that a portal
/// link began does not count: the company vouches for its holder, who may not have the password.
async fn signed_in_here(
    vault: &Vault,
    connection: &mut AnyConnection,
    link: &Link,
    (session, caller): (Option<&Session>, &Caller),
    now: i64,
) -> Result<bool> {
    let own = |session: &&Session| session.account.id == link.account && session.portal.is_none();
    if let Some(session) = session.filter(own)
        && sessions::holds(connection, session, now).await?
    {
        return Ok(true);
    }
    let pepper = &vault.0.pepper;
    let device = Device::of(pepper, caller.device.as_ref(), &link.account_email);
    Ok(device.is_some_and(|device| device.holds(pepper, &link.password)))
}

/// Returns the account and second recipient that the stop token of a notice belongs to.
async fn stopping(
    vault: &Vault,
    connection: &mut AnyConnection,
    token: &str,
) -> Result<Option<LinkView>> {
    let Some(account) = signed_token::claimed_id(token) else {
        return Ok(None);
    };
    let row: Option<(String, String, Option<i64>)> = sqlx::query_as(
        "SELECT email, second_recipient, owned_at FROM accounts
         WHERE id = $1 AND second_recipient IS NOT NULL AND second_confirmed_at IS NOT NULL",
    )
    .bind(account)
    .fetch_optional(connection)
    .await?;
    Ok(row.and_then(|(email, second, owned_at)| {
        signed_token::id(&vault.0.pepper, &stop_purpose(&second), token)?;
        Some(LinkView {
            purpose: LinkPurpose::StopNotices,
            address: second,
            account: email,
            owned: owned_at.is_some(),
        })
    }))
}

/// Ends the notices to a second recipient if the token is from one of them, and returns whether it was.
async fn stopped(vault: &Vault, tx: &mut Tx, token: &str) -> Result<bool> {
    let Some(stopping) = stopping(vault, tx.connection(), token).await? else {
        return Ok(false);
    };
    let account = token.split('.').next().unwrap_or_default();
    remove_second(tx.connection(), account).await?;
    let (action, address) = (Action::RecipientRemoved, &stopping.address);
    tx.audit(Entry::of_account(account, action, address))
        .await?;
    Ok(true)
}

impl Vault {
    /// Returns what a link would do, for its page. Changes nothing.
    ///
    /// # Errors
    /// [`Error::LinkGone`].
    pub async fn link(&self, token: &str) -> Result<LinkView> {
        let readers = &self.readers();
        let read = readers.read(async |connection| {
            if let Some(stopping) = stopping(self, connection, token).await? {
                return Ok(Err(stopping));
            }
            open(self, connection, token, self.now()).await.map(Ok)
        });
        let link = match read.await? {
            Ok(link) => link,
            Err(stopping) => return Ok(stopping),
        };
        Ok(LinkView {
            purpose: match link.kind {
                MailKind::Notice
                | MailKind::PasswordChanged
                | MailKind::AddressAsked
                | MailKind::AddressChanged
                | MailKind::AccountDeleted => return Err(Error::LinkGone),
                MailKind::ChangeAddress => LinkPurpose::ChangeAddress,
                MailKind::ConfirmAddress => LinkPurpose::ConfirmAddress,
                MailKind::ConfirmSecondRecipient => LinkPurpose::ConfirmSecondRecipient,
                MailKind::ResetPassword => LinkPurpose::ResetPassword,
            },
            address: link.recipient,
            account: link.account_email,
            owned: link.owned,
        })
    }

    /// Ends the notices to a second recipient, by the token in one of them. It does nothing else, because mail programs
    /// and mail scanners call it automatically.
    ///
    /// # Errors
    /// [`Error::LinkGone`].
    pub async fn unsubscribe(&self, caller: &Caller, token: &str) -> Result<()> {
        // Checked before waiting for the writer, because strangers may call this.
        let readers = &self.readers();
        let read = readers.read(async |connection| stopping(self, connection, token).await);
        if read.await?.is_none() {
            return Err(Error::LinkGone);
        }
        let (vault, token) = (self.clone(), token.to_owned());
        self.write(caller.clone(), move |tx| {
            Box::pin(async move {
                if stopped(&vault, tx, &token).await? {
                    Ok(())
                } else {
                    Err(Error::LinkGone)
                }
            })
        })
        .await
    }

    /// Confirms the address that a link was sent to, or ends the notices to a second recipient by the link in one. The
    /// link alone shows that mail arrives. In a browser on which the account's owner has signed in (`session`, or the
    /// caller's device cookie), it also shows that the account's creator reads it.
    ///
    /// # Errors
    /// [`Error::LinkGone`].
    pub async fn confirm(
        &self,
        caller: &Caller,
        session: Option<&Session>,
        token: &str,
    ) -> Result<()> {
        // Checked before waiting for the writer, because strangers may call this.
        self.link(token).await?;
        let (vault, token) = (self.clone(), token.to_owned());
        let (session, caller) = (session.cloned(), caller.clone());
        self.write(caller.clone(), move |tx| {
            Box::pin(async move {
                if stopped(&vault, tx, &token).await? {
                    return Ok(());
                }
                let now = tx.now();
                let link = open(&vault, tx.connection(), &token, now).await?;
                refuse_suspended(tx.connection(), &link.account).await?;
                let by = (session.as_ref(), &caller);
                let owned = signed_in_here(&vault, tx.connection(), &link, by, now).await?;
                confirmed(tx, &link, owned.then_some(now)).await
            })
        })
        .await
    }
}

/// Applies a link that confirms an address. `owned_at` is when the account's creator was proven to have opened it.
async fn confirmed(tx: &mut Tx, link: &Link, owned_at: Option<i64>) -> Result<()> {
    if link.kind == MailKind::ChangeAddress {
        void(tx, &link.account, link.kind).await?;
        return change_address::complete(tx, link, owned_at).await;
    }
    let (statement, action) = match link.kind {
        MailKind::ConfirmAddress => (
            "UPDATE accounts SET confirmed_at = COALESCE(confirmed_at, $1), owned_at = CAST($3 AS BIGINT)
             WHERE id = $2",
            Action::AddressConfirmed,
        ),
        MailKind::ConfirmSecondRecipient => (
            "UPDATE accounts SET second_confirmed_at = $1 WHERE id = $2",
            Action::RecipientConfirmed,
        ),
        _ => return Err(Error::LinkGone),
    };
    let mut query = sqlx::query(statement).bind(tx.now()).bind(&link.account);
    if link.kind == MailKind::ConfirmAddress {
        query = query.bind(owned_at);
    }
    query.execute(tx.connection()).await?;
    void(tx, &link.account, link.kind).await?;
    tx.audit(Entry::of_account(&link.account, action, &link.recipient))
        .await
}
