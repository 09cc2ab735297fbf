//! The audit trail: one row for every action, written in the transaction of that action.

use std::net::IpAddr;

use sqlx::{AnyConnection, AssertSqlSafe};

use crate::caller::Caller;
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
    /// By an operator. The detail is the external id.
    AccountCreated = "account.created",
    /// By an operator. The detail names the fields.
    AccountEdited = "account.edited",
    /// The detail is the reason.
    Suspended = "account.suspended",
    Resumed = "account.resumed",
    SessionsEnded = "account.sessions_ended",
    /// Here and below the subject is the portal session's id, the detail the label of its actor.
    PortalCreated = "portal.created",
    PortalEntered = "portal.entered",
    PortalEnded = "portal.ended",
    /// The subject is the token's id, the detail its name.
    TokenCreated = "token.created",
    TokenRevoked = "token.revoked",
    /// On the operators' page, as the other.
    TokenSignedIn = "token.signed_in",
    TokenSignedOut = "token.signed_out",
    SignedIn = "account.signed_in",
    SignedOut = "account.signed_out",
    SessionEnded = "account.session_ended",
    OtherSessionsEnded = "account.other_sessions_ended",
    PasswordChanged = "account.password_changed",
    PreferencesChanged = "account.preferences_changed",
    AddressConfirmed = "account.address_confirmed",
    AddressAsked = "account.address_asked",
    AddressKept = "account.address_kept",
    AddressChanged = "account.address_changed",
    /// The detail is the number of keys.
    AccountDeleted = "account.deleted",
    PasswordReset = "account.password_reset",
    StagesChosen = "notices.stages_chosen",
    RecipientAdded = "notices.recipient_added",
    RecipientConfirmed = "notices.recipient_confirmed",
    RecipientRemoved = "notices.recipient_removed",
    CalendarReset = "notices.calendar_reset",
    Created = "key.created",
    Edited = "key.edited",
    /// By an operator, the detail may be a reason.
    Expired = "key.expired",
    Restored = "key.restored",
    Deleted = "key.deleted",
    Undone = "key.undone",
    /// A backup replaced the database; recorded for no account, or for one whose state in the database was kept.
    DatabaseRestored = "database.restored",
}

impl Action {
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.slug() == slug)
    }
}

/// Who makes a change, as its audit entries name it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Maker {
    /// The account's owner, or someone with a link from its mails.
    #[default]
    Account,
    /// A session that a portal link began, by the company's own id of the person, if it named one.
    Portal(Option<String>),
    /// An operator, by the id of the token.
    Token(String),
    /// Keyhold's own tasks and commands.
    System,
}

impl Maker {
    /// The stored kinds.
    pub const KINDS: [&str; 4] = ["account", "portal", "token", "system"];

    /// Returns the stored form: the kind, and the id.
    fn stored(&self) -> (&'static str, &str) {
        match self {
            Self::Account => ("account", ""),
            Self::Portal(person) => ("portal", person.as_deref().unwrap_or_default()),
            Self::Token(id) => ("token", id),
            Self::System => ("system", ""),
        }
    }
}

/// The origin of a change: who made it, by which request, and from where.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    pub maker: Maker,
    /// Empty if the change came by no request, or by one without an id.
    pub request_id: String,
    pub address: Option<IpAddr>,
}

impl Origin {
    /// Returns the origin of the changes of Keyhold's tasks and commands.
    pub fn system() -> Self {
        Self {
            maker: Maker::System,
            ..Self::default()
        }
    }

    /// Returns the origin of a change by an account's owner.
    pub fn of(caller: &Caller) -> Self {
        Self {
            maker: Maker::Account,
            request_id: caller.request_id.as_deref().unwrap_or_default().to_owned(),
            address: caller.address,
        }
    }
}

/// One row to write.
pub struct Entry<'a> {
    pub account_id: &'a str,
    pub action: Action,
    /// An access key, the id of a token or a portal session, or empty.
    pub subject: &'a str,
    pub detail: &'a str,
    /// The company's own id of the account, in an entry about the account; empty for none.
    pub external_id: &'a str,
    /// The expiration that the key has now, UTC epoch milliseconds.
    pub expires_at: Option<i64>,
    pub replaced: Option<Replaced<'a>>,
}

/// The before-image of a change of a key.
#[derive(Clone, Copy, Debug)]
pub struct Replaced<'a> {
    /// The change; none if it cannot be undone.
    pub change: Option<ChangeId<'a>>,
    /// None if the text has not changed.
    pub name: Option<&'a str>,
    pub description: Option<&'a str>,
    /// UTC epoch milliseconds.
    pub expires_at: Option<i64>,
    /// When that expiration was set.
    pub set_at: i64,
}

/// The change that an entry belongs to.
#[derive(Clone, Copy, Debug)]
pub struct ChangeId<'a> {
    pub id: &'a str,
    /// The machine's clock at the change, UTC epoch milliseconds.
    pub wall_at: i64,
}

impl<'a> Entry<'a> {
    /// Returns an entry about an operator's token, which concerns no account.
    pub fn of_token(id: &'a str, action: Action, name: &'a str) -> Self {
        Self {
            subject: id,
            ..Self::of_account("", action, name)
        }
    }

    /// Returns an entry about an account rather than one of its keys.
    pub fn of_account(account_id: &'a str, action: Action, detail: &'a str) -> Self {
        Self {
            account_id,
            action,
            subject: "",
            detail,
            external_id: "",
            expires_at: None,
            replaced: None,
        }
    }

    /// Adds the company's own id of the account, so that the entry is found by it when the account is gone.
    pub fn named(self, external_id: Option<&'a str>) -> Self {
        Self {
            external_id: external_id.unwrap_or_default(),
            ..self
        }
    }
}

/// The rows of one statement. Both engines accept more parameters, but a longer statement is no faster.
const AT_ONCE: usize = 100;

/// The columns of a row, the id first. Their types are written out because a null has none.
const COLUMNS: [(&str, &str); 18] = [
    ("id", "BIGINT"),
    ("at", "BIGINT"),
    ("account_id", "TEXT"),
    ("action", "TEXT"),
    ("subject", "TEXT"),
    ("detail", "TEXT"),
    ("expires_at", "BIGINT"),
    ("address", "TEXT"),
    ("change_id", "TEXT"),
    ("wall_at", "BIGINT"),
    ("old_name", "TEXT"),
    ("old_description", "TEXT"),
    ("old_expires_at", "BIGINT"),
    ("old_set_at", "BIGINT"),
    ("actor_kind", "TEXT"),
    ("actor_id", "TEXT"),
    ("request_id", "TEXT"),
    ("external_id", "TEXT"),
];

/// Returns the statement that adds `rows` rows. Their ids are parameters, plus `base`.
fn insert(rows: usize, base: &str) -> String {
    let names = COLUMNS.map(|(name, _)| name).join(", ");
    let row = |row: usize| {
        let cells = COLUMNS.iter().enumerate().map(|(place, (_, kind))| {
            let base = if place == 0 { base } else { "" };
            format!("{base}CAST(${} AS {kind})", row * COLUMNS.len() + place + 1)
        });
        format!("({})", cells.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO audit ({names}) VALUES {}", rows.join(", "))
}

/// Adds a row at the instant `at`, UTC epoch milliseconds. Only one transaction writes at a time, so the ids have no
/// gaps. A change adds its rows through [`Tx::audit`](crate::storage::Tx::audit).
pub async fn record(
    connection: &mut AnyConnection,
    at: i64,
    entry: Entry<'_>,
    origin: &Origin,
) -> Result<()> {
    let newest = "(SELECT COALESCE(MAX(id), 0) FROM audit) + ";
    add(connection, at, (newest, 1), &[entry], origin).await
}

/// Adds rows in their order, as [`record`].
pub async fn record_all(
    connection: &mut AnyConnection,
    at: i64,
    entries: &[Entry<'_>],
    origin: &Origin,
) -> Result<()> {
    let (newest,): (i64,) = sqlx::query_as("SELECT COALESCE(MAX(id), 0) FROM audit")
        .fetch_one(&mut *connection)
        .await?;
    let mut id = newest + 1;
    for rows in entries.chunks(AT_ONCE) {
        add(connection, at, ("", id), rows, origin).await?;
        id += i64::try_from(AT_ONCE).unwrap_or_default();
    }
    Ok(())
}

/// Adds rows by one statement. `ids` are the base of their ids, and the first one beyond it.
async fn add(
    connection: &mut AnyConnection,
    at: i64,
    ids: (&str, i64),
    rows: &[Entry<'_>],
    origin: &Origin,
) -> Result<()> {
    let (kind, maker) = origin.maker.stored();
    let address = origin
        .address
        .map(|address| address.to_string())
        .unwrap_or_default();
    let (base, first) = ids;
    // Made of constants only; everything else is bound.
    let mut query = sqlx::query(AssertSqlSafe(insert(rows.len(), base)));
    for (id, entry) in (first..).zip(rows) {
        let replaced = entry.replaced;
        let change = replaced.and_then(|replaced| replaced.change);
        query = query
            .bind(id)
            .bind(at)
            .bind(entry.account_id)
            .bind(entry.action.slug())
            .bind(entry.subject)
            .bind(entry.detail)
            .bind(entry.expires_at)
            .bind(&address)
            .bind(change.map(|change| change.id))
            .bind(change.map(|change| change.wall_at))
            .bind(replaced.and_then(|replaced| replaced.name))
            .bind(replaced.and_then(|replaced| replaced.description))
            .bind(replaced.and_then(|replaced| replaced.expires_at))
            .bind(replaced.map(|replaced| replaced.set_at))
            .bind(kind)
            .bind(maker)
            .bind(&origin.request_id)
            .bind(entry.external_id);
    }
    query.execute(connection).await?;
    Ok(())
}

/// Returns a column of a query over keys `k`: the name of the operator's token that has expired the key with this expiration, and in
/// a second line the reason. `account` and `expires_at` are expressions.
pub fn expired_by(account: &str, expires_at: &str) -> String {
    format!(
        "(SELECT t.name || '\n' || e.detail FROM audit e JOIN operator_tokens t ON t.id = e.actor_id
          WHERE e.account_id = {account} AND e.subject = k.access_key AND e.action = 'key.expired'
            AND e.expires_at = {expires_at} AND e.actor_kind = 'token' ORDER BY e.id DESC LIMIT 1) AS expired_by"
    )
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
