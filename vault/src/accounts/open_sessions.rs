//! The open sessions of an account, for its owner: where it is signed in, and how to end that.
//!
//! Pages and forms name a session by a handle, which is derived from the stored digest: it tells nothing about the token,
//! and it is of no use to another account.

use sha2::{Digest as _, Sha256};
use shared::capability::Need;
use shared::view::account::SessionView;
use sqlx::{AnyConnection, FromRow};

use crate::accounts::browsers;
use crate::accounts::sessions::{ABSOLUTE_MS, Actor, IDLE_MS, Session};
use crate::crypto::random;
use crate::error::Result;
use crate::storage::audit::{Action, Entry};
use crate::time::format::moment;
use crate::vault::Vault;

/// A session's row.
#[derive(FromRow)]
struct OpenRow {
    digest: Vec<u8>,
    created_at: i64,
    seen_at: i64,
    agent: String,
    address: String,
}

impl Session {
    /// Returns the handle by which forms name the session.
    pub fn handle(&self) -> String {
        handle(&self.digest)
    }
}

/// Returns the handle of a session.
fn handle(digest: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"session handle");
    hasher.update(digest);
    random::hex(&hasher.finalize()[..16])
}

/// Returns the sessions of an account that a cookie can still present at `now`, the latest use first.
async fn open(connection: &mut AnyConnection, account: &str, now: i64) -> Result<Vec<OpenRow>> {
    Ok(sqlx::query_as(
        "SELECT s.digest, s.created_at, s.seen_at, s.agent, s.address
         FROM sessions s LEFT JOIN portal_sessions p ON p.id = s.portal_id
         WHERE s.account_id = $1 AND s.created_at > $2 AND s.seen_at > $3 AND (p.id IS NULL OR p.expires_at > $4)
         ORDER BY s.seen_at DESC, s.created_at DESC, s.digest",
    )
    .bind(account)
    .bind(now - ABSOLUTE_MS)
    .bind(now - IDLE_MS)
    .bind(now)
    .fetch_all(connection)
    .await?)
}

impl Vault {
    /// Returns where the account of `session` is signed in: here first, then the latest use.
    pub async fn open_sessions(&self, session: &Session) -> Result<Vec<SessionView>> {
        let (account, now) = (&session.account, self.now());
        let readers = &self.readers();
        let rows = readers.read(async |connection| open(connection, &account.id, now).await);
        let mut views: Vec<_> = rows
            .await?
            .into_iter()
            .map(|row| SessionView {
                session: handle(&row.digest),
                browser: browsers::describe(&row.agent),
                agent: row.agent,
                address: row.address,
                started: moment(row.created_at, account.time_zone),
                seen: moment(row.seen_at, account.time_zone),
                here: row.digest == session.digest,
            })
            .collect();
        views.sort_by_key(|view| !view.here);
        Ok(views)
    }

    /// Ends one session of the account, by its handle. Does nothing if it has ended already.
    ///
    /// # Errors
    /// [`Error::SessionOver`](crate::Error::SessionOver).
    pub async fn end_session(&self, actor: &Actor, wanted: &str) -> Result<()> {
        let (account, wanted) = (actor.account().id.clone(), wanted.trim().to_owned());
        self.write(actor.with(Need::Holder), move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let rows = open(tx.connection(), &account, now).await?;
                let Some(row) = rows.into_iter().find(|row| handle(&row.digest) == wanted) else {
                    tx.roll_back();
                    return Ok(());
                };
                sqlx::query("DELETE FROM sessions WHERE digest = $1")
                    .bind(&row.digest)
                    .execute(tx.connection())
                    .await?;
                let browser = browsers::describe(&row.agent);
                tx.audit(Entry::of_account(&account, Action::SessionEnded, &browser))
                    .await
            })
        })
        .await
    }

    /// Ends every session of the account but the actor's own, and returns how many.
    ///
    /// # Errors
    /// [`Error::SessionOver`](crate::Error::SessionOver).
    pub async fn end_other_sessions(&self, actor: &Actor) -> Result<u64> {
        let session = actor.session.clone();
        self.write(actor.with(Need::Holder), move |tx| {
            Box::pin(async move {
                let account = &session.account.id;
                let ended =
                    sqlx::query("DELETE FROM sessions WHERE account_id = $1 AND digest <> $2")
                        .bind(account)
                        .bind(&session.digest)
                        .execute(tx.connection())
                        .await?
                        .rows_affected();
                if ended == 0 {
                    tx.roll_back();
                    return Ok(0);
                }
                let count = ended.to_string();
                let entry = Entry::of_account(account, Action::OtherSessionsEnded, &count);
                tx.audit(entry).await?;
                Ok(ended)
            })
        })
        .await
    }
}
