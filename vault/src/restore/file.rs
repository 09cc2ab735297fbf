//! A file of SQLite in the place of another one, which is kept beside it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use super::Found;
use super::work::replaced;
use crate::error::OpenError;
use crate::files::{beside, folder_of, sync_folder};
use crate::storage::Content;
use crate::storage::address::{sqlite_path, with_folder};
use crate::storage::content::inspect;
use crate::storage::lock::{Lock, refuse_foreign_log};

/// The file to replace.
pub struct DatabaseFile {
    pub path: PathBuf,
    /// Held to the end; none for a dry run, which works beside a server.
    _lock: Option<Lock>,
}

impl DatabaseFile {
    /// `file` is the backup.
    pub fn take(url: &str, file: &Path, dry_run: bool) -> Result<Self, OpenError> {
        let path = sqlite_path(url)?;
        if file == path {
            return Err(OpenError::Restore {
                path,
                reason: "it is the present database itself".to_owned(),
            });
        }
        let (path, lock) = if dry_run {
            (path, None)
        } else {
            let path = with_folder(&path)?;
            let mut lock = Lock::take(&path)?;
            if path.exists() {
                lock.of_file()?;
            }
            (path, Some(lock))
        };
        refuse_foreign_log(&path)?;
        Ok(Self { path, _lock: lock })
    }

    pub async fn present(&self) -> Result<Found, OpenError> {
        if !self.path.exists() {
            return Ok(Found::Nothing);
        }
        match inspect(&self.path).await {
            Ok(Content::Missing | Content::Blank) => Ok(Found::Nothing),
            Ok(Content::NoKeys | Content::Keys) => Ok(Found::Database(self.path.clone())),
            Err(newer @ OpenError::Newer { .. }) => Err(newer),
            Err(error) => Ok(Found::Unreadable(error.to_string())),
        }
    }

    /// Replaces the file. Returns the path of the replaced one.
    pub fn replace(self, restored: &Path, at: i64) -> io::Result<Option<PathBuf>> {
        exchange(restored, &self.path, at)
    }
}

/// Replaces `path` with `restored` in one step, and keeps the old database beside it. Returns its new path. On failure,
/// everything is as it was.
fn exchange(restored: &Path, path: &Path, at: i64) -> io::Result<Option<PathBuf>> {
    File::open(restored)?.sync_all()?;
    // The restore may run as another user than the server's.
    let owner = path.metadata().or_else(|_| folder_of(path).metadata())?;
    let _ = chown(restored, Some(owner.uid()), Some(owner.gid()));
    let log = beside(path, "-wal");
    let kept = if path.exists() {
        Some(Kept::take(path, &log, replaced(path, at))?)
    } else {
        None
    };
    // SQLite would read a stray log with the other database.
    for stray in ["-wal", "-shm"] {
        let _ = fs::remove_file(beside(path, stray));
    }
    if let Err(error) = fs::rename(restored, path) {
        if let Some(kept) = kept {
            kept.undo(&log)?;
        }
        return Err(error);
    }
    sync_folder(path)?;
    Ok(kept.map(|kept| kept.path))
}

/// A second name of the database that is about to be replaced.
struct Kept {
    path: PathBuf,
    /// The second name of its log. Only a damaged database still has one.
    log: Option<PathBuf>,
}

impl Kept {
    fn take(database: &Path, log: &Path, path: PathBuf) -> io::Result<Self> {
        second_name(database, &path)?;
        let mut kept = Self { path, log: None };
        if log.exists() {
            let beside = beside(&kept.path, "-wal");
            if let Err(error) = second_name(log, &beside) {
                let _ = fs::remove_file(&kept.path);
                return Err(error);
            }
            kept.log = Some(beside);
        }
        sync_folder(database)?;
        Ok(kept)
    }

    fn undo(self, log: &Path) -> io::Result<()> {
        if let Some(kept) = self.log {
            fs::rename(kept, log)?;
        }
        fs::remove_file(self.path)
    }
}

/// Gives a file a second name, by a copy where the file system has no links.
fn second_name(file: &Path, name: &Path) -> io::Result<()> {
    match fs::hard_link(file, name) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            fs::copy(file, name)?;
            File::open(name)?.sync_all()
        }
        done => done,
    }
}
