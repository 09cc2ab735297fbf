//! Rendering of a mail when it is sent, from the current keys, accounts and links, not from those at the time when it
//! was put into the outbox. Statements that are no longer true are left out, and a mail with nothing left is not sent.

mod account;
mod checked;
mod tokens;

use shared::mail::MailKind;
use shared::notice::Stage;
use sqlx::{AnyConnection, AssertSqlSafe};

use crate::accounts::email_links;
use crate::accounts::email_links::Link;
use crate::error::Result;
use crate::mail::compose::{self, Notice};
use crate::mail::{Content, Letterhead};
use crate::notices::wishes::{Wishes, recipients};
use crate::operators::expiries::OPERATORS;
use crate::outbox::{self, DROPPED, Leased, LeftOut, SUPERSEDED};
use crate::storage::audit;
use crate::usage::{self, FAILING};
use crate::vault::Vault;
pub use checked::Checked;

/// Renders a leased mail from what is true at `now`.
pub async fn check(
    vault: &Vault,
    connection: &mut AnyConnection,
    mail: &Leased,
    now: i64,
) -> Result<Checked> {
    let compose: fn(Letterhead<'_>, &Link, &str) -> Content = match outbox::kind(&mail.kind)? {
        MailKind::Notice if mail.account == OPERATORS => {
            return tokens::notice(vault, connection, mail, now).await;
        }
        MailKind::Notice => return notice(vault, connection, mail, now).await,
        MailKind::PasswordChanged => {
            return account::password_changed(vault, connection, mail).await;
        }
        MailKind::AddressAsked => return account::address_asked(vault, connection, mail).await,
        MailKind::AddressChanged => return account::address_changed(vault, connection, mail).await,
        MailKind::AccountDeleted => return account::account_deleted(vault, connection, mail).await,
        MailKind::ChangeAddress => |head, link, address| {
            compose::change_address(head, &link.account_email, &link.recipient, address)
        },
        MailKind::ConfirmAddress => |head, _, address| compose::confirm_address(head, address),
        MailKind::ConfirmSecondRecipient => |head, link, address| {
            compose::confirm_second_recipient(head, &link.account_email, address)
        },
        MailKind::ResetPassword => {
            |head, link, address| compose::reset_password(head, address, link.owned)
        }
    };
    let link = email_links::find(connection, &mail.id, now).await?;
    Ok(Checked {
        content: link.map(|link| {
            compose(
                vault.letterhead(),
                &link,
                &email_links::address(vault, &link),
            )
        }),
        left_out: Vec::new(),
    })
}

/// A ledger row of this mail, with the current state of its key.
struct Row {
    access_key: String,
    expires_at: i64,
    stage: String,
    /// None if the key was deleted.
    name: Option<String>,
    /// The key's current expiration.
    present: Option<i64>,
    set_at: Option<i64>,
    used_at: Option<i64>,
    failing: Option<(i64, i64)>,
    /// The operator who expired it: the token's name, a line break, and the reason.
    expired_by: Option<String>,
    superseded: bool,
}

async fn notice(
    vault: &Vault,
    connection: &mut AnyConnection,
    mail: &Leased,
    now: i64,
) -> Result<Checked> {
    let wishes = Wishes::of(connection, &mail.account).await?;
    // A recipient that was removed meanwhile gets no more notices, nor does any of an account that was suspended.
    let welcome = wishes.is_some_and(|wishes| wishes.recipients.contains(&mail.recipient));
    let second = recipients(connection, &mail.account).await?.second;
    let is_second = second.as_ref() == Some(&mail.recipient);
    let zone = account::zone(connection, &mail.account).await?;
    let (mut kept, mut left_out) = (Vec::new(), Vec::new());
    for row in rows(connection, mail, now).await? {
        let true_still = welcome && row.name.is_some() && row.present == Some(row.expires_at);
        if true_still && !row.superseded {
            kept.push(row);
        } else {
            left_out.push(LeftOut {
                access_key: row.access_key,
                expires_at: row.expires_at,
                stage: row.stage,
                why: if true_still { SUPERSEDED } else { DROPPED },
            });
        }
    }
    if kept.is_empty() {
        return Ok(Checked {
            content: None,
            left_out,
        });
    }
    let notices: Vec<_> = kept
        .iter()
        .map(|row| Notice {
            access_key: &row.access_key,
            name: row.name.as_deref().unwrap_or_default(),
            expires_at: row.expires_at,
            expired_manually: row.set_at == Some(row.expires_at),
            expired_by: row.expired_by.as_deref().and_then(|by| by.split_once('\n')),
            used_at: row.used_at,
            failing: row.failing,
        })
        .collect();
    let stop = is_second.then(|| email_links::stop(vault, &mail.account, &mail.recipient));
    let content = compose::digest(vault.letterhead(), zone, now, &notices, stop.as_ref());
    Ok(Checked {
        content: Some(content),
        left_out,
    })
}

/// Returns the ledger's rows of this mail. A row is superseded if a later stage of the same expiration is in a mail to
/// the same address: this mail was delayed, and the more urgent one replaces it.
async fn rows(connection: &mut AnyConnection, mail: &Leased, now: i64) -> Result<Vec<Row>> {
    type Tuple = (
        String,
        i64,
        String,
        Option<String>,
        Option<i64>,
        Option<i64>,
        Option<String>,
        Option<i64>,
        i64,
        i64,
        Option<String>,
    );
    let expired_by = audit::expired_by("k.account_id", "n.expires_at");
    let tuples: Vec<Tuple> = sqlx::query_as(AssertSqlSafe(format!(
        "SELECT n.access_key, n.expires_at, n.stage, k.name, k.expires_at, k.expiration_set_at, other.stage,
                u.used_at, {FAILING},
                {expired_by}
         FROM notices n
         LEFT JOIN api_keys k ON k.access_key = n.access_key
         LEFT JOIN last_uses u ON u.access_key = n.access_key
         LEFT JOIN notices other ON other.access_key = n.access_key AND other.expires_at = n.expires_at
                   AND other.recipient = n.recipient AND other.left_out IS NULL
         WHERE n.mail_id = $1 AND n.left_out IS NULL
         ORDER BY n.access_key, n.expires_at, n.stage"
    )))
    .bind(&mail.id)
    .bind(usage::still(now))
    .fetch_all(connection)
    .await?;
    let mut rows: Vec<Row> = Vec::new();
    for row in tuples {
        let (access_key, expires_at, stage, name, present, set_at, other, used_at, ..) = row;
        let (.., callers, last, expired_by) = row;
        let stage_of = |slug: &str| Stage::from_slug(slug);
        let superseded = other.as_deref().and_then(stage_of) > stage_of(&stage);
        match rows.last_mut() {
            Some(last)
                if (&last.access_key, last.expires_at, &last.stage)
                    == (&access_key, expires_at, &stage) =>
            {
                last.superseded |= superseded;
            }
            _ => rows.push(Row {
                access_key,
                expires_at,
                stage,
                name,
                present,
                set_at,
                used_at,
                failing: (callers > 0).then_some((callers, last)),
                expired_by,
                superseded,
            }),
        }
    }
    Ok(rows)
}
