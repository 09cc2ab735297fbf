//! The wishes of an account about notices: the stages that it has chosen, now and earlier, and its recipients.

use std::collections::BTreeSet;

use shared::notice::Stages;
use sqlx::AnyConnection;

use crate::accounts::notice_addresses;
use crate::error::Result;
use crate::storage::audit::Action;

/// The present wishes of an account.
pub struct Wishes {
    pub stages: Stages,
    pub recipients: Vec<String>,
}

impl Wishes {
    /// Reads them as of this transaction; none if the account is gone or suspended.
    pub async fn of(connection: &mut AnyConnection, account: &str) -> Result<Option<Self>> {
        let chosen: Option<(String,)> =
            sqlx::query_as("SELECT stages FROM accounts WHERE id = $1 AND suspended_at IS NULL")
                .bind(account)
                .fetch_optional(&mut *connection)
                .await?;
        let Some((chosen,)) = chosen else {
            return Ok(None);
        };
        let recipients = recipients(connection, account).await?;
        Ok(Some(Self {
            stages: read(&chosen),
            recipients: recipients.all(),
        }))
    }
}

/// Where the notices of an account go.
pub struct Recipients {
    /// The account's own address; none for an account without one.
    pub own: Option<String>,
    /// The confirmed second recipient.
    pub second: Option<String>,
    /// Those that the company has set.
    pub managed: Vec<String>,
}

impl Recipients {
    /// Returns every address once.
    pub fn all(&self) -> Vec<String> {
        let own = self.own.iter().chain(&self.second).chain(&self.managed);
        own.fold(Vec::new(), |mut all, address| {
            if !all.contains(address) {
                all.push(address.clone());
            }
            all
        })
    }
}

/// Reads the recipients of an account that exists.
pub async fn recipients(connection: &mut AnyConnection, account: &str) -> Result<Recipients> {
    let (own, second): (Option<String>, Option<String>) = sqlx::query_as(
        "SELECT CASE WHEN email <> id THEN email END,
                CASE WHEN second_confirmed_at IS NOT NULL THEN second_recipient END
         FROM accounts WHERE id = $1",
    )
    .bind(account)
    .fetch_one(&mut *connection)
    .await?;
    let managed = notice_addresses::of(connection, account).await?;
    Ok(Recipients {
        own,
        second,
        managed,
    })
}

/// Returns the accounts that have made a choice of stages after an instant, UTC epoch milliseconds.
pub async fn chosen_after(
    connection: &mut AnyConnection,
    instant: i64,
) -> Result<BTreeSet<String>> {
    let accounts: Vec<(String,)> =
        sqlx::query_as("SELECT DISTINCT account_id FROM audit WHERE at > $1 AND action = $2")
            .bind(instant)
            .bind(Action::StagesChosen.slug())
            .fetch_all(connection)
            .await?;
    Ok(accounts.into_iter().map(|(account,)| account).collect())
}

/// The choices of stages that an account has made, each with its instant, in the order of time.
pub struct Choices(Vec<(i64, String)>);

impl Choices {
    /// Reads them from the audit trail, where each choice is an entry. Those of an account that is not in `chosen_since`
    /// are not needed, and left out.
    pub async fn of(
        connection: &mut AnyConnection,
        account: &str,
        chosen_since: &BTreeSet<String>,
    ) -> Result<Self> {
        if !chosen_since.contains(account) {
            return Ok(Self(Vec::new()));
        }
        let rows = sqlx::query_as(
            "SELECT at, detail FROM audit WHERE account_id = $1 AND subject = '' AND action = $2 ORDER BY id",
        )
        .bind(account)
        .bind(Action::StagesChosen.slug())
        .fetch_all(connection)
        .await?;
        Ok(Self(rows))
    }

    /// Returns the stages that were chosen at an instant; `present` are those of today. A stage that falls due just
    /// before a choice is swept after it, and follows the choice that held when it fell due.
    pub fn at(&self, instant: i64, present: Stages) -> Stages {
        let made = self.0.partition_point(|(at, _)| *at <= instant);
        if made == self.0.len() {
            return present;
        }
        // A new account has chosen all.
        let before = made.checked_sub(1).map(|last| read(&self.0[last].1));
        before.unwrap_or(Stages::ALL)
    }
}

/// Parses the stages that an account has chosen. A value that this version does not know is from a newer one that was
/// rolled back, and selects all stages.
fn read(chosen: &str) -> Stages {
    chosen.parse().unwrap_or(Stages::ALL)
}
