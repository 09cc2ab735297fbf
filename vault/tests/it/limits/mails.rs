//! Limits of the mails that requests cause: neither strangers nor accounts can fill a mailbox.

use std::collections::BTreeMap;

use shared::mail::MailKind;
use vault::test_support::{
    DAY, Fixture, Mailbox, PASSWORD, SECOND, expire, from, newcomer, restore,
};
use vault::{Actor, Caller, ChangePassword, DeleteAccount};

use crate::accounts::email_links::token_in;

/// Neither strangers nor an account can fill a mailbox.
#[tokio::test]
async fn requested_mails_are_throttled() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    let caller = Caller::default();
    let mut refused = Vec::new();
    for email in ["a@example.com", "unknown@example.com"] {
        for attempt in 1..=10 {
            if fixture.vault.request_reset(&caller, email).await.is_err() {
                refused.push((email, attempt));
                break;
            }
        }
    }
    assert_eq!(
        refused,
        [("a@example.com", 5), ("unknown@example.com", 5)],
        "known and unknown alike"
    );
    let mut added = 0;
    for number in 0..20 {
        let address = format!("victim{number}@example.com");
        let set = fixture
            .vault
            .set_second_recipient(&member.actor, &address, "")
            .await;
        added += u32::from(set.is_ok());
    }
    assert_eq!(added, 6);
    let sign_in = fixture
        .vault
        .sign_in(&caller, "a@example.com", PASSWORD)
        .await;
    assert!(sign_in.is_ok(), "signing in is not slowed down by it");
}

/// A series of sign-ups with strangers' addresses does not make Keyhold write to them.
#[tokio::test]
async fn many_sign_ups_of_one_network_send_no_mails() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    for number in 0..6 {
        let email = format!("victim+{number}@example.com");
        let signed_up = fixture
            .vault
            .sign_up(&from([192, 0, 2, 1]), newcomer(&email))
            .await;
        assert!(signed_up.is_ok(), "the account is made");
    }
    assert_eq!(
        mailbox.delivered(&fixture.vault).await.len(),
        4,
        "one mailbox"
    );
}

/// The mails of one kind that a mailbox gets without a wait: three are free, and the fourth begins the wait.
const AT_A_TIME: i64 = 4;
/// The number of accounts that share one mailbox.
const ACCOUNTS: u8 = 6;

/// Every kind of mail is limited per mailbox, over many accounts, networks and spellings of its address.
#[tokio::test]
async fn every_mail_that_a_request_causes_is_limited_by_mailbox() {
    let site = Fixture::new().await;
    site.leave_mail();
    let mut mailbox = Mailbox::of(&site);
    let vault = &site.vault;
    let own = |number: u8| format!("victim+{number}@example.com");
    let network = |number: u8| from([198, 51, number, 1]);
    let mut accounts: Vec<Actor> = Vec::new();
    for number in 0..ACCOUNTS {
        let caller = network(number);
        let signed_up = vault.sign_up(&caller, newcomer(&own(number))).await;
        let token = signed_up.unwrap().session;
        let session = site.session(&token).await.unwrap();
        accounts.push(Actor { session, caller });
    }
    let stranger = site.member("stranger@example.com").await.actor.session;
    for (number, actor) in (0..).zip(&accounts) {
        let (address, elsewhere) = (own(100 + number), format!("elsewhere{number}@example.com"));
        // Throttled requests fail, so the results are ignored; the test counts the mails that were written.
        let _ = vault.resend_confirmation(actor, "account").await;
        let _ = vault.set_second_recipient(actor, &address, "").await;
        let _ = vault.change_address(actor, &elsewhere, PASSWORD).await;
        let _ = vault
            .change_address(&Actor::new(&stranger, &actor.caller), &address, PASSWORD)
            .await;
        if let Ok(handled) = vault.request_reset(&actor.caller, &own(number)).await {
            handled.await.unwrap();
        }
    }
    // Opening the links to the new addresses sends the mailbox the mails about the change of address.
    let mails = mailbox.delivered(vault).await;
    for mail in mails.iter().filter(|mail| mail.to.starts_with("elsewhere")) {
        vault
            .confirm(&Caller::default(), None, &token_in(&mail.text))
            .await
            .unwrap();
    }
    for actor in &accounts {
        let passwords = ChangePassword {
            current: PASSWORD,
            new: "a calm forest at noon",
        };
        let session = vault.change_password(actor, passwords).await.unwrap();
        let actor = Actor::new(&site.session(&session).await.unwrap(), &actor.caller);
        let deletion = DeleteAccount {
            confirm_email: &actor.account().email,
            current_password: passwords.new,
        };
        vault.delete_account(&actor, deletion).await.unwrap();
    }
    let counts: Vec<(String, i64)> = sqlx::query_as(
        "SELECT kind, COUNT(*) FROM outbox WHERE recipient LIKE 'victim%' GROUP BY kind",
    )
    .fetch_all(&mut site.database().await)
    .await
    .unwrap();
    let counts: BTreeMap<_, _> = counts.into_iter().collect();
    for kind in MailKind::ALL {
        let slug = serde_json::to_value(kind).unwrap();
        let slug = slug.as_str().unwrap();
        // Notices are collected into one mail instead.
        if kind != MailKind::Notice {
            let count = counts.get(slug).copied().unwrap_or_default();
            assert!((1..=AT_A_TIME).contains(&count), "{slug}: {counts:?}");
        }
    }
}

/// Strangers' accounts under other spellings of an owner's address use up none of the owner's mails.
#[tokio::test]
async fn strangers_cannot_use_up_an_owners_mails() {
    let site = Fixture::new().await;
    let (vault, mut mailbox) = (&site.vault, Mailbox::of(&site));
    let owner = Actor {
        caller: from([192, 0, 2, 1]),
        ..site.member("victim@example.com").await.actor
    };
    let confirm = token_in(&mailbox.delivered(vault).await[0].text);
    let confirmed = vault.confirm(&owner.caller, Some(&owner.session), &confirm);
    confirmed.await.unwrap();
    let passwords = [PASSWORD, "a calm forest at noon"];
    for number in 0..ACCOUNTS {
        let email = format!("victim+{number}@example.com");
        let stranger = Actor {
            caller: from([198, 51, number, 1]),
            ..site.member(&email).await.actor
        };
        let elsewhere = format!("elsewhere{number}@example.com");
        let asked = vault.change_address(&stranger, &elsewhere, PASSWORD);
        assert_eq!(asked.await.is_ok(), i64::from(number) < AT_A_TIME);
        let changed = vault.change_password(
            &stranger,
            ChangePassword {
                current: PASSWORD,
                new: passwords[1],
            },
        );
        changed.await.unwrap();
    }
    let asked = vault.change_address(&owner, "new@example.com", PASSWORD);
    asked.await.unwrap();
    // A password thief cannot silence it either by using up the network's quota.
    for number in 0..100 {
        let other = format!("other{number}@example.com");
        let _ = vault.request_reset(&owner.caller, &other).await;
    }
    let _ = mailbox.delivered(vault).await;
    for (current, new) in [(0, 1), (1, 0)].into_iter().cycle().take(10) {
        let (current, new) = (passwords[current], passwords[new]);
        let changed = vault.change_password(&owner, ChangePassword { current, new });
        changed.await.unwrap();
    }
    let told = mailbox.delivered(vault).await;
    assert!(told.iter().all(|mail| mail.to == "victim@example.com"));
    assert_eq!(
        i64::try_from(told.len()),
        Ok(AT_A_TIME),
        "an end all the same"
    );
}

/// Notices of many accounts under spellings of one unconfirmed address fill its mailbox no faster than those of a few.
#[tokio::test]
async fn notices_to_one_mailbox_are_limited_over_all_accounts() {
    let site = Fixture::new().await;
    let mut mailbox = Mailbox::of(&site);
    let mut members = Vec::new();
    for number in 0..5 {
        members.push(site.member(&format!("victim+{number}@example.com")).await);
    }
    let owner = site.member("other@example.com").await;
    let _ = mailbox.delivered(&site.vault).await;
    let mut counts = [0, 0];
    for _ in 0..10 {
        for member in members.iter().chain([&owner]) {
            let access_key = member.default_key.access_key.to_string();
            restore(&site.vault, member, &access_key, "never").await;
            expire(&site.vault, member, &access_key).await;
            site.clock.advance(SECOND);
        }
        for mail in mailbox.delivered(&site.vault).await {
            counts[usize::from(mail.to.starts_with("other"))] += 1;
        }
    }
    assert_eq!(counts, [40, 10], "another mailbox has its own");
    // The waiting notices are sent in the end, one mail per account.
    site.clock.advance(DAY);
    assert_eq!(mailbox.delivered(&site.vault).await.len(), 5);
}
