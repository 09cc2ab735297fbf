//! Sentences of a key's page: what an expiration would mean, and when a key was deleted.

use vault::BulkChange;
use vault::test_support::Fixture;

#[tokio::test]
async fn an_expiration_is_announced_in_the_accounts_zone() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member_in("a@example.com", "Europe/Berlin").await;
    let about = async |expiry: &str, access_key: &str| {
        let sentence = site
            .vault
            .expiry_sentence(member.actor.account(), expiry, access_key);
        sentence.await.unwrap()
    };
    let sentence = async |expiry: &str| about(expiry, "").await;
    assert_eq!(
        sentence("30d").await,
        "Expires Wed 23 Dec 2026, 13:00\u{a0}CET, in 30 days."
    );
    assert_eq!(
        sentence("2026-12-24").await,
        "Expires Thu 24 Dec 2026, 23:59\u{a0}CET, in 31 days."
    );
    assert_eq!(
        sentence("never").await,
        "Never expires. If the key leaks, it works until you expire it. A date is safer."
    );
    assert_eq!(
        sentence("2020-01-01").await,
        "This date is in the past. Choose a later one."
    );
    // Nothing chosen yet, or nothing that a form would send.
    for text in ["", "date", "2026-13-01", "9d9"] {
        assert_eq!(sentence(text).await, "", "{text}");
    }

    // Of an active key, it says what it would lose.
    let key = site
        .key(&member, "cron", "60d")
        .await
        .access_key
        .to_string();
    assert_eq!(
        about("30d", &key).await,
        "This shortens the key's life by 30 days. Expires Wed 23 Dec 2026, 13:00\u{a0}CET, in 30 days."
    );
    assert!(about("90d", &key).await.starts_with("Expires "));
    let default = member.default_key.access_key.to_string();
    let text = about("30d", &default).await;
    assert!(
        text.starts_with("So far this key never expires. Expires "),
        "{text}"
    );
    // Neither of an expired key nor of a stranger's.
    vault::test_support::expire(&site.vault, &member, &key).await;
    assert!(about("30d", &key).await.starts_with("Expires "));
    let other = site.member("b@example.com").await.default_key.access_key;
    assert!(
        about("30d", &other.to_string())
            .await
            .starts_with("Expires ")
    );
}

#[tokio::test]
async fn a_change_of_many_keys_is_announced_by_its_numbers() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member_in("a@example.com", "Europe/Berlin").await;
    let keys = [
        site.key(&member, "one", "10d").await,
        site.key(&member, "two", "60d").await,
        site.key(&member, "gone", "60d").await,
    ];
    let keys = keys.map(|key| key.access_key.to_string());
    vault::test_support::expire(&site.vault, &member, &keys[2]).await;
    let say = async |action: &str, access_keys: &str, expiry: &str| {
        let change = BulkChange {
            action,
            access_keys,
            expiry,
            ..BulkChange::default()
        };
        let account = member.actor.account();
        site.vault.bulk_sentence(account, &change).await
    };
    let said = async |action: &str, access_keys: &str, expiry: &str| {
        say(action, access_keys, expiry).await.unwrap()
    };
    // The default key is one of all, and never expires.
    assert_eq!(
        said("extend", "all", "").await,
        "Adds to the expirations of 2 keys. Restores 1 expired key, counted from now. 1 never expires and stays so."
    );
    assert_eq!(
        said("set", "all", "2026-12-24").await,
        "Expires Thu 24 Dec 2026, 23:59\u{a0}CET, in 31 days. Restores 1 expired key. Shortens 2."
    );
    assert_eq!(
        said("set", &keys.join(" "), "2027-12-24").await,
        "Expires Fri 24 Dec 2027, 23:59\u{a0}CET, in 396 days. Restores 1 expired key."
    );
    assert_eq!(
        said("set", &keys[2], "never").await,
        "Never expires. Restores 1 expired key."
    );
    // Before a date is chosen, and with one that cannot be set.
    assert_eq!(said("set", "all", "").await, "Restores 1 expired key.");
    assert_eq!(said("set", &keys[0], "").await, "");
    assert_eq!(
        said("set", "all", "2020-01-01").await,
        "This date is in the past. Choose a later one."
    );
    assert!(say("set", "", "").await.is_err());
    assert!(say("set", "kh_0000000000000000", "").await.is_err());
}

#[tokio::test]
async fn a_deleted_key_is_remembered_for_its_owner_alone() {
    let site = Fixture::new().await;
    let owner = site.member_in("a@example.com", "Europe/Berlin").await;
    let stranger = site.member("b@example.com").await;
    let key = site.key(&owner, "cron", "30d").await;
    let access_key = key.access_key.to_string();
    let deletion = async |member: &vault::test_support::Member, access_key: &str| {
        site.vault
            .deletion(member.actor.account(), access_key)
            .await
            .unwrap()
    };
    assert_eq!(deletion(&owner, &access_key).await, None);
    site.vault
        .delete_key(&owner.actor, &access_key, "cron")
        .await
        .unwrap();
    assert_eq!(
        deletion(&owner, &access_key).await.as_deref(),
        Some("You deleted cron on Mon 23 Nov 2026, 13:00 CET.")
    );
    assert_eq!(deletion(&stranger, &access_key).await, None);
    for other in ["kh_0000000000000000", "", "\0"] {
        assert_eq!(deletion(&owner, other).await, None, "{other:?}");
    }
}
