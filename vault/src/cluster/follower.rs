//! The loop of a node: it follows the change log, renews the lease, and looks at the other nodes. In one round, because
//! the order is the proof: the time is read, then the log; the directory has what was read before `seen` says so; the
//! lease counts from that time only once the renewal is committed.

#![expect(clippy::disallowed_methods, reason = "waits have deadlines")]

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use sqlx::{AnyConnection, Connection};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::join::{Database, JoinError};
use super::log::{self, Position, Unread};
use super::node::Shared;
use super::nodes::{self, Introduction};
use super::view::{Row, View};
use crate::error::Error;
use crate::state::directory::KeyDirectory;
use crate::state::readiness::{Cause, Readiness};
use crate::time::boot_time::BootTime;
use crate::time::clock::Clock;

/// The longest time between two rounds, and between two renewals. A notification begins a round sooner, but may be lost.
pub const POLL: Duration = Duration::from_millis(250);
/// The longest that the database may take to answer, and to commit, before the connection is given up.
pub const ANSWER: Duration = Duration::from_secs(2);
pub const COMMIT: Duration = Duration::from_secs(5);
/// The longest that loading the directory may take.
const LOAD: Duration = Duration::from_mins(5);
/// The time between two removals of old entries of the log.
const PRUNE_EVERY: Duration = Duration::from_secs(10);
/// A skew of the machine's clock from here on is logged, and from there on keeps the node from being ready.
const SKEW_LOGGED_MS: i64 = 100;
pub const SKEW_LIMIT_MS: i64 = 2_000;

pub struct Follower {
    pub database: Database,
    pub introduction: Introduction,
    pub directory: Arc<KeyDirectory>,
    pub clock: Arc<dyn Clock>,
    pub readiness: Arc<Readiness>,
    pub shared: Arc<Shared>,
    /// The row of this process, if there may be one.
    row: Option<String>,
    /// The entry of the log that the directory has last; none until it is loaded and the first lease is announced.
    position: Option<Position>,
    /// The newest change that the others were woken for.
    announced: i64,
    /// When the lease is renewed and the others are looked at, although nothing has changed.
    due: Instant,
    view: View,
    pruned: Instant,
    skew_logged: bool,
}

/// The reasons for the end of a connection.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the database does not answer")]
    Silent,
    #[error("this node was removed, because its lease was over")]
    Removed,
    #[error("following them panicked")]
    Panicked,
    #[error(transparent)]
    Unread(#[from] Unread),
    #[error(transparent)]
    Join(#[from] JoinError),
    #[error("{0}")]
    Load(Error),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Failure {
    /// Returns whether the database lost changes that this node has.
    fn is_loss(&self) -> bool {
        matches!(self, Self::Unread(Unread::Lost(_)))
    }

    /// Returns whether the directory has to be loaded again.
    fn needs_loading(&self) -> bool {
        match self {
            Self::Removed | Self::Panicked | Self::Load(_) => true,
            Self::Unread(unread) => !matches!(unread, Unread::Database(_)),
            Self::Silent | Self::Join(_) | Self::Database(_) => false,
        }
    }
}

pub async fn within<T, E: Into<Failure>>(
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    match timeout(limit, work).await {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(Failure::Silent),
    }
}

impl Follower {
    pub fn new(
        database: Database,
        introduction: Introduction,
        directory: Arc<KeyDirectory>,
        clock: Arc<dyn Clock>,
        readiness: Arc<Readiness>,
        shared: Arc<Shared>,
    ) -> Self {
        Self {
            database,
            introduction,
            directory,
            clock,
            readiness,
            shared,
            row: None,
            position: None,
            announced: 0,
            due: Instant::now(),
            view: View::default(),
            pruned: Instant::now(),
            skew_logged: false,
        }
    }

    /// Joins the other nodes, loads the directory, and begins the first lease.
    pub async fn begin(&mut self) -> Result<AnyConnection, Failure> {
        let mut connection = self.connect().await?;
        self.join(&mut connection).await?;
        self.round(&mut connection).await?;
        Ok(connection)
    }

    /// Follows the log until `stop`, then gives the lease back. `connection` is that of [`begin`](Self::begin).
    pub async fn run(mut self, connection: AnyConnection, mut stop: watch::Receiver<()>) {
        let mut open = Some(connection);
        let mut failing = false;
        while let Err(failure) = self.attempt(&mut open, &mut stop, &mut failing).await {
            open = None;
            if failure.needs_loading() {
                if failure.is_loss() {
                    tracing::error!("{failure}: this node loads every key again");
                } else {
                    tracing::warn!("{failure}: this node loads every key again");
                }
                // Before the directory is replaced, and before the row goes.
                self.shared.lease.end_now();
                self.shared.set_id(None);
                self.position = None;
            } else if !failing {
                tracing::warn!("this node cannot follow the changes of the others: {failure}");
            }
            failing = true;
            self.report(&failure);
            tokio::select! {
                () = sleep(POLL) => {}
                _ = stop.changed() => break,
            }
        }
        self.leave(open).await;
    }

    /// As [`Follower::follow`]. A panic is a failure like others: nothing else would renew the lease, ever.
    async fn attempt(
        &mut self,
        open: &mut Option<AnyConnection>,
        stop: &mut watch::Receiver<()>,
        failing: &mut bool,
    ) -> Result<(), Failure> {
        let following = AssertUnwindSafe(self.follow(open, stop, failing));
        following
            .catch_unwind()
            .await
            .unwrap_or(Err(Failure::Panicked))
    }

    async fn connect(&mut self) -> Result<AnyConnection, Failure> {
        let mut connection = within(ANSWER, (self.database.connect)()).await?;
        // A standby may lag, and would serve an earlier log until it is promoted.
        let standby = sqlx::query_as("SELECT pg_is_in_recovery()").fetch_one(&mut connection);
        let (standby,): (bool,) = within(ANSWER, standby).await?;
        if standby {
            let read_only = std::io::Error::other("it is a standby that only reads");
            return Err(sqlx::Error::Io(read_only).into());
        }
        // Renewals seen through an earlier connection may have been lost by a failover.
        self.view.forget();
        self.due = Instant::now();
        Ok(connection)
    }

    /// Runs rounds until `stop`, on a new connection if none is open.
    async fn follow(
        &mut self,
        open: &mut Option<AnyConnection>,
        stop: &mut watch::Receiver<()>,
        failing: &mut bool,
    ) -> Result<(), Failure> {
        let connection = match open {
            Some(connection) => connection,
            None => open.insert(self.connect().await?),
        };
        if self.position.is_none() {
            self.join(connection).await?;
        }
        loop {
            self.round(connection).await?;
            if std::mem::take(failing) {
                tracing::info!("this node follows the changes of the others again");
            }
            let hints = Arc::clone(&self.shared);
            let hints = &hints.hints;
            loop {
                tokio::select! {
                    _ = stop.changed() => return Ok(()),
                    () = hints.changes.notified() => break,
                    () = sleep_until(self.due) => break,
                    () = hints.seen.notified(), if self.shared.has_waiting() => self.look(connection).await?,
                }
            }
        }
    }

    /// Registers this node, loads the directory, and announces the first lease.
    async fn join(&mut self, connection: &mut AnyConnection) -> Result<(), Failure> {
        if let Some(row) = &self.row {
            within(COMMIT, nodes::leave(connection, row)).await?;
            self.row = None;
        }
        self.look(connection).await?;
        let skew = self.shared.skew();
        JoinError::of_skew(skew)?;
        let id = self
            .row
            .insert(self.database.join(connection, &self.introduction).await?)
            .clone();
        let position = within(LOAD, self.load(connection)).await?;
        let announced = nodes::renew(connection, &id, position.seq, skew, false);
        if !within(COMMIT, announced).await? {
            return Err(Failure::Removed);
        }
        self.announced = position.seq;
        self.position = Some(position);
        self.shared.set_id(Some(id));
        Ok(())
    }

    /// Loads the directory as of one entry of the log, and returns that entry.
    async fn load(&self, connection: &mut AnyConnection) -> Result<Position, Failure> {
        let begin =
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0";
        sqlx::raw_sql(begin).execute(&mut *connection).await?;
        let (position, at) = log::newest(connection).await?;
        self.clock.raise(at);
        (self.database.load)(connection, &self.directory)
            .await
            .map_err(Failure::Load)?;
        sqlx::raw_sql("COMMIT").execute(connection).await?;
        Ok(position)
    }

    /// Follows the log to its end, renews the lease, and looks at the other nodes. Without news it does neither of the
    /// latter before they are due: a renewal is a commit, and the next change may come while it waits for the disk.
    async fn round(&mut self, connection: &mut AnyConnection) -> Result<(), Failure> {
        let (Some(id), Some(position)) = (&self.row, &mut self.position) else {
            return Err(Failure::Removed);
        };
        let begun = loop {
            let begun = BootTime::now();
            let batch = within(ANSWER, log::after(connection, position)).await?;
            for entry in batch.entries {
                // A key that was expired by a clock ahead of this one is expired here at once.
                self.clock.raise(entry.at);
                for publication in entry.publications {
                    self.directory.apply(publication);
                }
                *position = entry.position;
            }
            if !batch.more {
                break begun;
            }
        };
        let seen = position.seq;
        let due = Instant::now() >= self.due;
        let (skew, news) = (self.shared.skew(), seen > self.announced);
        if due || news {
            let renewed = nodes::renew(connection, id, seen, skew, news);
            if !within(COMMIT, renewed).await? {
                return Err(Failure::Removed);
            }
            self.announced = seen;
            let end = self.introduction.term.held_until(begun);
            self.shared.lease.hold_until(end);
            self.readiness.recover(Cause::Lease);
        }
        if self.pruned.elapsed() > PRUNE_EVERY {
            self.pruned = Instant::now();
            within(COMMIT, log::prune(connection)).await?;
        }
        if due {
            // Not after each renewal: a stream of changes by others must not keep this node from looking.
            self.due = Instant::now() + POLL;
        }
        if due || self.shared.has_waiting() {
            self.look(connection).await?;
        }
        Ok(())
    }

    /// Reads which changes the nodes have seen, and removes the silent ones.
    async fn look(&mut self, connection: &mut AnyConnection) -> Result<(), Failure> {
        let asked = BootTime::now();
        let rows = self.list(connection).await?;
        let now = BootTime::now();
        self.view = self.view.next(asked, now, rows);
        self.shared.publish(&self.view);
        for row in self.view.silent(now) {
            let removed = nodes::remove(connection, &row.id, row.renewals);
            if within(COMMIT, removed).await? {
                tracing::warn!(
                    "the node {} has been silent for its whole lease and was removed",
                    row.id
                );
            }
        }
        Ok(())
    }

    /// Reads all rows and the database's clock, which is compared with the machine's at half of the time that this took.
    async fn list(&mut self, connection: &mut AnyConnection) -> Result<Vec<Row>, Failure> {
        let began = Instant::now();
        let listed = within(ANSWER, nodes::list(connection)).await?;
        let half = i64::try_from(began.elapsed().as_millis() / 2).unwrap_or(0);
        let skew = self.clock.ahead_of(listed.clock + half);
        self.shared.set_skew(skew);
        // Half of the time is uncertain.
        let large = skew.abs() - half > SKEW_LOGGED_MS;
        if large && !self.skew_logged {
            tracing::warn!("the machine's clock differs from the database's by {skew} ms");
        }
        self.skew_logged = large;
        if skew.abs() - half > SKEW_LIMIT_MS {
            self.readiness
                .fail(Cause::Skew, JoinError::Skew(skew).to_string());
        } else {
            self.readiness.recover(Cause::Skew);
        }
        Ok(listed.rows)
    }

    /// Reports that verification is over, if it is.
    fn report(&self, failure: &Failure) {
        if self.shared.lease.is_over() {
            let sentence =
                format!("the lease of this node is over, so it does not verify: {failure}");
            if self.readiness.fail(Cause::Lease, sentence.clone()) {
                tracing::error!("{sentence}");
            }
        }
    }

    /// Stops to verify, then removes the row, so that no change waits for this node.
    async fn leave(mut self, open: Option<AnyConnection>) {
        self.shared.lease.end_now();
        let Some(row) = self.row.take() else {
            return;
        };
        let left = async {
            let mut connection = match open {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            within(COMMIT, nodes::leave(&mut connection, &row)).await?;
            Ok::<_, Failure>(connection)
        };
        match left.await {
            Ok(connection) => {
                let _ = timeout(ANSWER, connection.close()).await;
            }
            Err(failure) => {
                tracing::warn!(
                    "the lease could not be given back: {failure}; changes wait until it is over"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
