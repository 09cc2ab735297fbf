//! One write transaction on the writer's connection, from start to end. Any failure on it costs the connection.

#![expect(clippy::disallowed_methods, reason = "waits have deadlines")]

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::AnyConnection;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

use super::doubt::{Doubt, Effect};
use super::turn::{TURN_TIMEOUT, Turn};
use super::{STUCK, Unready, Writer};
use crate::cluster::JoinError;
use crate::error::{Error, Result};
use crate::storage::engine::{Begun, NotBegun};

const GONE: &str = "its file is missing";
/// The time since a commit until which its outcome is looked for, and the least that this may take.
const CLARIFY: Duration = Duration::from_secs(10);
pub(super) const CLARIFY_AT_LEAST: Duration = Duration::from_secs(2);
/// The longest that one look for it waits, and the rest before the next.
const LOOK: Duration = Duration::from_secs(1);
const REST: Duration = Duration::from_millis(100);

/// One write transaction, dropped without effect unless it is committed.
pub struct Write {
    pub transaction: Transaction,
    /// The instant of this change, UTC epoch milliseconds. It is read in the turn: an instant read while waiting for it
    /// would be older than changes made meanwhile.
    pub now: i64,
    writer: Arc<Writer>,
}

/// The connection while a transaction is open on it. Dropping it rolls the transaction back.
pub struct Transaction {
    /// None once it has ended.
    open: Option<(AnyConnection, Turn)>,
    writer: Arc<Writer>,
}

/// A durable change. Its publications must be applied before this is dropped, and then its effects.
#[must_use = "publish the change while the turn is held"]
pub struct Committed {
    pub effects: Vec<Effect>,
    _turn: Turn,
}

impl Writer {
    /// Begins a write, within two seconds or not at all. SQLite must know at once (`IMMEDIATE`): a transaction that
    /// first reads and then writes can fail with "database is locked" however long it waits.
    ///
    /// # Errors
    /// [`Error::Busy`] if the turn did not come; [`Error::NotSaved`] if the database takes no changes.
    pub async fn begin(self: &Arc<Self>) -> Result<Write> {
        let deadline = Instant::now() + TURN_TIMEOUT;
        let mut turn = self.turn(deadline).await?;
        let prepared = self.prepare(&mut turn, deadline).await;
        let mut connection = prepared.map_err(|unready| match unready {
            Unready::Late => Error::Busy,
            Unready::Gone => Error::NotSaved(GONE.to_owned()),
            Unready::Fault(reason) => self.failed(&reason),
        })?;
        let begun = match self.engine.begin(&mut connection, deadline).await {
            Ok(begun) => begun,
            Err(NotBegun::Busy) => {
                turn.connection = Some(connection);
                return Err(Error::Busy);
            }
            Err(NotBegun::Fault(error)) => return Err(self.failed(&error)),
        };
        let open = Some((connection, turn));
        let writer = Arc::clone(self);
        let transaction = Transaction { open, writer };
        Ok(Write {
            transaction,
            now: self.instant(begun)?,
            writer: Arc::clone(self),
        })
    }

    /// Returns the instant of a change. A server's clock bounds it: all nodes raise their clocks to it, and the database
    /// keeps it.
    fn instant(&self, begun: Begun) -> Result<i64> {
        let Begun {
            latest,
            clock,
            breaking,
        } = begun;
        if let Some(migration) = breaking {
            let sentence = JoinError::Outdated(migration).to_string();
            self.health.count();
            return Err(Error::NotSaved(sentence));
        }
        let Some(clock) = clock else {
            return Ok(self.clock.now());
        };
        let skew = self.clock.ahead_of(clock);
        if let Err(refused) = JoinError::of_skew(skew) {
            let sentence = refused.to_string();
            self.health.skewed(&sentence);
            return Err(Error::NotSaved(sentence));
        }
        if let Some(latest) = latest {
            self.clock.raise(latest);
        }
        let now = self.clock.now();
        // After a jump ahead and back, this process stands still at an instant that no other node has seen.
        let ahead = now.saturating_sub(self.clock.wall()).saturating_add(skew);
        let recorded = latest.max(Some(self.floor.load(Ordering::Relaxed)));
        if recorded < Some(now) && JoinError::of_skew(ahead).is_err() {
            self.health.count();
            return Err(Error::NotSaved(
                "the machine's clock has jumped ahead and back".to_owned(),
            ));
        }
        Ok(now)
    }
}

impl Write {
    /// Commits. The effects are returned, unless the commit is found to be made only later: then they run at once.
    ///
    /// # Errors
    /// [`Error::NotSaved`] if the commit was not made; [`Error::InDoubt`] if that is unknown.
    pub async fn commit(self, effects: Vec<Effect>) -> Result<Committed> {
        let changed = Arc::clone(&self.writer.changed);
        let committed = self.commit_unannounced(effects).await?;
        changed.notify_one();
        Ok(committed)
    }

    /// Commits a change that gives no task anything to do.
    pub async fn commit_unannounced(mut self, effects: Vec<Effect>) -> Result<Committed> {
        let Some((mut connection, mut turn)) = self.transaction.open.take() else {
            return Err(Error::NotSaved("it was committed before".to_owned()));
        };
        if !self.writer.engine.can_commit() {
            return Err(self.writer.failed(GONE));
        }
        let number = self.writer.engine.next_commit();
        let (doubt, effects) = match number {
            None => (Doubt::File, effects),
            Some(number) => (Doubt::Numbered { number, effects }, Vec::new()),
        };
        // If this is cut off, the connection is gone and the doubt remains.
        turn.doubt = Some(doubt);
        let begun = Instant::now();
        match self.writer.engine.commit(&mut connection, number).await {
            // Committed into a file that is gone, or nearly so. If it comes back, the directory is read again.
            Ok(()) if !self.writer.engine.keeps() => Err(self.writer.failed(GONE)),
            Ok(()) => {
                let waiting = turn.doubt.take().map(Doubt::into_effects);
                turn.connection = Some(connection);
                Ok(Committed {
                    effects: waiting.into_iter().flatten().chain(effects).collect(),
                    _turn: turn,
                })
            }
            Err(error) if number.is_none() => Err(self.writer.failed(&error)),
            Err(error) if self.writer.engine.leaves_doubt(&error) => {
                drop(connection);
                self.writer.clarify(turn, &error, begun).await
            }
            Err(error) => {
                turn.doubt = None;
                Err(self.writer.failed(&error))
            }
        }
    }
}

impl Writer {
    /// Finds out by a new connection whether a commit was made that began at `begun` and ended with `error`. A server that
    /// restarts is waited for.
    async fn clarify(
        self: &Arc<Self>,
        mut turn: Turn,
        error: &sqlx::Error,
        begun: Instant,
    ) -> Result<Committed> {
        let deadline = (begun + CLARIFY).max(Instant::now() + CLARIFY_AT_LEAST);
        let reason = loop {
            let look = deadline.min(Instant::now() + LOOK);
            let reason = match self.replace(&mut turn, look, deadline).await {
                Ok((connection, made)) => {
                    turn.connection = Some(connection);
                    if !made {
                        return Err(self.failed(error));
                    }
                    tracing::warn!("a commit was made although its answer was lost: {error}");
                    return Ok(Committed {
                        effects: Vec::new(),
                        _turn: turn,
                    });
                }
                Err(Unready::Fault(reason)) => reason,
                Err(Unready::Late | Unready::Gone) => STUCK.to_owned(),
            };
            if Instant::now() + REST >= deadline {
                break reason;
            }
            sleep(REST).await;
        };
        // What waits for the outcome is settled by the next connection.
        self.failed(&reason);
        Err(Error::InDoubt(reason))
    }
}

impl Deref for Transaction {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        let (connection, _) = self.open.as_ref().expect("only a commit ends it");
        connection
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        let (connection, _) = self.open.as_mut().expect("only a commit ends it");
        connection
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some((mut connection, mut turn)) = self.open.take() else {
            return;
        };
        let writer = Arc::clone(&self.writer);
        // Without a runtime the connection closes, and the database rolls back.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            match writer.engine.roll_back(&mut connection).await {
                Ok(()) => turn.connection = Some(connection),
                // Its own error says only that there is nothing to roll back. The probe finds the cause, and the caller
                // of the change counts it.
                Err(_) => writer.watch("the database rolled a change back by itself"),
            }
        });
    }
}
