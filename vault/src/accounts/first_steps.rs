//! The first steps of a new account, derived from what it has done. Only their dismissal is stored.

use shared::DAY_MS;
use shared::capability::Need;
use shared::view::overview::FirstSteps;
use sqlx::FromRow;

use crate::accounts::account::Account;
use crate::accounts::sessions::Actor;
use crate::error::Result;
use crate::vault::Vault;

/// Name of the key that is created with every account.
pub const DEFAULT_KEY: &str = "Default key";

/// How long an account is new, in milliseconds.
const NEW_MS: i64 = 30 * DAY_MS;

/// The columns of an account that its first steps depend on.
#[derive(FromRow)]
struct Row {
    created_at: i64,
    steps_dismissed_at: Option<i64>,
    confirmed_at: Option<i64>,
    second_recipient: Option<String>,
}

impl Vault {
    /// Returns the first steps of an account that is new; none once all are taken or the owner has dismissed them.
    pub(crate) async fn first_steps(
        &self,
        account: &Account,
        now: i64,
    ) -> Result<Option<FirstSteps>> {
        let row: Row = sqlx::query_as(
            "SELECT created_at, steps_dismissed_at, confirmed_at, second_recipient FROM accounts WHERE id = $1",
        )
        .bind(&account.id)
        .fetch_one(&self.readers())
        .await?;
        if row.steps_dismissed_at.is_some() || now - row.created_at >= NEW_MS {
            return Ok(None);
        }
        let (access_key, named): (Option<String>, i64) = sqlx::query_as(
            "SELECT (SELECT k.access_key FROM api_keys k WHERE k.account_id = $1
                     ORDER BY k.created_at, k.access_key LIMIT 1) AS access_key,
                    (SELECT COUNT(*) FROM api_keys k WHERE k.account_id = $1 AND k.name <> $2) AS named",
        )
        .bind(&account.id)
        .bind(DEFAULT_KEY)
        .fetch_one(&self.readers())
        .await?;
        let steps = FirstSteps {
            access_key: access_key.unwrap_or_default(),
            called: self.is_called(account).await?,
            confirmed: account.address().map(|_| row.confirmed_at.is_some()),
            named: named > 0,
            second: row.second_recipient.is_some(),
        };
        let all = steps.called && steps.confirmed != Some(false) && steps.named && steps.second;
        Ok((!all).then_some(steps))
    }

    /// Returns whether a call with a key of the account was ever accepted.
    pub async fn is_called(&self, account: &Account) -> Result<bool> {
        let row: Option<(i64,)> = sqlx::query_as(
            "SELECT hour FROM account_hours WHERE account_id = $1 AND accepted > 0 LIMIT 1",
        )
        .bind(&account.id)
        .fetch_optional(&self.readers())
        .await?;
        Ok(row.is_some())
    }

    /// Removes the first steps from the Dashboard.
    ///
    /// # Errors
    /// [`Error::SessionOver`](crate::error::Error::SessionOver).
    pub async fn dismiss_steps(&self, actor: &Actor) -> Result<()> {
        let account = actor.account().id.clone();
        self.write(actor.with(Need::EDIT), move |tx| {
            Box::pin(async move {
                sqlx::query("UPDATE accounts SET steps_dismissed_at = $1 WHERE id = $2")
                    .bind(tx.now())
                    .bind(&account)
                    .execute(tx.connection())
                    .await?;
                Ok(())
            })
        })
        .await
    }
}
