//! `keyhold backup` and `keyhold restore`.

use std::fmt::Write as _;
use std::io;

use vault::clock::SystemClock;
use vault::copy::Progress;
use vault::{Kept, OpenError, Present, Revived, Since, Wanted, rfc3339};

use super::progress::{Ended, Shown, until_interrupted};
use crate::config::commands::{Backup, Restore};
use crate::config::files::{DatabaseArgs, Files};

/// The reasons why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Vault(#[from] OpenError),
    #[error("interrupted: there is no backup")]
    Interrupted,
    #[error("interrupts cannot be caught: {0}")]
    Signal(io::Error),
}

/// Makes a backup, and reports its contents.
///
/// # Errors
/// Those of the vault, or an interrupt (SIGINT).
pub async fn backup(command: &Backup) -> Result<String, BackupError> {
    let mut shown = Shown::default();
    let report = |progress: Progress<'_>| shown.show(progress);
    let database = &command.files.database.database_url;
    let ended = until_interrupted(vault::backup(database, &command.file, report)).await;
    let copied = match ended.map_err(BackupError::Signal)? {
        Ended::Done(copied) => copied?,
        Ended::Interrupted => return Err(BackupError::Interrupted),
    };
    Ok(format!(
        "{}: {} bytes, {}, {}, checked. Back up the pepper file too, in another location.\n",
        copied.path.display(),
        copied.bytes,
        count(copied.keys, "key"),
        count(copied.accounts, "account"),
    ))
}

/// Restores a backup, and reports what that changes.
///
/// # Errors
/// Those of the vault.
pub async fn restore(command: &Restore) -> Result<String, OpenError> {
    let wanted = Wanted {
        file: command.file.clone(),
        keep_revived: command.keep_revived,
        expire: command.expire.clone(),
        dry_run: command.dry_run,
    };
    let Files {
        database: DatabaseArgs { database_url },
        pepper_file,
    } = &command.files;
    let clock = SystemClock::default();
    let mut shown = Shown::default();
    let report = |progress: Progress<'_>| shown.show(progress);
    let restored = vault::restore(database_url, pepper_file, &wanted, &clock, report).await?;
    drop(shown);
    let mut text = String::new();
    let last_change = restored
        .last_change
        .map_or_else(|| "never".to_owned(), rfc3339);
    let _ = writeln!(
        text,
        "{}{}: {}, {}, last changed at {last_change}.",
        if command.dry_run {
            "Nothing was changed. This would be restored: "
        } else {
            "Restored "
        },
        command.file.display(),
        count(restored.keys, "key"),
        count(restored.accounts, "account"),
    );
    if restored.present == Present::Parted {
        let _ = writeln!(
            text,
            "WARNING: the present database does not continue this backup, as after the restore of an older one. Its records \
             are taken into account, but not which keys were deleted or expired elsewhere after {last_change}: expire the \
             ones you know of with --expire, or on their pages.",
        );
    }
    if let Some(obstacle) = obstacle(&restored.present) {
        let _ = writeln!(
            text,
            "WARNING: {obstacle}, so the restore cannot tell which keys were deleted or expired after {last_change}: those \
             work again. Expire the ones you know of with --expire, or on their pages. Suspend accounts and revoke operators' \
             tokens again too.",
        );
    }
    list_revived(&mut text, command, &restored.revived);
    if !restored.lost.is_empty() {
        let _ = writeln!(
            text,
            "{} created after the backup will not work:",
            count_of(restored.lost.len(), "key")
        );
        for (access_key, name, email) in &restored.lost {
            let _ = writeln!(text, "  {access_key}  {name:?} of {email}");
        }
    }
    for account in &restored.addresses {
        let _ = writeln!(
            text,
            "WARNING: {} belongs to another account in the backup, so the account that had it last gets {} back.",
            account.last, account.email
        );
    }
    list_kept(&mut text, &restored.kept);
    let _ = writeln!(
        text,
        "All sessions and email links end: everyone has to sign in again."
    );
    if let Some(aside) = &restored.aside {
        let _ = writeln!(
            text,
            "The replaced database is kept as {}.",
            aside.display()
        );
    }
    Ok(text)
}

/// Returns why the backup could not be compared with what came after it.
fn obstacle(present: &Present) -> Option<String> {
    match present {
        Present::Compared | Present::Parted => None,
        Present::Missing => Some("there is no present database to compare with".to_owned()),
        Present::Unrelated => {
            Some("the present database has none of the accounts in the backup".to_owned())
        }
        Present::Unreadable(reason) => {
            Some(format!("the present database cannot be read ({reason})"))
        }
    }
}

fn list_revived(text: &mut String, command: &Restore, revived: &[Revived]) {
    if revived.is_empty() {
        return;
    }
    let what = match (command.keep_revived, command.dry_run) {
        (true, _) => "work again, because of --keep-revived",
        (false, true) => "would work again, and be expired in the same step",
        (false, false) => "would have worked again, and were expired in the same step",
    };
    let _ = writeln!(text, "{} {what}:", count_of(revived.len(), "key"));
    for key in revived {
        let at = rfc3339(key.expires_at);
        let since = match key.since {
            Since::Deleted => format!("deleted since, at {at}"),
            Since::Expired => format!("expired since, at {at}"),
            Since::Shortened => format!("changed since to expire at {at}"),
            Since::Named => format!("named by --expire, expired at {at}"),
        };
        let _ = writeln!(
            text,
            "  {}  {:?} of {}: {since}",
            key.access_key, key.name, key.email
        );
    }
}

fn list_kept(text: &mut String, kept: &Kept) {
    if kept.suspended > 0 {
        let accounts = count_of(kept.suspended, "account");
        let _ = writeln!(text, "Suspended since, and still suspended: {accounts}.");
    }
    if kept.revoked > 0 {
        let tokens = count_of(kept.revoked, "operator's token");
        let _ = writeln!(text, "Revoked since, and still revoked: {tokens}.");
    }
    for (account, external_id) in &kept.unnamed {
        let _ = writeln!(
            text,
            "WARNING: {account} loses its external id {external_id:?}, which another account has had since."
        );
    }
}

fn count(number: i64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn count_of(number: usize, what: &str) -> String {
    count(i64::try_from(number).unwrap_or(i64::MAX), what)
}
