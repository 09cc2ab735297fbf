//! Links in mails that confirm an address or reset a password. They are single-use and short-lived, and act only by the
//! button on their page, because mail scanners open every link they see.
//!
//! A link's row has the id of its mail. The token in the URL is computed from the id under the pepper (see
//! [`crate::crypto::signed_token`]), so neither the database nor a backup of it holds a working one.

use shared::mail::MailKind;
use sqlx::{AnyConnection, FromRow};

use crate::accounts::sessions::Actor;
use crate::crypto::signed_token;
use crate::error::{Error, Result};
use crate::limits::backoff::Subject;
use crate::mail::compose::Stop;
use crate::outbox;
use crate::storage::Tx;
use crate::vault::Vault;

/// Lifetime of a password-reset link, in milliseconds: an hour, as OWASP's Forgot Password Cheat Sheet asks for an
/// appropriate, short time.
const RESET_MS: i64 = 60 * 60 * 1000;
/// Lifetime of a link that confirms an address, in milliseconds: three days, over a weekend.
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
    pub password: String,
    /// Whether the account's creator is proven to read mail at its address.
    pub owned: bool,
}

/// A link's row, joined with its mail and its account.
#[derive(FromRow)]
struct LinkRow {
    kind: String,
    recipient: String,
    account: String,
    account_email: String,
    password: String,
    owned_at: Option<i64>,
}

/// Adds a link and its mail to a transaction. Earlier links of the kind stop working.
pub async fn put(tx: &mut Tx, account: &str, kind: MailKind, recipient: &str) -> Result<()> {
    void(tx, account, kind).await?;
    let life = if kind == MailKind::ResetPassword {
        RESET_MS
    } else {
        CONFIRM_MS
    };
    let id = outbox::enqueue(tx, account, kind, recipient).await?;
    sqlx::query("INSERT INTO links (id, expires_at) VALUES ($1, $2)")
        .bind(id)
        .bind(tx.now().saturating_add(life))
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Invalidates every link of this kind and account.
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

/// Returns the link with this id, if it works at `now`: unused, not expired, and for an address that still needs it.
pub async fn find(connection: &mut AnyConnection, id: &str, now: i64) -> Result<Option<Link>> {
    let row: Option<LinkRow> = sqlx::query_as(
        "SELECT o.kind, o.recipient, a.id AS account, a.email AS account_email, a.password, a.owned_at
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
    let Some(row) = row else {
        return Ok(None);
    };
    Ok(Some(Link {
        id: id.to_owned(),
        kind: outbox::kind(&row.kind)?,
        recipient: row.recipient,
        account: row.account,
        account_email: row.account_email,
        password: row.password,
        owned: row.owned_at.is_some(),
    }))
}

/// Returns the URL of the page with the button.
pub fn address(vault: &Vault, link: &Link) -> String {
    let page = if link.kind == MailKind::ResetPassword {
        "reset-password"
    } else {
        "confirm"
    };
    let token = signed_token::token(&vault.0.pepper, outbox::kind_slug(link.kind), &link.id);
    format!("{}/{page}?token={token}", vault.0.base_url)
}

/// Returns the URLs that end the notices to a second recipient. They work for as long as notices come.
pub fn stop(vault: &Vault, account: &str, recipient: &str) -> Stop {
    let base_url = &vault.0.base_url;
    let token = signed_token::token(&vault.0.pepper, &stop_purpose(recipient), account);
    Stop {
        page: format!("{base_url}/confirm?token={token}"),
        one_click: format!("{base_url}/unsubscribe?token={token}"),
    }
}

pub fn stop_purpose(recipient: &str) -> String {
    format!("stop {recipient}")
}

/// Returns the link that a token names, if the token is genuine and the link works.
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
    /// Counts a request that causes mails to `mailboxes`, against each of them, the network and the account, so that no
    /// account can be used to fill another's mailbox.
    pub(crate) fn may_write_to(&self, actor: &Actor, mailboxes: Vec<Subject>) -> Result<()> {
        let mut subjects = mailboxes;
        subjects.extend(actor.caller.address.map(Subject::mails_from));
        subjects.push(Subject::MailsOf(actor.account().id.clone()));
        self.0.limits.mail(subjects)
    }
}
