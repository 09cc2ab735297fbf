//! A backup in the place of everything in a PostgreSQL database.
//!
//! The server has no file to compare with or to keep, so the present database is copied beside the backup first, as
//! `keyhold backup` copies it. The comparison reads that copy, and it stays as the replaced database.

use std::fs;
use std::path::{Path, PathBuf};

use super::work::{Work, replaced};
use super::{Found, Progress};
use crate::cluster::JoinError;
use crate::copy::CopyError;
use crate::copy::backup::of_server;
use crate::copy::replace::Replacement;
use crate::error::OpenError;
use crate::files::{beside, sync_folder};
use crate::time::clock::Clock;

/// The database to replace.
pub struct ServerDatabase {
    url: String,
    /// The backup.
    file: PathBuf,
    /// None for a dry run, which works beside nodes.
    replacement: Option<Replacement>,
    /// The copy of the present database.
    present: Work,
}

impl ServerDatabase {
    /// `file` is the backup. Rejects a `clock` that differs from the server's: the restore is dated by it, and every node
    /// takes over that instant.
    pub async fn take(
        url: &str,
        file: &Path,
        clock: &dyn Clock,
        dry_run: bool,
    ) -> Result<Self, OpenError> {
        let replacement = if dry_run {
            None
        } else {
            let mut begun = Replacement::begin(url)
                .await
                .map_err(|error| failed(file, error))?;
            let skew = clock.ahead_of(begun.clock().await?);
            JoinError::of_skew(skew).map_err(|error| because(file, error.to_string()))?;
            Some(begun)
        };
        let ending = if dry_run {
            ".drill-present"
        } else {
            ".restoring-present"
        };
        Ok(Self {
            url: url.to_owned(),
            file: file.to_owned(),
            replacement,
            present: Work::new(beside(file, ending)),
        })
    }

    pub async fn present(
        &mut self,
        report: &mut impl FnMut(Progress<'_>),
    ) -> Result<Found, OpenError> {
        let path = &self.present.path;
        let copied = match &mut self.replacement {
            None => of_server(&self.url, path, report).await?,
            Some(replacement) if replacement.is_blank => None,
            Some(replacement) => Some(replacement.back_up(path, report).await?),
        };
        Ok(copied.map_or(Found::Nothing, |copied| Found::Database(copied.path)))
    }

    /// Replaces the content of the database by that of the file `restored`. Returns the path of a copy from before.
    pub async fn replace(
        self,
        restored: &Path,
        at: i64,
        report: &mut impl FnMut(Progress<'_>),
    ) -> Result<Option<PathBuf>, OpenError> {
        let Some(mut replacement) = self.replacement else {
            return Ok(None);
        };
        let filled = replacement.fill(restored, at, report).await;
        filled.map_err(|error| failed(&self.file, error))?;
        let kept = if replacement.is_blank {
            None
        } else {
            let kept = replaced(&self.file, at);
            fs::rename(&self.present.path, &kept)
                .and_then(|()| sync_folder(&kept))
                .map_err(|error| because(&self.file, error.to_string()))?;
            Some(kept)
        };
        match replacement.commit().await {
            Ok(()) => Ok(kept),
            Err(error) => {
                let before = kept.map_or_else(String::new, |kept| {
                    format!(". {} is a copy from before", kept.display())
                });
                Err(OpenError::RestoreInDoubt {
                    path: self.file,
                    reason: error.to_string(),
                    before,
                })
            }
        }
    }
}

fn failed(file: &Path, error: CopyError) -> OpenError {
    match error {
        CopyError::Open(error) => error,
        other => because(file, other.to_string()),
    }
}

fn because(file: &Path, reason: String) -> OpenError {
    OpenError::Restore {
        path: file.to_owned(),
        reason,
    }
}
