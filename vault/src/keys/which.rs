//! "Which key is this?": the key of an account that a pasted secret key belongs to.

use shared::pasted::whole_secret;
use shared::status::Status;
use shared::token::SecretKey;
use shared::validation::FieldErrors;
use shared::view::FoundKey;
use subtle::ConstantTimeEq;

use crate::accounts::account::Account;
use crate::error::Result;
use crate::limits::backoff::Subject;
use crate::vault::Vault;

/// The message about a text without a whole secret key.
const NOT_WHOLE: &str = "That isn't a whole secret key. Paste all of it.";

impl Vault {
    /// Returns the key of the account that a pasted text has the secret key of, alone or in a pair; none if it belongs to
    /// no key of the account. The access key in a pair does not count: the secret decides.
    ///
    /// A wrong one counts like a wrong password. The text is neither stored nor logged.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for `secret` without a whole secret key;
    /// [`Error::Throttled`](crate::Error::Throttled).
    pub async fn which_key(&self, account: &Account, text: &str) -> Result<Option<FoundKey>> {
        let whole = whole_secret(text, self.0.prefix);
        let Some(Ok(secret)) = whole.as_deref().map(SecretKey::parse) else {
            return Err(FieldErrors::one("secret", NOT_WHOLE).into());
        };
        let digest = self.0.pepper.digest(&secret);
        let attempt = self
            .0
            .limits
            .password(vec![Subject::Pasted(account.id.clone())])?;
        let _reading = self.reading(&account.id).await?;
        let now = self.now();
        // All digests of the account are compared, whether one is right or not. Without the pepper, how far a wrong one
        // agrees says nothing about the secret.
        let rows: Vec<(String, String, Option<i64>, Vec<u8>)> = sqlx::query_as(
            "SELECT access_key, name, expires_at, digest FROM api_keys WHERE account_id = $1 AND digest = $2",
        )
        .bind(&account.id)
        .bind(digest.to_vec())
        .fetch_all(&self.readers())
        .await?;
        let mut rows = rows.into_iter();
        let found =
            rows.find(|(.., stored)| bool::from(stored.as_slice().ct_eq(digest.as_slice())));
        let Some((access_key, name, expires_at, _)) = found else {
            attempt.failed();
            return Ok(None);
        };
        attempt.succeeded();
        Ok(Some(FoundKey {
            access_key,
            name,
            status: Status::at(expires_at, now, account.window()),
        }))
    }
}
