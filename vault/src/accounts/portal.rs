//! Portal sessions: links by which the company's app hands a customer over to the pages, and the sessions that they start.
//!
//! The code of a link is 256 bits; its digest under the pepper is stored. It works once, for five minutes. The session has a
//! fixed end, which no use moves. While it lasts, its row in `sessions` leads to the portal session; without that row, or
//! once `ended_at` is set, it is over.

mod opens;

use hmac::Mac;
use shared::capability::Capabilities;
use shared::{DAY_MS, MINUTE_MS};
use sqlx::{AnyConnection, FromRow};

pub use self::opens::Opens;
use super::people;
use super::sessions::{self, Person, Portal, Session, SessionToken};
use crate::caller::Caller;
use crate::crypto::pepper::Pepper;
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::storage::audit::{Action, Entry, Maker, Origin};
use crate::storage::{Authority, Tx};
use crate::vault::Vault;

/// How long a code works, in milliseconds.
const CODE_MS: i64 = 5 * MINUTE_MS;
/// How long a row stays after its session's end, in milliseconds.
const KEPT_MS: i64 = 7 * DAY_MS;

/// The columns of [`PortalRow`], of the table `portal_sessions p` in an outer join.
pub(super) const PORTAL_COLUMNS: &str = "p.id AS portal_id, p.expires_at AS portal_ends_at, p.capabilities AS portal_capabilities, \
     p.actor_external_id, p.actor_label, p.return_url";

/// The part of a portal session that its session's requests need.
#[derive(FromRow)]
pub(super) struct PortalRow {
    portal_id: Option<String>,
    portal_ends_at: Option<i64>,
    portal_capabilities: Option<String>,
    actor_external_id: Option<String>,
    actor_label: Option<String>,
    return_url: Option<String>,
}

impl PortalRow {
    /// Returns the portal session, and what it may do; none for a session of an own sign-in.
    pub(super) fn read(self) -> Option<(Portal, Capabilities)> {
        let portal = Portal {
            id: self.portal_id?,
            ends_at: self.portal_ends_at?,
            person: person(self.actor_external_id, self.actor_label),
            return_url: self.return_url,
        };
        Some((portal, Capabilities::stored(&self.portal_capabilities?)))
    }
}

pub(crate) fn person(external_id: Option<String>, label: Option<String>) -> Option<Person> {
    Some(Person {
        external_id: external_id?,
        label: label?,
    })
}

/// A new portal session, checked.
#[derive(Clone, Debug)]
pub(crate) struct NewPortal {
    pub person: Option<Person>,
    pub capabilities: Capabilities,
    pub seconds: i64,
    pub page: String,
    pub return_url: Option<String>,
}

/// A portal session that was added.
#[derive(Clone, Debug)]
pub(crate) struct Added {
    pub id: String,
    /// UTC epoch milliseconds.
    pub code_expires_at: i64,
    pub expires_at: i64,
}

/// Returns the code of a link, as its address has it.
pub(crate) fn code(bits: [u8; 32]) -> String {
    random::hex(&bits)
}

/// Returns the stored form of a code; none if it was damaged on its way.
fn digest(pepper: &Pepper, code: &str) -> Option<Vec<u8>> {
    let bits = random::from_hex(code)?;
    Some(digest_of(pepper, &bits))
}

fn digest_of(pepper: &Pepper, bits: &[u8; 32]) -> Vec<u8> {
    let mut mac = pepper.keyed();
    mac.update(b"keyhold portal code\0");
    mac.update(bits);
    mac.finalize().into_bytes().to_vec()
}

/// Adds a portal session of an account, made with an operator's token.
pub(crate) async fn insert(
    vault: &Vault,
    tx: &mut Tx,
    (account, token): (&str, &str),
    bits: &[u8; 32],
    new: &NewPortal,
) -> Result<Added> {
    let now = tx.now();
    let added = Added {
        id: random::id("ps_")?,
        code_expires_at: now + CODE_MS,
        expires_at: now + new.seconds * 1000,
    };
    sqlx::query(
        "INSERT INTO portal_sessions (id, account_id, token_id, digest, actor_external_id, actor_label, capabilities, page,
             return_url, created_at, code_expires_at, expires_at)
         VALUES ($1, $2, $3, $4, CAST($5 AS TEXT), CAST($6 AS TEXT), $7, $8, CAST($9 AS TEXT), $10, $11, $12)",
    )
    .bind(&added.id)
    .bind(account)
    .bind(token)
    .bind(digest_of(&vault.0.pepper, bits))
    .bind(new.person.as_ref().map(|person| person.external_id.clone()))
    .bind(new.person.as_ref().map(|person| person.label.clone()))
    .bind(new.capabilities.to_string())
    .bind(&new.page)
    .bind(new.return_url.clone())
    .bind(now)
    .bind(added.code_expires_at)
    .bind(added.expires_at)
    .execute(tx.connection())
    .await?;
    if let Some(person) = &new.person {
        people::note(tx.connection(), account, person).await?;
    }
    let label = new.person.as_ref().map(|person| person.label.as_str());
    tx.audit(entry(account, Action::PortalCreated, &added.id, label))
        .await?;
    Ok(added)
}

fn entry<'a>(account: &'a str, action: Action, id: &'a str, label: Option<&'a str>) -> Entry<'a> {
    Entry {
        subject: id,
        ..Entry::of_account(account, action, label.unwrap_or_default())
    }
}

/// Ends a portal session before its time: its session, or its code. Returns whether it was not over yet.
pub(crate) async fn end(tx: &mut Tx, id: &str) -> Result<bool> {
    let now = tx.now();
    sqlx::query("DELETE FROM sessions WHERE portal_id = $1")
        .bind(id)
        .execute(tx.connection())
        .await?;
    let ended = sqlx::query(
        "UPDATE portal_sessions SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL AND expires_at > $1",
    )
    .bind(now)
    .bind(id)
    .execute(tx.connection())
    .await?;
    Ok(ended.rows_affected() > 0)
}

/// As [`end`], for an operator, with its audit entry.
///
/// # Errors
/// [`Error::NotFound`].
pub(crate) async fn end_by_operator(tx: &mut Tx, id: &str) -> Result<()> {
    let found: Option<(String, Option<String>)> =
        sqlx::query_as("SELECT account_id, actor_label FROM portal_sessions WHERE id = $1")
            .bind(id)
            .fetch_optional(tx.connection())
            .await?;
    let (account, label) = found.ok_or(Error::NotFound)?;
    if end(tx, id).await? {
        tx.audit(entry(&account, Action::PortalEnded, id, label.as_deref()))
            .await?;
    } else {
        tx.roll_back();
    }
    Ok(())
}

/// Ends the portal sessions of an account, or those of one actor, with codes that were not used. Returns the number of
/// sessions.
pub(crate) async fn end_all(tx: &mut Tx, account: &str, actor: Option<&str>) -> Result<u64> {
    let now = tx.now();
    let ended = sqlx::query(
        "DELETE FROM sessions WHERE portal_id IN (
             SELECT id FROM portal_sessions
             WHERE account_id = $1 AND (CAST($2 AS TEXT) IS NULL OR actor_external_id = CAST($2 AS TEXT)))",
    )
    .bind(account)
    .bind(actor.map(str::to_owned))
    .execute(tx.connection())
    .await?;
    sqlx::query(
        "UPDATE portal_sessions SET ended_at = $1
         WHERE account_id = $2 AND ended_at IS NULL AND expires_at > $1
           AND (CAST($3 AS TEXT) IS NULL OR actor_external_id = CAST($3 AS TEXT))",
    )
    .bind(now)
    .bind(account)
    .bind(actor.map(str::to_owned))
    .execute(tx.connection())
    .await?;
    Ok(ended.rows_affected())
}

/// Ends sessions of portal links of an account, until at most `others` are left: first those that are over, then those of the
/// person who is `entering` (the id of a portal session), so that one person's links do not end another's session; of these
/// the ones used least recently.
pub(super) async fn make_room(
    tx: &mut Tx,
    account: &str,
    entering: &str,
    others: u32,
) -> Result<()> {
    let now = tx.now();
    sqlx::query(
        "DELETE FROM sessions WHERE account_id = $1 AND portal_id IS NOT NULL AND digest NOT IN
         (SELECT s.digest FROM sessions s JOIN portal_sessions p ON p.id = s.portal_id
          WHERE s.account_id = $1
          ORDER BY CASE WHEN p.expires_at > $2 THEN 0 ELSE 1 END,
                   CASE WHEN COALESCE(p.actor_external_id, '') =
                             (SELECT COALESCE(e.actor_external_id, '') FROM portal_sessions e WHERE e.id = $3)
                        THEN 1 ELSE 0 END,
                   s.seen_at DESC, s.created_at DESC, s.digest LIMIT $4)",
    )
    .bind(account)
    .bind(now)
    .bind(entering)
    .bind(i64::from(others))
    .execute(tx.connection())
    .await?;
    Ok(())
}

/// Removes rows whose sessions ended long ago, at most `limit`. Returns how many.
pub async fn prune(connection: &mut AnyConnection, now: i64, limit: u64) -> Result<u64> {
    let removed = sqlx::query(
        "DELETE FROM portal_sessions WHERE id IN (
             SELECT id FROM portal_sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
    )
    .bind(now.saturating_sub(KEPT_MS))
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .execute(connection)
    .await?;
    Ok(removed.rows_affected())
}

/// The authority of a link, which the operation checks.
#[derive(Clone, Debug)]
struct Entering {
    caller: Caller,
    person: Option<String>,
}

impl Authority for Entering {
    fn origin(&self) -> Origin {
        Origin {
            maker: Maker::Portal(self.person.clone()),
            ..Origin::of(&self.caller)
        }
    }
}

/// A link that is being used.
#[derive(FromRow)]
struct Redeemed {
    id: String,
    account_id: String,
    actor_label: Option<String>,
    page: String,
    return_url: Option<String>,
    expires_at: i64,
}

/// A session that a link has started.
#[derive(Debug)]
pub struct Entered {
    pub session: SessionToken,
    /// A path on this server.
    pub page: String,
    /// The time until the session ends.
    pub seconds: u32,
    /// As [`Portal::return_url`].
    pub return_url: Option<String>,
}

impl Vault {
    /// Uses a link: starts its session in the place of the one that the browser presents, if any.
    ///
    /// # Errors
    /// [`Error::LinkGone`], as [`Vault::opened_by`].
    pub async fn enter(
        &self,
        caller: &Caller,
        code: &str,
        present: Option<&Session>,
    ) -> Result<Entered> {
        let digest = digest(&self.0.pepper, code).ok_or(Error::LinkGone)?;
        // Guesses take no turn at writing.
        let person = self.unused_link(&digest).await?.actor_external_id;
        let (vault, from, present) = (self.clone(), caller.clone(), present.cloned());
        let entering = Entering {
            caller: caller.clone(),
            person,
        };
        self.write(entering, move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let row: Option<Redeemed> = sqlx::query_as(
                    "UPDATE portal_sessions SET redeemed_at = $1
                     WHERE digest = $2 AND redeemed_at IS NULL AND ended_at IS NULL AND code_expires_at > $1
                     RETURNING id, account_id, actor_label, page, return_url, expires_at",
                )
                .bind(now)
                .bind(digest)
                .fetch_optional(tx.connection())
                .await?;
                let link = row.ok_or(Error::LinkGone)?;
                if let Some(present) = &present {
                    sessions::leave(tx, present).await?;
                }
                let start = (link.account_id.as_str(), Some(link.id.as_str()));
                let session = sessions::start_from(&vault, tx, start, &from).await?;
                let label = link.actor_label.as_deref();
                let entered = entry(&link.account_id, Action::PortalEntered, &link.id, label);
                tx.audit(entered).await?;
                Ok(Entered {
                    session,
                    page: link.page,
                    return_url: link.return_url,
                    seconds: u32::try_from((link.expires_at - now) / 1000).unwrap_or_default(),
                })
            })
        })
        .await
    }
}
