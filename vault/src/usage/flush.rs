//! Flush of usage counts: within a second, and at a graceful stop whatever is left. Counts that could not be written
//! are restored, so only a crash loses any.

#![expect(
    clippy::disallowed_methods,
    reason = "the flush task, and its deadline at a stop"
)]

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use shared::{DAY_MS, HOUR_MS};
use sqlx::AssertSqlSafe;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};

use crate::error::{Error, Result};
use crate::state::usage_counts::{Counted, lock};
use crate::storage::System;
use crate::time::jump_guard::ClockJumpGuard;
use crate::vault::Vault;

/// Flush interval: less than a second, so that with a late wake-up and the write itself a crash costs no more than one.
const EVERY: Duration = Duration::from_millis(700);
/// Consecutive failures between two log lines: a minute.
const QUIET: u64 = 85;
/// Hours that are kept: the thirty days of a chart, with a margin.
const KEPT_HOURS: i64 = 35 * 24;
/// Days that are kept: the ninety of a chart, with a margin.
const KEPT_DAYS: i64 = 95;
/// Rows removed at a time, so that no change waits long for the writer.
const REMOVED: u64 = 1_000;

/// The time after which the next batch of days to sum up waits for the next flush.
const SUMMING: Duration = Duration::from_millis(50);

/// The wait before the last flush is retried.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// A task that writes the usage until it is stopped.
pub struct Flusher {
    vault: Vault,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Flusher {
    /// Writes what is left, retrying until `deadline`. Call it when no more calls come in.
    ///
    /// # Errors
    /// The number of counted calls that could not be written.
    pub async fn stop(self, deadline: Instant) -> Result<(), u64> {
        let _ = self.stop.send(());
        let last = async {
            if let Err(fault) = self.task.await {
                tracing::error!(%fault, "the usage flush failed");
            }
            while self.vault.flush_usage().await.is_err() {
                sleep(TRY_AGAIN).await;
            }
        };
        match timeout_at(deadline, last).await {
            Ok(()) => Ok(()),
            Err(_) => Err(self.vault.0.usage.waiting()),
        }
    }
}

impl Vault {
    /// Starts to write the usage, so that no count waits for a second.
    pub fn start_flushing(&self) -> Flusher {
        let (stop, mut stopped) = oneshot::channel();
        let mut round = Round::new(self.clone());
        let task = tokio::spawn(async move {
            // From start to start, because writing takes time too.
            let mut ticks = interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = &mut stopped => return,
                    _ = ticks.tick() => {}
                }
                // A panic over one flush must not end all flushes.
                let work = AssertUnwindSafe(async {
                    round.flush().await;
                    round.tidy_up().await;
                });
                if work.catch_unwind().await.is_err() {
                    tracing::error!("a usage flush panicked; the next one continues");
                }
            }
        });
        Flusher {
            vault: self.clone(),
            stop,
            task,
        }
    }

    /// Returns how long the oldest counted call has waited to be written.
    pub fn flush_lag(&self) -> Duration {
        let waits = self.0.usage.since().map_or(0, |since| self.now() - since);
        Duration::from_millis(u64::try_from(waits).unwrap_or(0))
    }

    /// Returns how many times writing the usage has failed since the start.
    pub fn flush_failures(&self) -> u64 {
        self.0.usage.failures()
    }

    /// Writes what was counted so far. If that fails, it stays counted.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::error::Error::Unavailable).
    pub async fn flush_usage(&self) -> Result<()> {
        if self.0.usage.since().is_none() {
            return Ok(());
        }
        let vault = self.clone();
        // The counts are written or restored, even if the caller is dropped. They are taken in the turn, because a commit
        // in doubt may hold earlier ones until then.
        let flushed = self.write(System, move |tx| {
            Box::pin(async move {
                let taken = Taken::from(&vault);
                if taken.counted.is_empty() {
                    taken.written();
                    tx.roll_back();
                    return Ok(());
                }
                let settled = vault.write_usage(tx, &taken.counted).await?;
                tx.on_commit(move || {
                    *lock(&vault.0.usage.settled) = settled;
                    taken.written();
                });
                tx.commit_quietly();
                Ok(())
            })
        });
        let flushed = flushed.await;
        if flushed.is_err() {
            self.0.usage.failed();
        }
        flushed
    }

    /// Removes hours and days that no chart shows any more at `now`, UTC epoch milliseconds. Returns whether there may be more.
    ///
    /// # Errors
    /// [`Error::Unavailable`](crate::error::Error::Unavailable).
    pub async fn prune_usage(&self, now: i64) -> Result<bool> {
        let oldest_hour = now.div_euclid(HOUR_MS) - KEPT_HOURS;
        let oldest_day = now.div_euclid(DAY_MS) - KEPT_DAYS;
        self.write(System, move |tx| {
            Box::pin(async move {
                let mut more = false;
                for (table, of, unit, oldest) in [
                    ("key_hours", "access_key", "hour", oldest_hour),
                    ("account_hours", "account_id", "hour", oldest_hour),
                    ("key_days", "access_key", "day", oldest_day),
                ] {
                    let statement = format!(
                        "DELETE FROM {table} WHERE ({of}, {unit}) IN (
                             SELECT {of}, {unit} FROM {table} WHERE {unit} < $1 LIMIT {REMOVED})"
                    );
                    let removed = sqlx::query(AssertSqlSafe(statement))
                        .bind(oldest)
                        .execute(tx.connection())
                        .await?;
                    more |= removed.rows_affected() == REMOVED;
                }
                tx.commit_quietly();
                Ok(more)
            })
        })
        .await
    }
}

/// Counts taken to be written. Unless they are, they are restored on drop. While it is unknown whether they are, this waits
/// with the commit.
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
    /// Keeps a clock that jumps ahead for a moment from removing rows, which cannot be undone.
    jump_guard: ClockJumpGuard,
    /// The last hour in which all complete days were summed up.
    summed: i64,
    /// The last hour for which all old rows are removed.
    pruned: i64,
    /// Flushes that failed in a row.
    failed: u64,
}

impl Round {
    fn new(vault: Vault) -> Self {
        Self {
            jump_guard: ClockJumpGuard::since(vault.0.known, "the removal of old usage"),
            vault,
            started: Instant::now(),
            summed: 0,
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
            // The writer logs it itself.
            Err(Error::NotSaved(_) | Error::InDoubt(_)) => self.failed = 1,
            Err(error) => {
                if self.failed.is_multiple_of(QUIET) {
                    tracing::warn!(%error, "usage cannot be written and is kept in memory");
                }
                self.failed += 1;
            }
        }
    }

    /// Once an hour, sums up the days that are over and then removes what is old, a batch at a time.
    async fn tidy_up(&mut self) {
        let wall = self.vault.0.clock.wall();
        let Some(now) = self.jump_guard.now(wall, self.started.elapsed()) else {
            return;
        };
        let hour = now.div_euclid(HOUR_MS);
        if self.failed > 0 || self.pruned == hour {
            return;
        }
        if self.summed != hour {
            let until = self.started.elapsed() + SUMMING;
            while self.started.elapsed() < until {
                let more = self.vault.sum_days(now).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "usage cannot be summed up by day; the next attempt is in an hour");
                    false
                });
                if !more {
                    self.summed = hour;
                    break;
                }
            }
            // Nothing is removed before it is summed up.
            if self.summed != hour {
                return;
            }
        }
        match self.vault.prune_usage(now).await {
            Ok(true) => {}
            Ok(false) => self.pruned = hour,
            Err(error) => {
                tracing::warn!(%error, "old usage cannot be removed; the next attempt is in an hour");
                self.pruned = hour;
            }
        }
    }
}
