//! The bounds of growth: the audit trail, the delivery log and the ledger.

use sqlx::Connection;
use vault::Keep;
use vault::test_support::{DAY, Fixture, HOUR, Mailbox, NOON, at, expire};

async fn count(site: &Fixture, what: &str) -> i64 {
    let mut database = site.database().await;
    let statement = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {what}"));
    let (count,): (i64,) = sqlx::query_as(statement)
        .fetch_one(&mut database)
        .await
        .unwrap();
    count
}

async fn prune(site: &Fixture, keep: Keep) {
    while site.vault.prune(keep, site.vault.now()).await.unwrap() {}
}

const KEEP: Keep = Keep::DEFAULT;

#[tokio::test]
async fn the_trail_is_kept_for_its_days() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    for number in 0..3 {
        site.clock.advance(1);
        site.key(&member, &format!("key {number}"), "never").await;
    }
    let before = count(&site, "audit").await;
    site.clock.set(NOON + 400 * DAY);
    prune(&site, KEEP).await;
    assert_eq!(count(&site, "audit").await, before, "not a day too early");
    site.clock.set(NOON + 401 * DAY);
    let forever = Keep {
        audit_days: 0,
        ..KEEP
    };
    prune(&site, forever).await;
    assert_eq!(count(&site, "audit").await, before, "0 is for ever");
    prune(&site, KEEP).await;
    let mut database = site.database().await;
    let left: Vec<(i64, i64)> = sqlx::query_as("SELECT id, at FROM audit")
        .fetch_all(&mut database)
        .await
        .unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!(
        left[0],
        (before, NOON + 3),
        "ids and the clock's floor go on from the newest"
    );
    database.close().await.unwrap();
    let member = site.member("b@example.com").await;
    assert!(count(&site, "audit WHERE at = (SELECT MAX(at) FROM audit)").await > 0);
    assert_eq!(site.verdict(&member.default_key), "good");
}

/// Pruning keeps the floor of the clock, the latest entry that is believed, wherever it stands in the trail.
#[tokio::test]
async fn the_floor_of_the_clock_is_never_removed() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let mut database = site.database().await;
    let last = "SELECT COALESCE(MAX(id), 0) FROM audit";
    for statement in [
        // A jump ahead, which the operator disbelieved.
        "INSERT INTO audit (id, at, account_id, action, subject, detail, address)
         SELECT id + 1, 9999999999999, account_id, action, subject, detail, '' FROM audit ORDER BY id DESC LIMIT 1",
        &format!("UPDATE clock SET disbelieved = ({last})"),
        "INSERT INTO audit (id, at, account_id, action, subject, detail, address)
         SELECT id + 100, at + id, account_id, action, subject, detail, '' FROM audit WHERE id < 3",
        "DELETE FROM sessions",
    ] {
        let statement = sqlx::AssertSqlSafe(statement);
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
    let believed = "audit WHERE id > (SELECT disbelieved FROM clock)";
    assert_eq!(count(&site, believed).await, 2);
    site.clock.set(NOON + 1_000 * DAY);
    prune(&site, KEEP).await;
    assert_eq!(count(&site, believed).await, 1);
    assert_eq!(
        count(&site, &format!("{believed} AND at = {}", NOON + 2)).await,
        1
    );
}

#[tokio::test]
async fn settled_mails_are_removed_unless_a_rule_needs_them() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let mut mailbox = Mailbox::of(&site);
    let soon = site.key(&member, "soon", &at(NOON + 60 * DAY)).await;
    let gone = site.key(&member, "gone", "90d").await;
    expire(&site.vault, &member, &gone.access_key.to_string()).await;
    mailbox.notices(&site.vault).await;
    site.clock.set(NOON + 30 * DAY + HOUR);
    assert_eq!(mailbox.notices(&site.vault).await.len(), 1, "30 days ahead");
    let stands = "notices WHERE name = 'soon'";
    assert!(count(&site, stands).await > 0);

    site.clock.set(NOON + 62 * DAY);
    assert_eq!(mailbox.notices(&site.vault).await.len(), 1, "it expired");

    // A mail that waits, and later one with a link that works.
    site.clock.set(NOON + 91 * DAY);
    site.member("b@example.com").await;
    let waiting = "outbox WHERE outcome IS NULL";
    let brief = Keep {
        mails_days: 1,
        ..KEEP
    };
    prune(&site, KEEP).await;
    assert_eq!(
        count(&site, "notices WHERE name = 'gone'").await,
        0,
        "settled 90 days ago"
    );
    assert!(count(&site, stands).await > 0, "it expired 31 days ago");
    assert!(count(&site, waiting).await > 0);
    mailbox.delivered(&site.vault).await;
    let works = format!(
        "links WHERE used_at IS NULL AND expires_at > {}",
        NOON + 93 * DAY
    );
    assert_eq!(count(&site, &works).await, 1);
    site.clock.set(NOON + 93 * DAY);
    prune(&site, brief).await;
    assert_eq!(count(&site, &works).await, 1, "it still works");
    site.clock.set(NOON + 95 * DAY);
    prune(&site, brief).await;
    assert_eq!(count(&site, &works).await, 0);

    // No notice that was sent is sent again.
    site.clock.set(NOON + 200 * DAY);
    prune(&site, KEEP).await;
    assert_eq!(count(&site, "notices").await, 0);
    site.vault.sweep().await.unwrap();
    assert!(mailbox.notices(&site.vault).await.is_empty());
    assert_eq!(site.verdict(&soon), "expired");
}
