//! Backups of a running vault, and the copy before a migration.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::Connection;
use vault::Vault;
use vault::clock::ManualClock;
use vault::test_support::{Fixture, Folder, NOON, creation, options};

pub fn backup_file(site: &Fixture) -> PathBuf {
    site.folder.path().join("backup.db")
}

pub async fn back_up(site: &Fixture, file: &Path) -> Result<vault::Copied, vault::OpenError> {
    vault::backup(&options(&site.folder).database_url, file).await
}

pub async fn start(folder: Folder, now: i64) -> Fixture {
    let clock = Arc::new(ManualClock::at(now));
    let vault = Vault::open(&options(&folder), clock.clone()).await.unwrap();
    Fixture::of(folder, clock, vault)
}

/// D11: a backup holds all changes that were acknowledged before it began, and opens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_writes_is_whole() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let writing = {
        let (vault, actor) = (site.vault.clone(), member.actor.clone());
        tokio::spawn(async move {
            let mut made = 0;
            while !vault.readiness().report().iter().any(|_| true) && made < 400 {
                let name = format!("key {made}");
                vault
                    .create_key(&actor, creation(&name, "", "90d"))
                    .await
                    .unwrap();
                made += 1;
            }
        })
    };
    for number in 0..4 {
        let acknowledged = site.vault.key_count();
        let file = site.folder.path().join(format!("{number}.db"));
        let copied = back_up(&site, &file).await.unwrap();
        assert!(copied.keys >= i64::try_from(acknowledged).unwrap());
        assert_eq!(copied.bytes, fs::metadata(&file).unwrap().len());
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let folder = Folder::new().await;
        fs::copy(&file, folder.path().join("keyhold.db")).unwrap();
        fs::copy(
            site.folder.path().join("pepper"),
            folder.path().join("pepper"),
        )
        .unwrap();
        let found = start(folder, NOON).await;
        assert_eq!(i64::try_from(found.vault.key_count()).unwrap(), copied.keys);
        assert_eq!(found.verdict(&member.default_key), "good");
    }
    writing.await.unwrap();
    let names = fs::read_dir(site.folder.path()).unwrap();
    let partial = names.map(|name| name.unwrap().file_name());
    assert!(
        !partial
            .into_iter()
            .any(|name| name.to_string_lossy().contains("partial"))
    );
}

#[tokio::test]
async fn a_backup_overwrites_nothing() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let file = backup_file(&site);
    fs::write(&file, "something else").unwrap();
    let refused = back_up(&site, &file).await.unwrap_err().to_string();
    assert!(refused.contains("a file with that name"), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), b"something else");
    let nowhere = site.folder.path().join("nowhere/backup.db");
    assert!(back_up(&site, &nowhere).await.is_err());
    let none = vault::backup("sqlite:///nonexistent/keyhold.db", &nowhere).await;
    let none = none.unwrap_err().to_string();
    assert!(none.contains("there is no database at"), "{none}");
    // The leftover of a killed backup.
    fs::remove_file(&file).unwrap();
    fs::write(site.folder.path().join("backup.db.partial"), "half").unwrap();
    back_up(&site, &file).await.unwrap();
}

/// A10: a backup contains no secret that was shown.
#[tokio::test]
async fn a_backup_holds_no_secret() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    back_up(&site, &backup_file(&site)).await.unwrap();
    let bytes = fs::read(backup_file(&site)).unwrap();
    let pepper = fs::read_to_string(site.folder.path().join("pepper")).unwrap();
    let secret = member.default_key.secret_key.expose();
    for secret in [
        secret,
        &secret[4..],
        pepper.trim(),
        vault::test_support::PASSWORD,
    ] {
        assert!(
            !bytes
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        );
    }
}

/// A migration leaves a copy to go back to.
#[tokio::test]
async fn a_migration_leaves_a_copy_of_what_it_found() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let mut database = site.database().await;
    for undo in [
        "DROP INDEX outbox_by_end",
        "DELETE FROM _sqlx_migrations WHERE version = 10",
    ] {
        sqlx::query(undo).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
    let site = site.reopened().await;
    assert_eq!(site.verdict(&member.default_key), "good");
    let (version,): (i64,) = sqlx::query_as("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(&mut site.database().await)
        .await
        .unwrap();
    let copy = site
        .folder
        .path()
        .join(format!("keyhold.db.before-schema-{version}"));
    let address = format!("sqlite://{}?mode=ro", copy.display());
    let mut copied = sqlx::SqliteConnection::connect(&address).await.unwrap();
    let (before, keys): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM _sqlx_migrations WHERE version = 10), (SELECT COUNT(*) FROM api_keys)",
    )
    .fetch_one(&mut copied)
    .await
    .unwrap();
    assert_eq!((before, keys), (0, 1));
    assert_eq!(
        fs::metadata(&copy).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
