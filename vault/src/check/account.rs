//! What mails about the account itself have to say: read from the audit trail, since they tell what happened
//! whatever has happened since.

use chrono_tz::Tz;
use sqlx::AnyConnection;

use super::Checked;
use crate::Vault;
use crate::audit::Action;
use crate::claim::{self, CLAIMED};
use crate::dates::moment;
use crate::error::Result;
use crate::mail::compose;
use crate::outbox::Leased;

/// Of a new password.
pub async fn password_changed(
    vault: &Vault,
    connection: &mut AnyConnection,
    mail: &Leased,
) -> Result<Checked> {
    let at = mail.created_at;
    let (zone, claims): (String, i64) = sqlx::query_as(
        "SELECT a.time_zone, (SELECT COUNT(*) FROM audit u WHERE u.account_id = a.id AND u.at = $2
                              AND u.subject = '' AND u.action = $3 AND u.detail = $4)
         FROM accounts a WHERE a.id = $1",
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
    let when = moment(at, zone.parse().unwrap_or(Tz::UTC)).text;
    Ok(Checked {
        content: Some(compose::password_changed(&vault.0.base_url, &when, expired)),
        left_out: Vec::new(),
    })
}
