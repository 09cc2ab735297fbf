//! Snoozes: the owner puts off the alarm of a key until an instant. Only the Dashboard's banner goes by them (see
//! [`crate::keys::attention`]); mails are sent as ever.

use shared::capability::Need;
use shared::expiry::{Expiry, ExpiryError};
use shared::moment::Moment;
use shared::token::AccessKey;
use shared::validation::FieldErrors;
use sqlx::{AssertSqlSafe, FromRow};

use super::unseen;
use crate::accounts::account::Account;
use crate::accounts::sessions::Actor;
use crate::error::{Error, Result};
use crate::time::format::moment;
use crate::time::zones::Zone;
use crate::usage::{self, FAILING, FailingRow};
use crate::vault::Vault;

/// The outcome of a snooze.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Snoozed {
    pub name: String,
    /// When the alarm is shown again; none if it is from now on.
    pub until: Option<Moment>,
}

impl Snoozed {
    /// "staging is snoozed until Thu 3 Dec 2026, 00:00 UTC."
    pub fn sentence(&self) -> String {
        match &self.until {
            Some(until) => format!("{} is snoozed until {}.", self.name, until.text),
            None => format!("{} is no longer snoozed.", self.name),
        }
    }
}

/// The columns of a key that a snooze is about.
#[derive(FromRow)]
struct Row {
    name: String,
    expires_at: Option<i64>,
    #[sqlx(flatten)]
    failing: FailingRow,
}

/// Returns the instant at which a snooze ends. A date means its first instant, because the alarm is wanted on that day.
fn end(until: Expiry, now: i64, zone: Zone) -> Result<i64, ExpiryError> {
    let end = match until {
        Expiry::EndOf(date) => {
            let before = date.pred_opt().ok_or(ExpiryError::Past)?;
            let end = Expiry::EndOf(before).resolve(now, &zone)?;
            end.map(|at| at + 1)
        }
        other => other.resolve(now, &zone)?,
    };
    match end {
        None => Err(ExpiryError::Unreadable),
        Some(at) if at <= now => Err(ExpiryError::Past),
        Some(at) => Ok(at),
    }
}

fn invalid(error: ExpiryError) -> Error {
    let message = match error {
        ExpiryError::Missing => "Choose until when to snooze the key.".to_owned(),
        ExpiryError::Unreadable => {
            "Choose until when: 7d, 2026-11-26, 2026-11-26T18:30 or an RFC 3339 timestamp."
                .to_owned()
        }
        other => other.to_string(),
    };
    FieldErrors::one("until", message).into()
}

impl Vault {
    /// Snoozes the alarm of a key until an instant in the expiry grammar, where a date means its beginning. `now` ends the
    /// snooze.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for `until`: it is not ahead, or the key never expires.
    pub async fn snooze_key(
        &self,
        actor: &Actor,
        access_key: &str,
        until: &str,
    ) -> Result<Snoozed> {
        let access_key: AccessKey = access_key.trim().parse().map_err(|_| Error::NotFound)?;
        let until = match until.trim() {
            "now" => None,
            text => Some(text.parse::<Expiry>().map_err(invalid)?),
        };
        let account = actor.account().clone();
        let sees = unseen::sees(actor);
        self.write(actor.with(Need::NOTICES), move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let key = access_key.to_string();
                let statement = format!(
                    "SELECT k.name, k.expires_at, {FAILING} FROM api_keys k
                     WHERE k.account_id = $1 AND k.access_key = $3"
                );
                // Built from constants only; all input is bound.
                let row: Option<Row> = sqlx::query_as(AssertSqlSafe(statement))
                    .bind(&account.id)
                    .bind(usage::still(now))
                    .bind(&key)
                    .fetch_optional(tx.connection())
                    .await?;
                let mut row = row.ok_or(Error::NotFound)?;
                if !sees {
                    unseen::A_KEY.clone_into(&mut row.name);
                }
                tx.commit_quietly();
                let Some(until) = until else {
                    sqlx::query("DELETE FROM snoozes WHERE access_key = $1")
                        .bind(&key)
                        .execute(tx.connection())
                        .await?;
                    return Ok(row.snoozed(None, &account));
                };
                let ends_at = end(until, now, account.time_zone).map_err(invalid)?;
                let Some(expires_at) = row.expires_at else {
                    let message = "This key never expires, so there is nothing to snooze.";
                    return Err(FieldErrors::one("until", message).into());
                };
                sqlx::query(
                    "INSERT INTO snoozes (access_key, expires_at, set_at, ends_at, failing)
                     VALUES ($1, $2, $3, $4, $5)
                     ON CONFLICT (access_key) DO UPDATE SET
                         expires_at = excluded.expires_at, set_at = excluded.set_at,
                         ends_at = excluded.ends_at, failing = excluded.failing",
                )
                .bind(&key)
                .bind(expires_at)
                .bind(now)
                .bind(ends_at)
                .bind(row.failing.callers())
                .execute(tx.connection())
                .await?;
                Ok(row.snoozed(Some(ends_at), &account))
            })
        })
        .await
    }
}

impl Row {
    fn snoozed(self, ends_at: Option<i64>, account: &Account) -> Snoozed {
        Snoozed {
            name: self.name,
            until: ends_at.map(|at| moment(at, account.time_zone)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use crate::test_support::{DAY, NOON};

    /// "Until 3 December" shows the alarm on 3 December, from its first instant in the account's zone.
    #[test]
    fn a_date_means_its_beginning() {
        let berlin = Zone::stored("Europe/Berlin");
        let until = |text: &str| end(text.parse().unwrap(), NOON, berlin);
        let at = until("2026-12-03").unwrap();
        assert_eq!(moment(at, berlin).text, "Thu 3 Dec 2026, 00:00 CET");
        assert_eq!(until("7d"), Ok(NOON + 7 * DAY));
        assert_eq!(until("2026-11-23"), Err(ExpiryError::Past), "today");
        assert_eq!(until("2026-11-24").map(|at| at > NOON), Ok(true));
        assert_eq!(until("never"), Err(ExpiryError::Unreadable));
        assert_eq!(until("2020-01-01T00:00:00Z"), Err(ExpiryError::Past));
    }

    #[test]
    fn the_sentence_says_until_when() {
        let name = "staging".to_owned();
        let until = Some(moment(NOON, Zone::utc()));
        assert_eq!(
            Snoozed {
                name: name.clone(),
                until
            }
            .sentence(),
            "staging is snoozed until Mon 23 Nov 2026, 12:00 UTC."
        );
        assert_eq!(
            Snoozed { name, until: None }.sentence(),
            "staging is no longer snoozed."
        );
    }
}
