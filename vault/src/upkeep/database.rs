//! Upkeep of the database while it is served: the watch over its files, the bound on its write-ahead log, and the
//! removal of old records.

#![expect(
    clippy::disallowed_methods,
    reason = "the upkeep task, and the intervals of its log lines"
)]

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::error::Result;
use crate::state::readiness::Cause;
use crate::time::jump_guard::ClockJumpGuard;
use crate::upkeep::pruning::Keep;
use crate::vault::Vault;

/// A fault is certain after two checks in a row, so a damaged file is reported within a second.
const CHECK_EVERY: Duration = Duration::from_millis(250);
/// The wait after a panic, before the task runs again.
const AFTER_PANIC: Duration = Duration::from_secs(1);
/// The time between two log lines about one fault.
const REMIND_EVERY: Duration = Duration::from_mins(1);

/// The write-ahead log is truncated above this size, in bytes. SQLite folds it in every 4 MB by itself.
const LOG_BOUND: u64 = 16 << 20;
/// Above this size, in bytes, a line each minute says that the log cannot be bounded.
const LOG_ALARM: u64 = 64 << 20;
const BOUND_EVERY: Duration = Duration::from_secs(2);
/// The wait after a reader prevented truncation: each attempt delays changes.
const BOUND_AGAIN: Duration = Duration::from_secs(10);
/// The waits between batches of old records, and between searches for them.
const PRUNE_AGAIN: Duration = Duration::from_secs(1);
const PRUNE_EVERY: Duration = Duration::from_hours(1);

/// The upkeep of the database, until it is stopped.
pub struct Upkeep {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Upkeep {
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if let Err(fault) = self.task.await {
            tracing::error!(%fault, "the watch over the database file failed");
        }
    }
}

impl Vault {
    /// Checks that the database file is still the one that was opened, and whole, and reports faults to
    /// [`readiness`](Self::readiness).
    pub async fn look_at_file(&self) {
        self.0.database.look_at_file().await;
    }

    /// Returns the size of the database's write-ahead log, in bytes.
    pub fn log_bytes(&self) -> u64 {
        self.0.database.log_bytes()
    }

    /// Truncates the write-ahead log if it is larger than `bound` bytes. Returns false if a reader prevents that.
    ///
    /// # Errors
    /// [`Error::Busy`](crate::error::Error::Busy), [`Error::Unavailable`](crate::error::Error::Unavailable).
    pub async fn bound_log(&self, bound: u64) -> Result<bool> {
        self.0.database.bound_log(bound).await
    }

    /// Starts the upkeep of the database: its loss is reported within a second, its log stays bounded, and old records
    /// are removed.
    pub fn start_upkeep(&self, keep: Keep) -> Upkeep {
        let (stop, stopped) = oneshot::channel();
        let (watched, bounded, pruned) = (self.clone(), self.clone(), self.clone());
        let task = tokio::spawn(async move {
            // Concurrently: none of them may delay the watch.
            let work = async {
                tokio::join!(
                    restarting("the watch over the database file", || watch(
                        watched.clone()
                    )),
                    restarting("the bound on the write-ahead log", || bound(
                        bounded.clone()
                    )),
                    restarting("the removal of old records", || prune(pruned.clone(), keep)),
                );
            };
            tokio::select! {
                _ = stopped => {}
                () = work => {}
            }
        });
        Upkeep { stop, task }
    }
}

/// Runs `task`, again after a panic, which must end neither this task nor its siblings.
async fn restarting<F: Future<Output = ()>>(what: &str, task: impl Fn() -> F) {
    while AssertUnwindSafe(task()).catch_unwind().await.is_err() {
        tracing::error!("{what} panicked, continuing");
        sleep(AFTER_PANIC).await;
    }
}

async fn watch(vault: Vault) {
    let mut ticks = interval(CHECK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reminded = Instant::now();
    loop {
        ticks.tick().await;
        // First, because a volume that hangs delays the rest too.
        vault.0.database.look_for_a_stuck_change();
        vault.look_at_file().await;
        match vault.readiness().fault(Cause::File) {
            Some(sentence) if reminded.elapsed() >= REMIND_EVERY => {
                tracing::error!("{sentence}");
                reminded = Instant::now();
            }
            Some(_) => {}
            None => reminded = Instant::now(),
        }
    }
}

async fn bound(vault: Vault) {
    let mut warned: Option<Instant> = None;
    loop {
        let done = matches!(vault.bound_log(LOG_BOUND).await, Ok(true));
        let bytes = vault.log_bytes();
        if bytes > LOG_ALARM && warned.is_none_or(|at| at.elapsed() >= REMIND_EVERY) {
            tracing::warn!(
                bytes,
                "the write-ahead log grows, because another program keeps reading the database"
            );
            warned = Some(Instant::now());
        }
        sleep(if done { BOUND_EVERY } else { BOUND_AGAIN }).await;
    }
}

async fn prune(vault: Vault, keep: Keep) {
    let mut jump_guard = ClockJumpGuard::since(vault.0.known, "the removal of old records");
    let started = Instant::now();
    loop {
        let now = jump_guard.now(vault.0.clock.wall(), started.elapsed());
        let more = match now {
            Some(now) => vault.prune(keep, now).await,
            None => Ok(false),
        };
        let pause = match more {
            Ok(true) => PRUNE_AGAIN,
            Ok(false) if now.is_some() => PRUNE_EVERY,
            Ok(false) => REMIND_EVERY,
            Err(error) => {
                if error.is_news() {
                    tracing::warn!(%error, "old records cannot be removed, which is retried");
                }
                REMIND_EVERY
            }
        };
        sleep(pause).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_panic_ends_neither_a_task_nor_those_beside_it() {
        let (runs, beside) = (Cell::new(0), Cell::new(false));
        let failing = restarting("a task", || async {
            runs.set(runs.get() + 1);
            assert!(runs.get() == 3, "not yet");
        });
        let other = restarting("another", || async {
            sleep(AFTER_PANIC * 3).await;
            beside.set(true);
        });
        tokio::join!(failing, other);
        assert_eq!((runs.get(), beside.get()), (3, true));
    }
}
