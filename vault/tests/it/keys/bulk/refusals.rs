//! Changes of many keys that are refused as a whole.

use vault::test_support::{Fixture, HOUR, NOON, at, expire, messages};
use vault::{BulkChange, Error};

use super::{all, bulk};
use crate::keys::undo::states;

#[tokio::test]
async fn a_refused_change_changes_no_key() {
    let site = Fixture::new().await;
    site.leave_mail();
    let (member, other) = (
        site.member("a@example.com").await,
        site.member("b@example.com").await,
    );
    let key = site.key(&member, "one", "30d").await;
    let before = states(&site).await;
    let own = key.access_key.to_string();
    let foreign = other.default_key.access_key.to_string();
    for named in [
        format!("{own} {foreign}"),
        format!("{own} kh_0000000000000000"),
        format!("{own} nonsense"),
        foreign.clone(),
    ] {
        for action in ["expire", "extend", "delete"] {
            let change = BulkChange {
                action,
                access_keys: &named,
                expiry: "30d",
                confirm_count: "2",
                ..BulkChange::default()
            };
            let refused = bulk(&site, &member, change).await;
            assert!(
                matches!(refused, Err(Error::NoSuchKeys { count: 1, .. })),
                "{named}: {refused:?}"
            );
        }
    }
    for (action, keys, expiry, count, message) in [
        ("", &*own, "", "", "action: Choose what to do."),
        (
            "expire",
            " ",
            "",
            "",
            "access_keys: Select at least one key.",
        ),
        (
            "extend",
            &own,
            "",
            "",
            "expiry: Choose when the key expires.",
        ),
        ("extend", &own, "0d", "", "expiry: This date is in the past"),
        (
            "set",
            &own,
            "2020-01-01",
            "",
            "expiry: This date is in the past",
        ),
        (
            "delete",
            &own,
            "",
            "",
            "confirm_count: Type 1, the number of keys",
        ),
        (
            "delete",
            "all",
            "",
            "1",
            "confirm_count: Type 2, the number of keys",
        ),
        (
            "delete",
            "all",
            "",
            "two",
            "confirm_count: Type 2, the number of keys",
        ),
    ] {
        let change = BulkChange {
            action,
            access_keys: keys,
            expiry,
            confirm_count: count,
            ..BulkChange::default()
        };
        let refused = messages(bulk(&site, &member, change).await);
        assert!(refused.starts_with(message), "{action} {keys}: {refused}");
    }
    assert_eq!(states(&site).await, before);
    assert_eq!(site.verdict(&key), "good");
}

/// A press that was begun before a key expired does not revive it.
#[tokio::test]
async fn a_page_opened_before_revives_no_key() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let leaked = site.key(&member, "leaked", "90d").await;
    let ended = site.key(&member, "ended", &at(NOON + HOUR)).await;
    let opened = site.vault.now();
    site.clock.advance(1);
    expire(&site.vault, &member, &leaked.access_key.to_string()).await;
    for action in ["extend", "set"] {
        let change = |as_of| BulkChange {
            as_of,
            ..all(action, "100d")
        };
        let refused = bulk(&site, &member, change(Some(opened))).await;
        let Err(Error::Conflict(conflict)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(
            conflict.message,
            "leaked has expired since you opened this page, so nothing was changed."
        );
        assert_eq!(site.verdict(&leaked), "expired");
    }
    site.clock.advance(HOUR);
    let change = BulkChange {
        as_of: Some(opened),
        ..all("extend", "30d")
    };
    assert!(matches!(
        bulk(&site, &member, change).await,
        Err(Error::Conflict(_))
    ));
    assert_eq!(site.verdict(&ended), "expired");
    // With their state in sight, they are restored.
    let change = BulkChange {
        as_of: Some(site.vault.now()),
        ..all("extend", "30d")
    };
    assert_eq!(bulk(&site, &member, change).await.unwrap().count, 2);
    assert_eq!(
        (site.verdict(&leaked), site.verdict(&ended)),
        ("good", "good")
    );
}

/// A press counts as that many changes, however few requests it takes.
#[tokio::test]
async fn a_bulk_change_counts_against_the_quota_of_changes() {
    let site = Fixture::limited(|settings| settings.changes = 1).await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    for number in 0..9 {
        site.key(&member, &format!("key {number}"), "never").await;
    }
    // Twenty at once: nine keys, ten of the first change, and one of the next.
    bulk(&site, &member, all("expire", "")).await.unwrap();
    let next = bulk(&site, &member, all("extend", "30d")).await;
    assert!(matches!(next, Err(Error::Throttled { .. })), "{next:?}");
}
