//! A key's life: create, expire, restore, edit and delete, with the verdict at each step.

use vault::SavePreferences;
use vault::test_support::{
    DAY, Fixture, HOUR, NOON, SECOND, creation, edit, messages, restoration, verify,
};

#[tokio::test]
async fn the_default_key_is_a_key_like_every_other() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = &member.default_key;
    assert_eq!((key.name.as_str(), key.expires_at), ("Default key", None));
    assert_eq!(site.verdict(key), "good");
    let access_key = key.access_key.to_string();
    site.vault
        .expire_key(&member.actor, &access_key)
        .await
        .unwrap();
    assert_eq!(site.verdict(key), "expired");
    site.vault
        .restore_key(&member.actor, restoration(&access_key, "never"))
        .await
        .unwrap();
    assert_eq!(site.verdict(key), "good");
    site.vault
        .delete_key(&member.actor, &access_key, "Default key")
        .await
        .unwrap();
    assert_eq!(site.verdict(key), "invalid");
}

/// Promise 2: a key expires exactly to the millisecond, and a clock that jumps back revives nothing.
#[tokio::test]
async fn a_key_is_good_strictly_before_its_expiration() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "2026-11-24T10:00:00.500Z").await;
    let at = key.expires_at.unwrap();
    for (now, expected) in [
        (at - 1, "good"),
        (at, "expired"),
        (at + 1, "expired"),
        (at - HOUR, "expired"),
        (NOON, "expired"),
    ] {
        site.clock.set(now);
        assert_eq!(
            site.verdict(&key),
            expected,
            "{} ms from its expiration",
            now - at
        );
    }
}

#[tokio::test]
async fn a_wrong_secret_never_learns_that_a_key_has_expired() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "one", "1d").await;
    let other = site.key(&member, "other", "1d").await;
    assert_eq!(
        site.verdict_on(key.access_key, &other.secret_key),
        "invalid"
    );
    site.clock.advance(2 * DAY);
    assert_eq!(
        site.verdict_on(key.access_key, &other.secret_key),
        "invalid"
    );
    assert_eq!(site.verdict(&key), "expired");
}

#[tokio::test]
async fn expire_and_restore_keep_the_credentials() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "billing", "90d").await;
    let access_key = key.access_key.to_string();
    site.clock.advance(DAY);
    let changed = site
        .vault
        .expire_key(&member.actor, &access_key)
        .await
        .unwrap();
    assert_eq!(changed.expiry_before, "2027-02-21T12:00:00.000Z");
    assert_eq!(changed.expiry, "2026-11-24T12:00:00.000Z");
    assert_eq!(site.verdict(&key), "expired");

    site.clock.advance(DAY);
    let again = site
        .vault
        .expire_key(&member.actor, &access_key)
        .await
        .unwrap();
    assert_eq!(
        again.expiry, "2026-11-24T12:00:00.000Z",
        "expired once, it stays at that instant"
    );

    let undone = site
        .vault
        .restore_key(
            &member.actor,
            restoration(&access_key, &changed.expiry_before),
        )
        .await;
    assert_eq!(
        undone.unwrap().expiry,
        "2027-02-21T12:00:00.000Z",
        "undo restores to the millisecond"
    );
    assert_eq!(site.verdict(&key), "good");
}

#[tokio::test]
async fn restore_requires_a_later_instant() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "60d").await;
    let access_key = key.access_key.to_string();
    let restore = async |expiry: &'static str| {
        messages(
            site.vault
                .restore_key(&member.actor, restoration(&access_key, expiry))
                .await,
        )
    };
    assert!(
        restore("2026-11-22")
            .await
            .starts_with("expiry: This date is in the past")
    );
    assert!(
        restore("30d")
            .await
            .starts_with("expiry: The key already lasts longer")
    );
    assert!(
        restore("tomorrow")
            .await
            .starts_with("expiry: We can't read this date")
    );
    assert!(restore("").await.starts_with("expiry: Choose when"));
    assert_eq!(restore("90d").await, "accepted");
    assert_eq!(restore("never").await, "accepted");
    assert!(
        restore("90d")
            .await
            .starts_with("expiry: The key already lasts longer")
    );
    assert_eq!(site.verdict(&key), "good");
}

#[tokio::test]
async fn an_edit_changes_the_key_and_nothing_else() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "before", "2026-11-26").await;
    let access_key = key.access_key.to_string();
    let edit = async |name: &'static str, description: &'static str, expiry: &'static str| {
        site.vault
            .edit_key(&member.actor, edit(&access_key, name, description, expiry))
            .await
    };
    edit("after", "why it exists", "2026-11-26").await.unwrap();
    let detail = site
        .vault
        .show_key(member.actor.account(), &access_key)
        .await
        .unwrap();
    assert_eq!(
        (detail.key.name.as_str(), detail.key.description.as_str()),
        ("after", "why it exists")
    );
    assert_eq!(
        detail.key.expires.unwrap().rfc3339,
        "2026-11-26T23:59:59.999Z"
    );
    assert_eq!(detail.history[0].what, "Edited: name, description");

    site.clock.advance(10 * DAY);
    assert_eq!(site.verdict(&key), "expired");
    edit("renamed while expired", "", "2026-11-26T23:59:59.999Z")
        .await
        .unwrap();
    assert_eq!(
        site.verdict(&key),
        "expired",
        "keeping a past expiration is no restore"
    );
    assert!(
        messages(edit("x", "", "2026-11-27").await).starts_with("expiry: This date is in the past")
    );
    edit("renamed", "", "30d").await.unwrap();
    assert_eq!(site.verdict(&key), "good", "editing the date restores");
    let verified = verify(&site.vault, key.access_key, &key.secret_key).unwrap();
    assert_eq!(&*verified.name, "renamed", "the directory has the new name");
}

#[tokio::test]
async fn a_date_means_its_end_in_the_accounts_zone() {
    let site = Fixture::new().await;
    let member = site.member_in("a@example.com", "America/Los_Angeles").await;
    let day = site.key(&member, "day", "2026-11-26").await;
    assert_eq!(
        day.expires_at,
        Some(1_795_766_399_999),
        "26 Nov, 23:59:59.999 PST"
    );
    let minute = site.key(&member, "minute", "2026-11-26T18:30").await;
    assert_eq!(
        minute.expires_at,
        Some(1_795_746_600_000),
        "26 Nov, 18:30 PST"
    );
    let days = site.key(&member, "days", "30d").await;
    assert_eq!(days.expires_at, Some(NOON + 30 * DAY));
}

#[tokio::test]
async fn bad_input_is_named_by_field_and_changes_nothing() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let create = async |name: &str, description: &str, expiry: &str| {
        messages(
            site.vault
                .create_key(&member.actor, creation(name, description, expiry))
                .await,
        )
    };
    let all = create("", &"x".repeat(501), "soon").await;
    for field in ["name: ", "description: ", "expiry: "] {
        assert!(all.contains(field), "{all}");
    }
    assert!(
        create("k", "", "2020-01-01")
            .await
            .starts_with("expiry: This date is in the past")
    );
    assert!(create("k", "", "0d").await.starts_with("expiry: "));
    assert!(create("a\r\nb", "", "never").await.starts_with("name: "));
    assert_eq!(site.vault.key_count(), 1, "only the default key");
}

#[tokio::test]
async fn delete_requires_the_name_and_is_final() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "staging", "1d").await;
    let access_key = key.access_key.to_string();
    let delete = async |name: &str| {
        site.vault
            .delete_key(&member.actor, &access_key, name)
            .await
    };
    assert!(messages(delete("stagin").await).starts_with("confirm_name: "));
    assert!(messages(delete("").await).starts_with("confirm_name: "));
    assert_eq!(site.verdict(&key), "good");
    delete(" staging ").await.unwrap();
    assert_eq!(site.verdict(&key), "invalid");
    assert!(matches!(
        delete("staging").await,
        Err(vault::Error::NotFound)
    ));
    let restore = site
        .vault
        .restore_key(&member.actor, restoration(&access_key, "never"))
        .await;
    assert!(matches!(restore, Err(vault::Error::NotFound)));

    let account = member.actor.account().clone();
    let site = site.reopened().await;
    assert_eq!(site.verdict(&key), "invalid");
    let shown = site.vault.show_key(&account, &access_key).await;
    assert!(matches!(shown, Err(vault::Error::NotFound)));
}

/// Promise 4, at rest: neither the database nor a file contains the secret.
#[tokio::test]
async fn secrets_are_in_no_file() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "1d").await;
    let secrets = [
        member.default_key.secret_key.expose(),
        key.secret_key.expose(),
        vault::test_support::PASSWORD,
    ];
    for secret in secrets {
        assert!(!site.stores(secret).await);
    }
    assert!(site.stores(&key.access_key.to_string()).await);
    assert_eq!(format!("{:?}", key.secret_key), "[secret]");
}

#[tokio::test]
async fn the_sunset_status_follows_the_accounts_window() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "20d").await;
    let status = || {
        let verified = verify(&site.vault, key.access_key, &key.secret_key);
        verified.unwrap().status.slug()
    };
    assert_eq!(status(), "active");
    site.vault
        .save_preferences(
            &member.actor,
            SavePreferences {
                time_zone: "UTC",
                warning_days: "30",
                ..SavePreferences::default()
            },
        )
        .await
        .unwrap();
    assert_eq!(status(), "expiring_soon");
    site.vault
        .save_preferences(
            &member.actor,
            SavePreferences {
                time_zone: "UTC",
                warning_days: "1",
                ..SavePreferences::default()
            },
        )
        .await
        .unwrap();
    assert_eq!(status(), "active");
    site.clock.advance(19 * DAY - SECOND);
    assert_eq!(status(), "active");
    site.clock.advance(SECOND);
    assert_eq!(status(), "expiring_soon");
}
