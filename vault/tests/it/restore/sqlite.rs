//! Restores of a file of SQLite in the place of another one.

use std::fs;

use vault::Present;
use vault::test_support::{Fixture, Folder, HOUR, NOON};

use crate::restore::revocation::{restore, stop, told, wanted};
use crate::storage::backups::{back_up, backup_file, start};

/// A restore that fails at its last step changes no file, not even the log of a damaged database.
#[tokio::test]
async fn an_exchange_that_fails_changes_nothing() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    back_up(&site, &backup_file(&site)).await.unwrap();
    // No connection has ever been open here: the last one to close would remove the log.
    let (stopped, folder) = (stop(site).await, Folder::new().await);
    for file in ["backup.db", "pepper"] {
        fs::copy(stopped.path().join(file), folder.path().join(file)).unwrap();
    }
    let (database, log) = (
        folder.path().join("keyhold.db"),
        folder.path().join("keyhold.db-wal"),
    );
    fs::write(&database, "no database at all".repeat(1_000)).unwrap();
    fs::write(&log, "its log").unwrap();
    let files = || {
        let names = fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        // SQLite derives it from the log whenever it reads one.
        names.retain(|name| name != "keyhold.db-shm");
        names.sort();
        names
    };
    // This file blocks the log's second name.
    let taken = folder
        .path()
        .join("keyhold.db.replaced-20261123T130000Z-wal");
    fs::create_dir(&taken).unwrap();
    let before = files();
    let file = folder.path().join("backup.db");
    restore(&folder, &wanted(&file), NOON + HOUR)
        .await
        .unwrap_err();
    assert_eq!(files(), before);
    assert_eq!(fs::read(&log).unwrap(), b"its log");
    assert!(fs::read(&database).unwrap().starts_with(b"no database"));
    fs::remove_dir(&taken).unwrap();
    let restored = restore(&folder, &wanted(&file), NOON + HOUR).await.unwrap();
    assert!(
        fs::read(restored.aside.unwrap())
            .unwrap()
            .starts_with(b"no database")
    );
    assert!(!log.exists());
}

#[tokio::test]
async fn the_database_is_not_a_backup_of_itself() {
    let folder = stop(Fixture::new().await).await;
    let database = folder.path().join("keyhold.db");
    let before = fs::read(&database).unwrap();
    let itself = restore(&folder, &wanted(&database), NOON).await;
    let itself = itself.unwrap_err();
    assert!(itself.contains("itself"), "{itself}");
    assert_eq!(fs::read(&database).unwrap(), before);
}

/// The database keeps the server's user as its owner, whichever user runs the restore.
#[tokio::test]
async fn the_owner_of_the_database_stays() {
    use std::os::unix::fs::{MetadataExt, chown};
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    back_up(&site, &backup_file(&site)).await.unwrap();
    let folder = stop(site).await;
    let database = folder.path().join("keyhold.db");
    // Only root may change a file's owner; other users cannot restore for the server's.
    let _ = chown(&database, Some(12_345), None);
    let owner = fs::metadata(&database).unwrap().uid();
    let file = folder.path().join("backup.db");
    restore(&folder, &wanted(&file), NOON).await.unwrap();
    assert_eq!(fs::metadata(&database).unwrap().uid(), owner);
}

/// A restore without a database to compare with reports that, and expires nothing.
#[tokio::test]
async fn a_restore_without_the_present_database_reports_it() {
    for damage in ["missing", "new and empty", "damaged"] {
        let site = Fixture::new().await;
        site.leave_mail();
        let story = told(&site).await;
        let folder = stop(site).await;
        let (database, file) = (
            folder.path().join("keyhold.db"),
            folder.path().join("backup.db"),
        );
        match damage {
            "missing" => fs::remove_file(&database).unwrap(),
            "damaged" => {
                fs::write(&database, "no database at all".repeat(1_000)).unwrap();
                fs::write(folder.path().join("keyhold.db-wal"), "its log").unwrap();
            }
            _ => {
                let other = Fixture::new().await;
                other.member("b@example.com").await;
                let other = stop(other).await;
                fs::copy(other.path().join("keyhold.db"), &database).unwrap();
            }
        }
        let restored = restore(&folder, &wanted(&file), NOON + 3 * HOUR)
            .await
            .unwrap();
        match damage {
            "missing" => assert_eq!(restored.present, Present::Missing),
            "damaged" => {
                assert!(matches!(restored.present, Present::Unreadable(_)));
                let aside = restored
                    .aside
                    .unwrap()
                    .into_os_string()
                    .into_string()
                    .unwrap();
                assert_eq!(fs::read(aside + "-wal").unwrap(), b"its log");
            }
            _ => assert_eq!(restored.present, Present::Unrelated),
        }
        assert_eq!(restored.revived.len(), 0, "{damage}");
        let site = start(folder, NOON + 3 * HOUR).await;
        assert_eq!(site.verdict(&story.deleted), "good", "{damage}");
        assert_eq!(site.verdict(&story.untouched), "good", "{damage}");
    }
}
