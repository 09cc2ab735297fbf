//! One write transaction on the writer's connection, from start to end. Any failure on it costs the connection.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::AnyConnection;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::turn::{TURN_TIMEOUT, Turn};
use super::{Unready, Writer};
use crate::error::{Error, Result};
use crate::storage::engine::NotBegun;

const GONE: &str = "its file is missing";

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

/// A durable change. Its publications must be applied before this is dropped.
#[must_use = "publish the change while the turn is held"]
pub struct Committed {
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
        match self.engine.begin(&mut connection, deadline).await {
            Ok(latest) => {
                if let Some(latest) = latest {
                    self.clock.raise(latest);
                }
            }
            Err(NotBegun::Busy) => {
                turn.connection = Some(connection);
                return Err(Error::Busy);
            }
            Err(NotBegun::Fault(error)) => return Err(self.failed(&error)),
        }
        let open = Some((connection, turn));
        let writer = Arc::clone(self);
        Ok(Write {
            transaction: Transaction { open, writer },
            now: self.clock.now(),
            writer: Arc::clone(self),
        })
    }
}

impl Write {
    pub async fn commit(self) -> Result<Committed> {
        let changed = Arc::clone(&self.writer.changed);
        let committed = self.commit_unannounced().await?;
        changed.notify_one();
        Ok(committed)
    }

    /// Commits a change that gives no task anything to do.
    pub async fn commit_unannounced(mut self) -> Result<Committed> {
        let Some((mut connection, mut turn)) = self.transaction.open.take() else {
            return Err(Error::NotSaved("it was committed before".to_owned()));
        };
        if !self.writer.engine.can_commit() {
            return Err(self.writer.failed(GONE));
        }
        // If this is cut off, the connection is gone and the doubt remains.
        turn.in_doubt = true;
        match self.writer.engine.commit(&mut connection).await {
            // Committed into a file that is gone, or nearly so. If it comes back, the directory is read again.
            Ok(()) if !self.writer.engine.keeps() => Err(self.writer.failed(GONE)),
            Ok(()) => {
                turn.in_doubt = false;
                turn.connection = Some(connection);
                Ok(Committed { _turn: turn })
            }
            Err(error) => Err(self.writer.failed(&error)),
        }
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
