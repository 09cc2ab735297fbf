//! The open database: its connections, its file, and its close.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{AnyConnection, Connection};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use super::address::address;
use super::backup;
use super::connection::{assert_settings, connect, disable_busy_wait, readers};
use super::content::{Content, Inspected, LockedFile, MIGRATIONS, Place, newest_schema};
use super::engine::Engine;
use super::keeper::Keeper;
use super::key_rows;
use super::lock::Lock;
use super::long_read::LongRead;
use super::postgres::{self, Commits, Renewal, Server, TURN};
use super::readers::Readers;
use super::upgrade;
use super::watch::Watch;
use super::writer::Writer;
use super::writer::transaction::Write;
use crate::cluster::{self, Introduction, JoinError, Lease, Node};
use crate::error::{Error, OpenError, Result};
use crate::state::directory::KeyDirectory;
use crate::state::readiness::Readiness;
use crate::time::clock::Clock;

pub struct Database {
    /// For everything that only reads.
    pub readers: Readers,
    pub(super) writer: Arc<Writer>,
    /// Notified of every commit, so that waiting tasks look for work again.
    pub changed: Arc<Notify>,
    pub readiness: Arc<Readiness>,
    /// The time for which verification from memory is sound.
    pub lease: Arc<Lease>,
    /// This process among the others on a server, once it has joined them.
    node: OnceLock<Node>,
    /// After the connections: see [`Lock::of_file`].
    pub(super) file: Option<DatabaseFile>,
}

/// The file of SQLite while it is served.
pub(super) struct DatabaseFile {
    pub keeper: Keeper,
    pub watch: Arc<Watch>,
    /// Keeps a second server off the file until the process ends.
    _lock: Lock,
}

/// The writer's turn, held without changing anything.
pub struct Held(#[expect(dead_code, reason = "held until it is dropped")] Write);

impl Database {
    /// Opens the database for good, creating or migrating it where needed. Changes are published to `directory`.
    pub(crate) async fn open(
        inspected: Inspected,
        clock: Arc<dyn Clock>,
        directory: Arc<KeyDirectory>,
    ) -> Result<Self, OpenError> {
        match inspected.place {
            Place::File(file) => Self::open_file(file, inspected.content, clock, directory).await,
            Place::Server(server) => Self::connect(server, clock, directory).await,
        }
    }

    async fn connect(
        server: Server,
        clock: Arc<dyn Clock>,
        directory: Arc<KeyDirectory>,
    ) -> Result<Self, OpenError> {
        let opened = |error| server.unreachable(&error);
        let mut connection = server.connect_writer().await.map_err(opened)?;
        // Before anything is written: other nodes take over the instants of this one.
        let skew = clock.ahead_of(postgres::clock(&mut connection).await.map_err(opened)?);
        JoinError::of_skew(skew).map_err(|refused| OpenError::Join(refused.to_string()))?;
        let mut migrating = server.connect_to_migrate().await.map_err(opened)?;
        upgrade::migrate(&server, &mut migrating, &MIGRATIONS).await?;
        migrating.close().await.map_err(opened)?;
        let renewal = Renewal::default();
        let readers = server.readers(renewal.clone()).await.map_err(opened)?;
        let (readiness, changed) = (Arc::default(), Arc::default());
        let commits = Commits::new().map_err(|error| OpenError::Random(error.to_string()))?;
        let writer = Writer::new(
            Engine::Postgres { server, commits },
            connection,
            clock,
            directory,
            Arc::clone(&readiness),
            Arc::clone(&changed),
        );
        Ok(Self {
            readers: Readers::of_server(readers, renewal),
            writer: Arc::new(writer),
            changed,
            readiness,
            lease: Arc::new(Lease::none()),
            node: OnceLock::new(),
            file: None,
        })
    }

    /// Joins the other nodes of a PostgreSQL database, and loads the directory. Returns false for SQLite, which has one
    /// process only.
    pub(crate) async fn join(
        &self,
        introduction: Introduction,
        directory: &Arc<KeyDirectory>,
        clock: &Arc<dyn Clock>,
    ) -> Result<bool, OpenError> {
        let Some(server) = self.writer.server() else {
            return Ok(false);
        };
        let (connecting, readers) = (server.clone(), self.readers.clone());
        let shared = cluster::Database {
            url: server.url().to_owned(),
            turn: TURN,
            schema: newest_schema(),
            connect: Box::new(move || {
                let (server, readers) = (connecting.clone(), readers.clone());
                Box::pin(async move {
                    let connection = server.connect_writer().await?;
                    // The follower lost its server, perhaps by a failover; readers may still be connected to the old one.
                    readers.renew();
                    Ok(connection)
                })
            }),
            load,
        };
        let node = Node::join(
            shared,
            introduction,
            Arc::clone(&self.lease),
            Arc::clone(directory),
            Arc::clone(clock),
            Arc::clone(&self.readiness),
        )
        .await
        .map_err(|failure| OpenError::Join(failure.to_string()))?;
        Ok(self.node.set(node).is_ok())
    }

    /// Returns the longest that a change may take until it is acknowledged, with the wait for other nodes. Zero for SQLite,
    /// whose writes have no limit of their own.
    pub(crate) fn longest_change(&self) -> Duration {
        let write = self.writer.longest_write().unwrap_or_default();
        let lease = self.node().map(|node| node.term().duration());
        write + lease.unwrap_or_default()
    }

    /// Returns this process among several nodes; none with SQLite, and before it has joined them.
    pub(crate) fn node(&self) -> Option<&Node> {
        self.node.get()
    }

    async fn open_file(
        mut locked: LockedFile,
        content: Content,
        clock: Arc<dyn Clock>,
        directory: Arc<KeyDirectory>,
    ) -> Result<Self, OpenError> {
        let file = locked.created()?;
        let LockedFile { path, mut lock, .. } = locked;
        let opened = |source| OpenError::Database {
            database: path.display().to_string(),
            source,
        };
        if matches!(content, Content::NoKeys | Content::Keys) {
            backup::before_migration(&path).await?;
        }
        let address = address(&path, "mode=rw");
        let mut connection = connect(&address).await.map_err(opened)?;
        assert_settings(&mut connection).await?;
        MIGRATIONS.run(&mut connection).await?;
        disable_busy_wait(&mut connection).await?;
        let (readiness, changed) = (Arc::default(), Arc::default());
        let watch = Watch::new(path.clone(), file, Arc::clone(&readiness))
            .map(Arc::new)
            .map_err(|error| opened(sqlx::Error::Io(error)))?;
        let readers = readers(Arc::clone(&watch))
            .connect(&address)
            .await
            .map_err(opened)?;
        let keeper = Keeper::connect(&address).await.map_err(opened)?;
        lock.keep();
        let engine = Engine::Sqlite {
            address,
            watch: Arc::clone(&watch),
        };
        let writer = Writer::new(
            engine,
            connection,
            clock,
            directory,
            Arc::clone(&readiness),
            Arc::clone(&changed),
        );
        Ok(Self {
            readers: Readers::of_file(readers),
            writer: Arc::new(writer),
            changed,
            readiness,
            lease: Arc::new(Lease::endless()),
            node: OnceLock::new(),
            file: Some(DatabaseFile {
                keeper,
                watch,
                _lock: lock,
            }),
        })
    }

    /// Delays every other change, also of other processes, for as long as the result is held.
    ///
    /// # Errors
    /// [`Error::Busy`] if the turn did not come; [`Error::NotSaved`] if the database takes no changes.
    pub async fn hold(&self) -> Result<Held> {
        self.begin().await.map(Held)
    }

    /// Begins a write, within two seconds or not at all.
    pub(super) async fn begin(&self) -> Result<Write> {
        self.writer.begin().await
    }

    /// Waits until the rows of all changes that had their turn when this was called can be read. A change reads the clock
    /// in its turn, so no older one can appear afterwards.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::NotSaved`] if the present one does not end within two seconds.
    pub async fn settled(&self) -> Result<()> {
        if self.file.is_some() {
            return self.writer.settled().await;
        }
        // Other nodes write too: only the database's own turn comes after theirs.
        self.begin().await.map(drop)
    }

    /// Reports a change that hangs, for example on a frozen volume.
    pub fn look_for_a_stuck_change(&self) {
        self.writer.look_for_a_stuck_change();
    }

    /// Records the outcome of a change. One that failed at a statement costs the writer's connection, and its cause is
    /// logged in one place, however many fail.
    pub fn noted<T>(&self, result: Result<T>) -> Result<T> {
        match result {
            Err(Error::Unavailable(reason)) => Err(self.writer.statement_failed(&reason)),
            other => other,
        }
    }

    /// Returns whether other processes may write to the database too.
    pub fn is_shared(&self) -> bool {
        self.file.is_none()
    }

    /// Begins a read whose rows may be fetched as slowly as they are used. The limits of time of other reads would end
    /// it.
    ///
    /// # Errors
    /// [`Error::Busy`] if no reader is free; [`Error::Unavailable`] if the server accepts no connection.
    pub async fn begin_long_read(&self) -> Result<LongRead> {
        Ok(match self.writer.server() {
            None => LongRead::File(self.readers.begin().await?),
            Some(server) => LongRead::Server(server.connect_to_read().await?),
        })
    }

    /// Dates changes by an instant that was recorded before the start, if the clock shows an earlier one.
    pub fn believe(&self, recorded: i64) {
        self.writer.believe(recorded);
    }

    /// Returns the number of failed writes since the start.
    pub fn write_failures(&self) -> u64 {
        self.writer.failures()
    }

    /// Closes every connection, by `deadline`, after folding the write-ahead log into the file of SQLite.
    pub async fn close(&self, deadline: Instant) {
        if let Some(node) = self.node() {
            node.leave(deadline).await;
        }
        if timeout_at(deadline, self.readers.close()).await.is_err() {
            tracing::warn!("a query to the database did not finish in time");
        }
        let Some(DatabaseFile { keeper, watch, .. }) = &self.file else {
            if let Err(reason) = self.writer.close(deadline).await {
                tracing::warn!(reason, "the database was not closed");
            }
            return;
        };
        let folded = if !watch.log_is_whole() || watch.log_is_cut() {
            // The last connection to close would fold the log in.
            keeper.abandon().await;
            Ok(())
        } else {
            let ended = self.writer.close(deadline).await;
            let folded = keeper.close(deadline).await;
            ended.and(folded)
        };
        match watch.set_log_aside() {
            Ok(Some(aside)) => tracing::error!(
                "the write-ahead log was moved to {}, because another file now has the database's name and would be read with it",
                aside.display()
            ),
            Ok(None) => {
                if let Err(reason) = folded {
                    tracing::warn!(
                        reason,
                        "the write-ahead log could not be checkpointed; the next start does it"
                    );
                }
            }
            Err(error) => tracing::error!(
                %error,
                "the write-ahead log belongs to a file that was replaced, and could not be moved away: do it before the \
                 next start"
            ),
        }
    }
}

fn load<'a>(
    connection: &'a mut AnyConnection,
    directory: &'a KeyDirectory,
) -> BoxFuture<'a, Result<()>> {
    Box::pin(key_rows::reconcile(connection, directory))
}
