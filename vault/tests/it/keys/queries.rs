//! The table and the Dashboard: the database searches, filters, sorts and pages, and must agree with the rules in
//! `shared`.

use shared::list::{ListQuery, PAGE_SIZE};
use shared::status::Status;
use vault::Actor;
use vault::test_support::{DAY, Fixture, Member, creation, edit, restoration};

async fn names(
    site: &Fixture,
    member: &Member,
    q: &str,
    status: &str,
    sort: &str,
    page: &str,
) -> Vec<String> {
    let query = ListQuery::parse(q, status, "", sort, page);
    let list = site
        .vault
        .list_keys(member.actor.account(), &query)
        .await
        .unwrap();
    list.keys.into_iter().map(|key| key.name).collect()
}

#[tokio::test]
async fn search_reads_name_description_and_access_key_in_any_case() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let actor = &member.actor;
    site.vault
        .create_key(actor, creation("Überweisung", "monthly", "never"))
        .await
        .unwrap();
    let key = site
        .vault
        .create_key(actor, creation("100% sure", "A_B", "never"))
        .await
        .unwrap();
    let find = async |q: &str| names(&site, &member, q, "", "name", "").await;
    assert_eq!(find("überWEIS").await, ["Überweisung"]);
    assert_eq!(find("MONTHLY").await, ["Überweisung"]);
    assert_eq!(
        find(&key.access_key.to_string()[5..12]).await,
        ["100% sure"]
    );
    assert_eq!(find("0%").await, ["100% sure"], "a percent sign is itself");
    assert_eq!(find("a_b").await, ["100% sure"], "an underscore too");
    assert_eq!(find("a\\b").await, [""; 0]);
    assert_eq!(find("' OR 1=1 --").await, [""; 0]);
    assert_eq!(find("\0").await, [""; 0]);
    assert_eq!(find("sure\0").await, [""; 0]);
    assert_eq!(find("").await, ["100% sure", "Default key", "Überweisung"]);
}

/// The conditions in SQL follow the rule of [`Status::at`]: at every instant around every edge, each key is listed
/// under exactly the status that the rule gives it, and the counts agree.
#[tokio::test]
async fn filters_and_counts_are_the_status_rule() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    for days in [1, 13, 14, 15, 28, 40] {
        site.key(&member, &format!("{days} days"), &format!("{days}d"))
            .await;
    }
    let start = site.vault.now();
    for step in [
        0,
        DAY - 1,
        DAY,
        DAY + 1,
        13 * DAY,
        14 * DAY - 1,
        14 * DAY,
        14 * DAY + 1,
        26 * DAY,
        41 * DAY,
    ] {
        site.clock.set(start + step);
        let all = site
            .vault
            .list_keys(member.actor.account(), &ListQuery::default())
            .await
            .unwrap();
        assert_eq!(all.keys.len(), 7);
        for status in Status::ALL {
            let query = ListQuery {
                status: Some(status),
                ..ListQuery::default()
            };
            let list = site
                .vault
                .list_keys(member.actor.account(), &query)
                .await
                .unwrap();
            let expected: Vec<_> = all
                .keys
                .iter()
                .filter(|key| Status::at(key.expires_at(), all.now, all.window) == status)
                .collect();
            assert_eq!(
                list.keys.iter().collect::<Vec<_>>(),
                expected,
                "{status:?} after {step} ms"
            );
            assert_eq!(
                usize::try_from(list.counts.of(status)).unwrap(),
                expected.len()
            );
        }
    }
}

#[tokio::test]
async fn every_column_sorts_both_ways() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    for (name, expiry) in [("beta", "10d"), ("Alpha", "90d"), ("gamma", "30d")] {
        site.clock.advance(1);
        site.key(&member, name, expiry).await;
    }
    let sorted = async |sort: &str| names(&site, &member, "", "", sort, "").await;
    assert_eq!(
        sorted("name").await,
        ["Alpha", "beta", "Default key", "gamma"]
    );
    assert_eq!(
        sorted("created").await,
        ["Default key", "beta", "Alpha", "gamma"]
    );
    assert_eq!(
        sorted("expires").await,
        ["beta", "gamma", "Alpha", "Default key"],
        "never comes last"
    );
    assert_eq!(
        sorted("status").await,
        ["beta", "gamma", "Alpha", "Default key"]
    );
    for column in ["name", "created", "expires", "status", "access_key"] {
        let mut up = sorted(column).await;
        up.reverse();
        assert_eq!(sorted(&format!("-{column}")).await, up, "{column}");
    }
    assert_eq!(
        sorted("nonsense").await,
        sorted("-created").await,
        "an unknown column is the default"
    );
}

#[tokio::test]
async fn pages_neither_repeat_nor_skip() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    for number in 0..119 {
        site.key(&member, &format!("key {number:03}"), "30d").await;
    }
    for sort in ["name", "expires", "-status", "created"] {
        let mut seen = Vec::new();
        for page in ["1", "2", "3"] {
            seen.extend(names(&site, &member, "", "", sort, page).await);
        }
        assert_eq!(seen.len(), 120);
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 120, "by {sort}");
    }
    let beyond = ListQuery::parse("", "", "", "name", "9");
    let list = site
        .vault
        .list_keys(member.actor.account(), &beyond)
        .await
        .unwrap();
    assert_eq!(
        (list.page, list.pages, list.keys.len()),
        (3, 3, 20),
        "beyond the end is the end"
    );
    assert_eq!(PAGE_SIZE, 50);
}

#[tokio::test]
async fn the_history_lists_the_changes() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member_in("a@example.com", "Europe/Berlin").await;
    let home = Actor {
        caller: vault::test_support::from([192, 0, 2, 1]),
        ..member.actor.clone()
    };
    let key = site
        .vault
        .create_key(&home, creation("k", "", "30d"))
        .await
        .unwrap();
    let access_key = key.access_key.to_string();
    site.vault.expire_key(&home, &access_key).await.unwrap();
    site.vault
        .restore_key(&home, restoration(&access_key, "never"))
        .await
        .unwrap();
    site.vault
        .edit_key(&home, edit(&access_key, "k", "d", "2026-12-24"))
        .await
        .unwrap();
    let detail = site
        .vault
        .show_key(member.actor.account(), &access_key)
        .await
        .unwrap();
    let told: Vec<_> = detail
        .history
        .iter()
        .map(|entry| entry.what.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "Edited: expiration, description, expires Thu 24 Dec 2026, 23:59 CET",
            "Restored, never expires",
            "Expired manually",
            "Created, expires Wed 23 Dec 2026, 13:00 CET",
        ]
    );
    assert!(
        detail
            .history
            .iter()
            .all(|entry| entry.address == "192.0.2.1")
    );
}
