//! Opening a vault: what it creates and what it rejects.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use shared::mail::DeliveryState;
use vault::clock::{ManualClock, SystemClock};
use vault::demo::Filled;
use vault::test_support::{DAY, Fixture, Folder, NOON, options};
use vault::{Caller, OpenError, Vault};

pub fn sentence(result: Result<Vault, OpenError>) -> String {
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
async fn a_lost_or_foreign_pepper_stops_the_start() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let pepper = site.folder.path().join("pepper");
    site.vault.close().await;
    let Fixture {
        folder,
        clock,
        vault,
        ..
    } = site;
    drop(vault);

    std::fs::write(&pepper, "0123456789abcdef".repeat(4)).unwrap();
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

/// A manually expired key stays expired when the machine restarts with its clock set back.
#[tokio::test]
async fn time_goes_on_from_the_last_change() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let access_key = member.default_key.access_key.to_string();
    site.vault
        .expire_key(&member.actor, &access_key)
        .await
        .unwrap();
    site.vault.close().await;
    let Fixture { folder, vault, .. } = site;
    drop(vault);
    let earlier = Arc::new(ManualClock::at(NOON - DAY));
    let vault = Vault::open(&options(&folder), earlier.clone())
        .await
        .unwrap();
    let site = Fixture::of(folder, earlier, vault);
    site.leave_mail();
    assert_eq!(site.verdict(&member.default_key), "expired");
    assert_eq!(site.vault.now(), NOON);
}

#[tokio::test]
async fn an_address_of_another_kind_is_refused() {
    let folder = Folder::new().await;
    for url in [
        "mysql://u:hunter2@localhost/keyhold",
        "postgres://u:hunter2@localhost",
        "postgres://u@localhost/keyhold?pasword=hunter2",
        "sqlite://keyhold.db?mode=ro",
        "keyhold.db",
        "sqlite://",
        "sqlite::memory:",
    ] {
        let options = vault::Options {
            database_url: url.to_owned(),
            ..options(&folder)
        };
        let clock = Arc::new(SystemClock::default());
        let refused = sentence(Vault::open(&options, clock).await);
        assert!(
            refused.contains("KEYHOLD_DATABASE_URL") && !refused.contains("hunter2"),
            "{url}: {refused}"
        );
    }
}

/// Port 1 is reserved, and no server listens there.
#[tokio::test]
async fn a_server_that_does_not_answer_is_named_without_the_password() {
    let folder = Folder::new().await;
    let options = vault::Options {
        database_url: "postgres://u:hunter2@127.0.0.1:1/keyhold".to_owned(),
        ..options(&folder)
    };
    let refused = sentence(Vault::open(&options, Arc::new(SystemClock::default())).await);
    assert!(
        refused.contains("postgres://127.0.0.1:1/keyhold cannot be used: it cannot be reached")
            && !refused.contains("hunter2"),
        "{refused}"
    );
    assert!(!options.pepper_file.exists(), "a pepper without a database");
}

#[tokio::test]
async fn the_demonstration_fills_an_empty_database_once() {
    let site = Fixture::new().await;
    assert_eq!(site.vault.fill_for_demo().await.unwrap(), Filled::Now);
    assert_eq!(site.vault.fill_for_demo().await.unwrap(), Filled::Before);
    let other = Fixture::new().await;
    other.member("a@example.com").await;
    assert_eq!(other.vault.fill_for_demo().await.unwrap(), Filled::Not);
    assert_eq!(other.vault.key_count(), 1);
    let stranger = Caller::default();
    let token = site
        .vault
        .sign_in(&stranger, vault::demo::EMAIL, vault::demo::PASSWORD)
        .await
        .unwrap();
    let account = site.session(&token).await.unwrap().account;
    let counts = site.vault.overview(&account).await.unwrap().counts;
    assert!(
        counts.active > 0 && counts.expiring_soon > 0 && counts.expired > 0,
        "{counts:?}"
    );
    let notices = site.vault.notices(&account).await.unwrap();
    assert!(notices.total >= 20, "{} mails", notices.total);
    assert!(
        notices
            .deliveries
            .iter()
            .all(|mail| mail.state == DeliveryState::Sent && mail.key_count == 1)
    );
    site.clock.advance(1);
    assert_eq!(
        site.vault.sweep().await.unwrap(),
        0,
        "nothing is told twice"
    );
}
