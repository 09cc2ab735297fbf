//! Who is asking: the one place where a credential becomes a principal, for keys and for sessions alike.

use std::sync::Arc;

use shared::status::{Status, is_good};
use shared::token::{AccessKey, SecretKey};
use subtle::ConstantTimeEq;

use crate::directory::Entry;
use crate::pepper::Digest;
use crate::sessions::Session;
use crate::{Vault, error};

/// What somebody presents. A malformed pair does not get here: its checksum is wrong, and nothing is
/// looked up.
pub enum Credential<'a> {
    Key(AccessKey, SecretKey<'a>),
    /// The token of the session cookie.
    Session(&'a str),
}

/// Who somebody turned out to be.
pub enum Principal {
    Key(Verified),
    Session(Session),
}

/// A good key.
pub struct Verified {
    pub access_key: AccessKey,
    pub entry: Arc<Entry>,
    /// Active or expiring soon, at the instant of the decision.
    pub status: Status,
}

/// Why a credential is refused.
#[derive(Debug)]
pub enum Refusal {
    /// No such access key, or not its secret, or no such session: which of them is not said.
    Invalid,
    /// The right secret of a key that has expired.
    Expired {
        /// UTC epoch milliseconds.
        at: i64,
    },
    /// It cannot be known right now.
    Unavailable(error::Error),
}

/// Compared with when the access key is unknown, so that both answers take the same time.
const DUMMY: Digest = [0; 32];

impl Vault {
    /// Turns a credential into a principal.
    ///
    /// # Errors
    /// [`Refusal`]; when in doubt, it refuses.
    pub async fn authenticate(&self, credential: Credential<'_>) -> Result<Principal, Refusal> {
        match credential {
            Credential::Key(access_key, secret) => {
                self.verify(access_key, &secret).map(Principal::Key)
            }
            Credential::Session(token) => match self.session(token).await {
                Ok(Some(session)) => Ok(Principal::Session(session)),
                Ok(None) => Err(Refusal::Invalid),
                Err(error) => Err(Refusal::Unavailable(error)),
            },
        }
    }

    /// The decision on a key, from memory: lookup (a dummy when absent) → HMAC → comparison in constant time
    /// → `now < expires_at`. The expiration is looked at last and only for the right secret, so nobody else
    /// learns that a key exists.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] or [`Refusal::Expired`].
    pub fn verify(
        &self,
        access_key: AccessKey,
        secret: &SecretKey<'_>,
    ) -> Result<Verified, Refusal> {
        let entry = self.0.directory.get(access_key);
        let presented = self.0.pepper.digest(secret);
        let stored = entry.as_ref().map_or(&DUMMY, |entry| &entry.digest);
        let same = bool::from(presented.ct_eq(stored));
        let entry = entry.filter(|_| same).ok_or(Refusal::Invalid)?;
        let now = self.now();
        match entry.expires_at {
            Some(at) if !is_good(Some(at), now) => Err(Refusal::Expired { at }),
            expires_at => {
                let status = Status::at(expires_at, now, entry.account.window());
                Ok(Verified {
                    access_key,
                    entry,
                    status,
                })
            }
        }
    }
}
