//! Changes that are made once, however often they are asked for: requests with an `Idempotency-Key`
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! The answer is stored in the transaction of the change, so that neither stands without the other, also across a crash.
//! It holds no secret: a new secret follows from a random nonce under the pepper, and the nonce, stored beside the
//! answer, is deleted after 24 hours. Without the pepper it tells nothing.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use hmac::Mac;
use serde_json::Value;
use shared::HOUR_MS;

use super::token::Operator;
use crate::crypto::pepper::Pepper;
use crate::crypto::random;
use crate::error::{Error, Result};
use crate::storage::{System, Tx};
use crate::vault::Vault;

/// How long an answer is kept, in milliseconds.
const KEPT_MS: i64 = 24 * HOUR_MS;
/// Answers removed in one transaction.
const PRUNED: i64 = 500;

/// A request that is made at most once.
#[derive(Clone, Debug)]
pub struct Once {
    /// Method, path and idempotency key: what the answer is stored under, for each token.
    pub request: String,
    pub body: Vec<u8>,
}

/// The outcome of a change.
#[derive(Clone, Debug)]
pub struct Made {
    /// The HTTP status.
    pub status: u16,
    /// The body of the answer; null for none.
    pub body: Value,
    /// The version of what was changed, for `ETag`.
    pub version: Option<String>,
    /// The bits of the secret that the answer shows, if it shows one.
    pub(super) bits: Option<[u8; 32]>,
    /// The account that the answer is about, with which it is forgotten.
    pub(super) account: Option<String>,
    /// Whether an earlier request has made the change.
    pub replayed: bool,
}

impl Made {
    pub(super) fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            body,
            version: None,
            bits: None,
            account: None,
            replayed: false,
        }
    }

    /// Adds the secret of the answer under `field`.
    pub(super) fn with_secret(
        mut self,
        field: &str,
        text: impl FnOnce([u8; 32]) -> String,
    ) -> Self {
        if let (Some(bits), Value::Object(body)) = (self.bits, &mut self.body) {
            body.insert(field.to_owned(), text(bits).into());
        }
        self
    }
}

/// The source of a secret: random, or derived from a nonce that is stored.
pub(super) struct Bits {
    pub bits: [u8; 32],
    nonce: Option<[u8; 32]>,
}

impl Bits {
    fn new(pepper: &Pepper, once: bool) -> Result<Self> {
        let drawn = random::bytes()?;
        Ok(if once {
            Self {
                bits: derived(pepper, &drawn),
                nonce: Some(drawn),
            }
        } else {
            Self {
                bits: drawn,
                nonce: None,
            }
        })
    }
}

fn derived(pepper: &Pepper, nonce: &[u8]) -> [u8; 32] {
    pepper.derive("secret of an answer", nonce)
}

/// The digest of a body, which may hold a credential.
fn digest(pepper: &Pepper, body: &[u8]) -> Vec<u8> {
    let mut mac = pepper.keyed();
    mac.update(b"keyhold request body\0");
    mac.update(body);
    mac.finalize().into_bytes().to_vec()
}

impl Vault {
    /// Makes a change of an operator in one transaction; with `once`, only if no earlier request with the same idempotency
    /// key has made it, whose answer this returns.
    ///
    /// # Errors
    /// Those of the change; [`Error::Reused`] if the earlier request had another body; [`Error::Running`] if it is still
    /// running; [`Error::TokenOver`].
    pub(super) async fn manage(
        &self,
        operator: &Operator,
        once: Option<Once>,
        change: impl for<'a> FnOnce(&'a mut Tx, &'a Bits) -> BoxFuture<'a, Result<Made>>
        + Clone
        + Send
        + 'static,
    ) -> Result<Made> {
        let (vault, token) = (self.clone(), operator.id.clone());
        // The change holds it, because it goes on if its client leaves.
        let running = match &once {
            Some(once) => {
                let name = format!("{token} {}", once.request);
                Some(Arc::new(self.0.running.begin(name).ok_or(Error::Running)?))
            }
            None => None,
        };
        self.write(operator.clone(), move |tx| {
            Box::pin(async move {
                let _running = running;
                let pepper = &vault.0.pepper;
                let Some(once) = once else {
                    let bits = Bits::new(pepper, false)?;
                    return change(tx, &bits).await;
                };
                let body = digest(pepper, &once.body);
                if let Some(earlier) = earlier(tx, pepper, (&token, &once.request), &body).await? {
                    tx.confirm_earlier();
                    tx.roll_back();
                    return Ok(earlier);
                }
                let bits = Bits::new(pepper, true)?;
                let made = change(tx, &bits).await?;
                // The change may have nothing to save, but its answer has to be.
                tx.keep();
                let nonce = made.bits.and(bits.nonce);
                sqlx::query(
                    "INSERT INTO idempotency_keys (token_id, request, body, created_at, status, answer, nonce, account_id)
                     VALUES ($1, $2, $3, $4, $5, $6, $7, (SELECT id FROM accounts WHERE id = CAST($8 AS TEXT)))",
                )
                .bind(&token)
                .bind(&once.request)
                .bind(body)
                .bind(tx.now())
                .bind(i64::from(made.status))
                .bind(stored(&made))
                .bind(nonce.map(Vec::from).unwrap_or_default())
                .bind(made.account.clone())
                .execute(tx.connection())
                .await?;
                Ok(made)
            })
        })
        .await
    }

    /// Removes some answers that are older than a day, with their nonces. Returns whether there may be more.
    pub(crate) async fn prune_answers(&self, now: i64) -> Result<bool> {
        let removed = self.write(System, move |tx| {
            Box::pin(async move {
                tx.commit_quietly();
                let removed = sqlx::query(
                    "DELETE FROM idempotency_keys WHERE (token_id, request) IN (
                         SELECT token_id, request FROM idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT $2)",
                )
                .bind(now.saturating_sub(KEPT_MS))
                .bind(PRUNED)
                .execute(tx.connection())
                .await?;
                Ok(removed.rows_affected())
            })
        });
        Ok(i64::try_from(removed.await?).unwrap_or_default() == PRUNED)
    }
}

/// Forgets the answers about an account, in the transaction that deletes it.
pub(super) async fn forget(tx: &mut Tx, account: &str) -> Result<()> {
    sqlx::query("DELETE FROM idempotency_keys WHERE account_id = $1")
        .bind(account)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// The stored form of an answer: its version, if it has one, then its body.
fn stored(made: &Made) -> String {
    let version = made.version.as_deref().unwrap_or_default();
    format!("{version}\n{}", made.body)
}

/// Returns the answer to an earlier request with the same idempotency key.
async fn earlier(
    tx: &mut Tx,
    pepper: &Pepper,
    (token, request): (&str, &str),
    body: &[u8],
) -> Result<Option<Made>> {
    type Row = (Vec<u8>, i64, i64, String, Vec<u8>);
    let found: Option<Row> = sqlx::query_as(
        "SELECT body, created_at, status, answer, nonce FROM idempotency_keys WHERE token_id = $1 AND request = $2",
    )
    .bind(token)
    .bind(request)
    .fetch_optional(tx.connection())
    .await?;
    let Some((known, created_at, status, answer, nonce)) = found else {
        return Ok(None);
    };
    if tx.now() - created_at >= KEPT_MS {
        sqlx::query("DELETE FROM idempotency_keys WHERE token_id = $1 AND request = $2")
            .bind(token)
            .bind(request)
            .execute(tx.connection())
            .await?;
        return Ok(None);
    }
    if known != body {
        return Err(Error::Reused);
    }
    let damaged = || Error::Unavailable("a stored answer is damaged".to_owned());
    let (version, text) = answer.split_once('\n').ok_or_else(damaged)?;
    Ok(Some(Made {
        status: u16::try_from(status).map_err(|_| damaged())?,
        body: serde_json::from_str(text).map_err(|_| damaged())?,
        version: Some(version.to_owned()).filter(|version| !version.is_empty()),
        account: None,
        bits: (!nonce.is_empty()).then(|| derived(pepper, &nonce)),
        replayed: true,
    }))
}
