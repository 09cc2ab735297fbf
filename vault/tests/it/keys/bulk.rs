//! Changes of many keys at once: each key ends as by its own change, or no key changes.

mod refusals;

use shared::list::ListQuery;
use shared::token::AccessKey;
use shared::view::BulkChanged;
use sqlx::Connection;
use vault::test_support::{DAY, Fixture, HOUR, Mailbox, Member, NOON, at, edit, restoration};
use vault::{BulkChange, Error, NewKey};

use super::undo::states;

async fn bulk(
    site: &Fixture,
    member: &Member,
    change: BulkChange<'_>,
) -> Result<BulkChanged, Error> {
    site.vault.change_keys(&member.actor, change).await
}

fn all<'a>(action: &'a str, expiry: &'a str) -> BulkChange<'a> {
    BulkChange {
        action,
        access_keys: "all",
        expiry,
        ..BulkChange::default()
    }
}

fn named(keys: &[&NewKey]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| key.access_key.to_string()).collect();
    keys.join(" ")
}

/// What the trail has of the account's keys, without their access keys and changes.
type Trail = (String, String, Option<i64>, Option<i64>, Option<i64>);

/// Returns the stored keys and the last entries of the trail, by name.
async fn stored(site: &Fixture, member: &Member, entries: i64) -> (Vec<Trail>, Vec<Trail>) {
    let mut database = site.database().await;
    let keys = sqlx::query_as(
        "SELECT name, description, expires_at, expiration_set_at, created_at FROM api_keys
         WHERE account_id = $1 ORDER BY name",
    )
    .bind(&member.actor.account().id)
    .fetch_all(&mut database)
    .await
    .unwrap();
    let trail = sqlx::query_as(
        "SELECT u.action, u.detail, u.expires_at, u.old_expires_at, u.old_set_at
         FROM (SELECT * FROM audit WHERE account_id = $1 ORDER BY id DESC LIMIT $2) u
         JOIN api_keys k ON k.access_key = u.subject ORDER BY k.name",
    )
    .bind(&member.actor.account().id)
    .bind(entries)
    .fetch_all(&mut database)
    .await
    .unwrap();
    database.close().await.unwrap();
    (keys, trail)
}

#[tokio::test]
async fn a_bulk_change_equals_the_changes_one_by_one() {
    let site = Fixture::new().await;
    site.leave_mail();
    let (together, single) = (
        site.member("a@example.com").await,
        site.member("b@example.com").await,
    );
    let mut keys = Vec::new();
    for (name, expiry) in [
        ("expired", NOON + HOUR),
        ("soon", NOON + DAY),
        ("late", NOON + 90 * DAY),
    ] {
        site.key(&together, name, &at(expiry)).await;
        keys.push(site.key(&single, name, &at(expiry)).await);
    }
    keys.insert(0, site.key(&single, "never", "never").await);
    site.key(&together, "never", "never").await;
    site.clock.advance(2 * HOUR);
    let (vault, actor) = (&site.vault, &single.actor);
    for action in ["extend", "set", "expire", "expire again"] {
        site.clock.advance(HOUR);
        let (verb, expiry) = match action {
            "extend" => (action, "30d"),
            "set" => (action, "2027-03-01"),
            _ => ("expire", ""),
        };
        let changed = bulk(&site, &together, all(verb, expiry)).await.unwrap();
        let mut count = 0;
        let default = &single.default_key;
        for key in [default].into_iter().chain(&keys) {
            let access_key = key.access_key.to_string();
            let shown = vault.show_key(actor.account(), &access_key).await.unwrap();
            let change = match action {
                "extend" => {
                    let Some(present) = shown.key.expires_at() else {
                        continue;
                    };
                    let until = at(present.max(vault.now()) + 30 * DAY);
                    let restoration = restoration(&access_key, &until);
                    vault.restore_key(actor, restoration).await
                }
                "set" => {
                    let edit = edit(&access_key, &shown.key.name, "", expiry);
                    vault.edit_key(actor, edit).await
                }
                _ => vault.expire_key(actor, &access_key).await,
            };
            count += i64::from(!change.unwrap().change.is_empty());
        }
        assert_eq!(changed.count, count, "{action}");
        assert_eq!(
            stored(&site, &together, count).await,
            stored(&site, &single, count).await,
            "{action}"
        );
    }
}

#[tokio::test]
async fn the_answer_says_what_has_changed() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let keys = [
        site.key(&member, "one", &at(NOON + HOUR)).await,
        site.key(&member, "two", &at(NOON + DAY)).await,
        site.key(&member, "three", "never").await,
    ];
    let [one, two, three] = [0, 1, 2].map(|place| &keys[place]);
    let say = async |action: &str, keys: &[&NewKey], expiry: &str, confirm_count: &str| {
        let change = BulkChange {
            action,
            access_keys: &named(keys),
            expiry,
            confirm_count,
            ..BulkChange::default()
        };
        let changed = bulk(&site, &member, change).await.unwrap();
        (changed.count, changed.sentence, changed.change.is_empty())
    };
    let said = |count, sentence: &str, fixed| (count, sentence.to_owned(), fixed);
    assert_eq!(
        say("extend", &[one, two, three], "90d", "").await,
        said(
            2,
            "2 keys are extended by 90 days. 1 other never expires.",
            false
        )
    );
    assert_eq!(
        say("extend", &[three], "90d", "").await,
        said(
            0,
            "The key never expires, so there is nothing to extend.",
            true
        )
    );
    assert_eq!(
        say("extend", &[one, two], "2026-12-01", "").await,
        said(0, "All 2 keys already last longer.", true)
    );
    assert_eq!(
        say("extend", &[one, two], "2027-06-01", "").await,
        said(2, "2 keys now expire on 1 Jun 2027.", false)
    );
    assert_eq!(
        say("set", &[one, two, three], "2027-02-26T20:20", "").await,
        said(3, "3 keys now expire on 26 Feb 2027, 20:20 UTC.", false)
    );
    assert_eq!(
        say("set", &[one], "2027-02-26", "").await,
        said(
            1,
            "one now expires 26 Feb 2027, 23:59 UTC (in 95 days).",
            false
        )
    );
    assert_eq!(
        say("expire", &[one], "", "").await,
        said(1, "one has expired.", false)
    );
    assert_eq!(
        say("expire", &[one, two, three], "", "").await,
        said(
            2,
            "2 keys have expired. 1 other had expired already.",
            false
        )
    );
    assert_eq!(
        say("extend", &[one, two], "7d", "").await,
        said(2, "2 keys now expire on 30 Nov 2026, 12:00 UTC.", false)
    );
    say("expire", &[two], "", "").await;
    assert_eq!(
        say("extend", &[one, two], "90d", "").await,
        said(
            2,
            "1 key is extended by 90 days, and 1 is restored for 90 days.",
            false
        )
    );
    assert_eq!(
        say("set", &[one, two], "never", "").await,
        said(2, "2 keys never expire.", false)
    );
    assert_eq!(
        say("delete", &[one, two], "", " 2 ").await,
        said(2, "2 keys are deleted.", true)
    );
    assert_eq!(
        say("delete", &[three], "", "1").await,
        said(1, "three is deleted.", true)
    );
    assert_eq!(
        (site.verdict(one), site.verdict(&member.default_key)),
        ("invalid", "good")
    );
}

/// One mail for all keys that were expired at once, to each recipient.
#[tokio::test]
async fn keys_expired_at_once_are_told_in_one_mail() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let mut mailbox = Mailbox::of(&site);
    mailbox.delivered(&site.vault).await;
    for number in 0..12 {
        site.key(&member, &format!("key {number}"), "90d").await;
    }
    let expired = bulk(&site, &member, all("expire", "")).await.unwrap();
    assert_eq!(expired.count, 13);
    let mails = mailbox.notices(&site.vault).await;
    assert_eq!(mails.len(), 1);
    for name in ["Default key", "key 0", "key 11"] {
        assert!(mails[0].text.contains(name), "{}", mails[0].text);
    }
    let again = bulk(&site, &member, all("expire", "")).await.unwrap();
    assert_eq!((again.count, again.change.as_str()), (0, ""));
    assert!(mailbox.notices(&site.vault).await.is_empty());
}

/// `all` is what the table shows, on all of its pages.
#[tokio::test]
async fn all_are_those_that_the_table_shows() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    for (name, expiry) in [
        ("billing eu", "3d"),
        ("billing us", "90d"),
        ("staging", "3d"),
    ] {
        site.key(&member, name, expiry).await;
    }
    for (q, status, show, expected) in [
        ("eu billing", "", "", vec!["billing eu"]),
        (
            "billing",
            "",
            "never_used",
            vec!["billing eu", "billing us"],
        ),
        ("", "expiring_soon", "", vec!["billing eu", "staging"]),
        ("billing", "expiring_soon", "", vec!["billing eu"]),
        ("", "", "never_expires", vec!["Default key"]),
        ("nothing", "", "", vec![]),
    ] {
        let query = ListQuery::parse(q, status, show, "", "");
        let listed = site.vault.list_keys(member.actor.account(), &query).await;
        assert_eq!(listed.unwrap().keys.len(), expected.len());
        let change = BulkChange {
            query,
            ..all("expire", "")
        };
        let changed = bulk(&site, &member, change).await.unwrap();
        let table = site
            .vault
            .list_keys(member.actor.account(), &ListQuery::default())
            .await
            .unwrap();
        let mut expired: Vec<_> = table
            .keys
            .iter()
            .filter(|key| key.status == shared::status::Status::Expired)
            .map(|key| key.name.as_str())
            .collect();
        expired.sort_unstable();
        assert_eq!(expired, expected, "{q} {status} {show}");
        if !expected.is_empty() {
            site.vault
                .undo(&member.actor, &changed.change)
                .await
                .unwrap();
        }
    }
}

/// Gives the account this many more keys, as a restart finds them.
pub async fn with_keys(site: Fixture, member: &Member, count: u64) -> (Fixture, Vec<AccessKey>) {
    site.vault.close().await;
    let mut database = site.database().await;
    let mut keys = Vec::new();
    sqlx::query("BEGIN").execute(&mut database).await.unwrap();
    for number in 0..count {
        let mut entropy = [0; 10];
        entropy[2..].copy_from_slice(&number.to_be_bytes());
        let access_key = AccessKey::from_entropy(entropy);
        sqlx::query(
            "INSERT INTO api_keys (access_key, account_id, name, description, folded, digest, pepper_id, created_at,
                                   expires_at, expiration_set_at)
             SELECT $1, account_id, $2, '', $2, digest, pepper_id, created_at, expires_at, expiration_set_at
             FROM api_keys WHERE access_key = $3",
        )
        .bind(access_key.to_string())
        .bind(format!("key {number}"))
        .bind(member.default_key.access_key.to_string())
        .execute(&mut database)
        .await
        .unwrap();
        keys.push(access_key);
    }
    sqlx::query("COMMIT").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    (site.reopened().await, keys)
}

/// More keys than one statement names, or one entry of the change log holds.
#[tokio::test]
async fn a_thousand_keys_are_changed_as_one() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let (site, keys) = with_keys(site, &member, 1_100).await;
    site.leave_mail();
    let before = states(&site).await;
    let verdicts = |site: &Fixture| {
        let secret = &member.default_key.secret_key;
        let good = |key: &&AccessKey| site.verdict_on(**key, secret) == "good";
        keys.iter().filter(good).count()
    };
    assert_eq!(verdicts(&site), 1_100);
    let named: Vec<String> = keys.iter().map(ToString::to_string).collect();
    let change = BulkChange {
        action: "expire",
        access_keys: &named.join("\n"),
        ..BulkChange::default()
    };
    let expired = bulk(&site, &member, change).await.unwrap();
    assert_eq!(
        (expired.count, expired.sentence.as_str()),
        (1_100, "1100 keys have expired.")
    );
    assert_eq!(verdicts(&site), 0);
    assert_eq!(site.verdict(&member.default_key), "good");
    let mut database = site.database().await;
    let (entries, first, last): (i64, i64, i64) = sqlx::query_as(
        "SELECT COUNT(DISTINCT subject), MIN(id), MAX(id) FROM audit WHERE change_id = $1",
    )
    .bind(&expired.change)
    .fetch_one(&mut database)
    .await
    .unwrap();
    assert_eq!((entries, last - first), (1_100, 1_099), "ids without gaps");
    database.close().await.unwrap();
    let site = site.reopened().await;
    site.leave_mail();
    assert_eq!(verdicts(&site), 0);
    let undone = site.vault.undo(&member.actor, &expired.change).await;
    assert_eq!(
        undone.unwrap().sentence,
        "Undone: 1100 keys are as they were."
    );
    assert_eq!(states(&site).await, before);
    assert_eq!(verdicts(&site), 1_100);
    let delete = BulkChange {
        confirm_count: "1101",
        ..all("delete", "")
    };
    bulk(&site, &member, delete).await.unwrap();
    assert_eq!((site.vault.key_count(), verdicts(&site)), (0, 0));
}
