//! The table of keys: words of a search, filters beside the status, and the layout that the account has chosen.

use shared::list::{ListQuery, PAGE_SIZE};
use vault::test_support::{DAY, Fixture, HOUR, Member, NOON, SECOND, at, creation};

async fn shown(site: &Fixture, member: &Member, q: &str, status: &str, show: &str) -> Vec<String> {
    let query = ListQuery::parse(q, status, show, "name", "");
    let list = site.vault.list_keys(member.actor.account(), &query).await;
    let list = list.unwrap();
    let matching = query
        .status
        .map_or(list.counts.total(), |status| list.counts.of(status));
    assert_eq!(usize::try_from(matching).unwrap(), list.keys.len());
    list.keys.into_iter().map(|key| key.name).collect()
}

#[tokio::test]
async fn words_are_found_in_any_order() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    for (name, description) in [
        ("billing-worker-eu", "nightly"),
        ("billing-worker-us", "Nightly invoices"),
        ("frontend-eu", "billing page"),
    ] {
        let key = creation(name, description, "never");
        site.vault.create_key(&member.actor, key).await.unwrap();
    }
    let find = async |q: &str| shown(&site, &member, q, "", "").await;
    for q in ["billing eu", "EU  Billing", "eu\u{a0}billing", "ing eu b"] {
        assert_eq!(find(q).await, ["billing-worker-eu", "frontend-eu"], "{q}");
    }
    assert_eq!(find("invoices us").await, ["billing-worker-us"]);
    assert_eq!(find("nightly us eu").await, [""; 0]);
    assert_eq!(find("billing % eu").await, [""; 0]);
    let nine = "b i l n g w o r k e";
    assert_eq!(find(nine).await, [""; 0], "the last words are one");
    assert_eq!(shown(&site, &member, "eu", "active", "").await.len(), 2);
    assert!(shown(&site, &member, "eu", "expired", "").await.is_empty());
}

#[tokio::test]
async fn filters_show_keys_by_use_and_by_expiration() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let used = site.key(&member, "used", "never").await;
    let idle = site.key(&member, "idle", "365d").await;
    // A fixture begins on 23 November, at noon.
    site.key(&member, "this month", "2026-11-30").await;
    site.key(&member, "next month", &at(NOON + 8 * DAY)).await;
    site.clock.set(NOON + 60 * DAY);
    let mut database = site.database().await;
    for (key, used_at) in [(&used, NOON + 60 * DAY), (&idle, NOON + SECOND)] {
        sqlx::query("INSERT INTO last_uses (access_key, used_at) VALUES ($1, $2)")
            .bind(key.access_key.to_string())
            .bind(used_at)
            .execute(&mut database)
            .await
            .unwrap();
    }
    let show = async |show: &str| shown(&site, &member, "", "", show).await;
    let unused = ["Default key", "next month", "this month"];
    assert_eq!(show("never_used").await, unused);
    assert_eq!(show("never_expires").await, ["Default key", "used"]);
    assert!(show("idle").await.is_empty());
    let month = shown(&site, &member, "month", "expired", "never_used").await;
    assert_eq!(month, ["next month", "this month"]);
    let default = shown(&site, &member, "key", "active", "never_used").await;
    assert_eq!(default, ["Default key"]);

    // Without a use, a key is idle from its creation on.
    site.clock.set(NOON + 90 * DAY);
    assert_eq!(show("idle").await, unused);
    site.clock.set(NOON + 90 * DAY + SECOND);
    assert_eq!(
        show("idle").await,
        ["Default key", "idle", "next month", "this month"]
    );
}

/// A month is one of the account's zone, from its first to its last millisecond.
#[tokio::test]
async fn this_month_is_that_of_the_account() {
    let site = Fixture::new().await;
    let member = site.member_in("a@example.com", "America/New_York").await;
    // 1 December, 00:00 there.
    let december = NOON + 7 * DAY + 17 * HOUR;
    site.key(&member, "last", &at(december - 1)).await;
    site.key(&member, "first", &at(december)).await;
    for (now, expected) in [
        (NOON, "last"),
        (december - 1, "last"),
        (december, "first"),
        (december + 30 * DAY, "first"),
    ] {
        site.clock.set(now);
        let names = shown(&site, &member, "", "", "this_month").await;
        assert_eq!(names, [expected], "at {}", now - NOON);
    }
}

#[tokio::test]
async fn the_account_keeps_the_layout_of_its_table() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let other = site.member("b@example.com").await;
    for number in 0..59 {
        site.key(&member, &format!("key {number:02}"), "30d").await;
    }
    let page = async |member: &Member, page: &str| {
        let account = site.vault.account(&member.actor.account().id).await;
        let query = ListQuery::parse("", "", "", "name", page);
        site.vault
            .list_keys(&account.unwrap(), &query)
            .await
            .unwrap()
    };
    let first = page(&member, "").await;
    let layout = (first.size, first.columns.created, first.keys.len());
    assert_eq!(layout, (PAGE_SIZE, false, 50));
    for (size, created, expected) in [
        ("25", true, (25, true, 25)),
        ("100", false, (100, false, 60)),
        ("", true, (100, true, 60)),
    ] {
        let saved = site.vault.save_table(&member.actor, size, created).await;
        saved.unwrap();
        let first = page(&member, "").await;
        let layout = (first.size, first.columns.created, first.keys.len());
        assert_eq!(layout, expected, "{size}");
    }
    site.vault
        .save_table(&member.actor, "25", true)
        .await
        .unwrap();
    let beyond = page(&member, "9").await;
    assert_eq!((beyond.page, beyond.pages, beyond.keys.len()), (3, 3, 10));
    assert_eq!(page(&other, "").await.size, PAGE_SIZE);
    let query = ListQuery::default();
    let account = member.actor.account();
    let for_program = site.vault.list_keys_for_program(account, &query).await;
    assert_eq!(for_program.unwrap().keys.len(), 50);
    for size in ["0", "51", "1000", "many"] {
        let refused = site.vault.save_table(&member.actor, size, true).await;
        let messages = vault::test_support::messages(refused);
        assert_eq!(messages, "page_size: Choose 25, 50 or 100 keys on a page.");
    }
}
