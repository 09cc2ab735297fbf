//! Notices: each is sent once, at the right time and to the right recipients.

use shared::notice::{Stage, Stages};
use sqlx::Row;
use vault::Caller;
use vault::test_support::{DAY, Fixture, HOUR, Mailbox, NOON, SECOND, at, edit, expire, restore};

/// Advances day by day, an hour past each, and returns the subjects of the notices with the day on which each came.
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

/// A key's year: announced, extended, manually expired, restored, shortened, expired on its own.
#[tokio::test]
async fn each_stage_is_sent_once_through_a_keys_year() {
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

    // Extended on day 85 to day 185: all stages are sent again for the new date.
    fixture.sign_in_again(&member).await;
    restore(&fixture.vault, &member, &access, &at(NOON + 185 * DAY)).await;
    assert_eq!(
        days(&fixture, &mut mailbox, 86, 160).await,
        told(&[(155, "1 API key expires within 30 days: billing")])
    );

    // Expired manually on day 160: no warning, only the notice that it has expired, and no reminder on the day after.
    fixture.sign_in_again(&member).await;
    expire(&fixture.vault, &member, &access).await;
    assert_eq!(
        days(&fixture, &mut mailbox, 161, 170).await,
        told(&[(161, "1 API key has expired: billing")])
    );

    // Restored to the old date on day 170, 15 days ahead: 7, 3 and 1 days are at most half of that. The 30 days, which
    // the ledger already has for that date, are not sent again.
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

    // Restored without an expiration, then given a date again: no notices in between.
    restore(&fixture.vault, &member, &access, "never").await;
    assert_eq!(days(&fixture, &mut mailbox, 201, 330).await, told(&[]));
    fixture.sign_in_again(&member).await;
    fixture
        .vault
        .edit_key(
            &member.actor,
            edit(&access, "billing", "", &at(NOON + 332 * DAY)),
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

/// A change of the name re-arms no notice.
#[tokio::test]
async fn editing_other_fields_repeats_no_notice() {
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
            &member.actor,
            edit(&key.access_key.to_string(), "invoices", "x", &expiry),
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
async fn after_downtime_only_the_most_urgent_stage_is_sent() {
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
    let view = fixture.vault.notices(member.actor.account()).await.unwrap();
    assert_eq!(
        (view.deliveries[0].key_count, view.deliveries[0].keys.len()),
        (500, 10)
    );
    assert_eq!(mailbox.notices(&fixture.vault).await.len(), 0, "once");
}

#[tokio::test]
async fn an_account_gets_its_chosen_stages_only() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    fixture.key(&member, "billing", &at(NOON + 90 * DAY)).await;
    let chosen: Stages = [Stage::Days14, Stage::Expired].into_iter().collect();
    let choose = |stages| {
        let (vault, actor) = (fixture.vault.clone(), member.actor.clone());
        async move {
            vault.choose_stages(&actor, stages, "").await.unwrap();
        }
    };
    choose(chosen).await;
    let view = fixture.vault.notices(member.actor.account()).await.unwrap();
    assert_eq!(view.stages, [Stage::Days14, Stage::Expired]);
    assert_eq!(
        days(&fixture, &mut mailbox, 0, 84).await,
        told(&[(76, "1 API key expires within 14 days: billing")])
    );
    fixture.sign_in_again(&member).await;
    choose(Stages::ALL).await;
    assert_eq!(
        days(&fixture, &mut mailbox, 84, 88).await,
        told(&[(87, "1 API key expires within 3 days: billing")]),
        "what was not wanted on day 83 is not told later"
    );
    choose(Stages::NONE).await;
    assert_eq!(days(&fixture, &mut mailbox, 89, 92).await, told(&[]));
}

/// A sweep that comes after a change of the choice follows the choice that held when the stage fell due.
#[tokio::test]
async fn a_choice_made_before_the_sweep_is_not_applied_to_what_was_due_before_it() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    fixture.key(&member, "heard", &at(NOON + HOUR)).await;
    let unheard = fixture.key(&member, "unheard", "never").await.access_key;
    let choose = |stages| fixture.vault.choose_stages(&member.actor, stages, "");

    choose(Stages::NONE).await.unwrap();
    fixture.clock.advance(SECOND);
    expire(&fixture.vault, &member, &unheard.to_string()).await;
    fixture.clock.advance(SECOND);
    choose(Stages::ALL).await.unwrap();
    fixture.clock.advance(SECOND);
    assert_eq!(mailbox.notices(&fixture.vault).await.len(), 0);

    fixture.clock.set(NOON + HOUR + SECOND);
    choose(Stages::NONE).await.unwrap();
    fixture.clock.advance(SECOND);
    let told = mailbox.notices(&fixture.vault).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].subject, "1 API key has expired: heard");
}

/// Each account gets notices of its own keys and of no others.
#[tokio::test]
async fn each_account_is_notified_of_its_own_keys_only() {
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

/// A second recipient gets notices only from its confirmation until its removal.
#[tokio::test]
async fn a_second_recipient_confirms_first() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    fixture.key(&member, "billing", &at(NOON + 90 * DAY)).await;
    let caller = Caller::default();
    fixture
        .vault
        .set_second_recipient(&member.actor, "team@example.com", "")
        .await
        .unwrap();
    let links = mailbox.delivered(&fixture.vault).await;
    let link = links
        .iter()
        .find(|mail| mail.to == "team@example.com")
        .unwrap();
    let token = crate::accounts::email_links::token_in(&link.text);

    fixture.clock.set(NOON + 60 * DAY + 1);
    let recipients = |mails: Vec<vault::test_support::Mail>| {
        mails.into_iter().map(|mail| mail.to).collect::<Vec<_>>()
    };
    assert_eq!(
        recipients(mailbox.notices(&fixture.vault).await),
        ["a@example.com"]
    );

    assert!(
        fixture.vault.confirm(&caller, None, &token).await.is_err(),
        "it works for three days"
    );
    fixture.sign_in_again(&member).await;
    fixture
        .vault
        .resend_confirmation(&member.actor, "second")
        .await
        .unwrap();
    let links = mailbox.delivered(&fixture.vault).await;
    let token = crate::accounts::email_links::token_in(&links[0].text);
    fixture.vault.confirm(&caller, None, &token).await.unwrap();

    fixture.clock.set(NOON + 76 * DAY + 1);
    assert_eq!(
        recipients(mailbox.notices(&fixture.vault).await),
        ["a@example.com", "team@example.com"]
    );
    // A recipient removed between the sweep and the sending gets no mail.
    fixture.clock.set(NOON + 83 * DAY + 1);
    fixture.vault.sweep().await.unwrap();
    fixture
        .vault
        .remove_second_recipient(&member.actor, "")
        .await
        .unwrap();
    assert_eq!(
        recipients(mailbox.notices(&fixture.vault).await),
        ["a@example.com"]
    );
}

/// D10: a clock that goes back repeats no notice, and one that jumps ahead makes one mail.
#[tokio::test]
async fn clock_jumps_cause_no_burst_of_mails() {
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
    // After a correction and a restart no notice is repeated, and new ones are sent.
    fixture.clock.set(NOON + 9 * DAY + HOUR);
    let fixture = fixture.reopened().await;
    assert_eq!(mailbox.notices(&fixture.vault).await.len(), 0);
}
