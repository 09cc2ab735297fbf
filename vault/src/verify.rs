//! Who is asking: the one place where a credential becomes a principal, for keys and for sessions alike.

use shared::status::Status;
use shared::token::{AccessKey, SecretKey};

use crate::decision::{Decision, decide};
use crate::directory::Entry;
use crate::sessions::Session;
use crate::usage::{Outcome, Source};
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

impl Verified {
    fn new(access_key: AccessKey, entry: &Entry, status: Status) -> Self {
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

    /// The decision on a key, from memory. It counts as no call.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] or [`Refusal::Expired`].
    pub fn verify(
        &self,
        access_key: AccessKey,
        secret: &SecretKey<'_>,
    ) -> Result<Verified, Refusal> {
        self.call(access_key, secret, None)
    }

    /// The same for a call from `source`, which is counted if the secret is right.
    pub(crate) fn call(
        &self,
        access_key: AccessKey,
        secret: &SecretKey<'_>,
        source: Option<Source<'_>>,
    ) -> Result<Verified, Refusal> {
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
                Ok(Verified::new(access_key, entry, status))
            }
            Decision::Expired(entry, at) => {
                count(entry, Outcome::Refused);
                Err(Refusal::Expired { at })
            }
            Decision::Invalid => Err(Refusal::Invalid),
        }
    }
}
