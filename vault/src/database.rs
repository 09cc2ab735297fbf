//! The database: opened with the settings that make an acknowledged change durable, one writer, several
//! readers, and one process a file.

mod file;

pub use file::private_folder;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyConnection, AnyPool, Connection, Transaction};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

use crate::clock::Clock;
use crate::error::{OpenError, Result};
use crate::readiness::Readiness;
use file::{Lock, address, private_file, sqlite_path};

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Earlier versions have the WAL-reset bug, <https://sqlite.org/wal.html#walresetbug>.
const SQLITE_NEEDED: &str = "3.51.3";

/// WAL lets readers go on while somebody writes; FULL syncs the log at every commit, so that what was
/// acknowledged survives a power cut.
const PRAGMAS: [&str; 4] = [
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 5000",
];

const READERS: u32 = 4;

pub struct Database {
    /// For everything that only reads.
    pub readers: AnyPool,
    writer: AnyPool,
    /// Held from BEGIN to the publication of what was committed, so that the directory sees changes in the
    /// order in which the database took them.
    turn: Arc<Mutex<()>>,
    clock: Arc<dyn Clock>,
    /// Told of every commit, so that whoever waits for something to do looks again.
    pub changed: Arc<Notify>,
    pub readiness: Arc<Readiness>,
    /// Keeps a second server off the file until the process ends.
    _lock: Lock,
}

/// One write transaction, dropped without effect unless it is committed.
pub struct Write {
    pub transaction: Transaction<'static, Any>,
    /// The instant of this change, UTC epoch milliseconds. It is read in the turn: an instant that was read while
    /// waiting for it is older than what others did meanwhile.
    pub now: i64,
    turn: OwnedMutexGuard<()>,
    changed: Arc<Notify>,
}

/// A change that is durable. Publish what it changed before letting go of it.
#[must_use = "publish the change while the turn is held"]
pub struct Committed {
    _turn: OwnedMutexGuard<()>,
}

impl Write {
    pub async fn commit(self) -> Result<Committed> {
        let changed = Arc::clone(&self.changed);
        let committed = self.commit_unannounced().await?;
        changed.notify_one();
        Ok(committed)
    }

    /// For what brings nobody anything to do.
    pub async fn commit_unannounced(self) -> Result<Committed> {
        self.transaction.commit().await?;
        Ok(Committed { _turn: self.turn })
    }
}

/// A database file that may be opened: it is locked, and what is in it is ours or nothing. Nothing has been
/// written yet.
pub struct Inspected {
    path: PathBuf,
    lock: Lock,
    /// Whether it holds keys, which need the pepper that they were made with.
    pub has_keys: bool,
}

impl Inspected {
    /// Locks the file at `url` and looks at it.
    pub async fn new(url: &str) -> Result<Self, OpenError> {
        install_default_drivers();
        let path = sqlite_path(url)?;
        let lock = Lock::take(&path)?;
        let has_keys = path.exists() && inspect(&path).await?;
        Ok(Self {
            path,
            lock,
            has_keys,
        })
    }
}

impl Database {
    /// Opens the file for good, making or migrating it where needed.
    pub async fn open(inspected: Inspected, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let Inspected { path, mut lock, .. } = inspected;
        let opened = |source| OpenError::Database {
            path: path.clone(),
            source,
        };
        if !path.exists() {
            // SQLite gives the files beside it the same mode.
            private_file(&path).map_err(|error| opened(sqlx::Error::Io(error)))?;
        }
        let address = address(&path, "mode=rw");
        let writer = pool(1, &[]).connect(&address).await.map_err(opened)?;
        assert_settings(&writer).await?;
        MIGRATIONS.run(&writer).await?;
        let readers = pool(READERS, &["PRAGMA query_only = ON"])
            .connect(&address)
            .await
            .map_err(opened)?;
        lock.keep();
        Ok(Self {
            readers,
            writer,
            turn: Arc::default(),
            clock,
            changed: Arc::default(),
            readiness: Arc::default(),
            _lock: lock,
        })
    }

    /// Begins a write. SQLite must be told at once (`IMMEDIATE`): a transaction that first reads and then
    /// writes can fail with "database is locked" however long it waits.
    pub async fn begin(&self) -> Result<Write> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Write {
            transaction,
            now: self.clock.now(),
            turn,
            changed: Arc::clone(&self.changed),
        })
    }

    /// Waits until every change is visible that had its turn when this was called. A change reads the clock
    /// in its turn, so afterwards none can appear that is older.
    pub async fn settled(&self) {
        drop(self.turn.lock().await);
    }

    pub async fn is_ready(&self) -> bool {
        sqlx::query("SELECT 1").execute(&self.readers).await.is_ok()
    }

    /// Folds the write-ahead log into the file and closes every connection.
    pub async fn close(&self) {
        self.readers.close().await;
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&self.writer)
            .await
        {
            tracing::warn!(%error, "the write-ahead log could not be folded in; the next start will do it");
        }
        self.writer.close().await;
    }
}

fn pool(connections: u32, more: &'static [&'static str]) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        // A file that was moved away under a running server must not come back as a new, empty one.
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for pragma in PRAGMAS.iter().chain(more) {
                    sqlx::query(*pragma).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
}

/// Looks at an existing file without writing to it: it must be ours, and not newer than we are. Says whether
/// it holds keys.
async fn inspect(path: &Path) -> Result<bool, OpenError> {
    let opened = |source| OpenError::Database {
        path: path.to_owned(),
        source,
    };
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    // Where there is no log, nobody else has the file open, and reading it as immutable leaves no trace.
    let mode = if Path::new(&log).exists() {
        "mode=ro"
    } else {
        "mode=ro&immutable=true"
    };
    let mut connection = AnyConnection::connect(&address(path, mode))
        .await
        .map_err(opened)?;
    let verdict = read_schema(path, &mut connection).await;
    connection.close().await.map_err(opened)?;
    verdict
}

async fn read_schema(path: &Path, connection: &mut AnyConnection) -> Result<bool, OpenError> {
    let opened = |source| OpenError::Database {
        path: path.to_owned(),
        source,
    };
    let foreign = || OpenError::Foreign {
        path: path.to_owned(),
    };
    let tables: Vec<(String,)> =
        sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table'")
            .fetch_all(&mut *connection)
            .await
            .map_err(opened)?;
    let has = |table: &str| tables.iter().any(|(name,)| name == table);
    if tables.is_empty() {
        return Ok(false);
    }
    if !has("_sqlx_migrations") {
        return Err(foreign());
    }
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations ORDER BY version")
            .fetch_all(&mut *connection)
            .await
            .map_err(opened)?;
    let known = MIGRATIONS
        .iter()
        .map(|migration| migration.version)
        .max()
        .unwrap_or_default();
    for (version, checksum) in applied {
        match MIGRATIONS
            .iter()
            .find(|migration| migration.version == version)
        {
            Some(ours) if *ours.checksum == *checksum => {}
            None if version > known => {
                return Err(OpenError::Newer {
                    path: path.to_owned(),
                    found: version,
                    known,
                });
            }
            _ => return Err(foreign()),
        }
    }
    if !has("api_keys") {
        return Ok(false);
    }
    let first: Option<(String,)> = sqlx::query_as("SELECT access_key FROM api_keys LIMIT 1")
        .fetch_optional(connection)
        .await
        .map_err(opened)?;
    Ok(first.is_some())
}

/// Asks SQLite whether the settings took: durability rests on them.
async fn assert_settings(pool: &AnyPool) -> Result<(), OpenError> {
    let (version,): (String,) = sqlx::query_as("SELECT sqlite_version()")
        .fetch_one(pool)
        .await?;
    if numbers(&version) < numbers(SQLITE_NEEDED) {
        return Err(OpenError::OldSqlite {
            found: version,
            needed: SQLITE_NEEDED,
        });
    }
    let (journal,): (String,) = sqlx::query_as("PRAGMA journal_mode")
        .fetch_one(pool)
        .await?;
    let (synchronous,): (i64,) = sqlx::query_as("PRAGMA synchronous").fetch_one(pool).await?;
    let (foreign_keys,): (i64,) = sqlx::query_as("PRAGMA foreign_keys")
        .fetch_one(pool)
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
