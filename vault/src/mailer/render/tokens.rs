//! Rendering of the mails about operators' tokens that expire or have expired.

use std::collections::BTreeMap;

use shared::notice::Stage;
use sqlx::{AnyConnection, FromRow};

use super::checked::Checked;
use crate::error::Result;
use crate::mail::compose::{self, TokenNotice};
use crate::outbox::{DROPPED, Leased, LeftOut, SUPERSEDED};
use crate::vault::Vault;

/// A ledger row of this mail, with the current state of its token.
#[derive(FromRow)]
struct Row {
    access_key: String,
    expires_at: i64,
    stage: String,
    name: String,
    /// The token's current expiration; none if it was revoked.
    present: Option<i64>,
    /// A stage of the same expiration that is in a mail to the same address, this one or another.
    other: Option<String>,
}

/// Renders a mail from the tokens that still are as it says. Each is named once, by its most urgent stage.
pub async fn notice(
    vault: &Vault,
    connection: &mut AnyConnection,
    mail: &Leased,
    now: i64,
) -> Result<Checked> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT n.access_key, n.expires_at, n.stage, n.name, t.expires_at AS present, other.stage AS other
         FROM notices n
         LEFT JOIN operator_tokens t ON t.id = n.access_key AND t.revoked_at IS NULL
         LEFT JOIN notices other ON other.access_key = n.access_key AND other.expires_at = n.expires_at
                   AND other.recipient = n.recipient AND other.left_out IS NULL
         WHERE n.mail_id = $1 AND n.left_out IS NULL",
    )
    .bind(&mail.id)
    .fetch_all(connection)
    .await?;
    let (mut kept, mut left_out) = (BTreeMap::new(), BTreeMap::new());
    for row in rows {
        let place = (row.expires_at, row.access_key, row.stage);
        let later = row.other.as_deref().and_then(Stage::from_slug) > Stage::from_slug(&place.2);
        if row.present != Some(place.0) {
            left_out.insert(place, DROPPED);
        } else if later {
            left_out.insert(place, SUPERSEDED);
        } else {
            kept.insert(place, row.name);
        }
    }
    kept.retain(|place, _| !left_out.contains_key(place));
    let notices: Vec<_> = kept
        .iter()
        .map(|((expires_at, id, _), name)| TokenNotice {
            id,
            name,
            expires_at: *expires_at,
        })
        .collect();
    let content = compose::tokens(vault.letterhead(), now, &notices);
    Ok(Checked {
        content: Some(content).filter(|_| !notices.is_empty()),
        left_out: left_out
            .into_iter()
            .map(|((expires_at, access_key, stage), why)| LeftOut {
                access_key,
                expires_at,
                stage,
                why,
            })
            .collect(),
    })
}
