//! The audit trail: one row for every action, written in the transaction of that action.

use std::net::IpAddr;

use sqlx::AnyConnection;

use crate::error::Result;

macro_rules! define_actions {
    ($($(#[$doc:meta])* $action:ident = $slug:literal,)*) => {
        /// The recorded actions.
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum Action {
            $($(#[$doc])* $action,)*
        }

        impl Action {
            pub const ALL: [Self; [$($slug),*].len()] = [$(Self::$action),*];

            /// The stored name of the action; it never changes.
            pub fn slug(self) -> &'static str {
                match self {
                    $(Self::$action => $slug,)*
                }
            }
        }
    };
}

// The table of actions, with their slugs. Those on keys begin with "key." and need a sentence in the key's history.
define_actions! {
    SignedUp = "account.signed_up",
    SignedIn = "account.signed_in",
    SignedOut = "account.signed_out",
    PasswordChanged = "account.password_changed",
    PreferencesChanged = "account.preferences_changed",
    AddressConfirmed = "account.address_confirmed",
    AddressAsked = "account.address_asked",
    AddressKept = "account.address_kept",
    AddressChanged = "account.address_changed",
    PasswordReset = "account.password_reset",
    StagesChosen = "notices.stages_chosen",
    RecipientAdded = "notices.recipient_added",
    RecipientConfirmed = "notices.recipient_confirmed",
    RecipientRemoved = "notices.recipient_removed",
    CalendarReset = "notices.calendar_reset",
    Created = "key.created",
    Edited = "key.edited",
    Expired = "key.expired",
    Restored = "key.restored",
    Deleted = "key.deleted",
    /// A backup replaced the database; recorded for no account, or for one whose state in the database was kept.
    DatabaseRestored = "database.restored",
}

impl Action {
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.slug() == slug)
    }
}

/// One row to write.
pub struct Entry<'a> {
    pub account_id: &'a str,
    pub action: Action,
    /// An access key, or empty.
    pub subject: &'a str,
    pub detail: &'a str,
    pub expires_at: Option<i64>,
}

impl<'a> Entry<'a> {
    /// Returns an entry about an account rather than one of its keys.
    pub fn of_account(account_id: &'a str, action: Action, detail: &'a str) -> Self {
        Self {
            account_id,
            action,
            subject: "",
            detail,
            expires_at: None,
        }
    }
}

/// Adds a row at the instant `at`, UTC epoch milliseconds. Only one transaction writes at a time, so the ids have no
/// gaps. A change adds its rows through [`Tx::audit`](crate::storage::Tx::audit).
pub async fn record(
    connection: &mut AnyConnection,
    at: i64,
    entry: Entry<'_>,
    address: Option<IpAddr>,
) -> Result<()> {
    let address = address
        .map(|address| address.to_string())
        .unwrap_or_default();
    sqlx::query(
        "INSERT INTO audit (id, at, account_id, action, subject, detail, expires_at, address)
         SELECT COALESCE(MAX(id), 0) + 1, CAST($1 AS BIGINT), $2, $3, $4, $5, CAST($6 AS BIGINT), $7 FROM audit",
    )
    .bind(at)
    .bind(entry.account_id)
    .bind(entry.action.slug())
    .bind(entry.subject)
    .bind(entry.detail)
    .bind(entry.expires_at)
    .bind(address)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes entries from before an instant, the oldest first and at most `limit`, and returns how many. Entries that a
/// rule reads stay: the newest, from which ids continue, and the latest believed one, which the clock's floor reads (see
/// [`crate::start::clock_floor`]).
pub async fn prune(connection: &mut AnyConnection, before: i64, limit: u64) -> Result<u64> {
    let removed = sqlx::query(
        "DELETE FROM audit WHERE id IN (
             SELECT id FROM audit
             WHERE at < $1 AND id < (SELECT MAX(id) FROM audit)
               AND at < (SELECT u.at FROM audit u WHERE u.id + 0 > (SELECT disbelieved FROM clock WHERE id = 1)
                         ORDER BY u.at DESC LIMIT 1)
             ORDER BY at, id LIMIT $2)",
    )
    .bind(before)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(removed.rows_affected())
}
