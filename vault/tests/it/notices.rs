//! Notices: that each is sent once, when it should be, to whom it should be, and says what is true when it
//! leaves.

use std::time::Duration;

use shared::notice::{DeliveryState, Stage, Stages};
use sqlx::Row;
use vault::mail::transport::Transport;
use vault::{Caller, Vault};

use crate::fixture::{DAY, Fixture, HOUR, Mailbox, Member, NOON};

/// An instant as the expiry grammar takes it.
fn at(instant: i64) -> String {
    vault::rfc3339(instant)
}

async fn expire(vault: &Vault, member: &Member, access_key: &str) {
    vault
        .expire_key(&member.session, access_key, &Caller::default())
        .await
        .unwrap();
}

async fn restore(vault: &Vault, member: &Member, access_key: &str, expiry: &str) {
    vault
        .restore_key(&member.session, access_key, expiry, &Caller::default())
        .await
        .unwrap();
}

/// Goes on day by day, an hour past each, and gives the subjects of the notices with the day on which each came.
async fn days(fixture: &Fixture, mailbox: &mut Mailbox, from: i64, to: i64) -> Vec<(i64, String)> {
    let mut told = Vec::new();
    for day in from..=to {
        fixture.clock.set(NOON + day * DAY + HOUR);
        for mail in mailbox.notices(&fixture.vault).await {
            told.push((day, mail.subject));
        }
    }
    told
}

fn told(expected: &[(i64, &str)]) -> Vec<(i64, String)> {
    expected
        .iter()
        .map(|(day, subject)| (*day, (*subject).to_owned()))
        .collect()
}

/// A key's year: announced, extended, expired by hand, restored, shortened, run out.
#[tokio::test]
async fn a_year_of_a_key() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let key = fixture.key(&member, "billing", &at(NOON + 90 * DAY)).await;
    let access = key.access_key.to_string();

    // Up to the warning of a week ahead, on day 83.
    assert_eq!(
        days(&fixture, &mut mailbox, 0, 85).await,
        told(&[
            (60, "1 API key expires within 30 days: billing"),
            (76, "1 API key expires within 14 days: billing"),
            (83, "1 API key expires within 7 days: billing"),
        ])
    );

    // Extended on day 85 to day 185: all is told again, of the new date.
    restore(&fixture.vault, &member, &access, &at(NOON + 185 * DAY)).await;
    assert_eq!(
        days(&fixture, &mut mailbox, 86, 160).await,
        told(&[(155, "1 API key expires within 30 days: billing")])
    );

    // Expired by hand on day 160: no warning, only that it has expired, and no reminder on the day after.
    expire(&fixture.vault, &member, &access).await;
    assert_eq!(
        days(&fixture, &mut mailbox, 161, 170).await,
        told(&[(161, "1 API key has expired: billing")])
    );

    // Restored to the old date on day 170, 15 days ahead: 7, 3 and 1 days are at most half of that. What the
    // ledger holds of that date already, 30 days, does not come again.
    restore(&fixture.vault, &member, &access, &at(NOON + 185 * DAY)).await;
    assert_eq!(
        days(&fixture, &mut mailbox, 171, 200).await,
        told(&[
            (178, "1 API key expires within 7 days: billing"),
            (182, "1 API key expires within 3 days: billing"),
            (184, "1 API key expires within 1 day: billing"),
            (185, "1 API key has expired: billing"),
            (186, "1 API key has expired: billing"),
        ])
    );

    // Restored for good, then given a date again: nothing while there is none.
    restore(&fixture.vault, &member, &access, "never").await;
    assert_eq!(days(&fixture, &mut mailbox, 201, 330).await, told(&[]));
    fixture
        .vault
        .edit_key(
            &member.session,
            &access,
            "billing",
            "",
            &at(NOON + 332 * DAY),
            &Caller::default(),
        )
        .await
        .unwrap();
    assert_eq!(
        days(&fixture, &mut mailbox, 331, 365).await,
        told(&[
            (332, "1 API key has expired: billing"),
            (333, "1 API key has expired: billing"),
        ]),
        "a life of less than two days has no warning"
    );
}

/// A name that changes re-arms nothing.
#[tokio::test]
async fn editing_anything_else_repeats_nothing() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let expiry = at(NOON + 20 * DAY);
    let key = fixture.key(&member, "billing", &expiry).await;
    fixture.clock.set(NOON + 13 * DAY + HOUR);
    assert_eq!(
        mailbox.notices(&fixture.vault).await.len(),
        1,
        "7 days ahead"
    );
    fixture
        .vault
        .edit_key(
            &member.session,
            &key.access_key.to_string(),
            "invoices",
            "x",
            &expiry,
            &Caller::default(),
        )
        .await
        .unwrap();
    fixture.clock.set(NOON + 14 * DAY);
    assert_eq!(mailbox.notices(&fixture.vault).await.len(), 0);
    fixture.clock.set(NOON + 17 * DAY + 1);
    let mails = mailbox.notices(&fixture.vault).await;
    assert_eq!(
        mails[0].subject,
        "1 API key expires within 3 days: invoices"
    );
}

#[tokio::test]
async fn after_downtime_only_the_most_urgent_is_told() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let key = fixture.key(&member, "billing", &at(NOON + 90 * DAY)).await;
    let fixture = {
        fixture.clock.set(NOON + 88 * DAY);
        fixture.reopened().await
    };
    let mails = mailbox.notices(&fixture.vault).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "1 API key expires within 2 days: billing");
    let rows =
        sqlx::query("SELECT stage, left_out FROM notices WHERE access_key = $1 ORDER BY stage")
            .bind(key.access_key.to_string())
            .fetch_all(&mut fixture.database().await)
            .await
            .unwrap();
    let ledger: Vec<(String, Option<String>)> =
        rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let superseded = |stage: &str| (stage.to_owned(), Some("superseded".to_owned()));
    assert_eq!(
        ledger,
        [
            superseded("days_14"),
            ("days_3".to_owned(), None),
            superseded("days_30"),
            superseded("days_7"),
        ]
    );
}

/// D9: many keys that expire together make one mail.
#[tokio::test]
async fn five_hundred_keys_make_one_mail() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let expiry = at(NOON + HOUR);
    for number in 0..500 {
        fixture
            .key(&member, &format!("key {number:03}"), &expiry)
            .await;
    }
    fixture.clock.set(NOON + HOUR + 1);
    let mails = mailbox.notices(&fixture.vault).await;
    assert_eq!(mails.len(), 1);
    assert!(
        mails[0]
            .subject
            .starts_with("500 API keys have expired: key "),
        "{}",
        mails[0].subject
    );
    assert!(
        mails[0].subject.ends_with("and 497 more"),
        "{}",
        mails[0].subject
    );
    let view = fixture
        .vault
        .notices(&member.session.account)
        .await
        .unwrap();
    assert_eq!(
        (view.deliveries[0].key_count, view.deliveries[0].keys.len()),
        (500, 10)
    );
    assert_eq!(mailbox.notices(&fixture.vault).await.len(), 0, "once");
}

#[tokio::test]
async fn what_is_extended_or_deleted_before_the_mail_leaves_is_not_told() {
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
        .delete_key(&member.session, &access, "deleted", &Caller::default())
        .await
        .unwrap();
    let mails = mailbox.notices(&fixture.vault).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "1 API key has expired: kept");
    let view = fixture
        .vault
        .notices(&member.session.account)
        .await
        .unwrap();
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

    // Nothing left to say: no mail at all.
    fixture.clock.advance(1);
    let access = kept.access_key.to_string();
    restore(&fixture.vault, &member, &access, "90d").await;
    expire(&fixture.vault, &member, &access).await;
    fixture.clock.advance(1);
    fixture.vault.sweep().await.unwrap();
    restore(&fixture.vault, &member, &access, "90d").await;
    assert_eq!(mailbox.notices(&fixture.vault).await.len(), 0);
    let view = fixture
        .vault
        .notices(&member.session.account)
        .await
        .unwrap();
    assert_eq!(view.deliveries[0].state, DeliveryState::Dropped);
}

/// A mail that was held up does not say "in 3 days" when "in 1 day" is on its way.
#[tokio::test]
async fn a_mail_that_was_held_up_makes_way_for_a_more_urgent_one() {
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

#[tokio::test]
async fn an_account_hears_of_the_stages_it_has_chosen() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    fixture.key(&member, "billing", &at(NOON + 90 * DAY)).await;
    let chosen: Stages = [Stage::Days14, Stage::Expired].into_iter().collect();
    let choose = |stages| {
        let (vault, session) = (fixture.vault.clone(), member.session.clone());
        async move {
            vault
                .choose_stages(&session, stages, &Caller::default())
                .await
                .unwrap();
        }
    };
    choose(chosen).await;
    let view = fixture
        .vault
        .notices(&member.session.account)
        .await
        .unwrap();
    assert_eq!(view.stages, [Stage::Days14, Stage::Expired]);
    assert_eq!(
        days(&fixture, &mut mailbox, 0, 84).await,
        told(&[(76, "1 API key expires within 14 days: billing")])
    );
    choose(Stages::ALL).await;
    assert_eq!(
        days(&fixture, &mut mailbox, 84, 88).await,
        told(&[(87, "1 API key expires within 3 days: billing")]),
        "what was not wanted on day 83 is not told later"
    );
    choose(Stages::NONE).await;
    assert_eq!(days(&fixture, &mut mailbox, 89, 92).await, told(&[]));
}

/// Accounts, and nobody else, hear of their own keys.
#[tokio::test]
async fn each_account_hears_of_its_own_keys() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let expiry = at(NOON + HOUR);
    for name in ["ada", "bob"] {
        let member = fixture.member(&format!("{name}@example.com")).await;
        fixture
            .key(&member, &format!("key of {name}"), &expiry)
            .await;
    }
    fixture.clock.set(NOON + HOUR + 1);
    let mails = mailbox.notices(&fixture.vault).await;
    assert_eq!(mails.len(), 2);
    for (mail, name) in mails.iter().zip(["ada", "bob"]) {
        assert_eq!(mail.to, format!("{name}@example.com"));
        assert_eq!(
            mail.subject,
            format!("1 API key has expired: key of {name}")
        );
    }
    assert_ne!(mails[0].message_id, mails[1].message_id);
}

/// The second recipient hears once it has confirmed, of what comes then, and until it is removed.
#[tokio::test]
async fn a_second_recipient_confirms_first() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    fixture.key(&member, "billing", &at(NOON + 90 * DAY)).await;
    let caller = Caller::default();
    fixture
        .vault
        .set_second_recipient(&member.session, "team@example.com", &caller)
        .await
        .unwrap();
    let links = mailbox.delivered(&fixture.vault).await;
    let link = links
        .iter()
        .find(|mail| mail.to == "team@example.com")
        .unwrap();
    let token = crate::links::token_in(&link.text);

    fixture.clock.set(NOON + 60 * DAY + 1);
    let recipients = |mails: Vec<crate::fixture::Mail>| {
        mails.into_iter().map(|mail| mail.to).collect::<Vec<_>>()
    };
    assert_eq!(
        recipients(mailbox.notices(&fixture.vault).await),
        ["a@example.com"]
    );

    assert!(
        fixture.vault.confirm(&token, &caller).await.is_err(),
        "it works for three days"
    );
    fixture
        .vault
        .resend_confirmation(&member.session, "second", &caller)
        .await
        .unwrap();
    let links = mailbox.delivered(&fixture.vault).await;
    let token = crate::links::token_in(&links[0].text);
    fixture.vault.confirm(&token, &caller).await.unwrap();

    fixture.clock.set(NOON + 76 * DAY + 1);
    assert_eq!(
        recipients(mailbox.notices(&fixture.vault).await),
        ["a@example.com", "team@example.com"]
    );
    // Removed between the sweep and the sending: it hears nothing.
    fixture.clock.set(NOON + 83 * DAY + 1);
    fixture.vault.sweep().await.unwrap();
    fixture
        .vault
        .remove_second_recipient(&member.session, &caller)
        .await
        .unwrap();
    assert_eq!(
        recipients(mailbox.notices(&fixture.vault).await),
        ["a@example.com"]
    );
}

/// D10: a clock that goes back repeats nothing, one that leaps ahead makes one mail.
#[tokio::test]
async fn clock_jumps_make_no_storm() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    for number in 0..20 {
        let expiry = at(NOON + (10 + number) * DAY);
        fixture
            .key(&member, &format!("key {number}"), &expiry)
            .await;
    }
    fixture.clock.set(NOON + 9 * DAY + 1);
    assert_eq!(mailbox.notices(&fixture.vault).await.len(), 1);
    for back in [HOUR, 30 * DAY] {
        fixture.clock.set(NOON + 9 * DAY + 1 - back);
        assert_eq!(mailbox.notices(&fixture.vault).await.len(), 0);
    }
    fixture.clock.set(NOON + 409 * DAY);
    assert_eq!(
        mailbox.notices(&fixture.vault).await.len(),
        1,
        "one for all twenty"
    );
    // Put right, and started anew: nothing is said twice, and what is new is said.
    fixture.clock.set(NOON + 9 * DAY + HOUR);
    let fixture = fixture.reopened().await;
    assert_eq!(mailbox.notices(&fixture.vault).await.len(), 0);
}

/// Whoever expires and restores a key again and again fills no mailbox: after twenty mails in a day, ten to an
/// address of which nobody knows whose it is, there is one an hour, with all that came meanwhile.
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

/// A row that cannot be made a mail of does not stand in the way of the others.
#[tokio::test]
async fn a_mail_that_cannot_be_composed_holds_up_nobody() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    fixture.member("a@example.com").await;
    sqlx::query("UPDATE outbox SET kind = 'from the future'")
        .execute(&mut fixture.database().await)
        .await
        .unwrap();
    fixture.clock.advance(1);
    fixture.member("b@example.com").await;
    let limit = Duration::from_secs(1);
    assert!(
        fixture
            .vault
            .deliver(&mailbox.transport, limit)
            .await
            .is_err()
    );
    let mails = mailbox.delivered(&fixture.vault).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].to, "b@example.com");
}

/// D10: what was put into the outbox while the clock was ahead is sent when it has been put right.
#[tokio::test]
async fn a_clock_that_was_ahead_holds_up_no_mail() {
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

/// Two notices of one key in one mail, one of them no longer true, and a mail server that first says "later":
/// the other is told when it says yes.
#[tokio::test]
async fn what_is_left_out_takes_nothing_with_it() {
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
    let view = fixture
        .vault
        .notices(&member.session.account)
        .await
        .unwrap();
    assert_eq!(view.deliveries[0].key_count, 3, "three in one mail");
    // A folder that cannot be made stands for a mail server that is away.
    let away = fixture.folder.path().join("pepper/mail");
    let from = "keyhold@example.com".parse().unwrap();
    let away = Transport::folder(away, from, "keys.example.com");
    let limit = Duration::from_secs(1);
    assert_eq!(fixture.vault.deliver(&away, limit).await.unwrap(), 1);
    fixture.clock.advance(HOUR);
    let mails = mailbox.delivered(&fixture.vault).await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "1 API key has expired: billing");
    let view = fixture
        .vault
        .notices(&member.session.account)
        .await
        .unwrap();
    let left_out: Vec<_> = view.deliveries[0]
        .keys
        .iter()
        .map(|key| key.left_out)
        .collect();
    assert_eq!(left_out, [true, true, false]);
}

/// What was given up is there to be sent again, however much came after it.
#[tokio::test]
async fn a_failed_mail_stays_in_sight() {
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
    let view = fixture
        .vault
        .notices(&member.session.account)
        .await
        .unwrap();
    assert_eq!((view.deliveries.len(), view.total), (51, 61));
    let last = view.deliveries.last().unwrap();
    assert_eq!(
        (last.state, last.words.as_str()),
        (DeliveryState::Failed, "550 no")
    );
}
