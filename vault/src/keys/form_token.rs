//! Tokens of the form that creates a key. A form with one makes at most one key, however often it is sent: a browser
//! without JavaScript sends it again when the answer with the secret is reloaded.
//!
//! Nothing is stored for that. The access key follows from the token, so the key of a second request is already there.
//! Without the pepper no token can be found that leads to a given access key.

use hmac::Mac;
use shared::prefix::Prefix;
use shared::token::AccessKey;
use sqlx::AnyConnection;

use crate::accounts::account::Account;
use crate::crypto::pepper::Pepper;
use crate::crypto::random;
use crate::error::{Conflict, Result};
use crate::time::format::moment;
use crate::vault::Vault;

impl Vault {
    /// Returns a token for one form.
    ///
    /// # Errors
    /// Those of reading random numbers.
    pub fn form_token(&self) -> Result<String> {
        random::id("")
    }
}

/// Returns the access key of the key that a form with this token makes; a random one for an empty token.
pub fn access_key(
    (pepper, prefix): (&Pepper, Prefix),
    account: &str,
    token: &str,
) -> Result<AccessKey> {
    if token.is_empty() {
        return Ok(AccessKey::with_prefix(prefix, random::bytes()?));
    }
    let mut mac = pepper.keyed();
    for part in ["keyhold form token", account, token] {
        mac.update(part.as_bytes());
        mac.update(&[0]);
    }
    let digest = mac.finalize().into_bytes();
    let mut entropy = [0; 10];
    entropy.copy_from_slice(&digest[..10]);
    Ok(AccessKey::with_prefix(prefix, entropy))
}

/// Checks that no key was made with this access key, even one deleted since.
///
/// # Errors
/// [`Error::Conflict`](crate::Error::Conflict) says when the key was created.
pub async fn is_unused(
    connection: &mut AnyConnection,
    account: &Account,
    access_key: AccessKey,
) -> Result<()> {
    let created: Option<(i64,)> = sqlx::query_as(
        "SELECT at FROM audit WHERE account_id = $1 AND subject = $2 ORDER BY id LIMIT 1",
    )
    .bind(&account.id)
    .bind(access_key.to_string())
    .fetch_optional(connection)
    .await?;
    match created {
        None => Ok(()),
        Some((at,)) => {
            let when = moment(at, account.time_zone).text;
            let message = format!(
                "This form was already sent: it created the key {access_key} on {when}. Its secret key cannot be shown again."
            );
            Err(Conflict::new(message, String::new()).into())
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn an_access_key_belongs_to_its_token_and_account() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = Pepper::draw(&folder.path().join("pepper")).unwrap();
        let pepper = drawn.keep().unwrap();
        let key = |account, token| access_key((&pepper, Prefix::KEYHOLD), account, token).unwrap();
        assert_eq!(key("acc_0", "token"), key("acc_0", "token"));
        assert_ne!(key("acc_0", "token"), key("acc_1", "token"));
        assert_ne!(key("acc_0", "token"), key("acc_0", "other"));
        assert_ne!(key("acc_0", "1token"), key("acc_01", "token"));
        assert_ne!(key("acc_0", ""), key("acc_0", ""));
    }
}
