//! A copy of SQLite's file in one consistent file, made beside a running server and checked before it gets its name.
//!
//! The database file alone is no backup: the latest changes are in its write-ahead log.

mod new_file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, AssertSqlSafe, Connection, FromRow};

use super::content::{Content, MIGRATIONS, TABLES, newest_schema, read_schema};
use crate::error::OpenError;
use crate::files::beside;
use crate::storage::address::{address, sqlite_path};
pub use new_file::NewFile;

/// A copy that was made and checked.
#[derive(Debug)]
pub struct Copied {
    pub path: PathBuf,
    pub bytes: u64,
    pub keys: i64,
    pub accounts: i64,
}

/// The numbers of a copy that the operator is shown.
pub struct Contents {
    pub keys: i64,
    pub accounts: i64,
}

/// Copies the file of SQLite at `url` into a new file. It takes no lock, so it works beside a running server.
///
/// # Errors
/// A sentence that names the obstacle; nothing is left behind then.
pub async fn backup(url: &str, file: &Path) -> Result<Copied, OpenError> {
    install_default_drivers();
    let path = sqlite_path(url)?;
    if !path.exists() {
        return Err(OpenError::NoDatabase { path });
    }
    copy(&path, "mode=rw", file).await
}

/// Copies the database before it is migrated, so that a return to the earlier version stays possible.
pub async fn before_migration(path: &Path) -> Result<(), OpenError> {
    let known = newest_schema();
    let Some(present) = state(path, "mode=rw").await? else {
        return Ok(());
    };
    if usize::try_from(present.applied) == Ok(MIGRATIONS.iter().count()) {
        return Ok(());
    }
    let name = format!(".before-schema-{known}");
    let mut file = beside(path, &name);
    for number in 2.. {
        if !file.exists() {
            break;
        }
        // Left by a start that died after copying: nothing has changed since.
        if state(&file, "mode=ro&immutable=true")
            .await
            .ok()
            .flatten()
            .as_ref()
            == Some(&present)
        {
            return Ok(());
        }
        file = beside(path, &format!("{name}-{number}"));
    }
    let copied = copy(path, "mode=rw", &file).await?;
    tracing::info!(
        "the database is about to be migrated from schema {} to {known}; {} is a copy from before",
        present.schema,
        copied.path.display()
    );
    Ok(())
}

/// The state of a database, for comparison with a copy.
#[derive(Debug, Eq, FromRow, PartialEq)]
struct State {
    schema: i64,
    /// The number of migrations that were applied.
    applied: i64,
    /// The number of the last change.
    changes: i64,
    keys: i64,
    accounts: i64,
}

/// Returns none if there is no account yet, and so nothing to lose.
async fn state(path: &Path, mode: &str) -> Result<Option<State>, OpenError> {
    let mut connection = AnyConnection::connect(&address(path, mode)).await?;
    let state: State = sqlx::query_as(
        "SELECT (SELECT MAX(version) FROM _sqlx_migrations) AS schema, (SELECT COUNT(*) FROM _sqlx_migrations) AS applied,
                (SELECT COALESCE(MAX(id), 0) FROM audit) AS changes, (SELECT COUNT(*) FROM api_keys) AS keys,
                (SELECT COUNT(*) FROM accounts) AS accounts",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok((state.accounts > 0).then_some(state))
}

/// Copies the database at `source`, opened in `mode`, into the new file `target`.
pub async fn copy(source: &Path, mode: &str, target: &Path) -> Result<Copied, OpenError> {
    let new = NewFile::begin(target)?;
    let filled = fill(source, mode, &new).await;
    new.end(filled)
}

/// The cause of a failed copy.
pub enum Reason {
    /// The database cannot be read.
    Source(OpenError),
    Copy(String),
}

impl From<sqlx::Error> for Reason {
    fn from(error: sqlx::Error) -> Self {
        Self::Copy(error.to_string())
    }
}

impl From<std::io::Error> for Reason {
    fn from(error: std::io::Error) -> Self {
        Self::Copy(error.to_string())
    }
}

async fn fill(source: &Path, mode: &str, new: &NewFile) -> Result<Contents, Reason> {
    let opened = |error| {
        Reason::Source(OpenError::Database {
            database: source.display().to_string(),
            source: error,
        })
    };
    let mut connection = AnyConnection::connect(&address(source, mode))
        .await
        .map_err(opened)?;
    let content = read_schema(&source.display().to_string(), TABLES, &mut connection)
        .await
        .map_err(Reason::Source)?;
    if content == Content::Blank {
        return Err(Reason::Copy(format!("{} is empty", source.display())));
    }
    let name = new
        .path()
        .to_str()
        .ok_or_else(|| Reason::Copy("its path is not UTF-8".to_owned()))?;
    let before = Inventory::of(&mut connection).await.map_err(opened)?;
    sqlx::query("VACUUM INTO $1")
        .bind(name)
        .execute(&mut connection)
        .await?;
    let after = Inventory::of(&mut connection).await.map_err(opened)?;
    connection.close().await?;
    let mut copy = new.checked().await?;
    let found = Inventory::of(&mut copy).await?;
    let accounts = accounts(&mut copy).await?;
    copy.close().await?;
    found.between(&before, &after).map_err(Reason::Copy)?;
    Ok(Contents {
        keys: found.rows("api_keys"),
        accounts,
    })
}

/// Counts the accounts of a database: not the rows that deleted ones leave behind for their mails, nor the one without an
/// owner.
pub async fn accounts(connection: &mut AnyConnection) -> sqlx::Result<i64> {
    let (accounts,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM accounts WHERE password <> ''")
        .fetch_one(connection)
        .await?;
    Ok(accounts)
}

/// The content of a database, for comparison with its copy.
#[derive(Debug)]
struct Inventory {
    schema: Vec<(String, String)>,
    rows: BTreeMap<String, i64>,
    /// The number of the last change.
    last: i64,
    /// Changes with each commit of another connection.
    version: i64,
}

impl Inventory {
    async fn of(connection: &mut AnyConnection) -> sqlx::Result<Self> {
        // One transaction, because writers continue: all numbers must be of the same state.
        let mut snapshot = connection.begin().await?;
        let (version,): (i64,) = sqlx::query_as("PRAGMA data_version")
            .fetch_one(&mut *snapshot)
            .await?;
        let schema: Vec<(String, String)> = sqlx::query_as(
            "SELECT name, COALESCE(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY name",
        )
        .fetch_all(&mut *snapshot)
        .await?;
        let tables: Vec<(String,)> =
            sqlx::query_as("SELECT name FROM sqlite_master WHERE type = 'table'")
                .fetch_all(&mut *snapshot)
                .await?;
        let mut rows = BTreeMap::new();
        for (table,) in tables {
            let quoted = table.replace('"', "\"\"");
            let statement = AssertSqlSafe(format!("SELECT COUNT(*) FROM \"{quoted}\""));
            let (count,): (i64,) = sqlx::query_as(statement).fetch_one(&mut *snapshot).await?;
            rows.insert(table, count);
        }
        let (last,): (i64,) = sqlx::query_as("SELECT COALESCE(MAX(id), 0) FROM audit")
            .fetch_one(&mut *snapshot)
            .await?;
        snapshot.rollback().await?;
        Ok(Self {
            schema,
            rows,
            last,
            version,
        })
    }

    fn rows(&self, table: &str) -> i64 {
        self.rows.get(table).copied().unwrap_or(0)
    }

    /// Checks that this may be a copy made between the two: the same rows or, if changes were made meanwhile, one of
    /// the states that the trail went through.
    fn between(&self, before: &Self, after: &Self) -> Result<(), String> {
        if self.schema != after.schema || before.schema != after.schema {
            return Err("the tables of the copy are not those of the database".to_owned());
        }
        let undisturbed = before.version == after.version;
        if undisturbed && self.rows != after.rows {
            return Err("the copy does not have the rows of the database".to_owned());
        }
        if self.last < before.last || self.last > after.last {
            return Err("the copy does not have the last change of the database".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Poll;

    use super::*;

    async fn opened(path: &Path) -> AnyConnection {
        AnyConnection::connect(&address(path, "mode=rwc"))
            .await
            .unwrap()
    }

    /// Adds an entry to the trail, whose length is the number of its last entry.
    async fn write(connection: &mut AnyConnection) {
        sqlx::query(
            "INSERT INTO audit (id, at, account_id, action, subject, detail, expires_at, address)
             SELECT COALESCE(MAX(id), 0) + 1, 0, '', '', '', '', NULL, '' FROM audit",
        )
        .execute(connection)
        .await
        .unwrap();
    }

    /// A writer that commits whenever the reader waits does not make the numbers of an inventory inconsistent.
    #[tokio::test]
    async fn an_inventory_is_of_one_state() {
        install_default_drivers();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keyhold.db");
        let mut writer = opened(&path).await;
        MIGRATIONS.run(&mut writer).await.unwrap();
        sqlx::query("PRAGMA journal_mode = WAL")
            .execute(&mut writer)
            .await
            .unwrap();
        let mut reader = opened(&path).await;
        let before = Inventory::of(&mut reader).await.unwrap();
        let after = {
            let mut reading = pin!(Inventory::of(&mut reader));
            loop {
                let polled = poll_fn(|context| Poll::Ready(reading.as_mut().poll(context)));
                match polled.await {
                    Poll::Ready(inventory) => break inventory.unwrap(),
                    Poll::Pending => write(&mut writer).await,
                }
            }
        };
        assert_eq!(after.rows("audit"), after.last);
        assert!(before.version != after.version || before.rows == after.rows);
    }
}
