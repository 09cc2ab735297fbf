//! Undo of a change of one or of many keys, from its before-image in the audit trail: all keys have again exactly what
//! they had, or none has.
//!
//! Only the latest change of each key can be undone, for ten minutes and by its own account; an undo or a deletion
//! cannot. A key that the change had extended or restored expires again at its former instant, even if that has passed.
//! One that the change had expired is revived, because that was asked for. No other change revives it: an expiration is
//! an instant, and whether it has passed is decided by the clock as for every key.
//!
//! The ten minutes are measured by the vault's clock and by the machine's. The former stands still after the latter was
//! set back, and a change made by a clock that was ahead, and is no longer believed, cannot be undone.

use shared::capability::{Capability, Need};
use shared::notice::Stage;
use shared::view::BulkChanged;
use sqlx::{AnyConnection, FromRow};

use super::change;
use super::row::Row;
use super::sentence;
use super::unseen;
use crate::accounts::account::Account;
use crate::accounts::sessions::Actor;
use crate::crypto::random;
use crate::error::{Conflict, Error, Result};
use crate::notices::reports;
use crate::outbox::ledger::Report;
use crate::storage::audit::{Action, ChangeId, Entry};
use crate::vault::Vault;

/// The time in which a change can be undone, in milliseconds.
pub const UNDO_MS: i64 = 10 * 60 * 1000;

/// An undo needs what the change needed, and so one of these.
pub const NEED: Need = Need::OneOf(&[Capability::Edit, Capability::Expire]);

/// An entry of a change, with the key as it is now; its columns are null if the key is gone.
#[derive(FromRow)]
struct Recorded {
    id: i64,
    at: i64,
    wall_at: Option<i64>,
    action: String,
    subject: String,
    /// The expiration after the change.
    became: Option<i64>,
    old_name: Option<String>,
    old_description: Option<String>,
    old_expires_at: Option<i64>,
    old_set_at: Option<i64>,
    /// The latest entry about the key.
    latest: i64,
    /// The last entry of a clock that is not believed.
    disbelieved: i64,
    name: Option<String>,
    description: Option<String>,
    expires_at: Option<i64>,
    set_at: Option<i64>,
}

impl Recorded {
    /// Reads the entries of a change, in their order.
    async fn read(
        connection: &mut AnyConnection,
        account: &Account,
        change: &str,
    ) -> Result<Vec<Self>> {
        let entries = sqlx::query_as(
            "SELECT u.id, u.at, u.wall_at, u.action, u.subject, u.expires_at AS became,
                    u.old_name, u.old_description, u.old_expires_at, u.old_set_at,
                    (SELECT MAX(v.id) FROM audit v
                     WHERE v.account_id = u.account_id AND v.subject = u.subject) AS latest,
                    (SELECT disbelieved FROM clock WHERE id = 1) AS disbelieved,
                    k.name, k.description, k.expires_at, k.expiration_set_at AS set_at
             FROM audit u
             LEFT JOIN api_keys k ON k.access_key = u.subject AND k.account_id = u.account_id
             WHERE u.change_id = $1 AND u.account_id = $2 ORDER BY u.id",
        )
        .bind(change)
        .bind(&account.id)
        .fetch_all(connection)
        .await?;
        Ok(entries)
    }

    fn action(&self) -> Option<Action> {
        Action::from_slug(&self.action)
    }

    /// Returns whether the time to undo this change has passed.
    fn is_late(&self, now: i64, wall: i64) -> bool {
        let is_over = |since: i64, at: i64| at.abs_diff(since) > UNDO_MS.unsigned_abs();
        self.id <= self.disbelieved
            || is_over(self.at, now)
            || self.wall_at.is_none_or(|since| is_over(since, wall))
    }

    /// Returns the key now and before the change; none if it has changed since.
    fn rows(&self) -> Option<(Row, Row)> {
        let is_same = self.id == self.latest && self.became == self.expires_at;
        let now = Row {
            access_key: self.subject.parse().ok()?,
            name: self.name.clone()?,
            description: self.description.clone()?,
            expires_at: self.expires_at,
            set_at: self.set_at?,
        };
        let before = Row {
            access_key: now.access_key,
            name: self.old_name.clone().unwrap_or_else(|| now.name.clone()),
            description: self
                .old_description
                .clone()
                .unwrap_or_else(|| now.description.clone()),
            expires_at: self.old_expires_at,
            set_at: self.old_set_at?,
        };
        is_same.then_some((now, before))
    }

    /// Returns the notices that fell due while the change was in force. The sweep has passed them.
    fn missed(&self, before: &Row, now: i64) -> Vec<Report> {
        let Some(expires_at) = before.expires_at else {
            return Vec::new();
        };
        let fell_due = |stage: &Stage| {
            stage.applies(before.set_at, expires_at)
                && (self.at..now).contains(&stage.due(expires_at))
        };
        Stage::ALL
            .into_iter()
            .filter(fell_due)
            .map(|stage| Report {
                access_key: self.subject.clone(),
                expires_at,
                stage,
            })
            .collect()
    }
}

fn refused(message: impl Into<String>) -> Error {
    Conflict::new(message, String::new()).into()
}

impl Vault {
    /// Undoes a change by its handle.
    ///
    /// # Errors
    /// [`Error::Conflict`] if a key has changed since, if the change was undone, or if it cannot be undone: it is older
    /// than ten minutes, of another account, or none.
    pub async fn undo(&self, actor: &Actor, change: &str) -> Result<BulkChanged> {
        let change = change.trim().to_owned();
        let (vault, session) = (self.clone(), actor.session.clone());
        let sees = unseen::sees(actor);
        self.write(actor.with(NEED), move |tx| {
            Box::pin(async move {
                let (now, wall) = (tx.now(), vault.0.clock.wall());
                let account = session.account.clone();
                let mut entries = Vec::new();
                if random::is_id(&change) {
                    entries = Recorded::read(tx.connection(), &account, &change).await?;
                }
                if entries.is_empty() || entries.iter().any(|entry| entry.is_late(now, wall)) {
                    let message =
                        "A change can be undone for ten minutes. This one can't be undone anymore.";
                    return Err(refused(message));
                }
                let undone = Action::Undone.slug();
                if entries.iter().any(|entry| entry.action == undone) {
                    return Err(refused("This change was already undone."));
                }
                for action in entries.iter().filter_map(Recorded::action) {
                    session.admit(change::need(action))?;
                }
                let keys = restored(&entries, sees)?;
                restore(tx.connection(), &account, &change, &keys).await?;
                let id = ChangeId {
                    id: &change,
                    wall_at: wall,
                };
                let records: Vec<Entry<'_>> = entries
                    .iter()
                    .zip(&keys)
                    .map(|(entry, (present, before))| Entry {
                        account_id: &account.id,
                        action: Action::Undone,
                        subject: &entry.subject,
                        detail: &entry.action,
                        external_id: "",
                        expires_at: before.expires_at,
                        replaced: Some(present.replaced_by(before, Some(id))),
                    })
                    .collect();
                tx.audit_all(&records).await?;
                let rows = entries.iter().zip(&keys);
                let missed: Vec<Report> = rows
                    .flat_map(|(entry, (_, before))| entry.missed(before, now))
                    .collect();
                reports::missed(tx, &account.id, missed, vault.notice_wait()).await?;
                for (_, before) in &keys {
                    tx.publish(before.publication());
                }
                Ok(BulkChanged {
                    count: i64::try_from(keys.len()).unwrap_or(i64::MAX),
                    sentence: said(&keys, &account, now, sees),
                    change: String::new(),
                })
            })
        })
        .await
    }
}

/// Returns each key now and before the change.
fn restored(entries: &[Recorded], sees: bool) -> Result<Vec<(Row, Row)>> {
    let (mut keys, mut changed) = (Vec::with_capacity(entries.len()), Vec::new());
    for entry in entries {
        match entry.rows() {
            Some(rows) => keys.push(rows),
            None => changed.push(entry.name.as_ref().unwrap_or(&entry.subject)),
        }
    }
    let Some(first) = changed.first() else {
        return Ok(keys);
    };
    let verb = if changed.len() == 1 { "has" } else { "have" };
    let keys = if sees {
        sentence::first_and_others(first, changed.len())
    } else {
        unseen::counted(changed.len())
    };
    Err(refused(format!(
        "{keys} {verb} changed since, so nothing was undone."
    )))
}

/// Stores what the keys of a change had before.
async fn restore(
    connection: &mut AnyConnection,
    account: &Account,
    change: &str,
    keys: &[(Row, Row)],
) -> Result<()> {
    sqlx::query(
        "UPDATE api_keys SET expires_at = u.old_expires_at, expiration_set_at = u.old_set_at
         FROM audit u
         WHERE u.change_id = $1 AND api_keys.access_key = u.subject AND api_keys.account_id = $2",
    )
    .bind(change)
    .bind(&account.id)
    .execute(&mut *connection)
    .await?;
    // Only a change of one key changes its texts.
    for (present, before) in keys {
        if (&present.name, &present.description) != (&before.name, &before.description) {
            before.save(&mut *connection, account).await?;
        }
    }
    Ok(())
}

/// Returns the sentence about an undo.
fn said(keys: &[(Row, Row)], account: &Account, now: i64, sees: bool) -> String {
    match keys {
        [_] if !sees => "Undone: the key is as it was.".to_owned(),
        [(present, before)] if present.expires_at == before.expires_at => {
            format!("Undone: {} is as it was.", before.name)
        }
        [(_, before)] => sentence::undone(before, account, now),
        keys => format!("Undone: {} keys are as they were.", keys.len()),
    }
}
