//! The connection that looks after the database file while it is served: it folds the write-ahead log in and asks for
//! the number of pages.

use sqlx::{AnyConnection, Connection};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::Database;
use super::watch::Pages;
use crate::error::Result;

/// How long folding in may wait for readers, and changes for it, in milliseconds.
const PATIENCE: &str = "PRAGMA busy_timeout = 500";

pub struct Keeper(Mutex<Option<AnyConnection>>);

impl Keeper {
    pub async fn connect(address: &str) -> sqlx::Result<Self> {
        let mut connection = super::connect(address).await?;
        sqlx::query(PATIENCE).execute(&mut connection).await?;
        Ok(Self(Mutex::new(Some(connection))))
    }

    /// Folds the write-ahead log into the file that was opened, whatever file has its name by now, and closes the
    /// connection.
    pub async fn close(&self, deadline: Instant) -> Result<(), String> {
        let close = async {
            let Some(mut connection) = self.0.lock().await.take() else {
                return Ok(true);
            };
            let folded = fold(&mut connection).await;
            connection.close().await?;
            folded
        };
        match timeout_at(deadline, close).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("something else reads it".to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("it took too long".to_owned()),
        }
    }

    /// Leaves the connection open for as long as the process lives.
    pub async fn abandon(&self) {
        std::mem::forget(self.0.lock().await.take());
    }
}

impl Database {
    /// How large the write-ahead log is.
    pub fn log_bytes(&self) -> u64 {
        self.watch.log_bytes()
    }

    /// Folds the write-ahead log into the file and truncates it, if it is larger than `bound`. Returns false if it
    /// could not be, because somebody reads what is in it.
    ///
    /// SQLite folds it in as it goes, but begins again at its start only when no reader is in it. While reads overlap
    /// that moment never comes, so here it is waited for with the writer's turn held.
    pub async fn bound_log(&self, bound: u64) -> Result<bool> {
        if self.log_bytes() <= bound || !self.watch.is_ours() || !self.watch.log_is_whole() {
            return Ok(true);
        }
        let _turn = self.writer.pause().await?;
        let mut keeper = self.keeper.0.lock().await;
        let Some(connection) = keeper.as_mut() else {
            return Ok(true);
        };
        Ok(fold(connection).await?)
    }

    /// Looks whether the file is still the one that was opened, whole. See [`super::watch`].
    pub async fn look_at_file(&self) {
        let ours = self.watch.is_ours();
        if !ours && !self.watch.leaves_its_log() {
            return;
        }
        // While the log is being folded in, sizes change.
        let Ok(mut keeper) = self.keeper.0.try_lock() else {
            return;
        };
        let Some(connection) = keeper.as_mut() else {
            return;
        };
        if !ours {
            // With another file in its place, the log would be read as that one's. Empty, it can be no file's.
            if let Err(error) = fold(connection).await {
                tracing::debug!(%error, "the log of the file that was replaced could not be folded in");
            }
            return;
        }
        if self.watch.look(pages(connection).await.ok()) {
            // Of a log that only we have open, what can be saved is saved at once.
            let folded = sqlx::query("PRAGMA wal_checkpoint(FULL)").execute(connection);
            if let Err(error) = folded.await {
                tracing::error!(%error, "the write-ahead log could not be folded in");
            }
        }
    }
}

/// Folds the write-ahead log into the file and truncates it. Returns false if a reader or a change is in the way.
async fn fold(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(connection)
        .await?;
    Ok(busy == 0)
}

async fn pages(connection: &mut AnyConnection) -> sqlx::Result<Pages> {
    let (size, count): (i64, i64) =
        sqlx::query_as("SELECT page_size, page_count FROM pragma_page_size, pragma_page_count")
            .fetch_one(&mut *connection)
            .await?;
    let (_, frames, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(NOOP)")
        .fetch_one(connection)
        .await?;
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(Pages {
        size: number(size),
        count: number(count),
        frames: number(frames),
    })
}
