//! Sessions of the operators' page: a browser in which an operator has signed in with a token. The cookie has a random text,
//! the database its digest.
//!
//! A session has a fixed end, no later than the token's, and every request reads the token again: revoking it ends its
//! sessions at once, on every node.

use sha2::{Digest as _, Sha256};
use shared::HOUR_MS;
use shared::token::OperatorToken;
use sqlx::FromRow;

use super::scope::{Scope, Scopes};
use super::token::{Operator, Refused};
use crate::caller::Caller;
use crate::crypto::random;
use crate::error::Result;
use crate::limits::backoff::Subject;
use crate::storage::audit::{Action, Entry};
use crate::vault::Vault;

/// The longest life of a session, in milliseconds.
pub const LIFE_MS: i64 = 8 * HOUR_MS;
/// Digits of a session's text, 256 random bits.
const DIGITS: usize = 64;

/// A new session. It prints as `[session]`.
pub struct NewSession {
    text: String,
    /// UTC epoch milliseconds.
    pub expires_at: i64,
}

impl NewSession {
    /// Returns the text for the cookie.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[session]")
    }
}

/// A session, with the operator who signed in.
#[derive(Clone, Debug)]
pub struct OperatorSession {
    /// Its changes are refused once the session or the token is over.
    pub operator: Operator,
    /// The name of the token.
    pub name: String,
    /// UTC epoch milliseconds.
    pub expires_at: i64,
}

impl OperatorSession {
    /// Returns whether the token has a scope.
    pub fn may(&self, scope: Scope) -> bool {
        self.operator.scopes.0.contains(&scope)
    }
}

#[derive(FromRow)]
struct Row {
    id: String,
    name: String,
    scopes: String,
    created_at: i64,
    expires_at: i64,
    token_expires_at: i64,
}

/// Returns the end of a session, UTC epoch milliseconds. The stored one was reckoned from the instant of the sign-in, which a
/// corrected clock may have moved.
pub(super) fn end(created_at: i64, expires_at: i64) -> i64 {
    expires_at.min(created_at + LIFE_MS)
}

fn digest(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

impl Vault {
    /// Starts a session of the operator whose token this is. A refused token counts against the network that sent it.
    ///
    /// # Errors
    /// [`Error::Throttled`](crate::Error::Throttled); within the result, why the token is refused. A text that is no token
    /// counts as an unknown one.
    pub async fn sign_in_operator(
        &self,
        caller: &Caller,
        request_id: &str,
        text: &str,
    ) -> Result<Result<NewSession, Refused>> {
        let network = caller.address.map(Subject::operators);
        let attempt = self.0.limits.password(network.into_iter().collect())?;
        let Ok(token) = OperatorToken::parse(text.trim()) else {
            attempt.failed();
            return Ok(Err(Refused::Unknown));
        };
        let digest_of_token = self.0.pepper.digest_of_token(&token).to_vec();
        let operator = match self.operator(&token, caller, request_id).await? {
            Ok(operator) => operator,
            Err(refused) => {
                attempt.failed();
                return Ok(Err(refused));
            }
        };
        attempt.succeeded();
        self.write(operator.clone(), move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let (name, token_end): (String, i64) =
                    sqlx::query_as("SELECT name, expires_at FROM operator_tokens WHERE digest = $1")
                        .bind(digest_of_token)
                        .fetch_one(tx.connection())
                        .await?;
                let expires_at = token_end.min(now + LIFE_MS);
                sqlx::query("DELETE FROM operator_sessions WHERE expires_at <= $1")
                    .bind(now)
                    .execute(tx.connection())
                    .await?;
                let text = random::hex(&random::bytes::<32>()?);
                sqlx::query(
                    "INSERT INTO operator_sessions (digest, token_id, created_at, expires_at) VALUES ($1, $2, $3, $4)",
                )
                .bind(digest(&text))
                .bind(&operator.id)
                .bind(now)
                .bind(expires_at)
                .execute(tx.connection())
                .await?;
                tx.audit(Entry::of_token(&operator.id, Action::TokenSignedIn, &name))
                    .await?;
                Ok(NewSession { text, expires_at })
            })
        })
        .await
        .map(Ok)
    }

    /// Returns the session that a cookie names, if it and its token are still valid.
    pub async fn operator_session(
        &self,
        cookie: &str,
        caller: &Caller,
        request_id: &str,
    ) -> Result<Option<OperatorSession>> {
        // A malformed one costs no query.
        if cookie.len() != DIGITS || !cookie.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let digest = digest(cookie);
        let row: Option<Row> = sqlx::query_as(
            "SELECT t.id, t.name, t.scopes, s.created_at, s.expires_at, t.expires_at AS token_expires_at
             FROM operator_sessions s JOIN operator_tokens t ON t.id = s.token_id
             WHERE s.digest = $1 AND t.revoked_at IS NULL",
        )
        .bind(&digest)
        .fetch_optional(&self.readers())
        .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let expires_at = end(row.created_at, row.expires_at).min(row.token_expires_at);
        if self.now() >= expires_at {
            return Ok(None);
        }
        self.note_token(&row.id).await;
        Ok(Some(OperatorSession {
            operator: Operator::signed_in(
                (row.id, Scopes::stored(&row.scopes)),
                digest,
                caller,
                request_id,
            ),
            name: row.name,
            expires_at,
        }))
    }

    /// Ends a session.
    pub async fn sign_out_operator(&self, session: &OperatorSession) -> Result<()> {
        let (operator, name) = (session.operator.clone(), session.name.clone());
        self.write(operator.clone(), move |tx| {
            Box::pin(async move {
                sqlx::query("DELETE FROM operator_sessions WHERE digest = $1")
                    .bind(operator.session().unwrap_or_default())
                    .execute(tx.connection())
                    .await?;
                tx.audit(Entry::of_token(&operator.id, Action::TokenSignedOut, &name))
                    .await
            })
        })
        .await
    }
}
