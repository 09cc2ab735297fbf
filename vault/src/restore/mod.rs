//! Restore: replaces the database with a backup. A backup lacks what was revoked after it was made, so what the present
//! database revoked since is revoked again in the same step: keys, passwords, sessions and links.

mod accounts;
mod compare;
mod trail;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use chrono::DateTime;
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection};

use crate::crypto::pepper::Pepper;
use crate::error::OpenError;
use crate::files::{beside, folder_of, sync_folder, unused};
use crate::storage::address::{address, sqlite_path, with_folder};
use crate::storage::audit::{self, Action, Entry};
use crate::storage::backup::copy;
use crate::storage::content::inspect;
use crate::storage::lock::{Lock, refuse_foreign_log};
use crate::storage::{Content, MIGRATIONS, connect};
pub use accounts::Parted;
pub use compare::{Present, Revived, Since};

/// The backup to restore, and the options.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub file: PathBuf,
    /// Leaves keys good that were deleted or expired since.
    pub keep_revived: bool,
    /// Further keys to expire, by their access keys.
    pub expire: Vec<String>,
    /// Only reports what would be done. That works beside a running server.
    pub dry_run: bool,
}

/// The outcome of a restore.
#[derive(Debug)]
pub struct Restored {
    pub keys: i64,
    pub accounts: i64,
    /// The instant of the last change in the backup, UTC epoch milliseconds.
    pub last_change: Option<i64>,
    pub present: Present,
    /// Keys that are in use in the backup and not in the present database.
    pub revived: Vec<Revived>,
    /// Keys in use that the backup does not know: access key, name and account.
    pub lost: Vec<(String, String, String)>,
    /// Accounts whose present address belongs to another account in the backup, so that they have their earlier one
    /// again.
    pub addresses: Vec<Parted>,
    /// The path of the replaced database.
    pub aside: Option<PathBuf>,
}

/// Replaces the database at `database_url` with a backup, at `now`, UTC epoch milliseconds.
///
/// # Errors
/// A sentence that names the obstacle; the present database is untouched then.
pub async fn restore(
    database_url: &str,
    pepper_file: &Path,
    wanted: &Wanted,
    now: i64,
) -> Result<Restored, OpenError> {
    install_default_drivers();
    let failed = |reason: String| OpenError::Restore {
        path: wanted.file.clone(),
        reason,
    };
    let file = wanted
        .file
        .canonicalize()
        .map_err(|error| failed(error.to_string()))?;
    let path = sqlite_path(database_url)?;
    if file == path {
        return Err(failed("it is the present database itself".to_owned()));
    }
    let path = if wanted.dry_run {
        path
    } else {
        with_folder(&path)?
    };
    // Held to the end.
    let mut lock = None;
    if !wanted.dry_run {
        let taken = lock.insert(Lock::take(&path)?);
        if path.exists() {
            taken.of_file()?;
        }
    }
    refuse_foreign_log(&path)?;
    let work = Work::new(&path, wanted.dry_run);
    let mode = if beside(&file, "-wal").exists() {
        "mode=ro"
    } else {
        "mode=ro&immutable=true"
    };
    let copied = copy(&file, mode, &work.path).await?;
    let mut connection = connect(&address(&work.path, "mode=rw")).await?;
    check_pepper(&mut connection, pepper_file).await?;
    MIGRATIONS.run(&mut connection).await?;

    let content = if path.exists() {
        inspect(&path).await
    } else {
        Ok(Content::Missing)
    };
    let mut difference = match content {
        Ok(Content::Missing | Content::Blank) => compare::Difference::none(Present::Missing),
        Ok(Content::NoKeys | Content::Keys) => compare::compare(&mut connection, &path, now).await,
        Err(newer @ OpenError::Newer { .. }) => return Err(newer),
        Err(error) => compare::Difference::none(Present::Unreadable(error.to_string())),
    };
    let last_change = compare::recorded(&mut connection, "main").await?;
    let at = [Some(now), last_change, difference.recorded];
    let at = at.into_iter().flatten().max().unwrap_or(now);
    for access_key in &wanted.expire {
        let named = compare::named(&mut connection, access_key, at)
            .await?
            .ok_or_else(|| failed(format!("it has no key {access_key}")))?;
        let revived = &mut difference.revived;
        match revived.iter_mut().find(|key| key.access_key == *access_key) {
            Some(key) => {
                (key.since, key.expires_at) = (Since::Named, key.expires_at.min(named.expires_at));
            }
            None => revived.push(named),
        }
    }
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut connection)
        .await?;
    let addresses = revoke(&mut connection, &difference, wanted, at)
        .await
        .map_err(|error| failed(error.to_string()))?;
    sqlx::query("COMMIT").execute(&mut connection).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut connection)
        .await?;
    connection.close().await?;

    let aside = if wanted.dry_run {
        None
    } else {
        exchange(&work.path, &path, at).map_err(|error| failed(error.to_string()))?
    };
    drop(lock);
    Ok(Restored {
        keys: copied.keys,
        accounts: copied.accounts,
        last_change,
        present: difference.present,
        revived: difference.revived,
        lost: difference.lost,
        addresses,
        aside,
    })
}

/// Applies all revocations to the copy before it replaces the database.
async fn revoke(
    connection: &mut AnyConnection,
    difference: &compare::Difference,
    wanted: &Wanted,
    at: i64,
) -> crate::error::Result<Vec<Parted>> {
    for key in &difference.revived {
        if wanted.keep_revived && key.since != Since::Named {
            continue;
        }
        sqlx::query(
            "UPDATE api_keys SET expires_at = $1, expiration_set_at = $2 WHERE access_key = $3",
        )
        .bind(key.expires_at)
        .bind(key.expires_at.min(at))
        .bind(&key.access_key)
        .execute(&mut *connection)
        .await?;
        let (action, detail) = if key.expires_at <= at {
            (Action::Expired, "by restoring a backup")
        } else {
            (Action::Edited, "expiration, by restoring a backup")
        };
        let entry = Entry {
            account_id: &key.account,
            action,
            subject: &key.access_key,
            detail,
            expires_at: Some(key.expires_at),
        };
        audit::record(connection, at, entry, None).await?;
    }
    let addresses = accounts::carry_over(connection, &difference.accounts).await?;
    // Differences that only the present database knows are recorded, because yet another backup may be restored.
    for (access_key, account_id, detail) in &difference.gone {
        let gone = Entry {
            account_id,
            action: Action::Deleted,
            subject: access_key,
            detail,
            expires_at: None,
        };
        audit::record(connection, at, gone, None).await?;
    }
    for account in &difference.accounts {
        let kept = Entry::of_account(&account.id, Action::DatabaseRestored, "account kept");
        audit::record(connection, at, kept, None).await?;
    }
    // After a sign-out, a new password or a new link, the old ones must not work again.
    sqlx::query("DELETE FROM sessions")
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE links SET used_at = $1 WHERE used_at IS NULL")
        .bind(at)
        .execute(&mut *connection)
        .await?;
    // Notices and mails that were handled meanwhile are not sent again.
    if let Some(swept_to) = difference.swept_to {
        sqlx::query("UPDATE sweeps SET swept_to = $1 WHERE swept_to < $1")
            .bind(swept_to)
            .execute(&mut *connection)
            .await?;
    }
    for (mail, outcome) in &difference.settled {
        sqlx::query(
            "UPDATE outbox SET outcome = $1, finished_at = $2, next_at = NULL, leased_at = NULL
             WHERE id = $3 AND outcome IS NULL",
        )
        .bind(outcome)
        .bind(at)
        .bind(mail)
        .execute(&mut *connection)
        .await?;
    }
    // The trail begins again where the backup ends, and what it records from here on is believed.
    sqlx::query(
        "UPDATE clock SET disbelieved = (SELECT COALESCE(MAX(id), 0) FROM audit)
         WHERE disbelieved > (SELECT COALESCE(MAX(id), 0) FROM audit)",
    )
    .execute(&mut *connection)
    .await?;
    // This entry is also the floor of the clock: time continues from the latest instant in either database.
    let restored = Entry::of_account("", Action::DatabaseRestored, "");
    audit::record(connection, at, restored, None).await?;
    Ok(addresses)
}

async fn check_pepper(connection: &mut AnyConnection, file: &Path) -> Result<(), OpenError> {
    let key: Option<(String, String)> = sqlx::query_as(
        "SELECT access_key, pepper_id FROM api_keys ORDER BY pepper_id = $1 LIMIT 1",
    )
    .bind(Pepper::load(file)?.map_or_else(String::new, |pepper| pepper.id))
    .fetch_optional(connection)
    .await?;
    match (key, Pepper::load(file)?) {
        (None, _) => Ok(()),
        (Some(_), None) => Err(OpenError::PepperMissing {
            path: file.to_owned(),
        }),
        (Some((_, found)), Some(pepper)) if found == pepper.id => Ok(()),
        (Some((access_key, found)), Some(pepper)) => Err(OpenError::PepperMismatch {
            access_key,
            found,
            loaded: pepper.id,
        }),
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
        let stamp = DateTime::from_timestamp_millis(at)
            .map(|at| at.format("%Y%m%dT%H%M%SZ").to_string())
            .unwrap_or_default();
        let kept = unused(path, &format!(".replaced-{stamp}"));
        Some(Kept::take(path, &log, kept)?)
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

/// The working copy, removed unless it has replaced the database.
struct Work {
    path: PathBuf,
}

impl Work {
    fn new(database: &Path, dry_run: bool) -> Self {
        let work = Self {
            path: beside(database, if dry_run { ".drill" } else { ".restoring" }),
        };
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
