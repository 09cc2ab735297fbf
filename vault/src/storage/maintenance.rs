//! Maintenance of the database file while it is served; PostgreSQL does its own: the check that it is still the file that was opened, and the
//! bound on the write-ahead log.

use super::database::{Database, DatabaseFile};
use super::keeper::{checkpoint, pages};
use crate::error::Result;

impl Database {
    /// Returns the size of SQLite's write-ahead log in bytes. PostgreSQL bounds its own.
    pub fn log_bytes(&self) -> u64 {
        self.file.as_ref().map_or(0, |file| file.watch.log_bytes())
    }

    /// Folds the write-ahead log into the file and truncates it, if it is larger than `bound`. Returns false if a
    /// reader prevents that.
    ///
    /// SQLite folds it in as it goes, but restarts it only when no reader uses it. Overlapping reads can delay that
    /// moment for ever, so this waits for it with the writer's turn held.
    pub async fn bound_log(&self, bound: u64) -> Result<bool> {
        let Some(DatabaseFile { keeper, watch, .. }) = &self.file else {
            return Ok(true);
        };
        if watch.log_bytes() <= bound || !watch.is_ours() || !watch.log_is_whole() {
            return Ok(true);
        }
        let _turn = self.writer.pause().await?;
        let mut keeper = keeper.0.lock().await;
        let Some(connection) = keeper.as_mut() else {
            return Ok(true);
        };
        let emptied = checkpoint(connection).await?;
        if emptied {
            watch.log_was_emptied();
        }
        Ok(emptied)
    }

    /// Checks that the file is still the one that was opened, and whole. See [`super::watch`].
    pub async fn look_at_file(&self) {
        let Some(DatabaseFile { keeper, watch, .. }) = &self.file else {
            return;
        };
        let ours = watch.is_ours();
        if !ours && !watch.leaves_its_log() {
            return;
        }
        // While the log is being folded in, sizes change.
        let Ok(mut keeper) = keeper.0.try_lock() else {
            return;
        };
        let Some(connection) = keeper.as_mut() else {
            return;
        };
        if !ours {
            // SQLite would read the log with the other file that has the name now. An empty log belongs to no file.
            if let Err(error) = checkpoint(connection).await {
                tracing::debug!(%error, "the log of the replaced file could not be checkpointed");
            }
            return;
        }
        if watch.look(pages(connection).await.ok()) {
            // If only this process has the log open, whatever can be saved is saved at once.
            let folded = sqlx::query("PRAGMA wal_checkpoint(FULL)").execute(connection);
            if let Err(error) = folded.await {
                tracing::error!(%error, "the write-ahead log could not be checkpointed");
            }
        }
    }
}
