//! The verdict on a pair of access key and secret key: a pure function of the directory's entry, the secret and the
//! instant.

use shared::problem::Code;
use shared::status::{Status, is_good};
use shared::token::{AccessKey, SecretKey};
use subtle::ConstantTimeEq;

use super::identity::{Held, Verified};
use super::rejection::Rejection;
use crate::crypto::pepper::{Digest, Pepper};
use crate::state::directory::Entry;

/// Stands in for the digest of an unknown access key, so that both rejections take the same time.
const DUMMY: Digest = [0; 32];

/// Decides on a secret presented for `access_key` at `now`, UTC epoch milliseconds. `entry` is the directory's, none
/// for an unknown access key. Suspension and expiration are checked last and only for the right secret, so that nothing
/// else reveals that a key exists.
pub(crate) fn decide<'a>(
    access_key: AccessKey,
    entry: Option<&'a Entry>,
    secret: &SecretKey<'_>,
    pepper: &Pepper,
    now: i64,
) -> Result<Held<'a>, Rejection> {
    let presented = pepper.digest(secret);
    let stored = entry.map_or(&DUMMY, |entry| &entry.digest);
    let same = bool::from(presented.ct_eq(stored));
    let entry = entry
        .filter(|_| same)
        .ok_or(Rejection::Code(Code::KeyInvalid))?;
    if entry.account.is_suspended() {
        return Err(Rejection::Code(Code::AccountSuspended));
    }
    match entry.expires_at {
        Some(at) if !is_good(Some(at), now) => Err(Rejection::Expired { access_key, at }),
        expires_at => Ok(Verified {
            access_key,
            account_id: &entry.account.id,
            external_id: entry.account.external_id(),
            name: &entry.name,
            expires_at,
            status: Status::at(expires_at, now, entry.account.window()),
        }),
    }
}
