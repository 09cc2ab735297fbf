//! The maintenance connection to the database file while it is served: it folds in the write-ahead log and reads the
//! number of pages.

use sqlx::{AnyConnection, Connection};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::connection::connect;
use super::watch::Pages;

/// The longest that folding in waits for readers, and that changes wait for it, in milliseconds.
const BUSY_TIMEOUT: &str = "PRAGMA busy_timeout = 500";

pub struct Keeper(pub(super) Mutex<Option<AnyConnection>>);

impl Keeper {
    pub async fn connect(address: &str) -> sqlx::Result<Self> {
        let mut connection = connect(address).await?;
        sqlx::query(BUSY_TIMEOUT).execute(&mut connection).await?;
        Ok(Self(Mutex::new(Some(connection))))
    }

    /// Folds the write-ahead log into the file that was opened, whatever file has its name now, and closes the
    /// connection.
    pub async fn close(&self, deadline: Instant) -> Result<(), String> {
        let close = async {
            let Some(mut connection) = self.0.lock().await.take() else {
                return Ok(true);
            };
            let folded = checkpoint(&mut connection).await;
            connection.close().await?;
            folded
        };
        match timeout_at(deadline, close).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err("another process is reading it".to_owned()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("it took too long".to_owned()),
        }
    }

    /// Keeps the connection open for as long as the process lives.
    pub async fn abandon(&self) {
        std::mem::forget(self.0.lock().await.take());
    }
}

/// Folds the write-ahead log into the file and truncates it. Returns false if a reader or a change is in the way.
pub(super) async fn checkpoint(connection: &mut AnyConnection) -> sqlx::Result<bool> {
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(connection)
        .await?;
    Ok(busy == 0)
}

pub(super) async fn pages(connection: &mut AnyConnection) -> sqlx::Result<Pages> {
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
