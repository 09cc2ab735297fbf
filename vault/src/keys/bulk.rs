//! A change of many keys at once: extend, set a date, expire, delete. One transaction, with one audit entry for each key
//! and one change that undoes them together; each key ends as by the change of one.
//!
//! The statements work on the set of keys, because a round trip to the database for each would take seconds: the audit
//! entries hold the new expirations, and the keys take them from there.

mod does;

use shared::capability::Need;
use shared::list::ListQuery;
use shared::validation::FieldErrors;
use shared::view::BulkChanged;
use sqlx::{AnyConnection, AssertSqlSafe};

use self::does::Does;
use super::change::expiry_error;
use super::row::{AT_ONCE, Row, places};
use super::selection::Selection;
use super::sentence;
use super::unseen;
use crate::accounts::account::Account;
use crate::accounts::sessions::Actor;
use crate::crypto::random;
use crate::error::{Conflict, Result};
use crate::notices::reports;
use crate::state::directory::Publication;
use crate::storage::Tx;
use crate::storage::audit::{Action, ChangeId, Entry};
use crate::vault::Vault;

/// The detail of an edit that staggered its key among those of its day.
pub(super) const STAGGERED: &str = "expiration, by staggering";

/// Keys that one press may change: other changes wait for this one, and each for two seconds at most.
pub const MOST: usize = 10_000;

/// The reason why more are not changed.
pub(super) fn too_many() -> String {
    format!("Change at most {MOST} keys at once. Narrow the search.")
}

/// A change of many keys.
#[derive(Clone, Debug, Default)]
pub struct BulkChange<'a> {
    /// `extend`, `set`, `expire` or `delete`.
    pub action: &'a str,
    /// Access keys separated by blanks, or `all` for those that `query` matches.
    pub access_keys: &'a str,
    pub query: ListQuery,
    /// In the expiry grammar, for `extend` and `set`.
    pub expiry: &'a str,
    /// For `delete`: the number of keys, typed as confirmation.
    pub confirm_count: &'a str,
    /// The instant of the page that the change was begun on, UTC epoch milliseconds: a key that has expired since is not
    /// revived by `extend` or `set`. None accepts whatever is stored.
    pub as_of: Option<i64>,
}

impl Vault {
    /// Changes many keys, all or none of them. Keys that are as wanted already stay as they are.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for `action`, `access_keys`, `expiry`, `confirm_count`;
    /// [`Error::NoSuchKeys`](crate::Error::NoSuchKeys); [`Error::Conflict`](crate::Error::Conflict) if a key has expired
    /// since `as_of`; [`Error::Throttled`](crate::Error::Throttled); [`Error::NotAllowed`](crate::Error::NotAllowed), also
    /// for `all` without the keys in sight.
    pub async fn change_keys(&self, actor: &Actor, change: BulkChange<'_>) -> Result<BulkChanged> {
        let does = Does::parse(change.action, change.expiry)?;
        let selection = Selection::parse(change.access_keys, &change.query)?;
        if matches!(selection, Selection::All(_)) {
            actor.session.admit(Need::READ)?;
        }
        let sees = unseen::sees(actor);
        let confirmed = change.confirm_count.trim().parse::<usize>().ok();
        let as_of = change.as_of;
        let (vault, account) = (self.clone(), actor.account().clone());
        self.write(actor.with(does.need()), move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let selected = selection.rows(tx.connection(), &account, now, MOST).await?;
                let count = selected.len();
                if count > MOST {
                    return Err(FieldErrors::one("access_keys", too_many()).into());
                }
                if does == Does::Delete && confirmed != Some(count) {
                    let message = format!("Type {count}, the number of keys, to delete them.");
                    return Err(FieldErrors::one("confirm_count", message).into());
                }
                if matches!(does, Does::Extend(_) | Does::Set(_)) {
                    check_goodness(&selected, (as_of, now), sees)?;
                }
                // The press itself has been counted as one change.
                let further = i64::try_from(count).unwrap_or(i64::MAX) - 1;
                if further > 0 {
                    vault.0.limits.changes(&account.id, further)?;
                }
                let mut changes = Changes::default();
                let mut endless = 0;
                for before in selected {
                    let mut after = before.clone();
                    if does
                        .apply(&mut after, &account, now)
                        .map_err(expiry_error)?
                    {
                        changes.before.push(before);
                        changes.after.push(after);
                    } else if before.expires_at.is_none() {
                        endless += 1;
                    }
                }
                let others = count - changes.after.len();
                let sentence = if sees {
                    does.sentence(&changes, (others, endless), &account, now)
                } else {
                    does.unseen(changes.after.len())
                };
                if changes.after.is_empty() {
                    tx.confirm_earlier();
                    tx.roll_back();
                } else {
                    changes.make(tx, &vault, &account, does.entry()).await?;
                }
                Ok(BulkChanged {
                    count: i64::try_from(changes.after.len()).unwrap_or(i64::MAX),
                    sentence,
                    change: changes.id,
                })
            })
        })
        .await
    }
}

/// Rejects the change if keys have expired since the page that it was begun on.
fn check_goodness(selected: &[Row], (as_of, now): (Option<i64>, i64), sees: bool) -> Result<()> {
    let Some(as_of) = as_of else {
        return Ok(());
    };
    let has_expired = |row: &&Row| row.expires_at.is_some_and(|at| at > as_of && at <= now);
    let mut expired = selected.iter().filter(has_expired);
    let Some(first) = expired.next() else {
        return Ok(());
    };
    let count = 1 + expired.count();
    let verb = if count == 1 { "has" } else { "have" };
    let keys = if sees {
        sentence::first_and_others(&first.name, count)
    } else {
        unseen::counted(count)
    };
    let message =
        format!("{keys} {verb} expired since you opened this page, so nothing was changed.");
    Err(Conflict::new(message, String::new()).into())
}

/// Keys before and after a change.
#[derive(Default)]
pub(super) struct Changes {
    pub before: Vec<Row>,
    pub after: Vec<Row>,
    /// The handle that undoes the change; empty if it cannot be undone.
    pub id: String,
}

impl Changes {
    /// Makes the changes, which are of expirations only, as an edit of each key by staggering them.
    pub async fn stagger(&mut self, tx: &mut Tx, vault: &Vault, account: &Account) -> Result<()> {
        self.make(tx, vault, account, (Action::Edited, STAGGERED))
            .await
    }

    /// Stores, records and publishes the changes.
    async fn make(
        &mut self,
        tx: &mut Tx,
        vault: &Vault,
        account: &Account,
        entry: (Action, &str),
    ) -> Result<()> {
        let (action, _) = entry;
        if action == Action::Deleted {
            self.delete(tx, account).await?;
            return self.record(tx, account, entry, None).await;
        }
        let id = random::id("change_")?;
        let change = ChangeId {
            id: &id,
            wall_at: vault.0.clock.wall(),
        };
        self.record(tx, account, entry, Some(change)).await?;
        let now = tx.now();
        set_expirations(tx.connection(), account, &id, now).await?;
        if action == Action::Expired {
            reports::expired_at_once(tx, &account.id, &id, vault.notice_wait()).await?;
        }
        for row in &self.after {
            tx.publish(row.publication());
        }
        self.id = id;
        Ok(())
    }

    async fn delete(&self, tx: &mut Tx, account: &Account) -> Result<()> {
        for rows in self.after.chunks(AT_ONCE) {
            let statement = format!(
                "DELETE FROM api_keys WHERE account_id = $1 AND access_key IN ({})",
                places(2, rows.len())
            );
            // Built from constants only; all input is bound.
            let mut delete = sqlx::query(AssertSqlSafe(statement)).bind(&account.id);
            for row in rows {
                delete = delete.bind(row.access_key.to_string());
            }
            delete.execute(tx.connection()).await?;
        }
        for row in &self.after {
            let access_key = row.access_key;
            tx.publish(Publication::Remove { access_key });
        }
        Ok(())
    }

    async fn record(
        &self,
        tx: &mut Tx,
        account: &Account,
        (action, detail): (Action, &str),
        change: Option<ChangeId<'_>>,
    ) -> Result<()> {
        let subjects: Vec<String> = self
            .after
            .iter()
            .map(|row| row.access_key.to_string())
            .collect();
        let rows = self.before.iter().zip(&self.after).zip(&subjects);
        let entries: Vec<Entry<'_>> = rows
            .map(|((before, after), subject)| Entry {
                account_id: &account.id,
                action,
                subject,
                detail: if action == Action::Deleted {
                    after.name.as_str()
                } else {
                    detail
                },
                external_id: "",
                expires_at: after.expires_at,
                replaced: change.map(|change| before.replaced_by(after, Some(change))),
            })
            .collect();
        tx.audit_all(&entries).await
    }
}

/// Gives the keys of a change the expirations that its audit entries have. One that has passed was set by expiring the
/// key (see [`Row::expire`]), any other now.
async fn set_expirations(
    connection: &mut AnyConnection,
    account: &Account,
    change: &str,
    now: i64,
) -> Result<()> {
    sqlx::query(
        "UPDATE api_keys SET expires_at = u.expires_at,
                expiration_set_at = CASE WHEN u.expires_at < $1 THEN u.expires_at ELSE CAST($1 AS BIGINT) END
         FROM audit u
         WHERE u.change_id = $2 AND api_keys.access_key = u.subject AND api_keys.account_id = $3",
    )
    .bind(now)
    .bind(change)
    .bind(&account.id)
    .execute(connection)
    .await?;
    Ok(())
}
