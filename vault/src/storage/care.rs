//! The care of the database file while it is served: the comparison with the file that was opened, and the bound on the
//! write-ahead log.

use super::database::Database;
use super::keeper::{fold, pages};
use crate::error::Result;

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
