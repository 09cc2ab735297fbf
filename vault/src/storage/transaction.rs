//! The write transaction: the one way to change the database.
//!
//! [`Tx`] takes the writer's turn, owns the instant of the change, writes its audit entries, and collects its
//! publications. Once the operation has returned, the change is committed, then published while the turn is still held,
//! and only then acknowledged. Where several nodes share the database, it is recorded for them in the change log instead,
//! and acknowledged once every node has it. So the order of the instants is the order of the changes, an audit entry stands or falls
//! with its change, and verification goes by what was acknowledged. Operations know neither the database engine nor the
//! readers of their publications.

use std::future::ready;

use futures_util::future::BoxFuture;
use sqlx::AnyConnection;
use tokio::time::timeout;

use super::database::Database;
use super::writer::doubt::Effect;
use super::writer::transaction::Write;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::state::directory::Publication;
use crate::storage::audit::{self, Entry, Maker, Origin};

/// The authority for a change: a session, a caller whose proof the operation checks, or Keyhold itself.
pub trait Authority: Send + Sync + 'static {
    /// Who makes the change and from where, for the audit trail.
    fn origin(&self) -> Origin;

    /// The account whose quota of changes this one counts against.
    fn quota(&self) -> Option<&str> {
        None
    }

    /// Rejects the change if the authority for it has ended by the time its turn has come: by another change, or by `now`, the
    /// instant of the change. A body may take ten seconds to arrive after the request was let in.
    fn confirm<'a>(&'a self, _: &'a mut AnyConnection, _now: i64) -> BoxFuture<'a, Result<()>> {
        Box::pin(ready(Ok(())))
    }
}

/// Keyhold itself: its tasks, its start, and its commands.
#[derive(Clone, Copy, Debug)]
pub struct System;

impl Authority for System {
    fn origin(&self) -> Origin {
        Origin::system()
    }
}

/// A client without a session; the operation checks what it presents.
impl Authority for Caller {
    fn origin(&self) -> Origin {
        Origin::of(self)
    }
}

/// One write transaction. Unless its operation succeeds, it is rolled back.
pub struct Tx {
    write: Write,
    origin: Origin,
    /// The time by which the change is dated back, in milliseconds.
    age: i64,
    publications: Vec<Publication>,
    local: Vec<Effect>,
    /// Whether the answer waits for earlier changes, although this one publishes nothing.
    confirms_earlier: bool,
    end: End,
}

/// The end of a transaction whose operation succeeded.
#[derive(Clone, Copy)]
enum End {
    Commit,
    CommitQuietly,
    RollBack,
}

impl Tx {
    /// Returns the instant of this change, UTC epoch milliseconds. It is read in the turn: an instant read while
    /// waiting for it would be older than changes made meanwhile.
    pub fn now(&self) -> i64 {
        self.write.now - self.age
    }

    /// Dates the rest of the change back by `age` milliseconds, for the history of the demonstration. A change cannot
    /// be dated ahead.
    pub fn date_back(&mut self, age: i64) {
        self.age = age.max(0);
    }

    /// Returns the connection, for statements.
    pub fn connection(&mut self) -> &mut AnyConnection {
        &mut self.write.transaction
    }

    /// Returns the company's own id of the person who makes this change, if a portal link has named one.
    pub fn person(&self) -> Option<&str> {
        match &self.origin.maker {
            Maker::Portal(person) => person.as_deref(),
            _ => None,
        }
    }

    /// Adds an entry to the audit trail, at the instant and from the address of this change.
    pub async fn audit(&mut self, entry: Entry<'_>) -> Result<()> {
        let at = self.now();
        audit::record(&mut self.write.transaction, at, entry, &self.origin).await
    }

    /// As [`Tx::audit`], for a change of many keys.
    pub async fn audit_all(&mut self, entries: &[Entry<'_>]) -> Result<()> {
        let at = self.now();
        audit::record_all(&mut self.write.transaction, at, entries, &self.origin).await
    }

    /// Adds a publication, which every reader of the directory, on any node, sees before this change is acknowledged.
    pub fn publish(&mut self, publication: Publication) {
        self.publications.push(publication);
    }

    /// Answers only once every earlier change of keys is in force on every node. For an operation that finds its work done:
    /// the change that did it may still wait for a node, and is acknowledged by this answer too.
    pub fn confirm_earlier(&mut self) {
        self.confirms_earlier = true;
    }

    /// Adds an effect of the commit on state of this process only, such as its counters. It runs in the turn, after the
    /// publications, and is dropped if the transaction is rolled back. While the outcome of the commit is unknown, it waits.
    pub fn on_commit(&mut self, effect: impl FnOnce() + Send + 'static) {
        self.local.push(Box::new(effect));
    }

    /// Commits without waking the tasks that wait for changes: this one gives them nothing to do.
    pub fn commit_quietly(&mut self) {
        self.end = End::CommitQuietly;
    }

    /// Takes a [`Tx::roll_back`] back: there is something to save after all.
    pub fn keep(&mut self) {
        if matches!(self.end, End::RollBack) {
            self.end = End::CommitQuietly;
        }
    }

    /// Ends the transaction without a commit although its operation succeeds: nothing changes.
    pub fn roll_back(&mut self) {
        self.end = End::RollBack;
    }

    async fn begin(database: &Database, authority: &impl Authority) -> Result<Self> {
        Ok(Self {
            write: database.begin().await?,
            origin: authority.origin(),
            age: 0,
            publications: Vec::new(),
            local: Vec::new(),
            confirms_earlier: false,
            end: End::Commit,
        })
    }

    /// Writes the rest of the transaction. Returns the number of the change that every node must have before the answer.
    async fn complete(&mut self, database: &Database) -> Result<Option<i64>> {
        let awaited = match self.end {
            End::RollBack => None,
            _ => self.log(database).await?,
        };
        match database.node() {
            Some(node) if awaited.is_none() && self.confirms_earlier => {
                node.newest(&mut self.write.transaction).await.map(Some)
            }
            _ => Ok(awaited),
        }
    }

    async fn end(self, database: &Database, awaited: Option<i64>) -> Result<()> {
        let committed = match self.end {
            End::CommitQuietly => Some(self.write.commit_unannounced(self.local).await?),
            End::Commit => Some(self.write.commit(self.local).await?),
            End::RollBack => {
                // No other change waits while this one waits for the nodes.
                drop(self.write);
                None
            }
        };
        if let Some(mut committed) = committed {
            for publication in self.publications {
                database.writer.publish(publication);
            }
            for effect in std::mem::take(&mut committed.effects) {
                effect();
            }
        }
        if let (Some(node), Some(seq)) = (database.node(), awaited) {
            node.acknowledged(seq).await;
        }
        Ok(())
    }

    /// Moves the publications to the change log, if there may be other nodes: from there they reach the directory of each
    /// node, this one's too, in the order of the commits. Returns their number.
    async fn log(&mut self, database: &Database) -> Result<Option<i64>> {
        if !database.is_shared() || self.publications.is_empty() {
            return Ok(None);
        }
        let publications = std::mem::take(&mut self.publications);
        let Some(node) = database.node() else {
            return Err(Error::NotSaved("this process is no node".to_owned()));
        };
        let at = self.write.now;
        let seq = node
            .append(&mut self.write.transaction, at, &publications)
            .await?;
        Ok(Some(seq))
    }
}

impl Database {
    /// Makes a change within the caller's task: dropping the future before the commit cancels the change. For tasks
    /// that a stop interrupts, and for starts and commands; every operation of a client goes through
    /// [`crate::Vault::write`], which runs to completion.
    ///
    /// # Errors
    /// [`Error::Busy`](crate::Error::Busy) if the turn did not come; [`Error::NotSaved`](crate::Error::NotSaved) if the
    /// database takes no changes; [`Error::InDoubt`](crate::Error::InDoubt) if it may have taken this one; the errors of
    /// the authority's check and of `change`.
    pub async fn transact<T>(
        &self,
        authority: impl Authority,
        change: impl AsyncFnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        let mut tx = Tx::begin(self, &authority).await?;
        let statements = async {
            let now = tx.write.now;
            authority.confirm(&mut tx.write.transaction, now).await?;
            let value = change(&mut tx).await?;
            Ok((value, tx.complete(self).await?))
        };
        let (value, awaited) = match self.writer.patience() {
            None => statements.await?,
            Some(limit) => timeout(limit, statements).await.unwrap_or_else(|_| {
                let silent = "the database server does not respond";
                Err(Error::Unavailable(silent.to_owned()))
            })?,
        };
        tx.end(self, awaited).await?;
        Ok(value)
    }
}

#[cfg(test)]
mod tests;
