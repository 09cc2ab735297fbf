//! The database: opened with the settings that make an acknowledged change durable, one writer, several
//! readers, and one process a file.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::migrate::Migrator;
use sqlx::{Any, AnyConnection, AnyPool, Connection, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::error::{OpenError, Result};

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
    /// The advisory lock that keeps a second server off the file; released when the process ends.
    _lock: File,
}

/// One write transaction, dropped without effect unless it is committed.
pub struct Write {
    pub transaction: Transaction<'static, Any>,
    turn: OwnedMutexGuard<()>,
}

/// A change that is durable. Publish what it changed before letting go of it.
#[must_use = "publish the change while the turn is held"]
pub struct Committed {
    _turn: OwnedMutexGuard<()>,
}

impl Write {
    pub async fn commit(self) -> Result<Committed> {
        self.transaction.commit().await?;
        Ok(Committed { _turn: self.turn })
    }
}

impl Database {
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        install_default_drivers();
        let path = sqlite_path(url).ok_or_else(|| OpenError::Address(url.to_owned()))?;
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            private_folder(folder).map_err(|source| OpenError::Folder {
                path: folder.to_owned(),
                source,
            })?;
        }
        let lock = lock(&path)?;
        if path.exists() {
            inspect(&path).await?;
        }
        let address = |mode: &str| format!("sqlite://{}?mode={mode}", path.display());
        let opened = |source| OpenError::Database {
            path: path.clone(),
            source,
        };
        let writer = pool(1, &[])
            .connect(&address("rwc"))
            .await
            .map_err(opened)?;
        assert_settings(&writer).await?;
        MIGRATIONS.run(&writer).await?;
        let readers = pool(READERS, &["PRAGMA query_only = ON"])
            .connect(&address("rw"))
            .await
            .map_err(opened)?;
        Ok(Self {
            readers,
            writer,
            turn: Arc::default(),
            _lock: lock,
        })
    }

    /// Begins a write. SQLite must be told at once (`IMMEDIATE`): a transaction that first reads and then
    /// writes can fail with "database is locked" however long it waits.
    pub async fn begin(&self) -> Result<Write> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        let transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(Write { transaction, turn })
    }

    pub async fn has_keys(&self) -> Result<bool, OpenError> {
        let first: Option<(String,)> = sqlx::query_as("SELECT access_key FROM api_keys LIMIT 1")
            .fetch_optional(&self.readers)
            .await?;
        Ok(first.is_some())
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
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for pragma in PRAGMAS.iter().chain(more) {
                    sqlx::query(*pragma).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
}

/// The file of a `sqlite:` address, without parameters: the settings are ours to choose.
fn sqlite_path(url: &str) -> Option<PathBuf> {
    let rest = url
        .strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))?;
    let path = rest.split('?').next().unwrap_or_default();
    (!path.is_empty() && path != ":memory:").then(|| PathBuf::from(path))
}

/// Makes a folder that only its owner can enter, as far as it is not there.
pub fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Takes the advisory lock on `<database>.lock`. The file stays behind; only the lock counts.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let sidecar = PathBuf::from(name);
    let failed = |source| OpenError::Lock {
        path: sidecar.clone(),
        source,
    };
    let file = File::options()
        .create(true)
        .append(true)
        .open(&sidecar)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            path: path.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

/// Looks at an existing file without writing to it: it must be ours, and not newer than we are.
async fn inspect(path: &Path) -> Result<(), OpenError> {
    let opened = |source| OpenError::Database {
        path: path.to_owned(),
        source,
    };
    let address = format!("sqlite://{}?mode=ro", path.display());
    let mut connection = AnyConnection::connect(&address).await.map_err(opened)?;
    let tables: Vec<(String,)> =
        sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table'")
            .fetch_all(&mut connection)
            .await
            .map_err(opened)?;
    if !tables.is_empty() {
        if !tables.iter().any(|(name,)| name == "_sqlx_migrations") {
            return Err(OpenError::Foreign {
                path: path.to_owned(),
            });
        }
        let (found,): (i64,) =
            sqlx::query_as("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations")
                .fetch_one(&mut connection)
                .await
                .map_err(opened)?;
        let known = MIGRATIONS
            .iter()
            .map(|migration| migration.version)
            .max()
            .unwrap_or_default();
        if found > known {
            return Err(OpenError::Newer {
                path: path.to_owned(),
                found,
                known,
            });
        }
    }
    connection.close().await.map_err(opened)
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
