//! Content of a database, determined before anything is written to it: ours and not newer than this program, blank, or
//! missing.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::any::install_default_drivers;
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, Connection};

use super::copying::{self, Unfinished};
use super::lock::{Lock, refuse_foreign_log};
use super::postgres::{self, Server};
use crate::error::OpenError;
use crate::files::{private_file, sync_folder};
use crate::storage::address::{address, sqlite_path, with_folder};

/// The schema, and the migrations to it from every earlier one.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The tables of a file of SQLite.
pub(super) const TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table'";

/// The content of a database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Content {
    /// There is no file of SQLite.
    Missing,
    /// No tables.
    Blank,
    /// Our tables, without a key.
    NoKeys,
    /// Keys, which need the pepper that they were made with.
    Keys,
}

/// A database that may be opened: it is either ours or blank. Nothing has been written yet.
pub struct Inspected {
    pub content: Content,
    pub(super) place: Place,
}

/// The place of an inspected database.
pub(super) enum Place {
    File(LockedFile),
    Server(Server),
}

/// A file of SQLite that no other process has open.
pub(super) struct LockedFile {
    pub path: PathBuf,
    pub lock: Lock,
    /// Locked as well, if it exists.
    pub file: Option<Arc<File>>,
}

impl LockedFile {
    /// Creates the file where it is missing, and returns its handle.
    pub fn created(&mut self) -> Result<Arc<File>, OpenError> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        // SQLite gives its sidecar files the same mode.
        private_file(&self.path)
            .and_then(|made| made.sync_all())
            .and_then(|()| sync_folder(&self.path))
            .map_err(|error| OpenError::Database {
                database: self.path.display().to_string(),
                source: sqlx::Error::Io(error),
            })?;
        let file = self.lock.of_file()?;
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }
}

impl Inspected {
    /// Inspects the database at `url`, after locking it if it is a file.
    pub async fn new(url: &str) -> Result<Self, OpenError> {
        Self::accepted_by(url, |content| content).await
    }

    /// Inspects the database at `url`, and rejects it as `accept` does.
    pub(super) async fn accepted_by(
        url: &str,
        accept: impl Fn(Result<Content, OpenError>) -> Result<Content, OpenError>,
    ) -> Result<Self, OpenError> {
        install_default_drivers();
        if Server::is_meant(url) {
            let server = Server::new(url)?;
            return Ok(Self {
                content: accept(postgres::check(&server).await)?,
                place: Place::Server(server),
            });
        }
        let path = with_folder(&sqlite_path(url)?)?;
        let mut lock = Lock::take(&path)?;
        refuse_foreign_log(&path)?;
        let file = path.exists().then(|| lock.of_file()).transpose()?;
        let content = match &file {
            None => Content::Missing,
            Some(file) => {
                warn_if_open_to_others(&path, file);
                accept(inspect(&path).await)?
            }
        };
        Ok(Self {
            content,
            place: Place::File(LockedFile { path, lock, file }),
        })
    }

    /// Connects to a server whose tables a start of this version would change; none if they are current, and for SQLite.
    pub async fn connect_before_migration(&self) -> Result<Option<AnyConnection>, OpenError> {
        let Place::Server(server) = &self.place else {
            return Ok(None);
        };
        let connected = async {
            let mut connection = server.connect().await?;
            let current = is_current(&mut connection).await?;
            Ok((!current).then_some(connection))
        };
        connected.await.map_err(|error| server.unreachable(&error))
    }

    /// Returns the name of the database, for messages.
    pub fn name(&self) -> String {
        match &self.place {
            Place::File(file) => file.path.display().to_string(),
            Place::Server(server) => server.name().to_owned(),
        }
    }
}

/// Returns the name of the database at `url`, for messages. Spellings of one address share it.
pub fn name(url: &str) -> Result<String, OpenError> {
    Ok(if Server::is_meant(url) {
        Server::new(url)?.name().to_owned()
    } else {
        sqlite_path(url)?.display().to_string()
    })
}

/// Returns whether `url` is the address of a database on a server.
pub fn is_server(url: &str) -> bool {
    Server::is_meant(url)
}

/// Returns the path of the database at `url` if it is a file that does not exist.
pub fn missing(url: &str) -> Result<Option<PathBuf>, OpenError> {
    if Server::is_meant(url) {
        return Ok(None);
    }
    let path = sqlite_path(url)?;
    Ok((!path.exists()).then_some(path))
}

fn warn_if_open_to_others(path: &Path, file: &File) {
    let mode = file.metadata().map_or(0, |data| data.mode() & 0o777);
    if mode & 0o077 != 0 {
        tracing::warn!(
            "the database {} is accessible to users other than its owner (mode {mode:04o}): chmod 600",
            path.display()
        );
    }
}

/// Inspects an existing file without writing to it: it must be ours, and not newer than this program.
pub async fn inspect(path: &Path) -> Result<Content, OpenError> {
    let (content, connection) = read_file(path).await?;
    connection
        .close()
        .await
        .map_err(|source| OpenError::Database {
            database: path.display().to_string(),
            source,
        })?;
    Ok(content)
}

/// Opens an existing file to read it, also while a server has it open.
async fn read_file(path: &Path) -> Result<(Content, AnyConnection), OpenError> {
    let name = path.display().to_string();
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    // Without a log, no other process has the file open, and reading it as immutable leaves no trace.
    let mode = if Path::new(&log).exists() {
        "mode=ro"
    } else {
        "mode=ro&immutable=true"
    };
    let mut connection = AnyConnection::connect(&address(path, mode))
        .await
        .map_err(|source| OpenError::Database {
            database: name.clone(),
            source,
        })?;
    let content = read_schema(&name, TABLES, &mut connection).await?;
    Ok((content, connection))
}

/// A database that is read beside its servers, without a lock.
pub struct ReadBeside {
    pub content: Content,
    /// None if there is no file of SQLite.
    pub connection: Option<AnyConnection>,
    /// Whether a start of this version would leave the tables as they are.
    pub is_current: bool,
}

/// Opens the database at `url` to read it, without a lock, and without a change: it must be ours, and not newer than this
/// program.
pub async fn read_beside(url: &str) -> Result<ReadBeside, OpenError> {
    install_default_drivers();
    let (content, mut connection) = if Server::is_meant(url) {
        let server = Server::new(url)?;
        let content = postgres::check(&server).await?;
        let connection = server.connect().await;
        let connection = connection.map_err(|error| server.unreachable(&error))?;
        (content, connection)
    } else {
        let path = sqlite_path(url)?;
        if !path.exists() {
            return Ok(ReadBeside {
                content: Content::Missing,
                connection: None,
                is_current: false,
            });
        }
        refuse_foreign_log(&path)?;
        read_file(&path).await?
    };
    let is_current = content != Content::Blank && is_current(&mut connection).await?;
    Ok(ReadBeside {
        content,
        connection: Some(connection),
        is_current,
    })
}

/// Reads the schema of the database called `name`, whose engine lists its tables by the query `tables`.
pub(super) async fn read_schema(
    name: &str,
    tables: &'static str,
    connection: &mut AnyConnection,
) -> Result<Content, OpenError> {
    let opened = |source| OpenError::Database {
        database: name.to_owned(),
        source,
    };
    let foreign = || OpenError::Foreign {
        database: name.to_owned(),
    };
    let tables: Vec<(String,)> = sqlx::query_as(tables)
        .fetch_all(&mut *connection)
        .await
        .map_err(opened)?;
    let has = |table: &str| tables.iter().any(|(name,)| name == table);
    if tables.is_empty() {
        return Ok(Content::Blank);
    }
    if !has("_sqlx_migrations") {
        return Err(foreign());
    }
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations ORDER BY version")
            .fetch_all(&mut *connection)
            .await
            .map_err(opened)?;
    let known = newest_schema();
    for (version, checksum) in applied {
        match MIGRATIONS
            .iter()
            .find(|migration| migration.version == version)
        {
            Some(ours) if *ours.checksum == *checksum => {}
            None if version > known => {
                return Err(OpenError::Newer {
                    database: name.to_owned(),
                    found: version,
                    known,
                });
            }
            _ => return Err(foreign()),
        }
    }
    if has(copying::NOTE) {
        let unfinished = Unfinished::read(connection).await.map_err(opened)?;
        return Err(OpenError::UnfinishedCopy {
            database: name.to_owned(),
            source_name: unfinished.source,
        });
    }
    if !has("api_keys") {
        return Ok(Content::Blank);
    }
    let first: Option<(String,)> = sqlx::query_as("SELECT access_key FROM api_keys LIMIT 1")
        .fetch_optional(connection)
        .await
        .map_err(opened)?;
    Ok(if first.is_some() {
        Content::Keys
    } else {
        Content::NoKeys
    })
}

/// Returns whether every migration of this program has been applied.
pub(super) async fn is_current(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    let (newest,): (Option<i64>,) = sqlx::query_as("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await?;
    Ok(newest == Some(newest_schema()))
}

/// Returns the newest schema version of this program.
pub(super) fn newest_schema() -> i64 {
    let versions = MIGRATIONS.iter().map(|migration| migration.version);
    versions.max().unwrap_or_default()
}
