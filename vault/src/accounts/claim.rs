//! The record of a claim: when the first password reset of an account expired its earlier keys (see
//! [`crate::recovery::claim`]), until the owner dismisses it.

use shared::capability::Need;
use shared::view::ClaimView;
use sqlx::AnyConnection;

use crate::accounts::account::Account;
use crate::accounts::sessions::Actor;
use crate::error::Result;
use crate::storage::audit::Action;
use crate::time::format::moment;
use crate::vault::Vault;

/// The detail of the audit entries of keys that a claim expired.
pub const CLAIMED: &str = "claimed";

/// Records a claim of the account at `now`.
pub async fn record(connection: &mut AnyConnection, account: &str, now: i64) -> Result<()> {
    sqlx::query("UPDATE accounts SET claimed_at = $1 WHERE id = $2")
        .bind(now)
        .bind(account)
        .execute(connection)
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
            .fetch_one(&self.readers())
            .await?;
        let Some(at) = at else {
            return Ok(None);
        };
        let readers = &self.readers();
        let read = readers.read(async |connection| expired_by(connection, &account.id, at).await);
        Ok(Some(ClaimView {
            at: moment(at, account.time_zone),
            expired: read.await?,
        }))
    }

    /// Removes the claim from the Dashboard.
    ///
    /// # Errors
    /// [`Error::SessionOver`](crate::error::Error::SessionOver).
    pub async fn dismiss_claim(&self, actor: &Actor) -> Result<()> {
        let account = actor.account().id.clone();
        self.write(actor.with(Need::EDIT), move |tx| {
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
