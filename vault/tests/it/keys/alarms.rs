//! The alarms of the Dashboard: their kinds, their order, and that a manually expired key without callers raises none.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use shared::view::overview::Overview;
use vault::NewKey;
use vault::test_support::{DAY, Fixture, HOUR, Member, NOON, at, expire};

async fn overview(fixture: &Fixture, member: &Member) -> Overview {
    let overview = fixture.vault.overview(member.actor.account()).await;
    overview.unwrap()
}

fn names(overview: &Overview) -> Vec<&str> {
    let attention = overview.attention.iter();
    attention.map(|one| one.key.name.as_str()).collect()
}

/// Returns the numbers of failing, expiring and expired keys.
fn counts(overview: &Overview) -> (i64, i64, i64) {
    let alarms = overview.alarms;
    (alarms.failing, alarms.soon, alarms.expired)
}

/// Records a caller that was refused at an instant.
async fn refuse(fixture: &Fixture, key: &NewKey, address: &str, at: i64) {
    sqlx::query(
        "INSERT INTO callers (access_key, address, agent, seen_at, refused_at) VALUES ($1, $2, '', $3, $3)",
    )
    .bind(key.access_key.to_string())
    .bind(address)
    .bind(at)
    .execute(&mut fixture.database().await)
    .await
    .unwrap();
}

#[tokio::test]
async fn manually_expired_keys_raise_no_alarm_and_hide_none() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    for number in 1..=10 {
        let key = fixture
            .key(&member, &format!("retired {number}"), "never")
            .await;
        expire(&fixture.vault, &member, &key.access_key.to_string()).await;
    }
    let shown = overview(&fixture, &member).await;
    assert_eq!((names(&shown), counts(&shown)), (vec![], (0, 0, 0)));
    fixture.key(&member, "dying", &at(NOON + HOUR)).await;
    let shown = overview(&fixture, &member).await;
    assert_eq!((names(&shown), counts(&shown)), (vec!["dying"], (0, 1, 0)));
    // It expires by itself: an alarm for a fortnight.
    fixture.clock.advance(DAY);
    let shown = overview(&fixture, &member).await;
    assert_eq!((names(&shown), counts(&shown)), (vec!["dying"], (0, 0, 1)));
    fixture.clock.advance(14 * DAY);
    let shown = overview(&fixture, &member).await;
    assert_eq!((names(&shown), counts(&shown)), (vec![], (0, 0, 0)));
    assert_eq!(shown.counts.expired, 11, "they are counted");
}

#[tokio::test]
async fn failing_keys_come_first_then_the_next_to_expire_then_expired_ones() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    let mut keys = Vec::new();
    for hours in 1..=8 {
        let end = at(NOON + hours * HOUR);
        keys.push(fixture.key(&member, &format!("{hours} h"), &end).await);
    }
    let now = NOON + 6 * HOUR;
    fixture.clock.set(now);
    let shown = overview(&fixture, &member).await;
    assert_eq!(
        names(&shown),
        ["7 h", "8 h", "6 h"],
        "the last one that expired"
    );
    assert_eq!(counts(&shown), (0, 2, 6));
    refuse(&fixture, &keys[1], "192.0.2.1", now - 2).await;
    refuse(&fixture, &keys[0], "192.0.2.1", now - 3).await;
    refuse(&fixture, &keys[0], "192.0.2.2", now - 1).await;
    let shown = overview(&fixture, &member).await;
    assert_eq!(
        names(&shown),
        ["1 h", "2 h", "7 h"],
        "the last one that was called"
    );
    assert_eq!(counts(&shown), (2, 2, 4));
}

/// A key in any state, by instants relative to the present.
#[derive(Clone, Copy, Debug)]
struct Any {
    expires: i64,
    manually: bool,
    /// When its last caller was refused.
    refused: Option<i64>,
}

fn any_key() -> impl Strategy<Value = Any> {
    let refused = prop::option::of(-10 * DAY..0);
    (-20 * DAY..20 * DAY, any::<bool>(), refused).prop_map(|(expires, manually, refused)| Any {
        expires,
        manually: manually && expires <= 0,
        refused,
    })
}

impl Any {
    /// Returns the rank of its alarm and the order within it.
    fn rank(self) -> Option<(u8, i64, i64)> {
        let failing = self
            .refused
            .filter(|at| self.expires <= 0 && *at >= self.expires && *at > -7 * DAY);
        match failing {
            Some(at) => Some((1, -at, -self.expires)),
            None if self.expires > 0 => (self.expires <= 14 * DAY).then_some((2, 0, self.expires)),
            None => (!self.manually && self.expires > -14 * DAY).then_some((3, 0, -self.expires)),
        }
    }
}

/// The order in SQL is the rule's, whatever keys there are.
#[tokio::test]
async fn the_alarms_follow_the_rule() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    fixture.clock.advance(30 * DAY);
    let now = fixture.vault.now();
    let mut runner = TestRunner::new(Config {
        rng_seed: RngSeed::Fixed(20_261_126),
        failure_persistence: None,
        ..Config::default()
    });
    let cases = prop::collection::vec(any_key(), 0..9);
    let mut seen = [0; 4];
    for case in 0..24 {
        let member = fixture.member(&format!("{case}@example.com")).await;
        let keys = cases.new_tree(&mut runner).unwrap().current();
        let mut expected = Vec::new();
        for (number, any) in keys.iter().enumerate() {
            let name = format!("key {number}");
            let key = fixture.key(&member, &name, "never").await;
            let expires = now + any.expires;
            let set = if any.manually { expires } else { expires - DAY };
            sqlx::query(
                "UPDATE api_keys SET expires_at = $1, expiration_set_at = $2 WHERE access_key = $3",
            )
            .bind(expires)
            .bind(set)
            .bind(key.access_key.to_string())
            .execute(&mut fixture.database().await)
            .await
            .unwrap();
            if let Some(refused) = any.refused {
                refuse(&fixture, &key, "192.0.2.1", now + refused).await;
            }
            if let Some(rank) = any.rank() {
                expected.push((rank, key.access_key.to_string(), name));
            }
        }
        expected.sort();
        let shown = overview(&fixture, &member).await;
        let first: Vec<&str> = expected
            .iter()
            .take(if expected.len() == 4 { 4 } else { 3 })
            .map(|(.., name)| name.as_str())
            .collect();
        assert_eq!(names(&shown), first, "{keys:?}");
        let count = |kind| {
            expected
                .iter()
                .filter(|((one, ..), ..)| *one == kind)
                .count()
        };
        let count = |kind| i64::try_from(count(kind)).unwrap();
        assert_eq!(counts(&shown), (count(1), count(2), count(3)), "{keys:?}");
        seen[expected.len().min(3)] += 1;
    }
    assert!(seen.iter().all(|cases| *cases > 0), "{seen:?}");
}
