//! Writes what was counted: within a second, in one transaction, and at a graceful stop whatever is left. What
//! could not be written goes back to what is counted, so nothing is lost but by a crash.

use std::time::{Duration, Instant};

use shared::HOUR_MS;
use sqlx::{AnyConnection, AssertSqlSafe};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};

use super::Counted;
use super::pending::{CALLERS, Caller, Hour};
use crate::Vault;
use crate::error::Result;
use crate::steady::Steady;

/// Less than a second, so that with a late wake-up and the writing itself a crash costs no more than one.
const EVERY: Duration = Duration::from_millis(700);
/// Failures in a row between two lines in the log: a minute.
const QUIET: u64 = 85;
/// Rows of one statement: of many keys it is the statements that take the time.
const ROWS: usize = 40;
/// Hours that are kept: the thirty days of a chart, and some.
const KEPT_HOURS: i64 = 35 * 24;
/// Rows that are removed at a time, so that no change waits long for its turn.
const REMOVED: u64 = 1_000;

/// Writes the usage until it is stopped.
pub struct Flusher {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Flusher {
    /// Writes what is left. Call it when no more calls come.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(fault) = self.task.await {
            tracing::error!(%fault, "the flush of usage failed");
        }
    }
}

impl Vault {
    /// Begins to write the usage, so that none waits for a second.
    pub fn start_flushing(&self) -> Flusher {
        let (stop, mut stopped) = oneshot::channel();
        let mut round = Round::new(self.clone());
        let task = tokio::spawn(async move {
            // From start to start: writing takes its time too.
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let last = tokio::select! {
                    _ = &mut stopped => true,
                    _ = ticks.tick() => false,
                };
                round.flush().await;
                if last {
                    return;
                }
                round.prune().await;
            }
        });
        Flusher { stop, task }
    }

    /// Writes what was counted so far. If that fails, it is counted still.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    pub async fn flush_usage(&self) -> Result<()> {
        let taken = Taken::from(self);
        if taken.counted.is_empty() {
            taken.written();
            return Ok(());
        }
        // In a task of its own: what was taken out must be written or put back, whoever goes away.
        self.undisturbed(move |vault| async move {
            vault.write_usage(&taken.counted).await?;
            taken.written();
            Ok(())
        })
        .await
    }

    async fn write_usage(&self, counted: &Counted) -> Result<()> {
        let mut write = self.0.database.begin().await?;
        let connection = &mut *write.transaction;
        // In the order of the tables, of which neighbours are then changed together.
        let mut counted: Vec<_> = counted.iter().collect();
        counted.sort_unstable_by_key(|(key, _)| **key);
        let hours: Vec<(String, &str, Hour)> = counted
            .iter()
            .flat_map(|(key, pending)| {
                let key = key.to_string();
                pending
                    .hours
                    .iter()
                    .map(move |hour| (key.clone(), &*pending.account.id, *hour))
            })
            .collect();
        add_hours(connection, &hours).await?;
        // A key that was deleted meanwhile has nothing left that could be written to. While the turn is held,
        // the directory is what the database says.
        let living: Vec<_> = {
            let keys = self.0.directory.read();
            counted
                .iter()
                .filter(|(key, _)| keys.contains_key(*key))
                .map(|(key, pending)| (key.to_string(), pending))
                .collect()
        };
        let uses: Vec<(&str, i64)> = living
            .iter()
            .filter_map(|(key, pending)| Some((key.as_str(), pending.used_at?)))
            .collect();
        let now = self.now();
        note_uses(connection, &uses, now).await?;
        let callers: Vec<(&str, &Caller)> = living
            .iter()
            .flat_map(|(key, pending)| {
                pending
                    .callers
                    .iter()
                    .map(move |caller| (key.as_str(), caller))
            })
            .collect();
        note_callers(connection, &callers, now).await?;
        let keys: Vec<&str> = living.iter().map(|(key, _)| key.as_str()).collect();
        forget_callers(connection, &keys, now).await?;
        drop(write.commit_unannounced().await?);
        Ok(())
    }

    /// Removes hours that no chart shows any more at `now`, UTC epoch milliseconds; says whether there may be more.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::Error::Unavailable).
    pub async fn prune_usage(&self, now: i64) -> Result<bool> {
        let oldest = now.div_euclid(HOUR_MS) - KEPT_HOURS;
        let statement = format!(
            "DELETE FROM usage_hours WHERE (access_key, hour) IN (
                 SELECT access_key, hour FROM usage_hours WHERE hour < $1 LIMIT {REMOVED})"
        );
        let mut write = self.0.database.begin().await?;
        let removed = sqlx::query(AssertSqlSafe(statement))
            .bind(oldest)
            .execute(&mut *write.transaction)
            .await?;
        drop(write.commit_unannounced().await?);
        Ok(removed.rows_affected() == REMOVED)
    }
}

/// What was taken out to be written. Unless it is, it goes back.
struct Taken {
    vault: Vault,
    counted: Counted,
    written: bool,
}

impl Taken {
    fn from(vault: &Vault) -> Self {
        Self {
            counted: vault.0.usage.take(),
            vault: vault.clone(),
            written: false,
        }
    }

    fn written(mut self) {
        self.written = true;
        self.vault.0.usage.written();
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if !self.written {
            let counted = std::mem::take(&mut self.counted);
            self.vault.0.usage.put_back(counted);
        }
    }
}

/// The flusher's state.
struct Round {
    vault: Vault,
    started: Instant,
    /// What is removed is gone, so not by a clock that leaps ahead for a moment.
    steady: Steady,
    /// The last hour for which everything old is removed.
    pruned: i64,
    /// Flushes that failed in a row.
    failed: u64,
}

impl Round {
    fn new(vault: Vault) -> Self {
        Self {
            steady: Steady::since(vault.0.known, "the removal of old usage"),
            vault,
            started: Instant::now(),
            pruned: 0,
            failed: 0,
        }
    }

    async fn flush(&mut self) {
        match self.vault.flush_usage().await {
            Ok(()) if self.failed == 0 => {}
            Ok(()) => {
                tracing::info!("usage is written again");
                self.failed = 0;
            }
            Err(error) => {
                if self.failed.is_multiple_of(QUIET) {
                    tracing::warn!(%error, "usage cannot be written and is kept in memory");
                }
                self.failed += 1;
            }
        }
    }

    async fn prune(&mut self) {
        let wall = self.vault.0.clock.wall();
        let Some(now) = self.steady.now(wall, self.started.elapsed()) else {
            return;
        };
        let hour = now.div_euclid(HOUR_MS);
        if self.failed > 0 || self.pruned == hour {
            return;
        }
        match self.vault.prune_usage(now).await {
            Ok(true) => {}
            Ok(false) => self.pruned = hour,
            Err(error) => {
                tracing::warn!(%error, "old usage cannot be removed, which is tried again in an hour");
                self.pruned = hour;
            }
        }
    }
}

async fn add_hours(connection: &mut AnyConnection, rows: &[(String, &str, Hour)]) -> Result<()> {
    for rows in rows.chunks(ROWS) {
        let statement = format!(
            "INSERT INTO usage_hours (access_key, hour, account_id, accepted, refused) VALUES {}
             ON CONFLICT (access_key, hour) DO UPDATE SET
                 accepted = usage_hours.accepted + excluded.accepted,
                 refused = usage_hours.refused + excluded.refused",
            places(rows.len(), 5)
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for (key, account, hour) in rows {
            query = query
                .bind(key)
                .bind(hour.number)
                .bind(*account)
                .bind(hour.accepted)
                .bind(hour.refused);
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// A use that lies ahead of `now` is of a clock that leapt, and gives way.
async fn note_uses(connection: &mut AnyConnection, rows: &[(&str, i64)], now: i64) -> Result<()> {
    for rows in rows.chunks(ROWS) {
        let statement = format!(
            "INSERT INTO last_uses (access_key, used_at) VALUES {}
             ON CONFLICT (access_key) DO UPDATE SET used_at = excluded.used_at
             WHERE excluded.used_at > last_uses.used_at OR last_uses.used_at > ${}",
            places(rows.len(), 2),
            rows.len() * 2 + 1
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for (key, used_at) in rows {
            query = query.bind(*key).bind(*used_at);
        }
        query.bind(now).execute(&mut *connection).await?;
    }
    Ok(())
}

/// A refusal that lies ahead of `now` is of a clock that leapt, and is forgotten.
async fn note_callers(
    connection: &mut AnyConnection,
    rows: &[(&str, &Caller)],
    now: i64,
) -> Result<()> {
    for rows in rows.chunks(ROWS) {
        let statement = format!(
            "INSERT INTO callers (access_key, address, agent, seen_at, refused_at) VALUES {}
             ON CONFLICT (access_key, address, agent) DO UPDATE SET
                 seen_at = excluded.seen_at,
                 refused_at = COALESCE(excluded.refused_at,
                     CASE WHEN callers.refused_at <= ${} THEN callers.refused_at END)",
            places(rows.len(), 5),
            rows.len() * 5 + 1
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for (key, caller) in rows {
            let address = caller.address.map(|address| address.to_string());
            query = query
                .bind(*key)
                .bind(address.unwrap_or_default())
                .bind(String::from_utf8_lossy(&caller.agent).into_owned())
                .bind(caller.seen_at)
                .bind(caller.refused_at);
        }
        query.bind(now).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Leaves the last few callers of each of these keys, and none that lie ahead of `now`.
async fn forget_callers(connection: &mut AnyConnection, keys: &[&str], now: i64) -> Result<()> {
    for keys in keys.chunks(ROWS) {
        let statement = format!(
            "DELETE FROM callers WHERE (access_key, address, agent) IN (
                 SELECT access_key, address, agent FROM (
                     SELECT access_key, address, agent, seen_at, ROW_NUMBER() OVER (
                         PARTITION BY access_key
                         ORDER BY CASE WHEN seen_at > ${now} THEN 1 ELSE 0 END, seen_at DESC, address, agent) AS place
                     FROM callers WHERE access_key IN {keys}) AS placed
                 WHERE place > {CALLERS} OR seen_at > ${now})",
            keys = places(1, keys.len()),
            now = keys.len() + 1
        );
        let mut query = sqlx::query(AssertSqlSafe(statement));
        for key in keys {
            query = query.bind(*key);
        }
        query.bind(now).execute(&mut *connection).await?;
    }
    Ok(())
}

/// The places of `rows` rows of `columns` parameters: `($1, $2), ($3, $4)`.
fn places(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> = (1..=columns)
            .map(|column| format!("${}", row * columns + column))
            .collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}
