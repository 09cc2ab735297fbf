//! The last step of a restore, which replaces one database by the other.

use std::fs;

use vault::test_support::{Fixture, HOUR, NOON};

use crate::restore::revocation::{restore, stop, wanted};
use crate::storage::backups::{back_up, backup_file};

/// A restore that fails at its last step changes no file, not even the log of a damaged database.
#[tokio::test]
async fn an_exchange_that_fails_changes_nothing() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    back_up(&site, &backup_file(&site)).await.unwrap();
    let folder = stop(site).await;
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
