//! Usage as lists, pages and mails report it. The tests fill the tables with the rows that a flush would leave.

use std::ops::Deref;

use shared::list::ListQuery;
use shared::view::KeyDetail;
use shared::view::overview::Overview;
use vault::NewKey;
use vault::demo::{EMAIL, PASSWORD};
use vault::test_support::{DAY, Fixture, HOUR, Mailbox, Member, NOON, SECOND, expire, restore};

/// A fixture whose usage tables a test can fill.
struct Site(Fixture);

impl Deref for Site {
    type Target = Fixture;

    fn deref(&self) -> &Fixture {
        &self.0
    }
}

impl Site {
    async fn put(&self, statement: &'static str, key: &NewKey, numbers: &[i64]) {
        let mut query = sqlx::query(statement).bind(key.access_key.to_string());
        for number in numbers {
            query = query.bind(*number);
        }
        query.execute(&mut self.database().await).await.unwrap();
    }

    /// Counts calls in the hour that contains an instant.
    async fn count(&self, key: &NewKey, instant: i64, accepted: i64, refused: i64) {
        let numbers = [instant.div_euclid(HOUR), accepted, refused];
        let of_key =
            "INSERT INTO key_hours (access_key, hour, accepted, refused) VALUES ($1, $2, $3, $4)";
        self.put(of_key, key, &numbers).await;
        let of_account = "INSERT INTO account_hours (account_id, hour, accepted, refused)
             SELECT account_id, $2, $3, $4 FROM api_keys WHERE access_key = $1
             ON CONFLICT (account_id, hour) DO UPDATE SET
                 accepted = account_hours.accepted + excluded.accepted,
                 refused = account_hours.refused + excluded.refused";
        self.put(of_account, key, &numbers).await;
    }

    async fn used(&self, key: &NewKey, instant: i64) {
        let statement = "INSERT INTO last_uses (access_key, used_at) VALUES ($1, $2)";
        self.put(statement, key, &[instant]).await;
    }

    async fn caller(
        &self,
        key: &NewKey,
        (address, agent): (&str, &str),
        seen_at: i64,
        refused_at: Option<i64>,
    ) {
        sqlx::query(
            "INSERT INTO callers (access_key, address, agent, seen_at, refused_at) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (access_key, address, agent) DO UPDATE SET
                 seen_at = excluded.seen_at, refused_at = excluded.refused_at",
        )
        .bind(key.access_key.to_string())
        .bind(address)
        .bind(agent)
        .bind(seen_at)
        .bind(refused_at)
        .execute(&mut self.database().await)
        .await
        .unwrap();
    }

    async fn shown(&self, member: &Member, key: &NewKey) -> KeyDetail {
        let access_key = key.access_key.to_string();
        let account = member.actor.account();
        self.vault.show_key(account, &access_key).await.unwrap()
    }

    async fn overview(&self, member: &Member) -> Overview {
        self.vault.overview(member.actor.account()).await.unwrap()
    }

    /// Returns the number of callers that still fail; the key's page and the Dashboard must agree on it.
    async fn failing(&self, member: &Member, key: &NewKey) -> Option<(i64, i64)> {
        let alone = self.shown(member, key).await.failing;
        let among = self.overview(member).await.attention.into_iter();
        let mut among = among.filter(|one| one.key.access_key == key.access_key.to_string());
        assert_eq!(among.next().and_then(|one| one.failing), alone);
        alone.map(|failing| (failing.callers, failing.last.at))
    }
}

const CRON: (&str, &str) = ("192.0.2.1", "curl/8.5.0");
const BATCH: (&str, &str) = ("192.0.2.2", "");

#[tokio::test]
async fn the_list_is_sorted_by_last_use_and_never_is_before_all() {
    let site = Site(Fixture::new().await);
    let member = site.member("a@example.com").await;
    let rare = site.key(&member, "rare", "90d").await;
    let busy = site.key(&member, "busy", "90d").await;
    site.used(&rare, NOON - 40 * DAY).await;
    site.used(&busy, NOON - SECOND).await;
    for (sort, expected) in [
        ("used", ["Default key", "rare", "busy"]),
        ("-used", ["busy", "rare", "Default key"]),
    ] {
        let query = ListQuery::parse("", "", "", sort, "");
        let list = site.vault.list_keys(member.actor.account(), &query).await;
        let keys = list.unwrap().keys;
        let names: Vec<_> = keys.iter().map(|key| key.name.as_str()).collect();
        assert_eq!(names, expected, "{sort}");
        let used = keys.iter().find(|key| key.name == "busy").unwrap();
        assert_eq!(used.used.as_ref().unwrap().at, NOON - SECOND);
        let never = keys.iter().find(|key| key.name == "Default key").unwrap();
        assert_eq!(never.used, None);
    }
}

/// An hour belongs to the local day in which it begins, also on days when the clocks change and where a day begins
/// within an hour.
#[tokio::test]
async fn hours_are_added_up_by_the_days_of_the_account() {
    let cases = [
        ("UTC", 24, 13),
        // Sun 25 Oct 2026 has 25 hours there, and 13:00 is the fourteenth of its today.
        ("Europe/Berlin", 25, 14),
        // Midnight is at 18:15 UTC: the hour from 18:00 is yesterday's, that from 19:00 the first of today.
        ("Asia/Kathmandu", 24, 18),
        ("Pacific/Kiritimati", 24, 3),
    ];
    for (zone, on_first, on_last) in cases {
        let site = Site(Fixture::new().await);
        let member = site.member_in("a@example.com", zone).await;
        let key = &member.default_key;
        let mut database = site.database().await;
        for into in [
            "INSERT INTO key_hours SELECT $1, hour, 1, 2 FROM hours",
            "INSERT INTO account_hours SELECT account_id, hour, 1, 2 FROM hours, api_keys WHERE access_key = $1",
        ] {
            let statement = format!(
                "WITH RECURSIVE hours (hour) AS (SELECT $2 UNION ALL SELECT hour + 1 FROM hours WHERE hour < $3) {into}"
            );
            sqlx::query(sqlx::AssertSqlSafe(statement))
                .bind(key.access_key.to_string())
                .bind((NOON - 40 * DAY) / HOUR)
                .bind(NOON / HOUR)
                .execute(&mut database)
                .await
                .unwrap();
        }
        let calls = site.shown(&member, key).await.calls;
        assert_eq!(calls.len(), 30, "{zone}");
        for (n, day) in calls.iter().enumerate() {
            let hours = match n {
                0 => on_first,
                29 => on_last,
                // In Kiritimati the chart begins on 26 October.
                _ => 24,
            };
            assert_eq!(
                (day.accepted, day.refused),
                (hours, 2 * hours),
                "{zone}, {day:?}"
            );
        }
        let last = if zone == "Pacific/Kiritimati" {
            "Tue 24 Nov"
        } else {
            "Mon 23 Nov"
        };
        assert_eq!(calls[29].day, last);
        let of_all = site.overview(&member).await.calls;
        assert_eq!(of_all, calls[16..], "{zone}");
    }
}

/// The Dashboard adds up all keys of the account and no others, including the calls of deleted keys.
#[tokio::test]
async fn the_dashboard_counts_all_keys_of_the_account() {
    let site = Site(Fixture::new().await);
    let member = site.member("a@example.com").await;
    let stranger = site.member("b@example.com").await;
    let gone = site.key(&member, "gone", "never").await;
    site.count(&member.default_key, NOON, 5, 0).await;
    site.count(&gone, NOON, 70, 1).await;
    site.count(&gone, NOON - HOUR, 600, 0).await;
    site.count(&stranger.default_key, NOON, 8000, 8000).await;
    site.used(&gone, NOON).await;
    site.caller(&gone, CRON, NOON, None).await;
    let access_key = gone.access_key.to_string();
    let deleted = site
        .vault
        .delete_key(&member.actor, &access_key, "gone")
        .await;
    deleted.unwrap();
    let calls = site.overview(&member).await.calls;
    assert_eq!(calls.len(), 14);
    let today = calls.last().unwrap();
    assert_eq!((today.accepted, today.refused), (675, 1));
    let before: i64 = calls[..13]
        .iter()
        .map(|day| day.accepted + day.refused)
        .sum();
    assert_eq!(before, 0);
    let alone = site.shown(&member, &member.default_key).await;
    assert_eq!(alone.calls.last().unwrap().accepted, 5);
}

/// Addresses and agents appear as they were sent, the last caller first.
#[tokio::test]
async fn a_key_knows_its_last_callers() {
    let site = Site(Fixture::new().await);
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "90d").await;
    let hostile = "<script>alert(1)</script>\u{202e}";
    site.caller(&key, CRON, NOON - 3, Some(NOON - 3)).await;
    site.caller(&key, BATCH, NOON - 1, Some(NOON - 2)).await;
    site.caller(&key, ("2001:db8::7", hostile), NOON - 2, None)
        .await;
    site.caller(&member.default_key, CRON, NOON, None).await;
    let callers = site.shown(&member, &key).await.callers;
    let told: Vec<_> = callers
        .iter()
        .map(|caller| {
            (
                caller.address.as_str(),
                caller.agent.as_str(),
                caller.seen.at,
                caller.refused,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("192.0.2.2", "", NOON - 1, false),
            ("2001:db8::7", hostile, NOON - 2, false),
            ("192.0.2.1", "curl/8.5.0", NOON - 3, true),
        ]
    );
}

/// A rejection counts from the key's present expiration on, and for a week.
#[tokio::test]
async fn an_expired_key_that_is_still_called_raises_an_alarm() {
    let site = Site(Fixture::new().await);
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "billing-cron", "1d").await;
    let access_key = key.access_key.to_string();
    let end = NOON + DAY;
    site.caller(&key, CRON, end - 1, None).await;
    site.clock.set(end);
    assert_eq!(
        site.failing(&member, &key).await,
        None,
        "no caller was rejected yet"
    );
    site.caller(&key, CRON, end, Some(end)).await;
    site.caller(&key, BATCH, end + HOUR, Some(end + HOUR)).await;
    site.clock.set(end + HOUR);
    assert_eq!(site.failing(&member, &key).await, Some((2, end + HOUR)));
    site.clock.set(end + 7 * DAY - 1);
    assert_eq!(site.failing(&member, &key).await, Some((2, end + HOUR)));
    site.clock.set(end + 7 * DAY);
    assert_eq!(site.failing(&member, &key).await, Some((1, end + HOUR)));
    site.clock.set(end + 7 * DAY + HOUR);
    assert_eq!(site.failing(&member, &key).await, None, "it has given up");

    let now = site.vault.now();
    site.caller(&key, CRON, now, Some(now)).await;
    assert_eq!(site.failing(&member, &key).await, Some((1, now)));
    restore(&site.vault, &member, &access_key, "never").await;
    assert_eq!(site.failing(&member, &key).await, None, "restored");
    site.clock.advance(SECOND);
    expire(&site.vault, &member, &access_key).await;
    assert_eq!(
        site.failing(&member, &key).await,
        None,
        "refused before, not since"
    );
}

/// The keys with the most refused calls in the days of the chart, also once they are restored.
#[tokio::test]
async fn refused_calls_are_counted_by_key() {
    let site = Site(Fixture::new().await);
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let busy = site.key(&member, "busy", "1d").await;
    let rare = site.key(&member, "rare", "1d").await;
    let good = site.key(&member, "good", "90d").await;
    site.clock.advance(2 * DAY);
    let now = site.vault.now();
    site.count(&busy, now, 0, 1).await;
    site.count(&busy, now - HOUR, 0, 2).await;
    site.count(&rare, now, 5, 1).await;
    site.count(&good, now, 9, 0).await;
    let refused = async || {
        let keys = site.overview(&member).await.refused.into_iter();
        keys.map(|key| (key.name, key.calls)).collect::<Vec<_>>()
    };
    let both = vec![("busy".to_owned(), 3), ("rare".to_owned(), 1)];
    assert_eq!(refused().await, both);
    restore(&site.vault, &member, &busy.access_key.to_string(), "90d").await;
    assert_eq!(refused().await, both, "restored");
    site.clock.advance(15 * DAY);
    assert_eq!(refused().await, vec![]);
}

/// A notice reports the calls of the time at which it leaves.
#[tokio::test]
async fn the_notice_names_the_remaining_callers() {
    let site = Site(Fixture::new().await);
    let member = site.member("a@example.com").await;
    let mut mailbox = Mailbox::of(&site);
    let quiet = site.key(&member, "quiet", "never").await;
    let used = site.key(&member, "used", "never").await;
    let called = site.key(&member, "called", "never").await;
    mailbox.notices(&site.vault).await;
    site.used(&used, NOON - HOUR).await;
    site.used(&called, NOON - HOUR).await;
    for key in [&quiet, &used, &called] {
        expire(&site.vault, &member, &key.access_key.to_string()).await;
    }
    site.caller(&used, CRON, NOON - HOUR, None).await;
    site.caller(&called, CRON, NOON, Some(NOON)).await;
    site.caller(&called, ("192.0.2.9", "evil\r\nBcc: a@b"), NOON, Some(NOON))
        .await;
    let mails = mailbox.notices(&site.vault).await;
    let text = mails[0].text.replace("\r\n", "\n");
    let part = |name: &str| {
        let from = text.find(&format!("\n{name}\n")).unwrap();
        &text[from..][..text[from..].find("Restore").unwrap()]
    };
    assert!(
        part("called").contains("2 callers still fail, the last on Mon 23 Nov 2026, 12:00 UTC.")
    );
    assert!(part("used").contains("Last used on Mon 23 Nov 2026, 11:00 UTC."));
    assert!(!part("quiet").contains("used at") && !part("quiet").contains("fail"));
    assert!(!text.contains("Bcc") && !text.contains("192.0.2"), "{text}");
}

/// The demonstration shows what Keyhold is for: charts with calls, and the alarm.
#[tokio::test]
async fn the_demonstration_has_a_month_of_calls_and_an_alarm() {
    let site = Site(Fixture::new().await);
    site.vault.fill_for_demo().await.unwrap();
    let stranger = vault::Caller::default();
    let token = site
        .vault
        .sign_in(&stranger, EMAIL, PASSWORD)
        .await
        .unwrap();
    let account = site.session(&token).await.unwrap().account;
    let overview = site.vault.overview(&account).await.unwrap();
    assert!(overview.calls.iter().all(|day| day.accepted > 0));
    let first = &overview.attention[0];
    assert_eq!(first.key.name, "billing-cron");
    assert_eq!(first.failing.as_ref().unwrap().callers, 3);
    let others = overview.attention[1..].iter();
    assert_eq!(others.len(), 3);
    assert!(others.clone().all(|one| one.failing.is_none()));
    let shown = site.vault.show_key(&account, &first.key.access_key);
    let shown = shown.await.unwrap();
    let refused: i64 = shown.calls.iter().map(|day| day.refused).sum();
    assert!(refused > 0);
    assert_eq!(shown.callers.len(), 4);
    let end = shown.key.expires_at().unwrap();
    assert!(
        shown.key.used.unwrap().at < end,
        "accepted before it expired only"
    );
}

/// The Dashboard's total counts deleted keys too, so the list by key tells their part.
#[tokio::test]
async fn refused_calls_of_deleted_keys_are_told_apart() {
    let site = Site(Fixture::new().await);
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "cron", "1d").await;
    site.clock.set(NOON + 2 * DAY);
    let hour = (NOON + 2 * DAY) / HOUR - 1;
    let of_key = "INSERT INTO key_hours VALUES ($1, $2, 0, 7)";
    site.put(of_key, &key, &[hour]).await;
    let of_all = "INSERT INTO account_hours SELECT account_id, $2, 0, 12 FROM api_keys WHERE access_key = $1";
    site.put(of_all, &key, &[hour]).await;
    let overview = site.overview(&member).await;
    let keys: Vec<_> = overview
        .refused
        .iter()
        .map(|key| (key.name.as_str(), key.calls))
        .collect();
    assert_eq!((keys, overview.refused_deleted), (vec![("cron", 7)], 5));
}
