//! History of a key: its entries in the audit trail, as sentences for its owner.

use shared::view::HistoryEntry;
use sqlx::FromRow;

use crate::accounts::account::Account;
use crate::accounts::claim::CLAIMED;
use crate::error::Result;
use crate::storage::audit::Action;
use crate::time::format::moment;
use crate::vault::Vault;

/// Maximum number of history entries on a key's page.
const HISTORY_LIMIT: i64 = 50;

/// An entry of the audit trail.
#[derive(FromRow)]
struct TrailRow {
    at: i64,
    action: String,
    detail: String,
    expires_at: Option<i64>,
    address: String,
}

impl Vault {
    /// Returns the history of a key, the latest entry first.
    pub(super) async fn history(
        &self,
        account: &Account,
        access_key: &str,
    ) -> Result<Vec<HistoryEntry>> {
        let rows: Vec<TrailRow> = sqlx::query_as(
            "SELECT at, action, detail, expires_at, address FROM audit
             WHERE account_id = $1 AND subject = $2 ORDER BY id DESC LIMIT $3",
        )
        .bind(&account.id)
        .bind(access_key)
        .bind(HISTORY_LIMIT)
        .fetch_all(&self.readers())
        .await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let action = Action::from_slug(&row.action)?;
                Some(HistoryEntry {
                    when: moment(row.at, account.time_zone),
                    what: sentence(action, &row.detail, row.expires_at, account),
                    address: row.address,
                })
            })
            .collect())
    }
}

/// Formats an audit entry as a sentence for the owner.
fn sentence(action: Action, detail: &str, expires_at: Option<i64>, account: &Account) -> String {
    let until = |never: &str, prefix: &str| {
        expires_at.map_or_else(
            || never.to_owned(),
            |at| format!("{prefix} {}", moment(at, account.time_zone).text),
        )
    };
    match action {
        Action::Created => format!("Created, {}", until("never expires", "expires")),
        Action::Edited if detail.contains("expiration") => {
            format!("Edited: {detail}, {}", until("never expires", "expires"))
        }
        Action::Edited => format!("Edited: {detail}"),
        Action::Expired if detail == CLAIMED => {
            "Expired: a password reset confirmed the account's address for the first time"
                .to_owned()
        }
        Action::Expired if detail.is_empty() => "Expired manually".to_owned(),
        Action::Expired => format!("Expired: {detail}"),
        Action::Restored => format!("Restored, {}", until("never expires", "expires")),
        Action::Deleted => "Deleted".to_owned(),
        // Events of the account itself appear in no key's history.
        _ => action.slug().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use shared::validation::DEFAULT_WARNING_DAYS;

    use super::*;
    use crate::accounts::table_layout::TableLayout;
    use crate::time::zones::Zone;

    #[test]
    fn every_action_on_a_key_has_a_sentence() {
        let account = Account {
            id: "acc_0".to_owned(),
            email: "a@example.com".to_owned(),
            time_zone: Zone::utc(),
            warning_days: DEFAULT_WARNING_DAYS,
            table: TableLayout::default(),
        };
        let on_keys = |action: &Action| action.slug().starts_with("key.");
        for action in Action::ALL.into_iter().filter(on_keys) {
            assert_ne!(sentence(action, "", None, &account), action.slug());
        }
    }
}
