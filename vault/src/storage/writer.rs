//! The one connection of this process that writes. Any failure on it costs the connection: SQLite rolls a transaction
//! back by itself when the disk is full or broken, and a connection that has lost count of its transactions never writes
//! again. The server of PostgreSQL may be gone.
//!
//! A replacement must commit a probe before it gets a change. The probe also overwrites what a commit with a failed
//! sync left in the write-ahead log of SQLite. After a failed commit, the directory is read again from the file before the
//! next change, so that the two agree whatever the outcome was; from a server it follows the change log in any case. There
//! the replacement finds out whether the commit was made.

#![expect(
    clippy::disallowed_methods,
    reason = "waits have deadlines, and a new connection is opened in a task that outlives its caller"
)]

pub mod doubt;
mod probe;
pub mod transaction;
mod turn;

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use sqlx::{AnyConnection, Connection};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use super::engine::{Engine, NotBegun};
use super::health::Health;
use super::postgres::{self, Server};
use crate::error::{Error, Result};
use crate::state::directory::{KeyDirectory, Publication};
use crate::state::readiness::Readiness;
use crate::storage::key_rows;
use crate::time::clock::Clock;
use doubt::Doubt;
use turn::{TURN_TIMEOUT, Turn, Turns};

const STUCK: &str = "an earlier one does not finish";
/// The wait between two checks for working writes, and the longest that such a check waits for its turn.
const CHECK_EVERY: Duration = Duration::from_millis(500);
/// The check for damage reads the whole file. It is repeated after this many times its duration.
const CHECK_REST: u32 = 20;

pub struct Writer {
    engine: Engine,
    /// The turn, held from BEGIN to the publication of what was committed, so that the directory sees changes in the
    /// order in which the database took them.
    turns: Turns,
    /// Notified of every commit, so that waiting tasks look for work again.
    changed: Arc<Notify>,
    clock: Arc<dyn Clock>,
    directory: Arc<KeyDirectory>,
    health: Health,
    /// A statement failed, and its connection has not been replaced yet.
    suspect: AtomicBool,
    /// A statement failed, and the file has not been checked for damage since.
    unchecked: AtomicBool,
    /// The latest instant that was recorded before the start.
    floor: AtomicI64,
}

tokio::task_local! {
    /// Expires with the request for which this task makes its change.
    static ASKED: Weak<()>;
}

/// Runs a change that begins only if `request` still exists when the turn comes.
pub fn asked<F: Future>(request: &Arc<()>, change: F) -> impl Future<Output = F::Output> + use<F> {
    ASKED.scope(Arc::downgrade(request), change)
}

/// The reasons for having no connection to write with.
enum Unready {
    /// There is one, but the change has waited for too long.
    Late,
    /// Another file has the name, which is reported elsewhere.
    Gone,
    Fault(String),
}

impl Writer {
    /// `connection` is the engine's first.
    pub fn new(
        engine: Engine,
        connection: AnyConnection,
        clock: Arc<dyn Clock>,
        directory: Arc<KeyDirectory>,
        readiness: Arc<Readiness>,
        changed: Arc<Notify>,
    ) -> Self {
        Self {
            engine,
            turns: Turns::new(connection),
            changed,
            clock,
            directory,
            health: Health::new(readiness),
            suspect: AtomicBool::new(false),
            unchecked: AtomicBool::new(false),
            floor: AtomicI64::new(i64::MIN),
        }
    }

    /// Applies a publication of a change, whose turn is held.
    pub fn publish(&self, publication: Publication) {
        self.directory.apply(publication);
    }

    /// Returns the server that is written to; none for SQLite.
    pub fn server(&self) -> Option<&Server> {
        self.engine.server()
    }

    /// Returns the longest that the statements of a change may take together, if there is a limit.
    pub fn patience(&self) -> Option<Duration> {
        self.engine.patience()
    }

    /// Returns the longest that a write may take from its request until its outcome is known; none for SQLite, as for
    /// [`Writer::patience`].
    pub fn longest_write(&self) -> Option<Duration> {
        self.server()
            .map(|_| TURN_TIMEOUT + postgres::WRITE + transaction::CLARIFY_AT_LEAST)
    }

    /// Delays every change for as long as the result is held.
    pub async fn pause(self: &Arc<Self>) -> Result<impl Send + use<>> {
        self.turn(Instant::now() + TURN_TIMEOUT).await
    }

    /// Waits until all changes that had their turn when this was called are visible, for two seconds at most.
    pub async fn settled(self: &Arc<Self>) -> Result<()> {
        self.turn(Instant::now() + TURN_TIMEOUT).await.map(drop)
    }

    /// Reports a change that hangs. Changes that wait for it, if any, report it too.
    pub fn look_for_a_stuck_change(self: &Arc<Self>) {
        if self.turns.are_stuck() {
            self.watch(STUCK);
        }
    }

    /// Records the failure of a change that had begun.
    pub fn statement_failed(self: &Arc<Self>, reason: &str) -> Error {
        self.unchecked.store(true, Ordering::Relaxed);
        self.suspect.store(true, Ordering::Relaxed);
        self.failed(reason)
    }

    /// Believes in an instant that was recorded before the start, even if the clock shows an earlier one.
    pub fn believe(&self, recorded: i64) {
        self.floor.fetch_max(recorded, Ordering::Relaxed);
    }

    /// Returns the number of changes that the database rejected since the start.
    pub fn failures(&self) -> u64 {
        self.health.failures()
    }

    /// Stops further changes and closes the connection, if the turn comes in time. The write-ahead log is left to the
    /// keeper, whose connection is to the file that was opened: the name may lead to another one by now.
    pub async fn close(&self, deadline: Instant) -> Result<(), String> {
        let Some(mut turn) = self.turns.take(deadline).await else {
            return Err("a change is still under way".to_owned());
        };
        turn.closed = true;
        turn.doubt = None;
        if let Some(connection) = turn.connection.take() {
            let _ = timeout_at(deadline, connection.close()).await;
        }
        Ok(())
    }

    async fn turn(self: &Arc<Self>, deadline: Instant) -> Result<Turn> {
        let Some(turn) = self.turns.take(deadline).await else {
            let stuck = self.turns.are_stuck();
            return Err(if stuck {
                self.failed(STUCK)
            } else {
                Error::Busy
            });
        };
        if turn.closed {
            return Err(Error::NotSaved("it is closed".to_owned()));
        }
        // The request is gone, and nothing could receive the outcome.
        let given_up = ASKED.try_with(|request| request.strong_count() == 0);
        if given_up == Ok(true) {
            return Err(Error::Busy);
        }
        Ok(turn)
    }

    /// Takes the connection, or if needed a replacement that has shown that it can write.
    async fn prepare(&self, turn: &mut Turn, deadline: Instant) -> Result<AnyConnection, Unready> {
        // A connection to another file of the same name would work without an error.
        if !self.engine.is_ours() {
            return Err(Unready::Gone);
        }
        let suspect = self.suspect.swap(false, Ordering::Relaxed);
        if let Some(connection) = turn.connection.take()
            && !suspect
        {
            return Ok(connection);
        }
        let confirmed = deadline + self.engine.confirmation();
        let (replacement, _) = self.replace(turn, deadline, confirmed).await?;
        if Instant::now() < deadline {
            return Ok(replacement);
        }
        turn.connection = Some(replacement);
        Err(Unready::Late)
    }

    /// Opens a replacement, and ends the doubt about an earlier commit. Returns whether that was made after all. `deadline`
    /// is for all but the replacement's own commit, which may take until `confirmed`: were it cut off as well, a standby that
    /// confirms slowly would keep every replacement from being of use.
    async fn replace(
        &self,
        turn: &mut Turn,
        deadline: Instant,
        confirmed: Instant,
    ) -> Result<(AnyConnection, bool), Unready> {
        let fault = |error: &dyn std::fmt::Display| Unready::Fault(error.to_string());
        let number = turn.doubt.as_ref().and_then(Doubt::number);
        let silent = |_| fault(&"it does not respond");
        let grace = self.engine.grace();
        let replaced = timeout_at(deadline + grace, self.replacement(number, deadline));
        let (mut replacement, made) = match replaced.await.map_err(silent)? {
            Ok(replaced) => replaced,
            // Another node holds the turn, which says nothing about the database.
            Err(NotBegun::Busy) if self.server().is_some() => return Err(Unready::Late),
            Err(NotBegun::Busy) => return Err(fault(&STUCK)),
            Err(NotBegun::Fault(error)) => return Err(fault(&error)),
        };
        timeout_at(
            confirmed + grace,
            self.engine.commit(&mut replacement, None),
        )
        .await
        .map_err(silent)?
        .map_err(|error| fault(&error))?;
        if matches!(turn.doubt, Some(Doubt::File)) {
            // Without a limit: with many keys it takes longer than a change should wait, and must be done.
            key_rows::reconcile(&mut replacement, &self.directory)
                .await
                .map_err(|error| fault(&error))?;
        }
        if let Some(doubt) = turn.doubt.take()
            && made
        {
            for effect in doubt.into_effects() {
                effect();
            }
            self.changed.notify_one();
        }
        Ok((replacement, made))
    }

    /// Returns a connection that can write, and whether it finds the commit with this number made. The probe is still to be
    /// committed: that waits for every standby that the earlier commit should have waited for.
    async fn replacement(
        &self,
        number: Option<i64>,
        deadline: Instant,
    ) -> Result<(AnyConnection, bool), NotBegun> {
        let mut connection = self.engine.connect_writer().await?;
        self.engine.begin(&mut connection, deadline).await?;
        let made = self.engine.has_committed(&mut connection, number).await?;
        probe::write(&mut connection).await?;
        Ok((connection, made))
    }

    /// Counts a change that failed.
    fn failed(self: &Arc<Self>, reason: &(impl ToString + ?Sized)) -> Error {
        let reason = reason.to_string();
        self.watch(&reason);
        self.health.count();
        Error::NotSaved(reason)
    }

    /// Reports that writes fail, and begins to check whether they work again.
    fn watch(self: &Arc<Self>, reason: &str) {
        if self.health.failed(reason) {
            let watched = Arc::downgrade(self);
            tokio::spawn(async move {
                let mut pause = Duration::ZERO;
                loop {
                    sleep(pause).await;
                    let Some(writer) = watched.upgrade() else {
                        return;
                    };
                    // After a panic too: nothing else clears the fault.
                    match AssertUnwindSafe(writer.look()).catch_unwind().await {
                        Ok(Some(wait)) => pause = wait,
                        Ok(None) => return,
                        Err(_) => {
                            tracing::error!(
                                "a check of the writer panicked; the next one continues"
                            );
                            pause = CHECK_EVERY;
                        }
                    }
                }
            });
        }
    }

    /// Checks whether writes work. Returns the wait before the next check; none once they do.
    async fn look(self: &Arc<Self>) -> Option<Duration> {
        let seen = self.health.failures();
        let deadline = Instant::now() + CHECK_EVERY;
        let mut works = false;
        if let Some(mut turn) = self.turns.take(deadline).await
            && !turn.closed
        {
            match self.prepare(&mut turn, deadline).await {
                Ok(connection) => {
                    turn.connection = Some(connection);
                    works = true;
                }
                Err(Unready::Late | Unready::Gone) => {}
                Err(Unready::Fault(reason)) => self.health.explain(&reason),
            }
        }
        let mut pause = CHECK_EVERY;
        let mut sound = true;
        if works && self.unchecked.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let damage = self.engine.damage().await;
            pause = pause.max(begun.elapsed() * CHECK_REST);
            sound = damage.is_none();
            self.unchecked.store(!sound, Ordering::Relaxed);
            if let Some(damage) = damage {
                self.health.explain(&damage);
            }
        }
        let over = works && sound && self.health.recover(seen);
        if over {
            return None;
        }
        self.health.remind();
        Some(pause)
    }
}
