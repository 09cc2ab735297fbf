//! Files that exist while a restore is under way, and the name of the replaced database.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::DateTime;

use crate::files::{beside, unused};

/// A file that is removed at the end, unless it has another name by then.
pub struct Work {
    pub path: PathBuf,
}

impl Work {
    /// Removes what a restore that was killed left behind.
    pub fn new(path: PathBuf) -> Self {
        let work = Self { path };
        work.remove();
        work
    }

    fn remove(&self) {
        for ending in ["", "-wal", "-shm", ".partial", ".partial-journal"] {
            let _ = fs::remove_file(beside(&self.path, ending));
        }
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Returns an unused path beside `path` for the database that is replaced at `at`.
pub fn replaced(path: &Path, at: i64) -> PathBuf {
    let stamp = DateTime::from_timestamp_millis(at)
        .map(|at| at.format("%Y%m%dT%H%M%SZ").to_string())
        .unwrap_or_default();
    unused(path, &format!(".replaced-{stamp}"))
}
