//! History of an account: the entries of the audit trail about it rather than about one of its keys, as sentences for its
//! owner. Sign-ins are left out: the page *Account* has the sessions.

use shared::view::HistoryEntry;
use sqlx::FromRow;

use crate::accounts::account::Account;
use crate::error::Result;
use crate::storage::audit::Action;
use crate::time::format::moment;
use crate::vault::Vault;

/// The most entries.
const LIMIT: i64 = 50;
/// Fields that are the company's own affair: an edit of these alone has no names to tell.
const INTERNAL: [&str; 2] = ["external_id", "metadata"];

#[derive(FromRow)]
struct Row {
    at: i64,
    action: String,
    detail: String,
    address: String,
    actor_kind: String,
    token_name: Option<String>,
}

impl Vault {
    /// Returns the history of an account, the latest entry first.
    pub async fn account_history(&self, account: &Account) -> Result<Vec<HistoryEntry>> {
        let _reading = self.reading(&account.id).await?;
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT u.at, u.action, u.detail, u.address, u.actor_kind,
                    (SELECT t.name FROM operator_tokens t WHERE t.id = u.actor_id) AS token_name
             FROM audit u WHERE u.account_id = $1 AND u.subject = ''
               AND u.action NOT IN ('account.signed_in', 'account.signed_out')
             ORDER BY u.id DESC LIMIT $2",
        )
        .bind(&account.id)
        .bind(LIMIT)
        .fetch_all(&self.readers())
        .await?;
        let entry = |row: Row| {
            let by = row.actor_kind == "token" || row.actor_kind == "system";
            let name = row.token_name.as_deref().filter(|_| by);
            Some(HistoryEntry {
                what: sentence(Action::from_slug(&row.action)?, &row.detail, name)?,
                when: moment(row.at, account.time_zone),
                // Where the company's people sit is no affair of the account's.
                address: if by { String::new() } else { row.address },
                changes: Vec::new(),
                who: if by { "the operator" } else { "you" }.to_owned(),
            })
        };
        Ok(rows.into_iter().filter_map(entry).collect())
    }
}

/// Returns an entry as a sentence; none for one that tells the owner nothing. `name` is that of an operator's token.
fn sentence(action: Action, detail: &str, name: Option<&str>) -> Option<String> {
    let by = |did: &str| match name {
        Some(name) => format!("{did} by {name}"),
        None => did.to_owned(),
    };
    let with = |did: String, detail: &str| match detail {
        "" => did,
        detail => format!("{did}: {detail}"),
    };
    Some(match action {
        Action::SignedUp => "Signed up".to_owned(),
        Action::AccountCreated => by("Created"),
        Action::AccountEdited => with(by("Changed"), &told(detail)),
        Action::Suspended => with(by("Suspended"), detail),
        Action::Resumed => by("Resumed"),
        Action::SessionsEnded => by("Every session ended"),
        Action::SessionEnded => "A session ended".to_owned(),
        Action::OtherSessionsEnded => "All other sessions ended".to_owned(),
        Action::PasswordChanged => "Password changed".to_owned(),
        Action::PasswordReset => "Password reset".to_owned(),
        Action::PreferencesChanged => "Preferences changed".to_owned(),
        Action::AddressConfirmed => "Address confirmed".to_owned(),
        Action::AddressAsked => "Change of address requested".to_owned(),
        Action::AddressKept => "Change of address cancelled".to_owned(),
        Action::AddressChanged => "Address changed".to_owned(),
        Action::StagesChosen => "Choice of emails changed".to_owned(),
        Action::RecipientAdded => "Second recipient added".to_owned(),
        Action::RecipientConfirmed => "Second recipient confirmed".to_owned(),
        Action::RecipientRemoved => "Second recipient removed".to_owned(),
        Action::CalendarReset => "Calendar address changed".to_owned(),
        Action::DatabaseRestored => "A backup was restored".to_owned(),
        _ => return None,
    })
}

/// Returns the names of changed fields for the owner.
fn told(fields: &str) -> String {
    let told: Vec<_> = fields
        .split(", ")
        .filter(|field| !INTERNAL.contains(field))
        .map(|field| match field {
            "notice_emails" => "addresses for emails",
            "time_zone" => "time zone",
            "warning_days" => "days of warning",
            field => field,
        })
        .collect();
    told.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_on_an_account_has_a_sentence() {
        let told = |action: &Action| {
            let slug = action.slug();
            let of_account = slug.starts_with("account.") || slug.starts_with("notices.");
            let left_out = [Action::SignedIn, Action::SignedOut, Action::AccountDeleted];
            of_account && !left_out.contains(action)
        };
        for action in Action::ALL.into_iter().filter(told) {
            assert!(sentence(action, "", None).is_some(), "{}", action.slug());
        }
    }

    #[test]
    fn an_act_of_an_operator_has_its_token_and_its_reason() {
        let said = |action, detail, name| sentence(action, detail, name).unwrap_or_default();
        assert_eq!(
            said(Action::Suspended, "An unpaid invoice", Some("support-anna")),
            "Suspended by support-anna: An unpaid invoice"
        );
        assert_eq!(said(Action::Suspended, "", None), "Suspended");
        assert_eq!(
            said(
                Action::AccountEdited,
                "name, metadata, time_zone",
                Some("sync")
            ),
            "Changed by sync: name, time zone"
        );
        assert_eq!(
            said(Action::AccountEdited, "metadata", Some("sync")),
            "Changed by sync"
        );
    }
}
