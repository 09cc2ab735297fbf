//! What a mail has to say at the moment when it leaves: read from the keys, accounts and links as they are
//! then, not as they were when it was put into the outbox. What is no longer true is left out, and a mail with
//! nothing left is not sent.

use chrono_tz::Tz;
use shared::notice::{MailKind, Stage};
use sqlx::AnyConnection;

use crate::error::Result;
use crate::mail::Content;
use crate::mail::compose::{self, Notice};
use crate::outbox::{self, DROPPED, Leased, SUPERSEDED};
use crate::{Vault, links};

/// The content of a leased mail, or none if there is nothing to say any more.
pub async fn content(
    vault: &Vault,
    connection: &mut AnyConnection,
    mail: &Leased,
    now: i64,
) -> Result<Option<Content>> {
    let base_url = &vault.0.base_url;
    let kind = outbox::kind(&mail.kind)?;
    if kind == MailKind::Notice {
        return notice(base_url, connection, mail, now).await;
    }
    let Some(link) = links::find(connection, &mail.id, now).await? else {
        return Ok(None);
    };
    let address = links::address(vault, &link);
    Ok(Some(match kind {
        MailKind::Notice => return Ok(None),
        MailKind::ConfirmAddress => compose::confirm_address(base_url, &address),
        MailKind::ConfirmSecondRecipient => {
            compose::confirm_second_recipient(base_url, &link.account_email, &address)
        }
        MailKind::ResetPassword => compose::reset_password(base_url, &address),
    }))
}

/// A ledger row of this mail, with what its key has become.
struct Row {
    access_key: String,
    expires_at: i64,
    stage: String,
    /// None: deleted.
    name: Option<String>,
    /// The key's expiration today.
    present: Option<i64>,
    set_at: Option<i64>,
}

async fn notice(
    base_url: &str,
    connection: &mut AnyConnection,
    mail: &Leased,
    now: i64,
) -> Result<Option<Content>> {
    let (zone, own, second): (String, String, Option<String>) = sqlx::query_as(
        "SELECT time_zone, email, CASE WHEN second_confirmed_at IS NOT NULL THEN second_recipient END
         FROM accounts WHERE id = $1",
    )
    .bind(&mail.account)
    .fetch_one(&mut *connection)
    .await?;
    // A second recipient who was removed meanwhile hears nothing more.
    let welcome = mail.recipient == own || Some(&mail.recipient) == second.as_ref();
    let zone: Tz = zone.parse().unwrap_or(Tz::UTC);
    let mut kept = Vec::new();
    for row in rows(connection, &mail.id).await? {
        match (Stage::from_slug(&row.stage), row.name) {
            (Some(stage), Some(name)) if welcome && row.present == Some(row.expires_at) => {
                if is_superseded(connection, &row.access_key, row.expires_at, stage, mail).await? {
                    leave_out(connection, &mail.id, &row.access_key, SUPERSEDED).await?;
                } else {
                    let by_hand = row.set_at == Some(row.expires_at);
                    kept.push((row.access_key, name, stage, row.expires_at, by_hand));
                }
            }
            _ => leave_out(connection, &mail.id, &row.access_key, DROPPED).await?,
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    let notices: Vec<_> = kept
        .iter()
        .map(|(access_key, name, stage, expires_at, by_hand)| Notice {
            access_key,
            name,
            stage: *stage,
            expires_at: *expires_at,
            by_hand: *by_hand,
        })
        .collect();
    Ok(Some(compose::digest(base_url, zone, now, &notices)))
}

async fn rows(connection: &mut AnyConnection, mail: &str) -> Result<Vec<Row>> {
    type Tuple = (
        String,
        i64,
        String,
        Option<String>,
        Option<i64>,
        Option<i64>,
    );
    let rows: Vec<Tuple> = sqlx::query_as(
        "SELECT n.access_key, n.expires_at, n.stage, k.name, k.expires_at, k.expiration_set_at
         FROM notices n LEFT JOIN api_keys k ON k.access_key = n.access_key
         WHERE n.mail_id = $1 AND n.left_out IS NULL",
    )
    .bind(mail)
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(
            |(access_key, expires_at, stage, name, present, set_at)| Row {
                access_key,
                expires_at,
                stage,
                name,
                present,
                set_at,
            },
        )
        .collect())
}

/// Whether a later stage has been written down for the same expiration: this mail was held up, and the more
/// urgent one speaks for it.
async fn is_superseded(
    connection: &mut AnyConnection,
    access_key: &str,
    expires_at: i64,
    stage: Stage,
    mail: &Leased,
) -> Result<bool> {
    let others: Vec<(String,)> = sqlx::query_as(
        "SELECT stage FROM notices
         WHERE access_key = $1 AND expires_at = $2 AND recipient = $3 AND left_out IS NULL",
    )
    .bind(access_key)
    .bind(expires_at)
    .bind(&mail.recipient)
    .fetch_all(connection)
    .await?;
    Ok(others
        .iter()
        .filter_map(|(slug,)| Stage::from_slug(slug))
        .any(|other| other > stage))
}

async fn leave_out(
    connection: &mut AnyConnection,
    mail: &str,
    access_key: &str,
    why: &str,
) -> Result<()> {
    sqlx::query(
        "UPDATE notices SET left_out = $1 WHERE mail_id = $2 AND access_key = $3 AND left_out IS NULL",
    )
    .bind(why)
    .bind(mail)
    .bind(access_key)
    .execute(connection)
    .await?;
    Ok(())
}
