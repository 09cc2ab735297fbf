//! Restore: replaces the database with a backup. A backup lacks what was revoked after it was made, so what the present
//! database revoked since is revoked again in the same step: keys, passwords, sessions, links and operators' tokens. Accounts
//! suspended since stay suspended.
//!
//! All of it happens in a working copy of the backup, a file of SQLite for either engine. Then that copy replaces the
//! database in one step: by a rename, or on a server by one transaction.

mod accounts;
mod company;
mod compare;
mod file;
mod revoke;
mod server;
mod trail;
mod work;

use std::fs::File;
use std::path::{Path, PathBuf};

use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, Connection};

use crate::copy::Progress;
use crate::crypto::pepper::Pepper;
use crate::error::OpenError;
use crate::files::beside;
use crate::storage::address::address;
use crate::storage::backup::{self, copy};
use crate::storage::{MIGRATIONS, connect, is_server};
use crate::time::clock::Clock;
pub use accounts::Parted;
pub use company::Kept;
use compare::Difference;
pub use compare::{Present, Revived, Since};
use file::DatabaseFile;
use revoke::revoke;
use server::ServerDatabase;
use work::Work;

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
    /// What the company's operators decided since, and still holds.
    pub kept: Kept,
    /// The path of the replaced database.
    pub aside: Option<PathBuf>,
}

/// The database to replace.
enum Target {
    File(DatabaseFile),
    Server(ServerDatabase),
}

/// The present database, to compare with the backup.
enum Found {
    Nothing,
    /// A file of SQLite with its content.
    Database(PathBuf),
    Unreadable(String),
}

impl Target {
    /// Takes the database from every other process, or only finds it for a dry run. Returns it, and the path that the
    /// names of working files begin with.
    async fn take(
        url: &str,
        file: &Path,
        clock: &dyn Clock,
        dry_run: bool,
    ) -> Result<(Self, PathBuf), OpenError> {
        if is_server(url) {
            let server = ServerDatabase::take(url, file, clock, dry_run).await?;
            return Ok((Self::Server(server), file.to_owned()));
        }
        let database = DatabaseFile::take(url, file, dry_run)?;
        let path = database.path.clone();
        Ok((Self::File(database), path))
    }

    async fn present(&mut self, report: &mut impl FnMut(Progress<'_>)) -> Result<Found, OpenError> {
        match self {
            Self::File(database) => database.present().await,
            Self::Server(database) => database.present(report).await,
        }
    }
}

/// Replaces the database at `database_url` with a backup, at the present instant of `clock`, and reports how far that is.
///
/// # Errors
/// A sentence that names the obstacle; the present database is untouched then, except after [`OpenError::RestoreInDoubt`].
pub async fn restore(
    database_url: &str,
    pepper_file: &Path,
    wanted: &Wanted,
    clock: &dyn Clock,
    mut report: impl FnMut(Progress<'_>),
) -> Result<Restored, OpenError> {
    install_default_drivers();
    let now = clock.now();
    let failed = |reason: String| OpenError::Restore {
        path: wanted.file.clone(),
        reason,
    };
    let file = wanted
        .file
        .canonicalize()
        .map_err(|error| failed(error.to_string()))?;
    // Dropped last. The names of a server's working files are made of the backup's, so one process at a time restores it.
    let backup = File::open(&file).map_err(|error| failed(error.to_string()))?;
    if is_server(database_url) && backup.try_lock().is_err() {
        let taken = "another process restores it: wait until that has ended";
        return Err(failed(taken.to_owned()));
    }
    let (mut target, path) = Target::take(database_url, &file, clock, wanted.dry_run).await?;
    let ending = if wanted.dry_run {
        ".drill"
    } else {
        ".restoring"
    };
    let work = Work::new(beside(&path, ending));
    let mode = if beside(&file, "-wal").exists() {
        "mode=ro"
    } else {
        "mode=ro&immutable=true"
    };
    let copied = copy(&file, mode, &work.path).await?;
    let mut connection = connect(&address(&work.path, "mode=rw")).await?;
    check_pepper(&mut connection, pepper_file).await?;
    MIGRATIONS.run(&mut connection).await?;

    let mut difference = match target.present(&mut report).await? {
        Found::Nothing => Difference::none(Present::Missing),
        Found::Database(present) => compare::compare(&mut connection, &present, now).await,
        Found::Unreadable(reason) => Difference::none(Present::Unreadable(reason)),
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
    let (addresses, kept) = revoke(&mut connection, &difference, wanted, at)
        .await
        .map_err(|error| failed(error.to_string()))?;
    sqlx::query("COMMIT").execute(&mut connection).await?;
    // Those that were deleted since the backup are deleted in it by now.
    let accounts = backup::accounts(&mut connection).await?;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut connection)
        .await?;
    connection.close().await?;

    let aside = match target {
        _ if wanted.dry_run => None,
        Target::File(database) => database
            .replace(&work.path, at)
            .map_err(|error| failed(error.to_string()))?,
        Target::Server(database) => database.replace(&work.path, at, &mut report).await?,
    };
    Ok(Restored {
        keys: copied.keys,
        accounts,
        last_change,
        present: difference.present,
        revived: difference.revived,
        lost: difference.lost,
        addresses,
        kept,
        aside,
    })
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
