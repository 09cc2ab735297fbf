//! Staggering: the plan, its application as one change, and its undo. `vault/src/keys/stagger/spread.rs` has the rules of
//! the plan.

use vault::test_support::{DAY, Fixture, Member, NOON, messages};
use vault::{Error, NewKey, Stagger};

const DAY_OF_HEAP: &str = "2027-05-01";

fn over<'a>(days: &'a str, version: &'a str) -> Stagger<'a> {
    Stagger {
        day: DAY_OF_HEAP,
        days,
        version,
    }
}

/// Returns the days on which keys expire, in the order of the keys.
async fn days(fixture: &Fixture, member: &Member, keys: &[NewKey]) -> Vec<String> {
    let mut days = Vec::new();
    for key in keys {
        let access_key = key.access_key.to_string();
        let shown = fixture.vault.show_key(member.actor.account(), &access_key);
        days.push(shown.await.unwrap().key.expires.unwrap().local);
    }
    days.sort();
    days
}

async fn heap(fixture: &Fixture, member: &Member, count: usize) -> Vec<NewKey> {
    let mut keys = Vec::new();
    for number in 0..count {
        keys.push(
            fixture
                .key(member, &format!("key {number:02}"), DAY_OF_HEAP)
                .await,
        );
    }
    keys
}

#[tokio::test]
async fn a_heap_is_spread_in_one_change_that_can_be_undone() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member_in("a@example.com", "Europe/Berlin").await;
    let (account, vault) = (member.actor.account(), &fixture.vault);
    let keys = heap(&fixture, &member, 17).await;
    let heaps = vault.overview(account).await.unwrap().ahead.heaps;
    assert_eq!((heaps[0].day.as_str(), heaps[0].keys), (DAY_OF_HEAP, 17));
    let plan = vault.stagger_plan(account, over("", "")).await.unwrap();
    assert_eq!((plan.keys, plan.days, plan.moved), (17, 7, 14));
    assert!(plan.room > 90, "{}", plan.room);
    let counts: Vec<_> = plan.spread.iter().map(|day| day.keys).collect();
    assert_eq!(counts.iter().sum::<i64>(), 17);
    assert!(counts.iter().all(|keys| *keys <= 3), "{counts:?}");
    assert_eq!(plan.spread[0].text, "Sun 25 Apr 2027");

    let changed = vault
        .stagger(&member.actor, over("7", &plan.version))
        .await
        .unwrap();
    assert_eq!(changed.count, 14);
    assert_eq!(
        changed.sentence,
        "17 keys now expire on 7 days, from Sun 25 Apr 2027 to Sat 1 May 2027."
    );
    let mut said = 0;
    for key in &keys {
        let shown = vault.show_key(account, &key.access_key.to_string()).await;
        let latest = shown.unwrap().history.remove(0).what;
        said += usize::from(latest.starts_with("Staggered, expires"));
    }
    assert_eq!(said, 14, "the histories of those that were moved");
    let after = days(&fixture, &member, &keys).await;
    assert_eq!(after[0], "2027-04-25T23:59");
    assert_eq!(after[16], "2027-05-01T23:59");
    for key in &keys {
        assert_eq!(fixture.verdict(key), "good");
    }
    // Verification has the new expirations too.
    fixture.clock.set(NOON + 154 * DAY);
    let expired = keys.iter().filter(|key| fixture.verdict(key) == "expired");
    assert_eq!(expired.count(), 2, "those of 25 April");
}

#[tokio::test]
async fn an_outdated_preview_is_rejected() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    let (account, vault) = (member.actor.account(), &fixture.vault);
    let mut keys = heap(&fixture, &member, 6).await;
    let shown = vault.stagger_plan(account, over("3", "")).await.unwrap();
    keys.extend(heap(&fixture, &member, 1).await);
    let refused = vault
        .stagger(&member.actor, over("3", &shown.version))
        .await;
    let Err(Error::Conflict(conflict)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        days(&fixture, &member, &keys).await,
        ["2027-05-01T23:59"; 7]
    );
    let changed = vault
        .stagger(&member.actor, over("3", &conflict.version))
        .await;
    assert_eq!(changed.unwrap().count, 4);
}

#[tokio::test]
async fn a_day_without_room_or_keys_is_rejected() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    let stagger = async |day: &str, days: &str| {
        let asked = Stagger {
            day,
            days,
            version: "",
        };
        messages(fixture.vault.stagger(&member.actor, asked).await)
    };
    for _ in 0..5 {
        fixture.key(&member, "tomorrow", "2026-11-24").await;
    }
    let near = Stagger {
        day: "2026-11-25",
        days: "30",
        version: "",
    };
    let near = fixture.vault.stagger_plan(member.actor.account(), near);
    let near = near.await.unwrap();
    assert_eq!((near.days, near.room), (2, 2), "as many as there are");
    let nothing = "day: There is nothing to spread out on this day.";
    assert_eq!(stagger("2026-11-24", "7").await, nothing);
    assert_eq!(stagger("2027-01-01", "7").await, nothing);
    assert_eq!(
        stagger("never", "91").await,
        "day: Choose a day, such as 2027-05-01.\ndays: Choose from 1 to 90 days."
    );
    // The keys of another account are no part of it.
    heap(&fixture, &member, 3).await;
    let stranger = fixture.member("b@example.com").await;
    let theirs = fixture
        .vault
        .stagger_plan(stranger.actor.account(), over("", ""));
    assert_eq!(theirs.await.unwrap().keys, 0);
}
