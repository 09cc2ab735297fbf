//! Staggering: keys that all expire on one day expire on several days before it instead. The preview and the change
//! compute the same plan; the change is rejected if its plan is not the one that was shown.

mod spread;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sha2::{Digest as _, Sha256};
use shared::capability::Need;
use shared::dates::Writing;
use shared::expiry::Expiry;
use shared::validation::FieldErrors;
use shared::view::BulkChanged;
use shared::view::overview::{StaggerDay, StaggerPlan};
use sqlx::{AnyConnection, AssertSqlSafe};

use super::bulk::{Changes, MOST};
use super::change::expiry_error;
use super::row::{COLUMNS, Row, Stored};
use crate::accounts::account::Account;
use crate::accounts::sessions::Actor;
use crate::crypto::random;
use crate::error::{Conflict, Error, Result};
use crate::keys::stagger::spread::{Spread, room, spread};
use crate::storage::version;
use crate::time::format::day;
use crate::vault::Vault;

/// The days to spread keys over, unless others are chosen.
const DAYS: u32 = 7;

/// The most days to spread keys over.
const MOST_DAYS: u32 = 90;

/// A request to spread out the keys of a day, as typed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stagger<'a> {
    /// The day in the account's zone: `2027-05-01`.
    pub day: &'a str,
    /// The number of days to spread the keys over, that day among them; a week if empty.
    pub days: &'a str,
    /// The version of the plan that was shown; an empty one accepts whatever the plan is.
    pub version: &'a str,
}

/// A request that has been read.
#[derive(Clone, Copy)]
struct Asked {
    day: NaiveDate,
    days: u32,
}

impl Stagger<'_> {
    fn read(&self) -> Result<Asked> {
        let mut errors = FieldErrors::default();
        let day = match self.day.trim().parse() {
            Ok(Expiry::EndOf(date)) => Ok(date),
            _ => Err("Choose a day, such as 2027-05-01."),
        };
        let day = errors.check("day", day);
        let days = match self.days.trim() {
            "" => Ok(DAYS),
            text => text
                .parse()
                .ok()
                .filter(|days| (1..=MOST_DAYS).contains(days))
                .ok_or_else(|| format!("Choose from 1 to {MOST_DAYS} days.")),
        };
        let days = errors.check("days", days);
        match (day, days) {
            (Some(day), Some(days)) => Ok(Asked { day, days }),
            _ => Err(errors.into()),
        }
    }
}

/// Which key gets which expiration.
struct Plan {
    asked: Asked,
    keys: Vec<Spread<Row>>,
}

impl Plan {
    /// Reads the keys that expire on the day, and spreads them out.
    async fn of(
        connection: &mut AnyConnection,
        account: &Account,
        asked: Asked,
        now: i64,
    ) -> Result<Self> {
        let zone = account.time_zone;
        let end_of = |date: NaiveDate| {
            let end = Expiry::EndOf(date).resolve(now, &zone);
            Ok::<_, Error>(end.map_err(expiry_error)?.unwrap_or_default())
        };
        let before = asked.day.pred_opt().unwrap_or(asked.day);
        let statement = format!(
            "SELECT {COLUMNS} FROM api_keys k
             WHERE k.account_id = $1 AND k.expires_at > $2 AND k.expires_at <= $3
             ORDER BY k.expires_at, k.name, k.access_key LIMIT {}",
            MOST + 1
        );
        // Built from constants only; all input is bound.
        let rows: Vec<Stored> = sqlx::query_as(AssertSqlSafe(statement))
            .bind(&account.id)
            .bind(end_of(before)?.max(now))
            .bind(end_of(asked.day)?)
            .fetch_all(connection)
            .await?;
        if rows.len() > MOST {
            let message = format!("More than {MOST} keys expire on this day.");
            return Err(FieldErrors::one("day", message).into());
        }
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            let row = Row::try_from(row)?;
            if let Some(at) = row.expires_at {
                keys.push((row, at));
            }
        }
        let keys = spread(keys, (asked.day, asked.days), now, zone);
        Ok(Self { asked, keys })
    }

    /// Returns the keys that get another expiration.
    fn moved(&self) -> impl Iterator<Item = &Spread<Row>> {
        self.keys.iter().filter(|one| one.after != one.before)
    }

    /// Returns a digest of the keys and of their expirations before and after.
    fn version(&self) -> String {
        let mut digest = Sha256::new();
        for one in &self.keys {
            digest.update(one.key.access_key.to_string());
            digest.update(one.before.to_be_bytes());
            digest.update(one.after.to_be_bytes());
        }
        random::hex(&digest.finalize()[..8])
    }

    /// "17 keys now expire on 7 days, from Sun 25 Apr 2027 to Sat 1 May 2027."
    fn sentence(&self, writing: Writing) -> String {
        let mut days: Vec<NaiveDate> = self.keys.iter().map(|one| one.day).collect();
        days.dedup();
        let first = days.first().copied().unwrap_or(self.asked.day);
        format!(
            "{} keys now expire on {} days, from {} to {}.",
            self.keys.len(),
            days.len(),
            day(first, writing),
            day(self.asked.day, writing)
        )
    }

    fn view(&self, account: &Account, now: i64) -> StaggerPlan {
        let writing = account.time_zone.writing();
        let mut days: BTreeMap<NaiveDate, StaggerDay> = BTreeMap::new();
        for one in &self.keys {
            let of_day = days.entry(one.day).or_insert_with(|| StaggerDay {
                text: day(one.day, writing),
                keys: 0,
                names: Vec::new(),
            });
            of_day.keys += 1;
            if of_day.names.len() < StaggerPlan::NAMES {
                of_day.names.push(one.key.name.clone());
            }
        }
        let room = room(self.asked.day, now, account.time_zone);
        StaggerPlan {
            time_zone: account.time_zone.label(now),
            day: self.asked.day.to_string(),
            text: day(self.asked.day, writing),
            keys: i64::try_from(self.keys.len()).unwrap_or(i64::MAX),
            days: i64::from(self.asked.days).min(room),
            room,
            moved: i64::try_from(self.moved().count()).unwrap_or(i64::MAX),
            spread: days.into_values().collect(),
            version: self.version(),
        }
    }
}

impl Vault {
    /// Returns what staggering the keys of a day would change.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `day`, `days`.
    pub async fn stagger_plan(&self, account: &Account, asked: Stagger<'_>) -> Result<StaggerPlan> {
        let asked = asked.read()?;
        let _reading = self.reading(&account.id).await?;
        let now = self.now();
        let readers = &self.readers();
        let plan = readers.read(async |connection| Plan::of(connection, account, asked, now).await);
        Ok(plan.await?.view(account, self.now()))
    }

    /// Spreads out the keys that expire on a day, as one change.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `day`, `days`, also if there is nothing to spread out; [`Error::Conflict`] if the plan is not
    /// the one of the request's version; [`Error::Throttled`].
    pub async fn stagger(&self, actor: &Actor, asked: Stagger<'_>) -> Result<BulkChanged> {
        let shown = asked.version.trim().to_owned();
        let asked = asked.read()?;
        let (vault, account) = (self.clone(), actor.account().clone());
        self.write(actor.with(Need::STAGGER), move |tx| {
            Box::pin(async move {
                let now = tx.now();
                let plan = Plan::of(tx.connection(), &account, asked, now).await?;
                let present = plan.version();
                version::check(&shown, &present, || {
                    let message = "The keys of this day have changed since you opened the preview, so nothing was saved. \
                                   It shows the present ones now.";
                    Conflict::new(message, present.clone())
                })?;
                let mut changes = Changes::default();
                for one in plan.moved() {
                    let mut row = one.key.clone();
                    row.set_expiration(Some(one.after), now);
                    changes.before.push(one.key.clone());
                    changes.after.push(row);
                }
                let count = changes.after.len();
                if count == 0 {
                    let message = "There is nothing to spread out on this day.";
                    return Err(FieldErrors::one("day", message).into());
                }
                // The press itself has been counted as one change.
                let further = i64::try_from(count).unwrap_or(i64::MAX) - 1;
                if further > 0 {
                    vault.0.limits.changes(&account.id, further)?;
                }
                changes.stagger(tx, &vault, &account).await?;
                Ok(BulkChanged {
                    count: i64::try_from(count).unwrap_or(i64::MAX),
                    sentence: plan.sentence(account.time_zone.writing()),
                    change: changes.id,
                })
            })
        })
        .await
    }
}
