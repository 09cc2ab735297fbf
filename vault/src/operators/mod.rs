//! What the company's operators do through the management API and on their page: accounts, keys, tokens, the audit trail.
//!
//! An [`Operator`] is a token with its scopes. Each change is one write transaction as everybody's, in which the token
//! must still be good; with an idempotency key it also stores its answer there ([`once`]). The records here are the
//! bodies of the API's answers: times are RFC 3339, null is written out. Nothing here knows HTTP but the numbers of statuses.

pub mod accounts;
pub mod acts;
pub mod audit;
mod cursor;
pub mod expiries;
pub mod first_token;
mod history;
pub mod keys;
pub mod list_keys;
pub mod once;
pub mod portal;
pub mod record;
pub mod scope;
pub mod search;
pub mod sessions;
pub mod token;

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::crypto::random;
use crate::error::{Error, Result};

/// The tags that a request with If-Match accepts; none: any.
pub type Expected = Option<Vec<String>>;

/// What a change is meant for: an account or a key by its id, and the tags of it that the request accepts.
#[derive(Clone, Debug)]
pub struct Meant {
    named: String,
    expected: Expected,
}

impl<T: Into<String>> From<T> for Meant {
    fn from(named: T) -> Self {
        Self {
            named: named.into(),
            expected: None,
        }
    }
}

impl Meant {
    pub fn new(named: impl Into<String>, expected: Expected) -> Self {
        Self {
            named: named.into(),
            expected,
        }
    }
}

/// Returns the `ETag` of a record: the version of all that can be edited of it, and a digest of the whole. A change is
/// refused for another version alone, because each call of a key changes its last use; a record that was read before is the
/// same only if all of it is.
fn tag(version: &str, record: &impl Serialize) -> String {
    let whole = serde_json::to_vec(record).unwrap_or_default();
    let digest = random::hex(&Sha256::digest(whole)[..8]);
    format!("{version}{SEPARATOR}{digest}")
}

/// Stands between the two parts of a tag.
const SEPARATOR: char = '.';

/// Rejects a change of something whose version a request does not accept.
fn check(expected: &Expected, present: &str) -> Result<()> {
    let version = |tag: &String| tag.split(SEPARATOR).next() == Some(present);
    match expected {
        Some(tags) if !tags.iter().any(version) => Err(Error::Outdated),
        _ => Ok(()),
    }
}

/// Returns a record as the body of an answer.
fn json(record: &impl Serialize) -> Value {
    serde_json::to_value(record).unwrap_or_default()
}
