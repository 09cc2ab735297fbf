//! The decision whether a key is good: a pure function of what is known of the key, what is presented, and the
//! instant.

use shared::status::{Status, is_good};
use shared::token::SecretKey;
use subtle::ConstantTimeEq;

use crate::crypto::pepper::{Digest, Pepper};
use crate::state::directory::Entry;

/// What was decided.
pub(crate) enum Decision<'a> {
    /// The right secret, in time.
    Good(&'a Entry, Status),
    /// The right secret, too late: since this instant, UTC epoch milliseconds.
    Expired(&'a Entry, i64),
    /// No such key, or not its secret.
    Invalid,
}

/// Compared with when the access key is unknown, so that both answers take the same time.
const DUMMY: Digest = [0; 32];

/// Decides on a secret that claims to be that of `entry` (none: no such access key) at `now`, UTC epoch
/// milliseconds. The expiration is looked at last and only for the right secret, so nobody else learns that a
/// key exists.
pub(crate) fn decide<'a>(
    entry: Option<&'a Entry>,
    secret: &SecretKey<'_>,
    pepper: &Pepper,
    now: i64,
) -> Decision<'a> {
    let presented = pepper.digest(secret);
    let stored = entry.map_or(&DUMMY, |entry| &entry.digest);
    let same = bool::from(presented.ct_eq(stored));
    match entry.filter(|_| same) {
        None => Decision::Invalid,
        Some(entry) => match entry.expires_at {
            Some(at) if !is_good(Some(at), now) => Decision::Expired(entry, at),
            expires_at => {
                let status = Status::at(expires_at, now, entry.account.window());
                Decision::Good(entry, status)
            }
        },
    }
}
