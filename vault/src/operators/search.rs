//! The search of the operators' page beyond the lists of the management API: the key that a pasted credential belongs to, and the
//! account of a key.

use shared::pasted::{pasted_secret, whole_secret};
use shared::token::{AccessKey, SecretKey};
use shared::validation::FieldErrors;
use subtle::ConstantTimeEq;

use super::record::KeyRecord;
use crate::accounts::account::Account;
use crate::crypto::pepper::Digest;
use crate::error::{Error, Result};
use crate::vault::Vault;

/// The message about a text without a whole secret key.
const NOT_WHOLE: &str = "That isn't a whole secret key: characters are missing or wrong.";

/// The keys that a pasted credential leads to.
#[derive(Clone, Debug)]
pub struct FoundCredential {
    /// The access key in the text, if it has one.
    pub access_key: Option<String>,
    /// The key with that access key.
    pub named: Option<KeyRecord>,
    /// The key that the secret is right for.
    pub holder: Option<KeyRecord>,
}

impl FoundCredential {
    /// Returns whether the secret is right for the key that the text names.
    pub fn is_pair(&self) -> bool {
        let holder = self.holder.as_ref().map(|key| key.access_key.as_str());
        holder.is_some() && holder == self.access_key.as_deref()
    }
}

impl Vault {
    /// Returns the keys that a pasted credential leads to, in any of the forms in which one is sent. It is no call of the key,
    /// and the text is neither stored nor logged.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `q` without a whole secret key; [`Error::Unavailable`] while verification could not answer either.
    pub async fn find_credential(&self, text: &str) -> Result<FoundCredential> {
        let whole = whole_secret(text, self.0.prefix);
        let Some(Ok(secret)) = whole.as_deref().map(SecretKey::parse) else {
            return Err(FieldErrors::one("q", NOT_WHOLE).into());
        };
        if !self.is_trusted() {
            let cause = "this node cannot verify at the moment";
            return Err(Error::Unavailable(cause.to_owned()));
        }
        let access_key = pasted_secret(text, self.0.prefix).and_then(|pasted| pasted.access_key);
        let digest = self.0.pepper.digest(&secret);
        let holder = self.holder_of(&digest, access_key.as_deref());
        let named = match &access_key {
            Some(access_key) => self.record_if_any(access_key).await?,
            None => None,
        };
        Ok(FoundCredential {
            named,
            holder: match holder {
                Some(access_key) => self.record_if_any(&access_key.to_string()).await?,
                None => None,
            },
            access_key,
        })
    }

    /// Returns the key with this digest: the named one, or else any. All digests are compared, which takes some 50 ms for a
    /// million keys; an index of the database would cost every new key.
    fn holder_of(&self, digest: &Digest, named: Option<&str>) -> Option<AccessKey> {
        let entries = self.0.directory.read();
        let named = named.and_then(|text| text.parse::<AccessKey>().ok());
        let is_its = |stored: &Digest| bool::from(stored.ct_eq(digest));
        if let Some(access_key) = named
            && entries
                .get(&access_key)
                .is_some_and(|entry| is_its(&entry.digest))
        {
            return Some(access_key);
        }
        let mut all = entries.iter();
        all.find(|(_, entry)| is_its(&entry.digest))
            .map(|(access_key, _)| *access_key)
    }

    async fn record_if_any(&self, access_key: &str) -> Result<Option<KeyRecord>> {
        match self.key_record(access_key).await {
            Err(Error::NotFound) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Returns the account of a key.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn account_of_key(&self, access_key: &str) -> Result<Account> {
        let key = self.key_record(access_key).await?;
        self.account(&key.account_id).await
    }
}
