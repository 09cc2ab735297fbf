//! Claims: password resets on accounts whose creator is not proven to read mail at their address.
//!
//! Sign-up takes no proof of the address, so a stranger may have created such an account and may still hold the secrets
//! of its keys. A confirmation changes that only if it came from a browser on which the account's owner had signed in:
//! the link alone may have been opened by a deceived reader. The reset is the first proof of the address. It therefore
//! expires every earlier key; the new owner can restore the known ones.

use shared::view::ClaimView;
use sqlx::AnyConnection;

use crate::accounts::account::Account;
use crate::accounts::sessions::{Member, Session};
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::notices::sweep;
use crate::outbox::MailTo;
use crate::state::directory::Publication;
use crate::storage::Tx;
use crate::storage::audit::{Action, Entry};
use crate::time::format::moment;
use crate::vault::Vault;

/// The detail of the audit entries of keys that a claim expired.
pub const CLAIMED: &str = "claimed";

/// Expires every good key of the account, within the transaction that confirms its address. `mail` tells the owner, so
/// no notice repeats it.
pub async fn claim(tx: &mut Tx, mail: &MailTo<'_>) -> Result<()> {
    let (account, now) = (mail.account, tx.now());
    // Marks the keys that have already expired as expired manually: if only a clock jump had expired one, correcting
    // the clock must not revive it. The next statement expires the others.
    sqlx::query(
        "UPDATE api_keys SET expiration_set_at = expires_at WHERE account_id = $1 AND expires_at <= $2",
    )
    .bind(account)
    .bind(now)
    .execute(tx.connection())
    .await?;
    let mut rows: Vec<(String, String)> = sqlx::query_as(
        "UPDATE api_keys SET expires_at = $1, expiration_set_at = $1
         WHERE account_id = $2 AND (expires_at IS NULL OR expires_at > $1) RETURNING access_key, name",
    )
    .bind(now)
    .bind(account)
    .fetch_all(tx.connection())
    .await?;
    rows.sort_unstable();
    for (subject, name) in rows {
        tx.audit(Entry {
            account_id: account,
            action: Action::Expired,
            subject: &subject,
            detail: CLAIMED,
            expires_at: Some(now),
        })
        .await?;
        sweep::told_by(tx.connection(), mail, &subject, now).await?;
        let damaged = |_| Error::Unavailable(format!("the key {subject} is damaged"));
        tx.publish(Publication::Amend {
            access_key: subject.parse().map_err(damaged)?,
            name,
            expires_at: Some(now),
        });
    }
    sqlx::query("UPDATE accounts SET claimed_at = $1 WHERE id = $2")
        .bind(now)
        .bind(account)
        .execute(tx.connection())
        .await?;
    Ok(())
}

/// Returns how many keys the claim of an account at `at` expired.
pub async fn expired_by(connection: &mut AnyConnection, account: &str, at: i64) -> Result<i64> {
    let (expired,): (i64,) = sqlx::query_as(
        "SELECT COUNT(*) FROM audit WHERE account_id = $1 AND at = $2 AND action = $3 AND detail = $4",
    )
    .bind(account)
    .bind(at)
    .bind(Action::Expired.slug())
    .bind(CLAIMED)
    .fetch_one(connection)
    .await?;
    Ok(expired)
}

impl Vault {
    /// Returns the claim that the owner has not yet dismissed, for the Dashboard.
    pub(crate) async fn claim(&self, account: &Account) -> Result<Option<ClaimView>> {
        let (at,): (Option<i64>,) = sqlx::query_as("SELECT claimed_at FROM accounts WHERE id = $1")
            .bind(&account.id)
            .fetch_one(&self.0.database.readers)
            .await?;
        let Some(at) = at else {
            return Ok(None);
        };
        let mut connection = self.0.database.readers.acquire().await?;
        Ok(Some(ClaimView {
            at: moment(at, account.time_zone),
            expired: expired_by(&mut connection, &account.id, at).await?,
        }))
    }

    /// Removes the claim from the Dashboard.
    ///
    /// # Errors
    /// [`Error::SessionOver`].
    pub async fn dismiss_claim(&self, session: &Session) -> Result<()> {
        let account = session.account.id.clone();
        self.write(Member::new(session, &Caller::default()), move |tx| {
            Box::pin(async move {
                sqlx::query("UPDATE accounts SET claimed_at = NULL WHERE id = $1")
                    .bind(&account)
                    .execute(tx.connection())
                    .await?;
                Ok(())
            })
        })
        .await
    }
}
