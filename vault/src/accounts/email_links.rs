//! Links in mails that confirm an address or reset a password: single-use, short-lived, and acting by the
//! button on their page, because mail scanners open every link they see.
//!
//! A link's row has the id of its mail. The token in the address is computed from it under the pepper (see
//! [`crate::crypto::signed_token`]), so neither the database nor a backup of it holds one that works.

use shared::mail::{LinkPurpose, MailKind};
use shared::view::notices::LinkView;
use sqlx::AnyConnection;

use crate::accounts::change_address;
use crate::accounts::devices::Device;
use crate::accounts::sessions::{self, Session};
use crate::caller::Caller;
use crate::crypto::random;
use crate::crypto::signed_token;
use crate::error::{Error, Result};
use crate::mail::compose::Stop;
use crate::notices::settings;
use crate::outbox;
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry};
use crate::vault::Vault;

/// How long a link to a new password works, in milliseconds: an hour, as OWASP's Forgot Password Cheat Sheet
/// asks for an appropriate, short time.
const RESET_MS: i64 = 60 * 60 * 1000;
/// How long a link that confirms an address works, in milliseconds: three days, over a weekend.
const CONFIRM_MS: i64 = 3 * shared::DAY_MS;

const KINDS: [MailKind; 4] = [
    MailKind::ConfirmAddress,
    MailKind::ChangeAddress,
    MailKind::ConfirmSecondRecipient,
    MailKind::ResetPassword,
];

/// A link that works.
pub struct Link {
    pub id: String,
    pub kind: MailKind,
    /// The address that it was sent to.
    pub recipient: String,
    pub account: String,
    pub account_email: String,
    /// The account's stored password.
    password: String,
    /// Whether it was shown that the account's maker reads mail at its address.
    pub owned: bool,
}

/// Adds a link and its mail to a transaction. Earlier links of the kind work no longer.
pub async fn put(tx: &mut Tx, account: &str, kind: MailKind, recipient: &str) -> Result<()> {
    void(tx, account, kind).await?;
    let life = if kind == MailKind::ResetPassword {
        RESET_MS
    } else {
        CONFIRM_MS
    };
    let id = random::id("mail_")?;
    let (now, next_at) = (tx.now(), outbox::AT_ONCE);
    outbox::put(tx.connection(), &id, account, kind, recipient, now, next_at).await?;
    sqlx::query("INSERT INTO links (id, expires_at) VALUES ($1, $2)")
        .bind(&id)
        .bind(now.saturating_add(life))
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Makes every link of this kind and account useless.
pub async fn void(tx: &mut Tx, account: &str, kind: MailKind) -> Result<()> {
    sqlx::query(
        "UPDATE links SET used_at = $1 WHERE used_at IS NULL
         AND id IN (SELECT id FROM outbox WHERE account_id = $2 AND kind = $3)",
    )
    .bind(tx.now())
    .bind(account)
    .bind(outbox::kind_slug(kind))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// The link with this id, if it works at `now`: unused, in time, and for an address that still waits for it.
pub async fn find(connection: &mut AnyConnection, id: &str, now: i64) -> Result<Option<Link>> {
    let row: Option<(String, String, String, String, String, Option<i64>)> = sqlx::query_as(
        "SELECT o.kind, o.recipient, a.id, a.email, a.password, a.owned_at
         FROM links l JOIN outbox o ON o.id = l.id JOIN accounts a ON a.id = o.account_id
         WHERE l.id = $1 AND l.used_at IS NULL AND l.expires_at > $2
           AND (o.kind <> 'confirm_address' OR (a.owned_at IS NULL AND a.email = o.recipient))
           AND (o.kind <> 'reset_password' OR a.email = o.recipient)
           AND (o.kind <> 'change_address'
                OR NOT EXISTS (SELECT 1 FROM accounts taken WHERE taken.email = o.recipient))
           AND (o.kind <> 'confirm_second_recipient'
                OR (a.second_recipient = o.recipient AND a.second_confirmed_at IS NULL))",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(connection)
    .await?;
    let Some((slug, recipient, account, account_email, password, owned_at)) = row else {
        return Ok(None);
    };
    Ok(Some(Link {
        id: id.to_owned(),
        kind: outbox::kind(&slug)?,
        recipient,
        account,
        account_email,
        password,
        owned: owned_at.is_some(),
    }))
}

/// Whether the browser that opened `link` is one on which its account's owner has signed in. A stranger who made the
/// account with another's address never has that mailbox's link and a signed-in browser together.
async fn signed_in_here(
    vault: &Vault,
    connection: &mut AnyConnection,
    link: &Link,
    (session, caller): (Option<&Session>, &Caller),
) -> Result<bool> {
    if let Some(session) = session.filter(|session| session.account.id == link.account)
        && sessions::holds(connection, session).await?
    {
        return Ok(true);
    }
    let pepper = &vault.0.pepper;
    let device = Device::of(pepper, caller.device.as_ref(), &link.account_email);
    Ok(device.is_some_and(|device| device.holds(pepper, &link.password)))
}

/// The address of the page with the button.
pub fn address(vault: &Vault, link: &Link) -> String {
    let page = if link.kind == MailKind::ResetPassword {
        "reset-password"
    } else {
        "confirm"
    };
    let token = signed_token::token(&vault.0.pepper, outbox::kind_slug(link.kind), &link.id);
    format!("{}/{page}?token={token}", vault.0.base_url)
}

/// How a second recipient can put an end to the notices. It works for as long as they come.
pub fn stop(vault: &Vault, account: &str, recipient: &str) -> Stop {
    let base_url = &vault.0.base_url;
    let token = signed_token::token(&vault.0.pepper, &stop_purpose(recipient), account);
    Stop {
        page: format!("{base_url}/confirm?token={token}"),
        one_click: format!("{base_url}/unsubscribe?token={token}"),
    }
}

fn stop_purpose(recipient: &str) -> String {
    format!("stop {recipient}")
}

/// The account and the second recipient who wants no more notices from it, by the token in one of them.
async fn stopping(
    vault: &Vault,
    connection: &mut AnyConnection,
    token: &str,
) -> Result<Option<LinkView>> {
    let Some((account, _)) = token.split_once('.') else {
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

/// Puts an end to the notices to a second recipient, if the token is from one of them.
async fn stopped(vault: &Vault, tx: &mut Tx, token: &str) -> Result<bool> {
    let Some(stopping) = stopping(vault, tx.connection(), token).await? else {
        return Ok(false);
    };
    let account = token.split('.').next().unwrap_or_default();
    settings::remove_second(tx.connection(), account).await?;
    let (action, address) = (Action::RecipientRemoved, &stopping.address);
    tx.audit(Entry::of_account(account, action, address))
        .await?;
    Ok(true)
}

/// The link that a token names, if it is ours and works.
///
/// # Errors
/// [`Error::LinkGone`].
pub async fn open(
    vault: &Vault,
    connection: &mut AnyConnection,
    token: &str,
    now: i64,
) -> Result<Link> {
    let sealed = KINDS.into_iter().find_map(|kind| {
        let id = signed_token::id(&vault.0.pepper, outbox::kind_slug(kind), token)?;
        Some((kind, id))
    });
    let (kind, id) = sealed.ok_or(Error::LinkGone)?;
    find(connection, id, now)
        .await?
        .filter(|link| link.kind == kind)
        .ok_or(Error::LinkGone)
}

impl Vault {
    /// What a link would do, for its page; nothing happens yet.
    ///
    /// # Errors
    /// [`Error::LinkGone`].
    pub async fn link(&self, token: &str) -> Result<LinkView> {
        let mut connection = self.0.database.readers.acquire().await?;
        if let Some(stopping) = stopping(self, &mut connection, token).await? {
            return Ok(stopping);
        }
        let link = open(self, &mut connection, token, self.now()).await?;
        Ok(LinkView {
            purpose: match link.kind {
                MailKind::Notice
                | MailKind::PasswordChanged
                | MailKind::AddressAsked
                | MailKind::AddressChanged => return Err(Error::LinkGone),
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

    /// Puts an end to the notices to a second recipient, by the token in one of them. It does nothing else, because
    /// mail programs and those who scan mails call it by themselves.
    ///
    /// # Errors
    /// [`Error::LinkGone`].
    pub async fn unsubscribe(&self, token: &str, caller: &Caller) -> Result<()> {
        // Looked at before the writer's turn is waited for: strangers may call this.
        let mut connection = self.0.database.readers.acquire().await?;
        if stopping(self, &mut connection, token).await?.is_none() {
            return Err(Error::LinkGone);
        }
        drop(connection);
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

    /// Confirms the address that a link was sent to; or, with the link in a notice to a second recipient, puts
    /// an end to these. The link alone shows that mail arrives. In a browser on which the account's owner has signed in
    /// (`session`, or the caller's device cookie) it also shows that the maker of the account reads it.
    ///
    /// # Errors
    /// [`Error::LinkGone`].
    pub async fn confirm(
        &self,
        token: &str,
        session: Option<&Session>,
        caller: &Caller,
    ) -> Result<()> {
        // Looked at before the writer's turn is waited for: strangers may call this.
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
                let by = (session.as_ref(), &caller);
                let owned = signed_in_here(&vault, tx.connection(), &link, by).await?;
                confirmed(tx, &link, owned.then_some(now)).await
            })
        })
        .await
    }
}

/// Does what a link that confirms an address is for. At `owned_at` it was shown that the maker of the account opened it.
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
