//! The act that an operator has just done, as the audit trail has it: the page after a form tells it, and no link can
//! pretend it.

use shared::MINUTE_MS;
use sqlx::FromRow;

use super::token::Operator;
use crate::error::Result;
use crate::storage::audit::Action;
use crate::time::format::rfc3339;
use crate::vault::Vault;

/// How long an act is told, in milliseconds.
const TOLD_MS: i64 = 2 * MINUTE_MS;

/// An act of an operator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Act {
    Suspended,
    Resumed,
    Expired {
        /// What the key had before, in the expiry grammar, if that can be set again.
        before: Option<String>,
    },
    Restored,
}

#[derive(FromRow)]
struct Row {
    at: i64,
    action: String,
    actor_kind: String,
    actor_id: String,
    old_expires_at: Option<i64>,
    old_set_at: Option<i64>,
}

impl Vault {
    /// Returns the act of this operator on an account, or on its key `access_key`, if it is minutes ago and nothing has
    /// been done about the same since.
    pub async fn just_done(
        &self,
        operator: &Operator,
        account: &str,
        access_key: Option<&str>,
    ) -> Result<Option<Act>> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT at, action, actor_kind, actor_id, old_expires_at, old_set_at FROM audit
             WHERE account_id = $1 AND subject = $2
               AND action NOT IN ('account.signed_in', 'account.signed_out')
             ORDER BY id DESC LIMIT 1",
        )
        .bind(account)
        .bind(access_key.unwrap_or_default())
        .fetch_optional(&self.readers())
        .await?;
        let now = self.now();
        let is_own = |row: &Row| {
            row.actor_kind == "token"
                && row.actor_id == operator.id
                && (0..=TOLD_MS).contains(&(now - row.at))
        };
        Ok(row.filter(is_own).and_then(|row| row.act(now)))
    }
}

impl Row {
    fn act(&self, now: i64) -> Option<Act> {
        match Action::from_slug(&self.action)? {
            Action::Suspended => Some(Act::Suspended),
            Action::Resumed => Some(Act::Resumed),
            Action::Restored => Some(Act::Restored),
            Action::Expired => Some(Act::Expired {
                before: self.old_set_at.and_then(|_| match self.old_expires_at {
                    None => Some("never".to_owned()),
                    Some(at) => (at > now).then(|| rfc3339(at)),
                }),
            }),
            _ => None,
        }
    }
}
