//! The first steps of a new account.

use shared::view::overview::FirstSteps;
use vault::test_support::{DAY, Fixture, Member};

async fn steps(fixture: &Fixture, member: &Member) -> Option<FirstSteps> {
    let overview = fixture.vault.overview(member.actor.account()).await;
    overview.unwrap().steps
}

#[tokio::test]
async fn each_step_is_done_once_the_account_has_done_it() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    let account = member.actor.account();
    let mut expected = FirstSteps {
        access_key: member.default_key.access_key.to_string(),
        called: false,
        confirmed: Some(false),
        named: false,
        second: false,
    };
    assert_eq!(steps(&fixture, &member).await, Some(expected.clone()));
    assert!(!fixture.vault.is_called(account).await.unwrap());
    assert_eq!(fixture.verdict(&member.default_key), "good");
    fixture.vault.flush_usage().await.unwrap();
    assert!(fixture.vault.is_called(account).await.unwrap());
    expected.called = true;
    assert_eq!(steps(&fixture, &member).await, Some(expected.clone()));
    fixture.clock.advance(1);
    fixture.key(&member, "billing", "90d").await;
    expected.named = true;
    assert_eq!(steps(&fixture, &member).await, Some(expected.clone()));
    let second = fixture
        .vault
        .set_second_recipient(&member.actor, "b@example.com", "");
    second.await.unwrap();
    expected.second = true;
    assert_eq!(steps(&fixture, &member).await, Some(expected));
    sqlx::query("UPDATE accounts SET confirmed_at = 1")
        .execute(&mut fixture.database().await)
        .await
        .unwrap();
    assert_eq!(steps(&fixture, &member).await, None);
}

#[tokio::test]
async fn the_steps_are_for_a_new_account_until_they_are_dismissed() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    let other = fixture.member("b@example.com").await;
    fixture.vault.dismiss_steps(&member.actor).await.unwrap();
    assert_eq!(steps(&fixture, &member).await, None);
    assert!(steps(&fixture, &other).await.is_some());
    fixture.clock.advance(30 * DAY - 1);
    assert!(steps(&fixture, &other).await.is_some());
    fixture.clock.advance(1);
    assert_eq!(steps(&fixture, &other).await, None);
}
