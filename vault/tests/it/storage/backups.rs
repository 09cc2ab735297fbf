//! Backups of a running vault, on either engine: files of SQLite.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::{AnyConnection, Connection};
use vault::Vault;
use vault::clock::ManualClock;
use vault::test_support::{Fixture, Folder, creation, options, verify};

pub fn backup_file(site: &Fixture) -> PathBuf {
    site.folder.path().join("backup.db")
}

pub async fn back_up(site: &Fixture, file: &Path) -> Result<vault::Copied, vault::OpenError> {
    vault::backup(&options(&site.folder).database_url, file, |_| ()).await
}

pub async fn start(folder: Folder, now: i64) -> Fixture {
    let clock = Arc::new(ManualClock::at(now));
    let vault = Vault::open(&options(&folder), clock.clone()).await.unwrap();
    Fixture::of(folder, clock, vault)
}

fn address(file: &Path) -> String {
    format!("sqlite://{}", file.display())
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
        let mut backup = AnyConnection::connect(&address(&file)).await.unwrap();
        let (keys, created): (i64, i64) = sqlx::query_as(
            "SELECT (SELECT COUNT(*) FROM api_keys), (SELECT COUNT(*) FROM audit WHERE action = 'key.created')",
        )
        .fetch_one(&mut backup)
        .await
        .unwrap();
        backup.close().await.unwrap();
        // The state between two changes.
        assert_eq!((keys, created), (copied.keys, copied.keys));
        let mut options = options(&site.folder);
        options.database_url = address(&file);
        let found = Vault::open(&options, site.clock.clone()).await.unwrap();
        assert_eq!(i64::try_from(found.key_count()).unwrap(), copied.keys);
        let key = &member.default_key;
        assert!(verify(&found, key.access_key, &key.secret_key).is_ok());
        found.close().await;
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
    let none = vault::backup("sqlite:///nonexistent/keyhold.db", &nowhere, |_| ()).await;
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
