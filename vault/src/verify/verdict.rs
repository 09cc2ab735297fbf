//! The one place where a pair of access key and secret key becomes somebody, whoever asks and however it was
//! carried.

use shared::status::Status;
use shared::token::{AccessKey, SecretKey};

use crate::state::directory::Entry;
use crate::usage::{Outcome, Source};
use crate::vault::Vault;
use crate::verify::decision::{Decision, decide};

/// A good key.
#[derive(Clone, Debug)]
pub struct Verified {
    pub access_key: AccessKey,
    pub account_id: Box<str>,
    pub name: Box<str>,
    /// UTC epoch milliseconds; none: never.
    pub expires_at: Option<i64>,
    /// Active or expiring soon, at the instant of the decision.
    pub status: Status,
}

/// Why a credential is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Refusal {
    /// No such access key, or not its secret: which of them is not said.
    Invalid,
    /// The right secret of a key that has expired.
    Expired {
        /// UTC epoch milliseconds.
        at: i64,
    },
}

impl Verified {
    pub(crate) fn new(access_key: AccessKey, entry: &Entry, status: Status) -> Self {
        Self {
            access_key,
            account_id: entry.account.id.clone(),
            name: entry.name.clone(),
            expires_at: entry.expires_at,
            status,
        }
    }
}

impl Vault {
    /// The decision on a key, from memory. It counts as no call.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] or [`Refusal::Expired`].
    pub fn verify(
        &self,
        access_key: AccessKey,
        secret: &SecretKey<'_>,
    ) -> Result<Verified, Refusal> {
        self.call(access_key, secret, None, Verified::new)
    }

    /// The same for a call from `source`, which is counted if the secret is right. `good` makes of a good key what
    /// is wanted of it.
    pub(crate) fn call<T>(
        &self,
        access_key: AccessKey,
        secret: &SecretKey<'_>,
        source: Option<Source<'_>>,
        good: impl FnOnce(AccessKey, &Entry, Status) -> T,
    ) -> Result<T, Refusal> {
        let keys = self.0.directory.read();
        let now = self.now();
        let decision = decide(keys.get(&access_key), secret, &self.0.pepper, now);
        let count = |entry: &Entry, outcome| {
            if let Some(source) = source {
                let account = &entry.account;
                self.0
                    .usage
                    .count(access_key, account, now, outcome, source);
            }
        };
        match decision {
            Decision::Good(entry, status) => {
                count(entry, Outcome::Accepted);
                Ok(good(access_key, entry, status))
            }
            Decision::Expired(entry, at) => {
                count(entry, Outcome::Refused);
                Err(Refusal::Expired { at })
            }
            Decision::Invalid => Err(Refusal::Invalid),
        }
    }
}
