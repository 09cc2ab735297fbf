//! The database: opened with the settings that make an acknowledged change durable, one writer, several
//! readers, and one process a file.

pub mod address;
pub mod audit;
pub mod backup;
pub mod content;
mod health;
mod keeper;
pub mod load_directory;
pub mod lock;
mod transaction;
pub mod version;
mod watch;
mod writer;

pub use content::{Content, Inspected, missing};
pub use transaction::{Actor, System, Tx};
pub use writer::asked;

use std::sync::Arc;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AnyPool, Connection};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::error::{Error, OpenError, Result};
use crate::files::{private_file, sync_folder};
use crate::state::directory::KeyDirectory;
use crate::state::readiness::Readiness;
use crate::time::clock::Clock;
use address::address;
use keeper::Keeper;
use lock::Lock;
use watch::Watch;
use writer::{Write, Writer};

pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Earlier versions have the WAL-reset bug, <https://sqlite.org/wal.html#walresetbug>.
const SQLITE_NEEDED: &str = "3.51.3";

/// WAL lets readers go on while somebody writes; FULL syncs the log at every commit, so that what was
/// acknowledged survives a power cut.
const PRAGMAS: [&str; 5] = [
    // What the write-ahead log is cut down to when it begins again.
    "PRAGMA journal_size_limit = 16777216",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    // Of the few locks that one meets: what begins a write is tried again by the writer.
    "PRAGMA busy_timeout = 1000",
];

/// Connections that only read.
pub const READERS: u32 = 5;
/// The longest that a question to the database waits for a reader.
const READER_PATIENCE: Duration = Duration::from_secs(2);

pub struct Database {
    /// For everything that only reads.
    pub readers: AnyPool,
    writer: Arc<Writer>,
    /// Told of every commit, so that whoever waits for something to do looks again.
    pub changed: Arc<Notify>,
    pub readiness: Arc<Readiness>,
    keeper: Keeper,
    /// Holds the locked file, so after the connections: see [`Lock::of_file`].
    watch: Arc<Watch>,
    /// Keeps a second server off the file until the process ends.
    _lock: Lock,
}

/// The writer's turn, held without changing anything.
pub struct Held(#[expect(dead_code, reason = "held until it is dropped")] Write);

impl Database {
    /// Opens the file for good, making or migrating it where needed. The directory is what its changes are published
    /// to.
    pub(crate) async fn open(
        inspected: Inspected,
        clock: Arc<dyn Clock>,
        directory: Arc<KeyDirectory>,
    ) -> Result<Self, OpenError> {
        let Inspected {
            path,
            content,
            mut lock,
            file,
        } = inspected;
        let opened = |source| OpenError::Database {
            path: path.clone(),
            source,
        };
        let file = if let Some(file) = file {
            file
        } else {
            // SQLite gives the files beside it the same mode.
            private_file(&path)
                .and_then(|made| made.sync_all())
                .and_then(|()| sync_folder(&path))
                .map_err(|error| opened(sqlx::Error::Io(error)))?;
            lock.of_file()?
        };
        if matches!(content, Content::NoKeys | Content::Keys) {
            backup::before_migration(&path).await?;
        }
        let address = address(&path, "mode=rw");
        let mut connection = connect(&address).await.map_err(opened)?;
        assert_settings(&mut connection).await?;
        MIGRATIONS.run(&mut connection).await?;
        writer::set_impatient(&mut connection).await?;
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
        let writer = Writer::new(
            address,
            connection,
            clock,
            directory,
            Arc::clone(&watch),
            Arc::clone(&readiness),
            Arc::clone(&changed),
        );
        Ok(Self {
            readers,
            writer: Arc::new(writer),
            changed,
            readiness,
            keeper,
            watch,
            _lock: lock,
        })
    }

    /// Keeps every other change waiting for as long as the result is held, also those of other processes.
    ///
    /// # Errors
    /// [`Error::Busy`] if the turn did not come; [`Error::NotSaved`] if the database takes no changes.
    pub async fn hold(&self) -> Result<Held> {
        self.begin().await.map(Held)
    }

    /// Begins a write, within two seconds or not at all.
    async fn begin(&self) -> Result<Write> {
        self.writer.begin().await
    }

    /// Waits until every change is visible that had its turn when this was called. A change reads the clock
    /// in its turn, so no older one can appear afterwards.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::NotSaved`] if the present one does not end within two seconds.
    pub async fn settled(&self) -> Result<()> {
        self.writer.settled().await
    }

    /// Reports a change that hangs, as on a frozen volume.
    pub fn look_for_a_stuck_change(&self) {
        self.writer.look_for_a_stuck_change();
    }

    /// Takes note of how a change ended. One that failed at a statement costs the writer's connection, and what it
    /// failed at is logged in one place, however many fail.
    pub fn noted<T>(&self, result: Result<T>) -> Result<T> {
        match result {
            Err(Error::Unavailable(reason)) => Err(self.writer.statement_failed(&reason)),
            other => other,
        }
    }

    /// How many times a write failed since the start.
    pub fn write_failures(&self) -> u64 {
        self.writer.failures()
    }

    /// Folds the write-ahead log into the file and closes every connection, by `deadline`.
    pub async fn close(&self, deadline: Instant) {
        if timeout_at(deadline, self.readers.close()).await.is_err() {
            tracing::warn!("a question to the database did not end in time");
        }
        let folded = if !self.watch.log_is_whole() || self.watch.log_is_cut() {
            // The last connection to close would fold the log in.
            self.keeper.abandon().await;
            Ok(())
        } else {
            let ended = self.writer.close(deadline).await;
            let folded = self.keeper.close(deadline).await;
            ended.and(folded)
        };
        match self.watch.set_log_aside() {
            Ok(Some(aside)) => tracing::error!(
                "the write-ahead log is now {}: another file has the database's name, and would be read with it",
                aside.display()
            ),
            Ok(None) => {
                if let Err(reason) = folded {
                    tracing::warn!(
                        reason,
                        "the write-ahead log could not be folded in; the next start will do it"
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

/// Connects, with the settings that every connection has.
pub async fn connect(address: &str) -> sqlx::Result<AnyConnection> {
    prepared(AnyConnection::connect(address).await?).await
}

/// Connects once more to the file under watch. Until it reads something, a connection leaves the log beside the file
/// alone: with another file of the name, it would take the log for that one's.
async fn connect_again(address: &str, watch: &Watch) -> sqlx::Result<AnyConnection> {
    let connection = AnyConnection::connect(address).await?;
    if !watch.is_ours() {
        let replaced = std::io::Error::other("its file was replaced");
        return Err(sqlx::Error::Io(replaced));
    }
    prepared(connection).await
}

async fn prepared(mut connection: AnyConnection) -> sqlx::Result<AnyConnection> {
    for pragma in PRAGMAS {
        sqlx::query(pragma).execute(&mut connection).await?;
    }
    Ok(connection)
}

fn readers(watch: Arc<Watch>) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(READERS)
        .min_connections(1)
        .acquire_timeout(READER_PATIENCE)
        // A file that was moved away under a running server must not come back as another one.
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            let watch = Arc::clone(&watch);
            Box::pin(async move {
                if !watch.is_ours() {
                    return Err(sqlx::Error::PoolClosed);
                }
                for pragma in PRAGMAS.iter().chain(&["PRAGMA query_only = ON"]) {
                    sqlx::query(*pragma).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
}

/// Asks SQLite whether the settings took: durability rests on them.
async fn assert_settings(connection: &mut AnyConnection) -> Result<(), OpenError> {
    let (version,): (String,) = sqlx::query_as("SELECT sqlite_version()")
        .fetch_one(&mut *connection)
        .await?;
    if numbers(&version) < numbers(SQLITE_NEEDED) {
        return Err(OpenError::OldSqlite {
            found: version,
            needed: SQLITE_NEEDED,
        });
    }
    let (journal,): (String,) = sqlx::query_as("PRAGMA journal_mode")
        .fetch_one(&mut *connection)
        .await?;
    let (synchronous,): (i64,) = sqlx::query_as("PRAGMA synchronous")
        .fetch_one(&mut *connection)
        .await?;
    let (foreign_keys,): (i64,) = sqlx::query_as("PRAGMA foreign_keys")
        .fetch_one(&mut *connection)
        .await?;
    if (journal.as_str(), synchronous, foreign_keys) != ("wal", 2, 1) {
        return Err(OpenError::Read(sqlx::Error::Protocol(format!(
            "SQLite did not take its settings: journal_mode {journal}, synchronous {synchronous}, foreign_keys {foreign_keys}"
        ))));
    }
    Ok(())
}

fn numbers(version: &str) -> Vec<u32> {
    version
        .split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}
