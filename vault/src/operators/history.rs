//! History of an account: the entries of the audit trail about it rather than about one of its keys, as sentences for its
//! owner.
//!
//! Sign-ins with the account's own password are left out: the page *Account* has the sessions. Those by portal links are told,
//! because the company can make a link to any account, with the token that made the link; a link that no one has used did
//! nothing. They have a limit of their own, so that daily visits leave the changes in sight.

use shared::view::HistoryEntry;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use crate::accounts::account::Account;
use crate::accounts::people;
use crate::error::Result;
use crate::storage::audit::Action;
use crate::time::format::moment;
use crate::vault::Vault;

/// The most entries about changes, and about portal sessions.
const LIMITS: [i64; 2] = [50, 20];
/// The conditions of the two. Subjects of portal sessions begin with `ps_`; the order does not tempt the planner to read the
/// account's whole trail instead of these.
const KINDS: [&str; 2] = [
    "u.subject = '' AND u.action NOT IN ('account.signed_in', 'account.signed_out') ORDER BY u.id DESC",
    "u.subject > 'ps' AND u.subject < 'pt' AND u.action IN ('portal.entered', 'portal.ended') ORDER BY u.id + 0 DESC",
];
/// Fields that are the company's own affair: an edit of these alone has no names to tell.
const INTERNAL: [&str; 2] = ["external_id", "metadata"];

#[derive(FromRow)]
struct Row {
    id: i64,
    at: i64,
    action: String,
    detail: String,
    address: String,
    actor_kind: String,
    /// What people call the actor, where a portal link has named one.
    actor: Option<String>,
    /// The name of the operator's token that made the entry, or the link by which a session began.
    token_name: Option<String>,
}

impl Row {
    /// Returns whether an operator made the entry, or Keyhold for one.
    fn is_operators(&self) -> bool {
        self.actor_kind == "token" || self.actor_kind == "system"
    }

    /// Returns who made the entry; empty if that is not known.
    fn who(&self, action: Action) -> String {
        match &self.actor {
            _ if self.is_operators() => "the operator".to_owned(),
            Some(actor) => actor.clone(),
            None if action == Action::PortalEntered => String::new(),
            None => "you".to_owned(),
        }
    }
}

impl Vault {
    /// Returns the history of an account, the latest entry first.
    pub async fn account_history(&self, account: &Account) -> Result<Vec<HistoryEntry>> {
        let _reading = self.reading(&account.id).await?;
        let mut rows = Vec::new();
        for (kind, limit) in KINDS.into_iter().zip(LIMITS) {
            rows.extend(self.entries(account, kind, limit).await?);
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.id));
        let mut history = Vec::new();
        for row in rows {
            let Some(action) = Action::from_slug(&row.action) else {
                continue;
            };
            let detail = match ended_actor(action, &row.detail) {
                Some(person) => self.label_of(account, person).await?,
                None if action == Action::SessionsEnded => String::new(),
                None => row.detail.clone(),
            };
            let Some(what) = sentence(action, &detail, row.token_name.as_deref()) else {
                continue;
            };
            history.push(HistoryEntry {
                what,
                when: moment(row.at, account.time_zone),
                who: row.who(action),
                // Where the company's people sit is no affair of the account's.
                address: if row.is_operators() {
                    String::new()
                } else {
                    row.address
                },
                changes: Vec::new(),
            });
        }
        Ok(history)
    }

    /// Returns the latest entries of one kind.
    async fn entries(&self, account: &Account, kind: &str, limit: i64) -> Result<Vec<Row>> {
        let label = people::label("u.account_id", "u.actor_id");
        let statement = format!(
            "SELECT u.id, u.at, u.action, u.detail, u.address, u.actor_kind,
                    CASE WHEN u.actor_kind = 'portal' AND u.actor_id <> '' THEN COALESCE({label}, u.actor_id) END AS actor,
                    CASE WHEN u.actor_kind = 'token' THEN (SELECT t.name FROM operator_tokens t WHERE t.id = u.actor_id)
                         WHEN u.action = 'portal.entered' THEN
                             (SELECT MAX(t.name) FROM audit c JOIN operator_tokens t ON t.id = c.actor_id
                              WHERE c.account_id = u.account_id AND c.subject = u.subject AND c.action = 'portal.created')
                    END AS token_name
             FROM audit u WHERE u.account_id = $1 AND {kind} LIMIT $2"
        );
        // Built from constants only; all input is bound.
        let rows = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&account.id)
            .bind(limit)
            .fetch_all(&self.readers())
            .await?;
        Ok(rows)
    }

    /// Returns what people call a person of the company's: the label, or the company's own id if no link has named one.
    async fn label_of(&self, account: &Account, person: &str) -> Result<String> {
        let read = async |connection: &mut AnyConnection| {
            people::label_of(connection, &account.id, person).await
        };
        let label = self.readers().read(read).await?;
        Ok(label.unwrap_or_else(|| person.to_owned()))
    }
}

/// Returns the person whose sessions were ended, by the company's own id; none for all sessions.
fn ended_actor(action: Action, detail: &str) -> Option<&str> {
    let (_, person) = detail.split_once(", of ")?;
    (action == Action::SessionsEnded).then_some(person)
}

/// Returns an entry as a sentence; none for one that tells the owner nothing. `name` is that of an operator's token. The
/// detail of ended access is what people call the person; empty for every session, or for a person whose name no link has given.
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
        Action::PortalEntered => match name {
            Some(name) => format!("Signed in by a link of {name}"),
            None => "Signed in by a link".to_owned(),
        },
        Action::PortalEnded if detail.is_empty() => by("Access by a link ended"),
        Action::SessionsEnded if detail.is_empty() => by("Every session ended"),
        Action::PortalEnded | Action::SessionsEnded => by(&format!("Access of {detail} ended")),
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
        Action::CalendarReset => by("Calendar address changed"),
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
            let of_account = ["account.", "notices.", "portal."]
                .iter()
                .any(|kind| slug.starts_with(kind));
            let left_out = [
                Action::SignedIn,
                Action::SignedOut,
                Action::AccountDeleted,
                Action::PortalCreated,
            ];
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
            said(Action::PortalEntered, "Ada", Some("app")),
            "Signed in by a link of app"
        );
        assert_eq!(
            said(Action::PortalEnded, "Ada", Some("support-anna")),
            "Access of Ada ended by support-anna"
        );
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
