//! History of a key: its entries in the audit trail, as sentences for its owner, with what each changed and who did it.

use shared::view::{Change, HistoryEntry};
use sqlx::{AssertSqlSafe, FromRow};

use crate::accounts::account::Account;
use crate::accounts::claim::CLAIMED;
use crate::accounts::people;
use crate::error::Result;
use crate::keys::bulk::STAGGERED;
use crate::storage::audit::Action;
use crate::time::format::moment;
use crate::vault::Vault;

/// Maximum number of history entries on a key's page.
const HISTORY_LIMIT: i64 = 50;

/// How the details of entries end that restoring a backup has made.
const BY_RESTORING: &str = "by restoring a backup";

/// The column of [`crate::storage::audit::expired_by`] for a key's present expiration. An undo that brings an expiration back brings back its
/// reason.
#[derive(FromRow)]
pub struct ExpiredByRow {
    expired_by: Option<String>,
}

impl ExpiredByRow {
    /// Returns who expired the key and why, as a sentence; empty if that was no operator.
    pub fn sentence(&self) -> String {
        let by = self
            .expired_by
            .as_deref()
            .and_then(|by| by.split_once('\n'));
        let Some((name, reason)) = by else {
            return String::new();
        };
        let said = expired_by(name, reason);
        if said.ends_with(['.', '!', '?', '…']) {
            said
        } else {
            said + "."
        }
    }
}

/// An entry of the audit trail.
#[derive(FromRow)]
struct TrailRow {
    at: i64,
    action: String,
    detail: String,
    expires_at: Option<i64>,
    address: String,
    actor_kind: String,
    /// The name of the operator's token that made it.
    token_name: Option<String>,
    /// What people call the actor, where a portal link has named one.
    actor: Option<String>,
    old_name: Option<String>,
    old_description: Option<String>,
    old_expires_at: Option<i64>,
    /// None: the entry has no before-image.
    old_set_at: Option<i64>,
}

/// The texts of a key after the entry that is being read; none where the trail does not tell them.
struct Texts {
    name: Option<String>,
    description: Option<String>,
}

impl Texts {
    /// Returns what an entry changed, and goes back to before it.
    fn before(&mut self, row: &TrailRow, account: &Account) -> Vec<Change> {
        if row.old_set_at.is_none() {
            // An earlier version has not recorded what its edits replaced.
            *self = Self {
                name: None,
                description: None,
            };
            return Vec::new();
        }
        let mut changes = Vec::new();
        for (field, text, old) in [
            ("Name", &mut self.name, &row.old_name),
            ("Description", &mut self.description, &row.old_description),
        ] {
            let Some(old) = old else {
                continue;
            };
            if let Some(to) = text.replace(old.clone()) {
                changes.push(Change {
                    field: field.to_owned(),
                    from: old.clone(),
                    to,
                });
            }
        }
        if row.old_expires_at != row.expires_at {
            changes.push(Change {
                field: "Expiration".to_owned(),
                from: expiration(row.old_expires_at, account),
                to: expiration(row.expires_at, account),
            });
        }
        changes
    }
}

fn expiration(at: Option<i64>, account: &Account) -> String {
    at.map_or_else(
        || "never".to_owned(),
        |at| moment(at, account.time_zone).text,
    )
}

impl Vault {
    /// Returns the history of a key, the latest entry first. `present` are its name and its description.
    pub(super) async fn history(
        &self,
        account: &Account,
        access_key: &str,
        (name, description): (&str, &str),
    ) -> Result<Vec<HistoryEntry>> {
        let label = people::label("u.account_id", "u.actor_id");
        let statement = format!(
            "SELECT u.at, u.action, u.detail, u.expires_at, u.address, u.actor_kind,
                    CASE WHEN u.actor_kind = 'portal' AND u.actor_id <> '' THEN COALESCE({label}, u.actor_id) END AS actor,
                    (SELECT t.name FROM operator_tokens t WHERE t.id = u.actor_id AND u.actor_kind <> 'portal') AS token_name,
                    u.old_name, u.old_description, u.old_expires_at, u.old_set_at
             FROM audit u WHERE u.account_id = $1 AND u.subject = $2 ORDER BY u.id DESC LIMIT $3"
        );
        // Built from constants only; all input is bound.
        let rows: Vec<TrailRow> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&account.id)
            .bind(access_key)
            .bind(HISTORY_LIMIT)
            .fetch_all(&self.readers())
            .await?;
        let mut texts = Texts {
            name: Some(name.to_owned()),
            description: Some(description.to_owned()),
        };
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let changes = texts.before(&row, account);
                let action = Action::from_slug(&row.action)?;
                let was_active =
                    row.old_set_at.is_some() && row.old_expires_at.is_none_or(|old| old > row.at);
                let operator = row.token_name.as_deref();
                let by_name = operator.filter(|_| action == Action::Expired);
                let mut who = row
                    .actor
                    .unwrap_or_else(|| who(&row.actor_kind, &row.detail).to_owned());
                if let Some(name) = operator.filter(|_| by_name.is_none()) {
                    who = format!("{who} ({name})");
                }
                Some(HistoryEntry {
                    when: moment(row.at, account.time_zone),
                    what: match (action, by_name) {
                        (Action::Expired, Some(name)) => expired_by(name, &row.detail),
                        (Action::Restored, _) if was_active => "New expiration".to_owned(),
                        _ => sentence(action, &row.detail, row.expires_at, account),
                    },
                    changes,
                    who,
                    // Where the company's people sit is no affair of the account's.
                    address: if operator.is_some() {
                        String::new()
                    } else {
                        row.address
                    },
                })
            })
            .collect())
    }
}

/// Returns who made an entry, unless that is a person of the company's.
fn who(actor_kind: &str, detail: &str) -> &'static str {
    if actor_kind == "token" {
        "the operator"
    } else if detail == CLAIMED {
        "the link in an email"
    } else if detail.ends_with(BY_RESTORING) {
        "the operator"
    } else {
        "you"
    }
}

/// Formats the manual expiration by an operator.
fn expired_by(name: &str, reason: &str) -> String {
    if reason.is_empty() {
        format!("Expired by {name}")
    } else {
        format!("Expired by {name}: {reason}")
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
        Action::Edited if detail == STAGGERED => {
            format!("Staggered, {}", until("never expires", "expires"))
        }
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
        Action::Undone => format!("Undone: {}", undone(detail)),
        // Events of the account itself appear in no key's history.
        _ => action.slug().to_owned(),
    }
}

/// Returns the name of the change that was undone, by the slug of its action.
fn undone(slug: &str) -> &'static str {
    match Action::from_slug(slug) {
        Some(Action::Expired) => "the manual expiration",
        Some(Action::Restored) => "the new expiration",
        _ => "the edit",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_on_a_key_has_a_sentence() {
        let on_keys = |action: &Action| action.slug().starts_with("key.");
        for action in Action::ALL.into_iter().filter(on_keys) {
            assert_ne!(
                sentence(action, "", None, &Account::sample()),
                action.slug()
            );
        }
    }

    #[test]
    fn a_key_that_was_staggered_says_so() {
        let said = sentence(Action::Edited, STAGGERED, Some(0), &Account::sample());
        assert_eq!(said, "Staggered, expires Thu 1 Jan 1970, 00:00 UTC");
    }

    #[test]
    fn an_entry_says_from_what_to_what() {
        let entry = |old_name: Option<&str>, old_expires_at, old_set_at| TrailRow {
            at: 0,
            action: Action::Edited.slug().to_owned(),
            detail: String::new(),
            expires_at: None,
            address: String::new(),
            actor_kind: "account".to_owned(),
            token_name: None,
            actor: None,
            old_name: old_name.map(str::to_owned),
            old_description: None,
            old_expires_at,
            old_set_at,
        };
        let mut texts = Texts {
            name: Some("third".to_owned()),
            description: Some(String::new()),
        };
        let mut read = |entry: TrailRow| {
            let changes = texts.before(&entry, &Account::sample());
            let sides = changes
                .into_iter()
                .map(|change| format!("{}: {} → {}", change.field, change.from, change.to));
            sides.collect::<Vec<_>>()
        };
        assert_eq!(
            read(entry(Some("second"), Some(0), Some(0))),
            [
                "Name: second → third",
                "Expiration: Thu 1 Jan 1970, 00:00 UTC → never"
            ]
        );
        assert_eq!(
            read(entry(Some("first"), None, Some(0))),
            ["Name: first → second"]
        );
        // An edit by an earlier version may have changed the name from one that is unknown.
        assert!(read(entry(None, None, None)).is_empty());
        assert!(read(entry(Some("before"), None, Some(0))).is_empty());
    }

    #[test]
    fn an_operators_reason_becomes_a_sentence() {
        let said = |by: Option<&str>| {
            let expired_by = by.map(str::to_owned);
            ExpiredByRow { expired_by }.sentence()
        };
        assert_eq!(said(None), "");
        assert_eq!(said(Some("anna\n")), "Expired by anna.");
        assert_eq!(said(Some("anna\nLeaked")), "Expired by anna: Leaked.");
        assert_eq!(said(Some("anna\nLeaked!")), "Expired by anna: Leaked!");
    }

    #[test]
    fn the_makers_of_entries_are_told_apart() {
        assert_eq!(who("account", ""), "you");
        assert_eq!(who("token", ""), "the operator");
        assert_eq!(who("account", CLAIMED), "the link in an email");
        let restored = "expiration, by restoring a backup";
        assert_eq!(who("account", restored), "the operator");
    }
}
