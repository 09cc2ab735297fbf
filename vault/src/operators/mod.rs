//! What the company's operators do through the management API and on their page: accounts, keys, tokens, the audit trail.
//!
//! An [`Operator`] is a token with its scopes. Each change is one write transaction as everybody's, in which the token
//! must still be good; with an idempotency key it also stores its answer there ([`once`]). The records here are the
//! bodies of the API's answers: times are RFC 3339, null is written out. Nothing here knows HTTP but the numbers of statuses.

pub mod accounts;
pub mod audit;
mod cursor;
pub mod expiries;
pub mod first_token;
mod history;
pub mod keys;
pub mod once;
pub mod portal;
pub mod record;
pub mod scope;
pub mod search;
pub mod sessions;
pub mod token;

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};

/// The versions that a request with If-Match accepts; none: any.
pub type Expected = Option<Vec<String>>;

/// Rejects a change of something whose version a request does not accept.
fn check(expected: &Expected, present: &str) -> Result<()> {
    match expected {
        Some(versions) if !versions.iter().any(|version| version == present) => {
            Err(Error::Outdated)
        }
        _ => Ok(()),
    }
}

/// Returns a record as the body of an answer.
fn json(record: &impl Serialize) -> Value {
    serde_json::to_value(record).unwrap_or_default()
}
