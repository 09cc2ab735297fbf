//! Creation of keys, the only operation that returns a secret.

use shared::capability::Need;
use shared::token::{AccessKey, SecretKey};
use shared::validation::{self, KeyForm};
use sqlx::AnyConnection;

use crate::accounts::account::Account;
use crate::accounts::sessions::Actor;
use crate::crypto::pepper::{Digest, Pepper};
use crate::crypto::random;
use crate::error::Result;
use crate::keys::change::expiry_error;
use crate::keys::form_token;
use crate::limits::Limit;
use crate::state::directory::Publication;
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry};
use crate::storage::version;
use crate::text::{composed, folded};
use crate::vault::Vault;

/// The creation of a key.
#[derive(Clone, Copy, Debug, Default)]
pub struct CreateKey<'a> {
    pub name: &'a str,
    pub description: &'a str,
    /// In the expiry grammar.
    pub expiry: &'a str,
    /// See [`super::form_token`]; may be empty.
    pub form_token: &'a str,
}

/// A new key with its secret, which cannot be read again later.
pub struct NewKey {
    pub access_key: AccessKey,
    pub secret_key: SecretKey<'static>,
    pub name: String,
    /// UTC epoch milliseconds; none if the key never expires.
    pub expires_at: Option<i64>,
    pub(crate) created_at: i64,
    /// See [`shared::view::KeyView::version`].
    pub version: String,
    digest: Digest,
}

impl NewKey {
    /// Makes the key usable once `tx` commits.
    fn publish(&self, tx: &mut Tx, account: &Account) {
        tx.publish(Publication::Insert {
            access_key: self.access_key,
            account_id: account.id.clone(),
            name: self.name.clone(),
            created_at: self.created_at,
            expires_at: self.expires_at,
            digest: self.digest,
        });
    }
}

/// Adds a key with a random access key to a transaction, with its audit entry and its publication.
pub(crate) async fn insert_key(
    vault: &Vault,
    tx: &mut Tx,
    account: &Account,
    fields: (&str, &str, Option<i64>),
) -> Result<NewKey> {
    let prefix = vault.0.prefix;
    let pair = (
        AccessKey::with_prefix(prefix, random::bytes()?),
        SecretKey::with_prefix(prefix, random::bytes()?),
    );
    insert_key_as(pair, &vault.0.pepper, tx, account, fields).await
}

async fn insert_key_as(
    (access_key, secret_key): (AccessKey, SecretKey<'static>),
    pepper: &Pepper,
    tx: &mut Tx,
    account: &Account,
    (name, description, expires_at): (&str, &str, Option<i64>),
) -> Result<NewKey> {
    let now = tx.now();
    let digest = pepper.digest(&secret_key);
    let subject = access_key.to_string();
    let person = tx.person().map(str::to_owned);
    sqlx::query(
        "INSERT INTO api_keys
         (access_key, account_id, name, description, folded, digest, pepper_id, created_at, expires_at,
          expiration_set_at, made_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8, CAST($10 AS TEXT))",
    )
    .bind(&subject)
    .bind(&account.id)
    .bind(name)
    .bind(description)
    .bind(folded(name, description, access_key))
    .bind(digest.to_vec())
    .bind(&pepper.id)
    .bind(now)
    .bind(expires_at)
    .bind(person)
    .execute(tx.connection())
    .await?;
    tx.audit(Entry {
        account_id: &account.id,
        action: Action::Created,
        subject: &subject,
        detail: "",
        external_id: "",
        expires_at,
        replaced: None,
    })
    .await?;
    let key = NewKey {
        access_key,
        secret_key,
        name: name.to_owned(),
        expires_at,
        created_at: now,
        version: version::of_key(name, description, expires_at, now),
        digest,
    };
    key.publish(tx, account);
    Ok(key)
}

/// Checks that the account may have one more key.
///
/// # Errors
/// [`Error::Quota`](crate::Error::Quota) if the account has reached its limit of keys.
async fn room_for_a_key(
    vault: &Vault,
    connection: &mut AnyConnection,
    account: &Account,
) -> Result<()> {
    let most = vault.0.limits.settings.keys;
    if most == 0 {
        return Ok(());
    }
    let (count,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM api_keys WHERE account_id = $1")
        .bind(&account.id)
        .fetch_one(connection)
        .await?;
    // The default key of an account made by sign-up does not count.
    let free = i64::from(account.address().is_some());
    vault.0.limits.one_more(Limit::Keys, count - free, most)
}

/// Adds a key with these credentials to the transaction of a request, if the account may have one more.
pub(crate) async fn create_as(
    pair: (AccessKey, SecretKey<'static>),
    vault: &Vault,
    tx: &mut Tx,
    account: &Account,
    form: &KeyForm,
) -> Result<NewKey> {
    room_for_a_key(vault, tx.connection(), account).await?;
    let expires_at = form
        .expiry
        .resolve_later(tx.now(), &account.time_zone)
        .map_err(expiry_error)?;
    let fields = (form.name.as_str(), form.description.as_str(), expires_at);
    insert_key_as(pair, &vault.0.pepper, tx, account, fields).await
}

impl Vault {
    /// Creates a key.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for `name`, `description`, `expiry`; a past expiration is invalid.
    /// [`Error::Conflict`](crate::Error::Conflict) if the form's token was used before.
    /// [`Error::Quota`](crate::Error::Quota); [`Error::Throttled`](crate::Error::Throttled).
    pub async fn create_key(&self, actor: &Actor, key: CreateKey<'_>) -> Result<NewKey> {
        let (name, description) = (composed(key.name), composed(key.description));
        let form = validation::key_form(&name, &description, key.expiry)?;
        let (vault, account) = (self.clone(), actor.account().clone());
        let once = !key.form_token.is_empty();
        let access_key =
            form_token::access_key((&self.0.pepper, self.0.prefix), &account.id, key.form_token)?;
        self.write(actor.with(Need::CREATE), move |tx| {
            Box::pin(async move {
                if once {
                    form_token::is_unused(tx.connection(), &account, access_key).await?;
                }
                let secret_key = SecretKey::with_prefix(access_key.prefix(), random::bytes()?);
                create_as((access_key, secret_key), &vault, tx, &account, &form).await
            })
        })
        .await
    }
}
