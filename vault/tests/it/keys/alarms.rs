//! The alarms of the Dashboard: a manually expired key without callers raises none.

use vault::test_support::{DAY, Fixture, HOUR, Member, NOON, at, expire};

async fn shown(fixture: &Fixture, member: &Member) -> (Vec<(String, bool)>, (i64, i64)) {
    let overview = fixture.vault.overview(member.actor.account()).await;
    let overview = overview.unwrap();
    let attention = overview.attention.into_iter();
    (
        attention.map(|one| (one.key.name, one.calm)).collect(),
        (overview.alarms.expired, overview.alarms.soon),
    )
}

#[tokio::test]
async fn manually_expired_keys_raise_no_alarm_and_hide_none() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    for number in 1..=6 {
        let key = fixture
            .key(&member, &format!("retired {number}"), "never")
            .await;
        expire(&fixture.vault, &member, &key.access_key.to_string()).await;
    }
    assert_eq!(shown(&fixture, &member).await, (vec![], (0, 0)));
    let soon = at(NOON + HOUR);
    fixture.key(&member, "dying", &soon).await;
    let (keys, alarms) = shown(&fixture, &member).await;
    assert!(keys.contains(&("dying".to_owned(), false)), "{keys:?}");
    assert_eq!(alarms, (0, 1));
    assert_eq!(keys.iter().filter(|(_, calm)| !calm).count(), 1);
    // It expires by itself: an alarm for a fortnight. Manually expired keys are not even listed after a day.
    fixture.clock.advance(DAY);
    let expected = vec![("dying".to_owned(), false)];
    assert_eq!(shown(&fixture, &member).await, (expected, (1, 0)));
    fixture.clock.advance(14 * DAY);
    assert_eq!(shown(&fixture, &member).await, (vec![], (0, 0)));
    let overview = fixture.vault.overview(member.actor.account()).await;
    assert_eq!(overview.unwrap().counts.expired, 7, "they are counted");
}
