//! Preferences of an account: its time zone and its warning window.

use shared::validation::{self, FieldErrors};
use shared::version::of_preferences;
use sqlx::AnyConnection;

use crate::accounts::account::Account;
use crate::accounts::sessions::Actor;
use crate::error::{Conflict, Result};
use crate::storage::audit::{Action, Entry};
use crate::storage::version;
use crate::time::zones::{self, Zone};
use crate::vault::Vault;

/// A change of the preferences, as typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct SavePreferences<'a> {
    pub time_zone: &'a str,
    pub warning_days: &'a str,
    /// The version that the form is based on, by [`of_preferences`]; an empty one overwrites whatever is stored.
    pub version: &'a str,
}

/// Rejects preferences that are based on values other than the stored ones.
async fn check_preferences(
    connection: &mut AnyConnection,
    typed: &Account,
    begun_on: &str,
) -> Result<()> {
    let (zone, days): (String, i64) =
        sqlx::query_as("SELECT time_zone, warning_days FROM accounts WHERE id = $1")
            .bind(&typed.id)
            .fetch_one(connection)
            .await?;
    // As pages show it: an earlier version stored names that the IANA has replaced.
    let zone = Zone::stored(&zone).name();
    let stored = of_preferences(zone, days);
    version::check(begun_on, &stored, || {
        let message = "Your preferences were changed elsewhere, so nothing was saved. Each field shows what is stored \
                       now. Save again to replace it with your input.";
        let mut conflict = Conflict::new(message, stored.clone());
        if zone != typed.time_zone.name() {
            conflict
                .fields
                .add("time_zone", format!("Stored now: {zone}"));
        }
        if days != typed.warning_days {
            conflict
                .fields
                .add("warning_days", format!("Stored now: {days}"));
        }
        conflict
    })
}

impl Vault {
    /// Saves time zone and warning window.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for `time_zone`, `warning_days`;
    /// [`Error::Conflict`](crate::Error::Conflict).
    pub async fn save_preferences(
        &self,
        actor: &Actor,
        typed: SavePreferences<'_>,
    ) -> Result<Account> {
        let mut errors = FieldErrors::default();
        let zone = errors.check("time_zone", zones::choose(typed.time_zone));
        let days = validation::warning_days(typed.warning_days);
        let warning_days = errors.check("warning_days", days);
        let (Some(time_zone), Some(warning_days)) = (zone, warning_days) else {
            return Err(errors.into());
        };
        let account = Account {
            time_zone,
            warning_days,
            ..actor.account().clone()
        };
        let begun_on = typed.version.to_owned();
        self.write(actor.clone(), move |tx| {
            Box::pin(async move {
                check_preferences(tx.connection(), &account, &begun_on).await?;
                sqlx::query("UPDATE accounts SET time_zone = $1, warning_days = $2 WHERE id = $3")
                    .bind(account.time_zone.name())
                    .bind(account.warning_days)
                    .bind(&account.id)
                    .execute(tx.connection())
                    .await?;
                tx.audit(Entry::of_account(
                    &account.id,
                    Action::PreferencesChanged,
                    "",
                ))
                .await?;
                account.publish(tx);
                Ok(account)
            })
        })
        .await
    }
}
