//! Opening a file of SQLite: one server a file, no access for other users, and rejected files stay unchanged.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use sqlx::Connection;
use vault::clock::{ManualClock, SystemClock};
use vault::test_support::{DAY, Fixture, Folder, NOON, options};
use vault::{OpenError, Vault, accept_clock};

use super::open::sentence;

/// D4: a second server is rejected, because neither directory would see the other's changes.
#[tokio::test]
async fn a_second_server_on_the_same_file_is_refused() {
    let site = Fixture::new().await;
    let second = sentence(site.try_open_again().await);
    assert!(
        second.contains("in use by another keyhold process"),
        "{second}"
    );
    site.member("a@example.com").await;
}

/// The clock is not accepted under a running server, which would go on by its own.
#[tokio::test]
async fn the_clock_of_a_running_server_is_not_accepted() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let url = options(&site.folder).database_url;
    let machine = Arc::new(ManualClock::at(NOON - DAY));
    let refused = accept_clock(&url, machine, false).await;
    assert!(matches!(refused, Err(OpenError::InUse { .. })));
}

/// The lock is on the file, whatever the spelling of its path.
#[tokio::test]
async fn another_name_of_the_file_does_not_bypass_its_lock() {
    let site = Fixture::new().await;
    let file = site.folder.path().join("keyhold.db");
    let link = site.folder.path().join("link.db");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let encoded = site.folder.path().join("keyhold%2Edb");
    let roundabout = site
        .folder
        .path()
        .join("../")
        .join(site.folder.path().file_name().unwrap());
    for path in [link, encoded, roundabout.join("keyhold.db")] {
        let options = vault::Options {
            database_url: format!("sqlite://{}", path.display()),
            ..options(&site.folder)
        };
        let second = sentence(Vault::open(&options, site.clock.clone()).await);
        assert!(
            second.contains("in use by another keyhold process"),
            "{}: {second}",
            path.display()
        );
    }
}

#[tokio::test]
async fn files_are_readable_by_their_owner_only() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let mut seen = 0;
    for file in std::fs::read_dir(site.folder.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", file.file_name());
        seen += 1;
    }
    assert!(seen >= 4, "database, log, lock, pepper");
}

#[tokio::test]
async fn a_newer_database_is_refused_and_unchanged() {
    let site = Fixture::new().await;
    let mut database = site.database().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', 1, x'00', 0)",
    )
    .execute(&mut database)
    .await
    .unwrap();
    database.close().await.unwrap();
    site.vault.close().await;
    let Fixture {
        folder,
        clock,
        vault,
        ..
    } = site;
    drop(vault);
    let file = folder.path().join("keyhold.db");
    let before = std::fs::read(&file).unwrap();
    let refused = sentence(Vault::open(&options(&folder), clock.clone()).await);
    assert!(refused.contains("newer keyhold (schema 9999"), "{refused}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert!(
        !folder.path().join("keyhold.db-wal").exists(),
        "no trace of the attempt"
    );
}

#[tokio::test]
async fn a_foreign_file_is_refused_and_unchanged() {
    for (content, expected) in [
        (None, "another program"),
        (Some("just some text, not a database\n"), "cannot be opened"),
    ] {
        let folder = Folder::new().await;
        let file = folder.path().join("keyhold.db");
        if let Some(text) = content {
            std::fs::write(&file, text.repeat(100)).unwrap();
        } else {
            let address = format!("sqlite://{}?mode=rwc", file.display());
            let mut database = sqlx::SqliteConnection::connect(&address).await.unwrap();
            sqlx::query("CREATE TABLE recipes (name TEXT)")
                .execute(&mut database)
                .await
                .unwrap();
            database.close().await.unwrap();
        }
        let before = std::fs::read(&file).unwrap();
        let clock = Arc::new(SystemClock::default());
        let refused = sentence(Vault::open(&options(&folder), clock).await);
        assert!(refused.contains(expected), "{refused}");
        assert_eq!(std::fs::read(&file).unwrap(), before);
        let beside = std::fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(beside, 1, "no trace of the attempt");
    }
}
