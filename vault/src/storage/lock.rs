//! The locks that keep a second server off a database: one on the sidecar `<database>.lock`, held before there is a
//! database, and one on the database file itself, so that neither a removed sidecar nor a hard link gets around them.
//!
//! The sidecar also records which write-ahead log belongs to which file. SQLite goes by their names, and would read a
//! log that was left behind into a file that has replaced the log's own.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::OpenError;
use crate::files::{beside, private_file};

/// Both locks. The sidecar stays behind after a run; only the locks count.
pub struct Lock {
    path: PathBuf,
    sidecar: File,
    /// The database file, once it is locked.
    file: Option<Arc<File>>,
    /// Created by a start that has not succeeded yet, and removed again if it fails.
    made: Option<PathBuf>,
}

impl Lock {
    /// Takes the sidecar's lock. Rejects a sidecar that is a symbolic link: the lock would be on its target.
    pub fn take(path: &Path) -> Result<Self, OpenError> {
        let sidecar = beside(path, ".lock");
        let failed = |source| OpenError::Lock {
            path: sidecar.clone(),
            source,
        };
        let made = match sidecar.symlink_metadata() {
            Ok(found) if found.is_symlink() => {
                return Err(failed(std::io::Error::other(
                    "it is a symbolic link; remove it",
                )));
            }
            Ok(_) => None,
            Err(_) => Some(sidecar.clone()),
        };
        let file = private_file(&sidecar).map_err(failed)?;
        lock(&file, path, &sidecar)?;
        Ok(Self {
            path: path.to_owned(),
            sidecar: file,
            file: None,
            made,
        })
    }

    /// Locks the database file itself and returns the handle that holds the lock and identifies the file among others
    /// of its name. Closing any handle of a file drops the locks that SQLite holds on it in this process, so this one
    /// must be opened before SQLite's and closed after them.
    pub fn of_file(&mut self) -> Result<Arc<File>, OpenError> {
        // For writing too: an overlay file system changes a file's number when it is first opened for writing.
        let mut options = File::options();
        let file = options
            .read(true)
            .write(true)
            .open(&self.path)
            .map_err(|source| OpenError::Lock {
                path: self.path.clone(),
                source,
            })?;
        // On Linux, flock(2) and SQLite's record locks do not see each other. Elsewhere they may.
        if cfg!(target_os = "linux") {
            lock(&file, &self.path, &self.path)?;
        }
        Ok(Arc::clone(self.file.insert(Arc::new(file))))
    }

    /// Keeps the sidecar, with the numbers of the database file and of its write-ahead log.
    pub fn keep(&mut self) {
        self.made = None;
        let numbers = [self.path.clone(), beside(&self.path, "-wal")]
            .map(|path| path.metadata().map_or(0, |data| data.ino()).to_string());
        // A full disk leaves no note, and so nothing to compare with. An old note must not stay.
        let _ = self
            .sidecar
            .set_len(0)
            .and_then(|()| (&self.sidecar).write_all(numbers.join(" ").as_bytes()))
            .and_then(|()| self.sidecar.sync_all());
    }
}

/// Rejects a database at `path` with the write-ahead log of another file. Copied together, both have new numbers.
pub fn refuse_foreign_log(path: &Path) -> Result<(), OpenError> {
    let log = beside(path, "-wal");
    let note = std::fs::read_to_string(beside(path, ".lock")).unwrap_or_default();
    let mut numbers = note.split(' ').map_while(|number| number.parse().ok());
    let noted: (Option<u64>, Option<u64>) = (numbers.next(), numbers.next());
    match (path.metadata(), log.metadata(), noted) {
        (Ok(file), Ok(found), (Some(of_file), Some(of_log)))
            if found.len() > 0 && found.ino() == of_log && file.ino() != of_file =>
        {
            Err(OpenError::ForeignLog {
                path: path.to_owned(),
                log,
            })
        }
        _ => Ok(()),
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(path) = self.made.take() {
            let _ = std::fs::remove_file(path);
        }
        for file in self.file.as_deref().into_iter().chain([&self.sidecar]) {
            let _ = file.unlock();
        }
    }
}

fn lock(file: &File, database: &Path, locked: &Path) -> Result<(), OpenError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            path: database.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(OpenError::Lock {
            path: locked.to_owned(),
            source,
        }),
    }
}
