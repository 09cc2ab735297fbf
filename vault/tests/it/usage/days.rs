//! Calls by day: the charts of the table and the ranges of a key's page are the same, whether the hours have been summed up
//! by day or not.

use shared::list::ListQuery;
use shared::usage::{CallRange, DayCalls, Sparkline};
use sqlx::AssertSqlSafe;
use vault::NewKey;
use vault::test_support::{DAY, Fixture, HOUR, Member, NOON, SECOND};

use super::flush::call;

/// Fills every hour from `first` to `last`, counted from noon, with calls that differ from hour to hour.
async fn fill(site: &Fixture, key: &NewKey, first: i64, last: i64) {
    let hours =
        "WITH RECURSIVE n (hour) AS (SELECT $2 UNION ALL SELECT hour + 1 FROM n WHERE hour < $3)";
    let into = "INSERT INTO key_hours SELECT $1, hour, hour % 7, hour % 3 FROM n";
    sqlx::query(AssertSqlSafe(format!("{hours} {into}")))
        .bind(key.access_key.to_string())
        .bind(NOON / HOUR + first)
        .bind(NOON / HOUR + last)
        .execute(&mut site.database().await)
        .await
        .unwrap();
}

/// Returns what [`fill`] counts in the hours from one of the epoch up to another.
fn filled(first: i64, end: i64) -> (i64, i64) {
    let hours = first..end;
    (
        hours.clone().map(|hour| hour % 7).sum(),
        hours.map(|hour| hour % 3).sum(),
    )
}

async fn chart(site: &Fixture, member: &Member, key: &NewKey) -> Sparkline {
    let account = member.actor.account();
    let page = site.vault.list_keys(account, &ListQuery::default()).await;
    let keys = page.unwrap().keys;
    let access_key = key.access_key.to_string();
    let found = keys.into_iter().find(|key| key.access_key == access_key);
    found.unwrap().calls
}

async fn calls(site: &Fixture, member: &Member, key: &NewKey, range: &str) -> Vec<DayCalls> {
    let range = CallRange::from_slug(range);
    let access_key = key.access_key.to_string();
    let calls = site
        .vault
        .calls_in(member.actor.account(), &access_key, range);
    calls.await.unwrap()
}

/// Sums up all days that are over.
async fn sum_up(site: &Fixture, now: i64) {
    while site.vault.sum_days(now).await.unwrap() {}
}

#[tokio::test]
async fn charts_do_not_depend_on_what_is_summed_up() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let busy = site.key(&member, "busy", "never").await;
    let new = site.key(&member, "new", "never").await;
    fill(&site, &busy, -40 * 24, 0).await;
    fill(&site, &new, -3, 0).await;
    let today = NOON / DAY * 24;
    let drawn = chart(&site, &member, &busy).await;
    assert_eq!(
        (drawn.accepted, drawn.refused),
        filled(today - 29 * 24, NOON / HOUR + 1)
    );
    assert_eq!(drawn.days.len(), 30);
    let of_new = chart(&site, &member, &new).await;
    assert_eq!(
        (of_new.accepted, of_new.refused),
        filled(NOON / HOUR - 3, NOON / HOUR + 1)
    );
    assert_eq!(of_new.days, format!("{}9", "0".repeat(29)));
    let unused = chart(&site, &member, &member.default_key).await;
    assert_eq!(unused, Sparkline::of(&[(0, 0); 30]));
    let mut batches = 0;
    while site.vault.sum_days(NOON).await.unwrap() {
        batches += 1;
        assert_eq!(chart(&site, &member, &busy).await, drawn, "after {batches}");
        assert_eq!(chart(&site, &member, &new).await, of_new);
    }
    assert!(batches > 30, "{batches}");
    assert_eq!(chart(&site, &member, &busy).await, drawn);
    let (days,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM key_days")
        .fetch_one(&mut site.database().await)
        .await
        .unwrap();
    assert_eq!(days, 34, "each day that is over and has all its hours");
}

/// A day is summed up after its end, and calls that are written later still count.
#[tokio::test]
async fn late_calls_are_added_to_their_day() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "never").await;
    call(&site.vault, &key, 1, "curl");
    site.vault.flush_usage().await.unwrap();
    let midnight = NOON + 12 * HOUR;
    assert!(!site.vault.sum_days(midnight).await.unwrap());
    site.clock.set(midnight - SECOND);
    call(&site.vault, &key, 1, "curl");
    site.clock.set(midnight + HOUR);
    sum_up(&site, midnight + HOUR).await;
    assert_eq!(chart(&site, &member, &key).await.accepted, 1);
    site.vault.flush_usage().await.unwrap();
    let days: Vec<(i64, i64)> = sqlx::query_as("SELECT day, accepted FROM key_days")
        .fetch_all(&mut site.database().await)
        .await
        .unwrap();
    assert_eq!(days, [(NOON / DAY, 2)]);
    let drawn = chart(&site, &member, &key).await;
    assert_eq!(drawn.accepted, 2);
    assert!(drawn.days.ends_with("90"), "{drawn:?}");

    // Before its day is summed up, a late call counts once, too.
    call(&site.vault, &key, 1, "curl");
    site.clock.set(midnight + DAY);
    site.vault.flush_usage().await.unwrap();
    assert_eq!(chart(&site, &member, &key).await.accepted, 3);
    site.clock.set(midnight + DAY + HOUR);
    sum_up(&site, midnight + DAY + HOUR).await;
    assert_eq!(chart(&site, &member, &key).await.accepted, 3);
}

/// Sums made by a clock that ran ahead are made again.
#[tokio::test]
async fn a_clock_that_ran_ahead_leaves_no_gap() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "never").await;
    fill(&site, &key, -30, 0).await;
    sum_up(&site, NOON + 10 * DAY).await;
    fill(&site, &key, 1, 60).await;
    site.clock.set(NOON + 60 * HOUR);
    sum_up(&site, NOON + 60 * HOUR).await;
    let drawn = chart(&site, &member, &key).await;
    let noon = NOON / HOUR;
    assert_eq!(
        (drawn.accepted, drawn.refused),
        filled(noon - 30, noon + 61)
    );
}

#[tokio::test]
async fn the_ranges_of_a_key_add_up() {
    for zone in ["UTC", "Asia/Kathmandu", "Pacific/Kiritimati"] {
        let site = Fixture::new().await;
        let member = site.member_in("a@example.com", zone).await;
        let key = &member.default_key;
        fill(&site, key, -34 * 24, 0).await;
        sum_up(&site, NOON).await;
        // Days of which no hours are kept any more.
        let older =
            "INSERT INTO key_days (access_key, day, accepted, refused) VALUES ($1, $2, 1000, 1)";
        for days in 35..=80 {
            sqlx::query(older)
                .bind(key.access_key.to_string())
                .bind(NOON / DAY - days)
                .execute(&mut site.database().await)
                .await
                .unwrap();
        }
        let hours = calls(&site, &member, key, "24h").await;
        assert_eq!(hours.len(), 24, "{zone}");
        let begins = if zone == "Asia/Kathmandu" {
            "17:45"
        } else if zone == "UTC" {
            "12:00"
        } else {
            "02:00"
        };
        assert_eq!(hours[23].day, begins, "{zone}");
        for (n, hour) in (NOON / HOUR - 23..).zip(&hours) {
            assert_eq!((hour.accepted, hour.refused), (n % 7, n % 3), "{zone}");
        }
        let week = calls(&site, &member, key, "7d").await;
        let month = calls(&site, &member, key, "30d").await;
        let quarter = calls(&site, &member, key, "90d").await;
        assert_eq!((week.len(), month.len(), quarter.len()), (7, 30, 90));
        assert_eq!(week, month[23..], "{zone}");
        assert_eq!(month, quarter[60..], "{zone}");
        let (account, access_key) = (member.actor.account(), key.access_key.to_string());
        let shown = site.vault.show_key(account, &access_key).await.unwrap();
        assert_eq!(month, shown.calls, "{zone}");
        let old: i64 = quarter.iter().map(|day| day.accepted / 1000).sum();
        assert_eq!(old, 46, "{zone}: each older day once");
        let newer = quarter.iter().map(|day| day.accepted).sum::<i64>() - 46 * 1000;
        let all = filled(NOON / HOUR - 34 * 24, NOON / HOUR + 1);
        assert_eq!(newer, all.0, "{zone}");
    }
}

/// Charts show ninety days; older ones are removed.
#[tokio::test]
async fn old_days_are_removed() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    fill(&site, &member.default_key, -48, 0).await;
    sum_up(&site, NOON).await;
    let mut database = site.database().await;
    for (days, left) in [(93, 2), (94, 1), (95, 0)] {
        site.vault.prune_usage(NOON + days * DAY).await.unwrap();
        let (kept,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM key_days")
            .fetch_one(&mut database)
            .await
            .unwrap();
        assert_eq!(kept, left, "after {days} days");
    }
}
