//! Sessions: a random token in the browser's cookie, its digest in the database.

mod actor;

use sha2::{Digest as _, Sha256};
use shared::capability::{Capabilities, Need};
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

pub use self::actor::Actor;
use self::actor::Leaving;
use crate::accounts::account::{Account, AccountRow, COLUMNS};
use crate::accounts::portal::{self, PORTAL_COLUMNS, PortalRow};
use crate::caller::Caller;
use crate::caller::DeviceToken;
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::state::readiness::Cause;
use crate::state::usage_counts::pending::clean;
use crate::storage::audit::{Action, Entry};
use crate::storage::{System, Tx};
use crate::vault::Vault;

/// Idle lifetime of a session, in milliseconds: two weeks.
pub(super) const IDLE_MS: i64 = 14 * shared::DAY_MS;
/// Absolute lifetime of a session, in milliseconds: sixty days.
pub(super) const ABSOLUTE_MS: i64 = 60 * shared::DAY_MS;
/// Resolution of the last use, in milliseconds: reading a page must not cost a write.
const SEEN_STEP_MS: i64 = shared::HOUR_MS;

/// The token of a new session, 256 random bits in hexadecimal, and the device token of its browser. It prints as
/// `[session]`.
pub struct SessionToken {
    token: String,
    device: Option<DeviceToken>,
}

impl SessionToken {
    /// Returns the text for the cookie.
    pub fn expose(&self) -> &str {
        &self.token
    }

    /// Returns the device cookie of the same browser.
    pub fn device(&self) -> Option<&DeviceToken> {
        self.device.as_ref()
    }

    /// Returns the same session, on this browser.
    pub(crate) fn on(self, device: DeviceToken) -> Self {
        Self {
            device: Some(device),
            ..self
        }
    }
}

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[session]")
    }
}

/// A signed-in session, with its account.
#[derive(Clone, Debug)]
pub struct Session {
    pub account: Account,
    /// What it may do; everything, unless a portal link began it.
    pub capabilities: Capabilities,
    /// Where it comes from, if a portal link began it.
    pub portal: Option<Portal>,
    pub(super) digest: Vec<u8>,
}

/// The company's side of a session that a portal link began.
#[derive(Clone, Debug, Default)]
pub struct Portal {
    /// `ps_…`.
    pub id: String,
    /// The end of the session, which no use moves. UTC epoch milliseconds.
    pub ends_at: i64,
    pub person: Option<Person>,
    /// Where "Back to …" leads, on a host that the company has listed.
    pub return_url: Option<String>,
}

/// A person as the company knows them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Person {
    /// The company's own id of the person.
    pub external_id: String,
    /// The person's name or address, for pages.
    pub label: String,
}

impl Session {
    /// Returns a name of the account and the person together, which no other account or person has: "acc_0 portal user_7".
    pub fn owner(&self) -> String {
        let Some(portal) = &self.portal else {
            return self.account.id.clone();
        };
        let person = portal.person.as_ref();
        let person = person.map_or("", |person| person.external_id.as_str());
        format!("{} portal {person}", self.account.id)
    }

    /// Returns whether this session may do what has this need.
    pub fn may(&self, need: Need) -> bool {
        need.is_met(self.capabilities, self.portal.is_none())
    }

    /// # Errors
    /// [`Error::NotAllowed`].
    pub fn admit(&self, need: Need) -> Result<()> {
        if self.may(need) {
            Ok(())
        } else {
            Err(Error::NotAllowed(need))
        }
    }
}

/// The rows of a session, of the portal session behind it, and of its account.
#[derive(FromRow)]
struct SessionRow {
    created_at: i64,
    seen_at: i64,
    #[sqlx(flatten)]
    portal: PortalRow,
    #[sqlx(flatten)]
    account: AccountRow,
}

fn digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// Adds a session to the transaction of a sign-in. Beyond the limit, the least recently used session of an own sign-in ends.
pub async fn start(
    vault: &Vault,
    tx: &mut Tx,
    account_id: &str,
    caller: &Caller,
) -> Result<SessionToken> {
    start_from(vault, tx, (account_id, None), caller).await
}

/// As [`start`], from a portal session if there is one. Those are limited apart (see [`portal::make_room`]): the company's
/// links, however many, end no session of the account's holder.
pub async fn start_from(
    vault: &Vault,
    tx: &mut Tx,
    (account_id, portal_id): (&str, Option<&str>),
    caller: &Caller,
) -> Result<SessionToken> {
    match (vault.0.limits.settings.sessions.checked_sub(1), portal_id) {
        (None, _) => {}
        (Some(others), Some(portal)) => portal::make_room(tx, account_id, portal, others).await?,
        (Some(others), None) => make_room(tx, account_id, others).await?,
    }
    let token = random::hex(&random::bytes::<32>()?);
    let agent = clean(caller.agent.as_deref().unwrap_or_default(), vault.0.prefix);
    let address = caller.address.map(|address| address.to_string());
    sqlx::query(
        "INSERT INTO sessions (digest, account_id, created_at, seen_at, agent, address, portal_id)
         VALUES ($1, $2, $3, $3, $4, $5, CAST($6 AS TEXT))",
    )
    .bind(digest(&token))
    .bind(account_id)
    .bind(tx.now())
    .bind(String::from_utf8_lossy(&agent).into_owned())
    .bind(address.unwrap_or_default())
    .bind(portal_id.map(str::to_owned))
    .execute(tx.connection())
    .await?;
    Ok(SessionToken {
        token,
        device: None,
    })
}

/// Ends the sessions of own sign-ins that were used least recently, until at most `others` are left.
async fn make_room(tx: &mut Tx, account_id: &str, others: u32) -> Result<()> {
    sqlx::query(
        "DELETE FROM sessions WHERE account_id = $1 AND portal_id IS NULL AND digest NOT IN
         (SELECT digest FROM sessions WHERE account_id = $1 AND portal_id IS NULL
          ORDER BY seen_at DESC, created_at DESC, digest LIMIT $2)",
    )
    .bind(account_id)
    .bind(i64::from(others))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Returns whether a session still exists and has not reached its fixed end, within the transaction that depends on it.
///
/// Its idle end does not count: the request that began the transaction was a use of the session.
pub async fn holds(connection: &mut AnyConnection, session: &Session, now: i64) -> Result<bool> {
    let there: Option<(i64,)> = sqlx::query_as(
        "SELECT s.created_at FROM sessions s LEFT JOIN portal_sessions p ON p.id = s.portal_id
         WHERE s.digest = $1 AND s.created_at > $2 AND (s.portal_id IS NULL OR p.expires_at > $3)",
    )
    .bind(&session.digest)
    .bind(now - ABSOLUTE_MS)
    .bind(now)
    .fetch_optional(connection)
    .await?;
    Ok(there.is_some())
}

/// Removes every session of an account, within the transaction that ends them. Returns their number.
pub async fn end_all(connection: &mut AnyConnection, account_id: &str) -> Result<u64> {
    let ended = sqlx::query("DELETE FROM sessions WHERE account_id = $1")
        .bind(account_id)
        .execute(connection)
        .await?;
    Ok(ended.rows_affected())
}

/// Ends a session, within the transaction of a sign-out or of another sign-in in its place.
pub(super) async fn leave(tx: &mut Tx, session: &Session) -> Result<()> {
    sqlx::query("DELETE FROM sessions WHERE digest = $1 AND account_id = $2")
        .bind(&session.digest)
        .bind(&session.account.id)
        .execute(tx.connection())
        .await?;
    if let Some(portal) = &session.portal {
        portal::end(tx, &portal.id).await?;
    }
    Ok(())
}

impl Vault {
    /// Returns the session that a cookie names, if it is still valid.
    pub async fn session(&self, token: &str) -> Result<Option<Session>> {
        // A malformed token costs no query.
        if token.len() != 64 || !token.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let digest = digest(token);
        let now = self.now();
        let row: Option<SessionRow> = sqlx::query_as(AssertSqlSafe(format!(
            "SELECT s.created_at, s.seen_at, {PORTAL_COLUMNS}, {COLUMNS}
             FROM sessions s JOIN accounts a ON a.id = s.account_id LEFT JOIN portal_sessions p ON p.id = s.portal_id
             WHERE s.digest = $1"
        )))
        .bind(&digest)
        .fetch_optional(&self.readers())
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let began = row.portal.read();
        let is_over = began
            .as_ref()
            .is_some_and(|(portal, _)| now >= portal.ends_at);
        if is_over || now - row.created_at >= ABSOLUTE_MS || now - row.seen_at >= IDLE_MS {
            return Ok(None);
        }
        // While the database accepts no changes, the request does not wait for this one.
        let writable = self.readiness().fault(Cause::Writes).is_none();
        if writable && now - row.seen_at >= SEEN_STEP_MS {
            self.touch(&digest).await;
        }
        let (portal, capabilities) = began.unzip();
        Ok(Some(Session {
            account: Account::from(row.account),
            capabilities: capabilities.unwrap_or_else(Capabilities::all),
            portal,
            digest,
        }))
    }

    /// Records that a session is in use. If that fails, the session ends a little sooner.
    async fn touch(&self, digest: &[u8]) {
        let digest = digest.to_vec();
        let noted = self
            .write(System, move |tx| {
                Box::pin(async move {
                    let now = tx.now();
                    sqlx::query("UPDATE sessions SET seen_at = $1 WHERE digest = $2")
                        .bind(now)
                        .bind(digest)
                        .execute(tx.connection())
                        .await?;
                    // Also removes expired sessions, which reads a small table once an hour per session.
                    sqlx::query(
                        "DELETE FROM sessions WHERE created_at <= $1 OR seen_at <= $2
                         OR portal_id IN (SELECT id FROM portal_sessions WHERE expires_at <= $3)",
                    )
                    .bind(now - ABSOLUTE_MS)
                    .bind(now - IDLE_MS)
                    .bind(now)
                    .execute(tx.connection())
                    .await?;
                    Ok(())
                })
            })
            .await;
        if let Err(error) = noted
            && error.is_news()
        {
            tracing::warn!(%error, "the use of a session could not be noted");
        }
    }

    /// Ends one session. Unlike other changes, this succeeds if the session has already ended, and costs no quota.
    pub async fn sign_out(&self, actor: &Actor) -> Result<()> {
        let session = actor.session.clone();
        self.write(Leaving(actor.clone()), move |tx| {
            Box::pin(async move {
                leave(tx, &session).await?;
                let account = &session.account.id;
                tx.audit(Entry::of_account(account, Action::SignedOut, ""))
                    .await
            })
        })
        .await
    }
}
