//! Delivery: mails report what is true when they leave, none is lost, and none holds up the others.

use std::time::Duration;

use shared::mail::DeliveryState;
use vault::mail::transport::Transport;
use vault::test_support::{DAY, Fixture, HOUR, Mailbox, NOON, at, expire, restore};

#[tokio::test]
async fn keys_extended_or_deleted_before_the_mail_leaves_are_omitted() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let expiry = at(NOON + HOUR);
    let kept = fixture.key(&member, "kept", &expiry).await;
    let extended = fixture.key(&member, "extended", &expiry).await;
    let deleted = fixture.key(&member, "deleted", &expiry).await;
    fixture.clock.set(NOON + HOUR + 1);
    fixture.vault.sweep().await.unwrap();
    restore(
        &fixture.vault,
        &member,
        &extended.access_key.to_string(),
        "90d",
    )
    .await;
    let access = deleted.access_key.to_string();
    fixture
        .vault
        .delete_key(&member.actor, &access, "deleted")
        .await
        .unwrap();
    let mails = mailbox.notices(&fixture.vault).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "1 API key has expired: kept");
    let view = fixture.vault.notices(member.actor.account()).await.unwrap();
    let mut keys: Vec<_> = view.deliveries[0]
        .keys
        .iter()
        .map(|key| (key.name.as_str(), key.left_out, key.exists))
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            ("deleted", true, false),
            ("extended", true, true),
            ("kept", false, true)
        ]
    );

    // There is nothing left to report, so there is no mail.
    fixture.clock.advance(1);
    let access = kept.access_key.to_string();
    restore(&fixture.vault, &member, &access, "90d").await;
    expire(&fixture.vault, &member, &access).await;
    fixture.clock.advance(1);
    fixture.vault.sweep().await.unwrap();
    restore(&fixture.vault, &member, &access, "90d").await;
    assert_eq!(mailbox.notices(&fixture.vault).await.len(), 0);
    let view = fixture.vault.notices(member.actor.account()).await.unwrap();
    assert_eq!(view.deliveries[0].state, DeliveryState::Dropped);
}

/// A delayed mail about "in 3 days" is dropped when one about "in 1 day" is due.
#[tokio::test]
async fn a_delayed_mail_is_replaced_by_a_more_urgent_one() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    fixture.key(&member, "billing", &at(NOON + 30 * DAY)).await;
    for days_left in [3, 1] {
        fixture.clock.set(NOON + (30 - days_left) * DAY + 1);
        fixture.vault.sweep().await.unwrap();
    }
    let mails = mailbox.notices(&fixture.vault).await;
    let subjects: Vec<_> = mails.iter().map(|mail| mail.subject.as_str()).collect();
    assert_eq!(subjects, ["1 API key expires within 1 day: billing"]);
}

/// Repeated expires and restores fill no mailbox: after twenty mails in a day, or ten to an unconfirmed address, the
/// rest is collected into one mail an hour.
#[tokio::test]
async fn many_notices_a_day_are_collected() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let mut mails = 0;
    for number in 0..30 {
        let key = fixture
            .key(&member, &format!("key {number:02}"), "never")
            .await;
        expire(&fixture.vault, &member, &key.access_key.to_string()).await;
        fixture.clock.advance(1);
        mails += mailbox.notices(&fixture.vault).await.len();
    }
    assert_eq!(mails, 10);
    fixture.clock.advance(HOUR);
    let collected = mailbox.notices(&fixture.vault).await;
    assert_eq!(collected.len(), 1);
    assert!(
        collected[0]
            .subject
            .starts_with("20 API keys have expired: key 10, "),
        "{}",
        collected[0].subject
    );
    fixture.clock.advance(DAY);
    let key = fixture.key(&member, "tomorrow", "never").await;
    expire(&fixture.vault, &member, &key.access_key.to_string()).await;
    fixture.clock.advance(1);
    assert_eq!(
        mailbox.notices(&fixture.vault).await.len(),
        1,
        "at once again"
    );
}

/// A row that cannot be rendered as a mail does not hold up the others.
#[tokio::test]
async fn a_mail_that_cannot_be_composed_delays_no_other() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    fixture.member("a@example.com").await;
    sqlx::query("UPDATE outbox SET kind = 'from the future'")
        .execute(&mut fixture.database().await)
        .await
        .unwrap();
    fixture.clock.advance(1);
    fixture.member("b@example.com").await;
    let mails = mailbox.delivered(&fixture.vault).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "b@example.com");
}

/// D10: a mail that was queued while the clock was ahead is sent once the clock is right.
#[tokio::test]
async fn a_clock_that_was_ahead_delays_no_mail() {
    for ahead in [HOUR, 400 * DAY] {
        let fixture = Fixture::new().await;
        let mut mailbox = Mailbox::of(&fixture);
        fixture.clock.advance(ahead);
        let member = fixture.member("a@example.com").await;
        let key = fixture.key(&member, "billing", "never").await;
        expire(&fixture.vault, &member, &key.access_key.to_string()).await;
        fixture.clock.set(NOON);
        assert_eq!(mailbox.delivered(&fixture.vault).await.len(), 2);
    }
}

/// Of two notices about one key in one mail that the server defers, one becomes untrue: the other is still sent once
/// the server accepts it.
#[tokio::test]
async fn an_omitted_notice_omits_no_other() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let _ = mailbox.delivered(&fixture.vault).await;
    fixture.clock.advance(1);
    let key = fixture.key(&member, "billing", "never").await;
    let access = key.access_key.to_string();
    for _ in 0..2 {
        expire(&fixture.vault, &member, &access).await;
        fixture.clock.advance(1);
        restore(&fixture.vault, &member, &access, "90d").await;
    }
    expire(&fixture.vault, &member, &access).await;
    let view = fixture.vault.notices(member.actor.account()).await.unwrap();
    assert_eq!(view.deliveries[0].key_count, 3, "three in one mail");
    // A folder that cannot be made simulates an unreachable mail server.
    let away = fixture.folder.path().join("pepper/mail");
    let from = "keyhold@example.com".parse().unwrap();
    let away = Transport::folder(away, from, "keys.example.com");
    let limit = Duration::from_secs(1);
    assert_eq!(fixture.vault.deliver(&away, limit).await.unwrap(), 1);
    fixture.clock.advance(HOUR);
    let mails = mailbox.delivered(&fixture.vault).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "1 API key has expired: billing");
    let view = fixture.vault.notices(member.actor.account()).await.unwrap();
    let left_out: Vec<_> = view.deliveries[0]
        .keys
        .iter()
        .map(|key| key.left_out)
        .collect();
    assert_eq!(left_out, [true, true, false]);
}

/// A mail that was given up stays listed and can be sent again, however many follow it.
#[tokio::test]
async fn a_failed_mail_stays_in_the_delivery_log() {
    let fixture = Fixture::new().await;
    let member = fixture.member("a@example.com").await;
    let mut database = fixture.database().await;
    sqlx::query("UPDATE outbox SET outcome = 'failed', next_at = NULL, words = '550 no'")
        .execute(&mut database)
        .await
        .unwrap();
    for number in 0..60 {
        sqlx::query(
            "INSERT INTO outbox (id, account_id, kind, recipient, created_at, outcome)
             SELECT 'mail_' || $1, id, 'notice', email, $2 + $1, 'sent' FROM accounts",
        )
        .bind(number)
        .bind(NOON + 1)
        .execute(&mut database)
        .await
        .unwrap();
    }
    let view = fixture.vault.notices(member.actor.account()).await.unwrap();
    assert_eq!((view.deliveries.len(), view.total), (51, 61));
    let last = view.deliveries.last().unwrap();
    assert_eq!(
        (last.state, last.words.as_str()),
        (DeliveryState::Failed, "550 no")
    );
}

/// Keys expired manually within a minute make one mail, without those restored meanwhile.
#[tokio::test]
async fn keys_expired_within_a_minute_make_one_mail() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let vault = &fixture.vault;
    let _ = mailbox.delivered(vault).await;
    vault.set_notice_wait(Duration::from_mins(1));
    let mut keys = Vec::new();
    for number in 0..19 {
        let key = fixture
            .key(&member, &format!("key {number}"), "never")
            .await;
        keys.push(key.access_key.to_string());
    }
    for key in &keys {
        fixture.clock.advance(50);
        expire(vault, &member, key).await;
    }
    restore(vault, &member, &keys[0], "never").await;
    fixture.clock.advance(58_000);
    assert_eq!(mailbox.delivered(vault).await.len(), 0, "it waits for more");
    fixture.clock.advance(2_000);
    let mails = mailbox.delivered(vault).await;
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0].subject.starts_with("18 API keys have expired: "),
        "{}",
        mails[0].subject
    );
    fixture.clock.advance(HOUR);
    assert_eq!(mailbox.delivered(vault).await.len(), 0, "once");
}
