//! Opening: what is made, what is refused, and that what is refused stays as it was.

use std::os::unix::fs::PermissionsExt;

use sqlx::Connection;
use vault::{OpenError, Vault};

use crate::fixture::{Fixture, options};

fn sentence(result: Result<Vault, OpenError>) -> String {
    result.map_or_else(|error| error.to_string(), |_| "opened".to_owned())
}

#[tokio::test]
async fn the_pepper_is_private_and_kept() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let pepper = site.folder.path().join("pepper");
    assert_eq!(
        std::fs::metadata(&pepper).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let site = site.reopened().await;
    assert_eq!(site.verdict(&member.default_key), "good");
}

#[tokio::test]
async fn a_lost_or_strange_pepper_stops_the_start() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let pepper = site.folder.path().join("pepper");
    site.vault.close().await;
    let Fixture {
        folder,
        clock,
        vault,
    } = site;
    drop(vault);

    std::fs::write(&pepper, "f".repeat(64)).unwrap();
    let strange = sentence(Vault::open(&options(&folder), clock.clone()).await);
    assert!(strange.contains("another pepper"), "{strange}");
    std::fs::write(&pepper, "not hexadecimal").unwrap();
    let unreadable = sentence(Vault::open(&options(&folder), clock.clone()).await);
    assert!(unreadable.contains("64 hexadecimal digits"), "{unreadable}");
    std::fs::remove_file(&pepper).unwrap();
    let lost = sentence(Vault::open(&options(&folder), clock.clone()).await);
    assert!(lost.contains("is missing"), "{lost}");
    assert!(
        !pepper.exists(),
        "no new one is made over keys that need the old one"
    );
}

/// D4: two servers on one file would each have a directory that the other does not update.
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

#[tokio::test]
async fn a_newer_database_is_refused_untouched() {
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
    } = site;
    drop(vault);
    let file = folder.path().join("keyhold.db");
    let before = std::fs::read(&file).unwrap();
    let refused = sentence(Vault::open(&options(&folder), clock.clone()).await);
    assert!(refused.contains("newer keyhold (schema 9999"), "{refused}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[tokio::test]
async fn what_is_no_keyhold_database_is_refused_untouched() {
    for (content, expected) in [
        (None, "something else"),
        (Some("just some text, not a database\n"), "cannot be opened"),
    ] {
        let folder = tempfile::TempDir::new().unwrap();
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
        let clock = std::sync::Arc::new(vault::clock::SystemClock::default());
        let refused = sentence(Vault::open(&options(&folder), clock).await);
        assert!(refused.contains(expected), "{refused}");
        assert_eq!(std::fs::read(&file).unwrap(), before);
        assert!(!folder.path().join("pepper").exists());
    }
}

#[tokio::test]
async fn an_address_of_another_kind_is_refused() {
    let folder = tempfile::TempDir::new().unwrap();
    for url in [
        "mysql://localhost/keyhold",
        "keyhold.db",
        "sqlite://",
        "sqlite::memory:",
    ] {
        let options = vault::Options {
            database_url: url.to_owned(),
            ..options(&folder)
        };
        let clock = std::sync::Arc::new(vault::clock::SystemClock::default());
        let refused = sentence(Vault::open(&options, clock).await);
        assert!(refused.contains("not supported"), "{url}: {refused}");
    }
}

#[tokio::test]
async fn the_demonstration_fills_an_empty_database_once() {
    let site = Fixture::new().await;
    assert!(site.vault.fill_for_demo().await.unwrap());
    assert!(!site.vault.fill_for_demo().await.unwrap());
    let nobody = vault::Caller::default();
    let token = site
        .vault
        .sign_in(vault::demo::EMAIL, vault::demo::PASSWORD, &nobody)
        .await
        .unwrap();
    let account = site.session(&token).await.unwrap().account;
    let counts = site.vault.overview(&account).await.unwrap().counts;
    assert!(
        counts.active > 0 && counts.expiring_soon > 0 && counts.expired > 0,
        "{counts:?}"
    );
}
