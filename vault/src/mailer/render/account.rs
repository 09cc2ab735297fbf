//! Rendering of mails about the account itself: read from the audit trail, because they report what happened, whatever
//! has happened since.

use shared::dates::Writing;
use sqlx::AnyConnection;

use super::checked::Checked;
use crate::accounts::claim::{self, CLAIMED};
use crate::error::Result;
use crate::mail::compose;
use crate::outbox::Leased;
use crate::storage::audit::Action;
use crate::time::format::moment;
use crate::time::zones::Zone;
use crate::vault::Vault;

/// Returns an account's zone, with its way to write dates.
pub async fn zone(connection: &mut AnyConnection, account: &str) -> Result<Zone> {
    let (zone, date, clock): (String, String, String) =
        sqlx::query_as("SELECT time_zone, date_style, clock_style FROM accounts WHERE id = $1")
            .bind(account)
            .fetch_one(connection)
            .await?;
    Ok(Zone::stored(&zone).written(Writing::stored(&date, &clock)))
}

/// Renders the mail about a changed password.
pub async fn password_changed(
    vault: &Vault,
    connection: &mut AnyConnection,
    mail: &Leased,
) -> Result<Checked> {
    let at = mail.created_at;
    let (claims,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM audit WHERE account_id = $1 AND at = $2 AND subject = '' AND action = $3 AND detail = $4",
    )
    .bind(&mail.account)
    .bind(at)
    .bind(Action::PasswordReset.slug())
    .bind(CLAIMED)
    .fetch_one(&mut *connection)
    .await?;
    let expired = if claims == 0 {
        None
    } else {
        Some(claim::expired_by(connection, &mail.account, at).await?)
    };
    let when = moment(at, zone(connection, &mail.account).await?).text;
    Ok(Checked::from(compose::password_changed(
        vault.letterhead(),
        &when,
        expired,
    )))
}

/// Renders the mail about a requested address. It names the new address only to one that is proven to be the owner's:
/// an address that was mistyped at sign-up is a stranger's.
pub async fn address_asked(
    vault: &Vault,
    connection: &mut AnyConnection,
    mail: &Leased,
) -> Result<Checked> {
    let row: Option<(String, Option<i64>)> = sqlx::query_as(
        "SELECT u.detail, a.owned_at FROM audit u JOIN accounts a ON a.id = u.account_id
         WHERE u.account_id = $1 AND u.subject = '' AND u.at = $2 AND u.action = $3",
    )
    .bind(&mail.account)
    .bind(mail.created_at)
    .bind(Action::AddressAsked.slug())
    .fetch_optional(connection)
    .await?;
    Ok(row.map_or_else(Checked::default, |(new, owned_at)| {
        let new = owned_at.map(|_| new.as_str());
        Checked::from(compose::address_asked(vault.letterhead(), new))
    }))
}

/// Renders the mail about a changed address.
pub async fn address_changed(
    vault: &Vault,
    connection: &mut AnyConnection,
    mail: &Leased,
) -> Result<Checked> {
    let when = moment(mail.created_at, zone(connection, &mail.account).await?).text;
    Ok(Checked::from(compose::address_changed(
        vault.letterhead(),
        &when,
    )))
}

/// Renders the mail about a deleted account.
pub async fn account_deleted(
    vault: &Vault,
    connection: &mut AnyConnection,
    mail: &Leased,
) -> Result<Checked> {
    let zone = zone(connection, &mail.account).await?;
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT detail FROM audit WHERE account_id = $1 AND subject = '' AND at = $2 AND action = $3",
    )
    .bind(&mail.account)
    .bind(mail.created_at)
    .bind(Action::AccountDeleted.slug())
    .fetch_optional(connection)
    .await?;
    Ok(row.map_or_else(Checked::default, |(keys,)| {
        let when = moment(mail.created_at, zone).text;
        let keys = keys.parse().unwrap_or_default();
        Checked::from(compose::account_deleted(vault.letterhead(), &when, keys))
    }))
}
