//! The file of a backup: private from the start, and under its own name only when it is whole, checked and durable. Until
//! then, dropping it removes it.

use std::fs::File;
use std::path::{Path, PathBuf};

use sqlx::{AnyConnection, Connection};

use super::{Contents, Copied, Reason};
use crate::error::OpenError;
use crate::files::{beside, folder_of, new_private_file, sync_folder};
use crate::storage::address::address;

pub struct NewFile {
    /// The name that it gets.
    target: PathBuf,
    /// The name that it has until then.
    partial: PathBuf,
    file: File,
    kept: bool,
}

impl NewFile {
    /// Creates an empty file for `target`, whose name must be free. Removes what a backup that was killed left behind.
    pub fn begin(target: &Path) -> Result<Self, OpenError> {
        let failed = |reason: String| failed(target, reason);
        let target = folder_of(target)
            .canonicalize()
            .map(|folder| folder.join(target.file_name().unwrap_or_default()))
            .map_err(|error| failed(format!("its folder: {error}")))?;
        reject_taken(&target)?;
        Self::create(target).map_err(|error| failed(error.to_string()))
    }

    fn create(target: PathBuf) -> std::io::Result<Self> {
        let partial = beside(&target, ".partial");
        if let Ok(stale) = File::open(&partial) {
            if stale.try_lock().is_err() {
                return Err(std::io::Error::other("another backup is writing it"));
            }
            std::fs::remove_file(&partial)?;
        }
        let file = new_private_file(&partial)?;
        // Held until the file is closed.
        let _ = file.try_lock();
        Ok(Self {
            target,
            partial,
            file,
            kept: false,
        })
    }

    /// Returns the path to write to.
    pub fn path(&self) -> &Path {
        &self.partial
    }

    /// Makes what was written durable, reads all of it and checks its integrity. Returns the connection, to compare the
    /// content with its source.
    pub async fn checked(&self) -> Result<AnyConnection, Reason> {
        // SQLite does not sync what it copies.
        self.file.sync_all()?;
        let address = address(&self.partial, "mode=ro&immutable=true");
        let mut connection = AnyConnection::connect(&address).await?;
        sound(&mut connection).await?;
        Ok(connection)
    }

    /// Gives the file its name, if it has been filled.
    pub fn end(mut self, filled: Result<Contents, Reason>) -> Result<Copied, OpenError> {
        let Contents { keys, accounts } = filled.map_err(|reason| match reason {
            Reason::Source(error) => error,
            Reason::Copy(reason) => failed(&self.target, reason),
        })?;
        reject_taken(&self.target)?;
        let bytes = self.keep();
        let bytes = bytes.map_err(|error| failed(&self.target, error.to_string()))?;
        Ok(Copied {
            path: self.target.clone(),
            bytes,
            keys,
            accounts,
        })
    }

    /// Returns the size.
    fn keep(&mut self) -> std::io::Result<u64> {
        let bytes = self.file.metadata()?.len();
        std::fs::rename(&self.partial, &self.target)?;
        self.kept = true;
        sync_folder(&self.target)?;
        Ok(bytes)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.partial);
            let _ = std::fs::remove_file(beside(&self.partial, "-journal"));
        }
    }
}

fn failed(path: &Path, reason: String) -> OpenError {
    OpenError::Backup {
        path: path.to_owned(),
        reason,
    }
}

fn reject_taken(target: &Path) -> Result<(), OpenError> {
    if target.symlink_metadata().is_ok() {
        let reason = "a file with that name already exists".to_owned();
        return Err(failed(target, reason));
    }
    Ok(())
}

/// Reads all of a database and checks its integrity.
async fn sound(connection: &mut AnyConnection) -> Result<(), Reason> {
    let (verdict,): (String,) = sqlx::query_as("PRAGMA integrity_check(1)")
        .fetch_one(&mut *connection)
        .await?;
    if verdict != "ok" {
        return Err(Reason::Copy(format!("the copy is damaged: {verdict}")));
    }
    let orphan = sqlx::query("PRAGMA foreign_key_check")
        .fetch_optional(connection)
        .await?;
    if orphan.is_some() {
        return Err(Reason::Copy(
            "the copy is damaged: a row refers to a missing one".to_owned(),
        ));
    }
    Ok(())
}
