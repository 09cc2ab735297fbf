//! Preferences of an account: its time zone and its warning window.

use shared::capability::Need;
use shared::dates::{ClockStyle, DateStyle, Writing};
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
    /// The slug of a style; an empty one leaves it as it is.
    pub date_style: &'a str,
    pub clock_style: &'a str,
    /// The version that the form is based on, by [`of_preferences`]; an empty one overwrites whatever is stored.
    pub version: &'a str,
}

/// Rejects preferences that are based on values other than the stored ones.
async fn check_preferences(
    connection: &mut AnyConnection,
    typed: &Account,
    begun_on: &str,
) -> Result<()> {
    let (zone, days, date, clock): (String, i64, String, String) = sqlx::query_as(
        "SELECT time_zone, warning_days, date_style, clock_style FROM accounts WHERE id = $1",
    )
    .bind(&typed.id)
    .fetch_one(connection)
    .await?;
    // As pages show it: an earlier version stored names that the IANA has replaced.
    let zone = Zone::stored(&zone).name();
    let stored = of_preferences(zone, days, Writing::stored(&date, &clock));
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

/// Reads the styles. One that is left out stays `present`.
fn writing(errors: &mut FieldErrors, typed: SavePreferences<'_>, present: Writing) -> Writing {
    let (date, clock) = (typed.date_style.trim(), typed.clock_style.trim());
    let known = |found: bool| {
        found
            .then_some(())
            .ok_or("Choose one of the formats.".to_owned())
    };
    let (new_date, new_clock) = (DateStyle::from_slug(date), ClockStyle::from_slug(clock));
    errors.check("date_style", known(date.is_empty() || new_date.is_some()));
    errors.check(
        "clock_style",
        known(clock.is_empty() || new_clock.is_some()),
    );
    Writing {
        date: new_date.unwrap_or(present.date),
        clock: new_clock.unwrap_or(present.clock),
    }
}

impl Account {
    /// Returns the version of the preferences, for a form that changes them.
    pub fn preferences_version(&self) -> String {
        let zone = self.time_zone;
        of_preferences(zone.name(), self.warning_days, zone.writing())
    }
}

impl Vault {
    /// Saves time zone, warning window, and the way to write dates.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) for `time_zone`, `warning_days`, `date_style`,
    /// `clock_style`;
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
        let writing = writing(&mut errors, typed, actor.account().time_zone.writing());
        let (Some(time_zone), Some(warning_days), true) = (zone, warning_days, errors.is_empty())
        else {
            return Err(errors.into());
        };
        let account = Account {
            time_zone: time_zone.written(writing),
            warning_days,
            ..actor.account().clone()
        };
        let begun_on = typed.version.to_owned();
        self.write(actor.with(Need::EDIT), move |tx| {
            Box::pin(async move {
                check_preferences(tx.connection(), &account, &begun_on).await?;
                let writing = account.time_zone.writing();
                sqlx::query(
                    "UPDATE accounts SET time_zone = $1, warning_days = $2, date_style = $3, clock_style = $4
                     WHERE id = $5",
                )
                .bind(account.time_zone.name())
                .bind(account.warning_days)
                .bind(writing.date.slug())
                .bind(writing.clock.slug())
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
