//! Operators and their tokens: who may call the management API, and for how long.

use futures_util::future::BoxFuture;
use shared::DAY_MS;
use shared::token::OperatorToken;
use shared::validation::FieldErrors;
use sqlx::{AnyConnection, FromRow};

use super::cursor::Place;
use super::once::{Made, Once};
use super::record::{Page, TokenRecord};
use super::scope::{Scope, Scopes};
use super::sessions;
use crate::accounts::managed::line;
use crate::caller::Caller;
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::state::readiness::Cause;
use crate::storage::audit::{Action, Entry, Maker, Origin};
use crate::storage::{Authority, System, Tx};
use crate::time::format::rfc3339;
use crate::time::zones::Zone;
use crate::vault::Vault;

/// The longest life of a token, in milliseconds: a year, and a day for its end in any zone.
pub(super) const LONGEST_MS: i64 = 366 * DAY_MS;
const NAME_MAX: usize = 80;
/// Resolution of the last use, in milliseconds: a call must not cost a write.
const USED_STEP_MS: i64 = shared::MINUTE_MS;

/// A token that was presented, with the request that presented it.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The id of the token.
    pub id: String,
    pub scopes: Scopes,
    caller: Caller,
    request_id: String,
    /// The digest of the session on the operators' page, if the token is not in the request itself.
    session: Option<Vec<u8>>,
}

impl Operator {
    /// Returns the operator of a session.
    pub(super) fn signed_in(
        (id, scopes): (String, Scopes),
        session: Vec<u8>,
        caller: &Caller,
        request_id: &str,
    ) -> Self {
        Self {
            id,
            scopes,
            caller: caller.clone(),
            request_id: request_id.to_owned(),
            session: Some(session),
        }
    }

    /// Returns the digest of the session; none if the request has the token itself.
    pub(super) fn session(&self) -> Option<&[u8]> {
        self.session.as_deref()
    }
}

/// The reasons to refuse a token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refused {
    /// No such token, or a revoked one.
    Unknown,
    Expired {
        /// UTC epoch milliseconds.
        at: i64,
    },
}

impl Authority for Operator {
    fn origin(&self) -> Origin {
        Origin {
            maker: Maker::Token(self.id.clone()),
            request_id: self.request_id.clone(),
            address: self.caller.address,
        }
    }

    fn confirm<'a>(
        &'a self,
        connection: &'a mut AnyConnection,
        now: i64,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let good: Option<(String,)> = sqlx::query_as(
                "SELECT id FROM operator_tokens WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2",
            )
            .bind(&self.id)
            .bind(now)
            .fetch_optional(&mut *connection)
            .await?;
            let Some(session) = self.session.as_deref().filter(|_| good.is_some()) else {
                return good.map(drop).ok_or(Error::TokenOver);
            };
            // Signing out in another window ends what this one has begun.
            let ends: Option<(i64, i64)> = sqlx::query_as(
                "SELECT created_at, expires_at FROM operator_sessions WHERE digest = $1",
            )
            .bind(session)
            .fetch_optional(connection)
            .await?;
            let open = ends
                .filter(|(created_at, expires_at)| now < sessions::end(*created_at, *expires_at));
            open.map(drop).ok_or(Error::SessionOver)
        })
    }
}

/// A new token.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub name: String,
    pub scopes: Vec<Scope>,
    /// In the expiry grammar; dates end in UTC. Never is refused.
    pub expiry: String,
}

#[derive(FromRow)]
struct Row {
    id: String,
    name: String,
    scopes: String,
    created_at: i64,
    expires_at: i64,
    last_used_at: Option<i64>,
}

impl From<Row> for TokenRecord {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            name: row.name,
            scopes: Scopes::stored(&row.scopes).0.into_iter().collect(),
            created_at: rfc3339(row.created_at),
            expires_at: rfc3339(row.expires_at),
            last_used_at: row.last_used_at.map(rfc3339),
        }
    }
}

/// Adds a token to a transaction, with its audit entry.
pub(super) async fn insert(
    vault: &Vault,
    tx: &mut Tx,
    token: &OperatorToken<'_>,
    (name, scopes, expires_at): (&str, &Scopes, i64),
) -> Result<TokenRecord> {
    let row = Row {
        id: random::id("tok_")?,
        name: name.to_owned(),
        scopes: scopes.to_string(),
        created_at: tx.now(),
        expires_at,
        last_used_at: None,
    };
    let pepper = &vault.0.pepper;
    sqlx::query(
        "INSERT INTO operator_tokens (id, name, digest, pepper_id, scopes, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&row.id)
    .bind(name)
    .bind(pepper.digest_of_token(token).to_vec())
    .bind(&pepper.id)
    .bind(&row.scopes)
    .bind(row.created_at)
    .bind(expires_at)
    .execute(tx.connection())
    .await?;
    tx.audit(Entry::of_token(&row.id, Action::TokenCreated, name))
        .await?;
    Ok(row.into())
}

impl Vault {
    /// Returns the operator whose token this is.
    ///
    /// # Errors
    /// Within the result, why the token is refused.
    pub async fn operator(
        &self,
        token: &OperatorToken<'_>,
        caller: &Caller,
        request_id: &str,
    ) -> Result<Result<Operator, Refused>> {
        let row: Option<Row> = sqlx::query_as(
            "SELECT id, name, scopes, created_at, expires_at, last_used_at FROM operator_tokens
             WHERE digest = $1 AND revoked_at IS NULL",
        )
        .bind(self.0.pepper.digest_of_token(token).to_vec())
        .fetch_optional(&self.readers())
        .await?;
        let Some(row) = row else {
            return Ok(Err(Refused::Unknown));
        };
        let now = self.now();
        if now >= row.expires_at {
            return Ok(Err(Refused::Expired { at: row.expires_at }));
        }
        let noted = row
            .last_used_at
            .is_some_and(|used| now - used < USED_STEP_MS);
        if !noted {
            self.note_token(&row.id).await;
        }
        Ok(Ok(Operator {
            scopes: Scopes::stored(&row.scopes),
            id: row.id,
            caller: caller.clone(),
            request_id: request_id.to_owned(),
            session: None,
        }))
    }

    /// Records that a token is in use, once a minute.
    pub(super) async fn note_token(&self, id: &str) {
        // While the database accepts no changes, the request does not wait for this one.
        let writable = self.readiness().fault(Cause::Writes).is_none();
        if writable && self.0.token_uses.is_due(id, self.now(), USED_STEP_MS) {
            self.note_use(id.to_owned()).await;
        }
    }

    /// Records that a token is in use. If that fails, a call tries again a minute later.
    async fn note_use(&self, id: String) {
        let noted = self.write(System, move |tx| {
            Box::pin(async move {
                tx.commit_quietly();
                sqlx::query("UPDATE operator_tokens SET last_used_at = $1 WHERE id = $2")
                    .bind(tx.now())
                    .bind(id)
                    .execute(tx.connection())
                    .await?;
                Ok(())
            })
        });
        if let Err(error) = noted.await
            && error.is_news()
        {
            tracing::warn!(%error, "the use of an operator's token could not be noted");
        }
    }

    /// Lists tokens that were not revoked, the oldest first.
    pub async fn list_tokens(
        &self,
        limit: usize,
        after: Option<&str>,
    ) -> Result<Page<TokenRecord>> {
        let place = after.map(Place::read).transpose()?.unwrap_or_default();
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, name, scopes, created_at, expires_at, last_used_at FROM operator_tokens
             WHERE revoked_at IS NULL AND (created_at > $1 OR (created_at = $1 AND id > $2))
             ORDER BY created_at, id LIMIT $3",
        )
        .bind(place.created_at)
        .bind(place.id)
        .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
        .fetch_all(&self.readers())
        .await?;
        let cursor = |row: &Row| Place::of(row.created_at, &row.id).cursor();
        Ok(Page::new(rows, limit, cursor).map(TokenRecord::from))
    }

    /// Creates a token with scopes that the operator has. The answer shows it once.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `name`, `scopes`, `expiry`.
    pub async fn create_token(
        &self,
        operator: &Operator,
        new: NewToken,
        once: Option<Once>,
    ) -> Result<Made> {
        let mut errors = FieldErrors::default();
        let name = errors.check("name", line(&new.name, NAME_MAX));
        if name.as_ref().is_some_and(String::is_empty) {
            errors.add("name", "Give the token a name.");
        }
        let scopes = Scopes(new.scopes.into_iter().collect());
        if scopes.0.is_empty() {
            errors.add("scopes", "Name at least one scope.");
        }
        let expiry = errors.check("expiry", new.expiry.parse::<shared::expiry::Expiry>());
        let (Some(name), Some(expiry), true) = (name, expiry, errors.is_empty()) else {
            return Err(errors.into());
        };
        let vault = self.clone();
        let made = self.manage(operator, once, move |tx, bits| {
            Box::pin(async move {
                let until = expiry.resolve_later(tx.now(), &Zone::utc());
                let until = until.map_err(|error| FieldErrors::one("expiry", error))?;
                let longest = tx.now() + LONGEST_MS;
                let until = until.filter(|at| *at <= longest).ok_or_else(|| {
                    FieldErrors::one("expiry", "A token lives for 366 days at most.")
                })?;
                let token = OperatorToken::from_entropy(bits.bits);
                let record = insert(&vault, tx, &token, (&name, &scopes, until)).await?;
                Ok(Made {
                    bits: Some(bits.bits),
                    ..Made::new(201, super::json(&record))
                })
            })
        });
        let text = |bits| OperatorToken::from_entropy(bits).expose().to_owned();
        Ok(made.await?.with_secret("token", text))
    }

    /// Revokes a token, which may be the operator's own.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn revoke_token(&self, operator: &Operator, id: &str) -> Result<()> {
        if !random::is_id(id) {
            return Err(Error::NotFound);
        }
        let id = id.to_owned();
        self.write(operator.clone(), move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let found: Option<(String,)> = sqlx::query_as(
                    "SELECT name FROM operator_tokens WHERE id = $1 AND revoked_at IS NULL",
                )
                .bind(&id)
                .fetch_optional(tx.connection())
                .await?;
                let (name,) = found.ok_or(Error::NotFound)?;
                sqlx::query("UPDATE operator_tokens SET revoked_at = $1 WHERE id = $2")
                    .bind(now)
                    .bind(&id)
                    .execute(tx.connection())
                    .await?;
                sqlx::query("DELETE FROM operator_sessions WHERE token_id = $1")
                    .bind(&id)
                    .execute(tx.connection())
                    .await?;
                tx.audit(Entry::of_token(&id, Action::TokenRevoked, &name))
                    .await
            })
        })
        .await
    }
}
