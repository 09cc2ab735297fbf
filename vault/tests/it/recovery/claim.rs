//! An account that a stranger made with the owner's address: the owner's first password reset takes everything that
//! still works from the stranger.

use shared::status::Status;
use vault::test_support::{
    DAY, Fixture, HOUR, Mailbox, Member, NOON, PASSWORD, SECOND, creation, edit, from, restoration,
    restore,
};
use vault::{Actor, Caller, ChangePassword, Error, SavePreferences};

use crate::accounts::email_links::token_in;
use crate::start::clock::accepted;

const NEW_PASSWORD: &str = "a calm forest at noon";

/// Requests a password reset as the owner, and returns the token of its link.
async fn asked(fixture: &Fixture, mailbox: &mut Mailbox) -> String {
    let _ = mailbox.notices(&fixture.vault).await;
    let caller = from([192, 0, 2, 1]);
    let work = fixture.vault.request_reset(&caller, "victim@example.com");
    work.await.unwrap().await.unwrap();
    token_in(&mailbox.delivered(&fixture.vault).await[0].text)
}

async fn reset(fixture: &Fixture, token: &str) {
    let caller = from([192, 0, 2, 1]);
    let done = fixture.vault.reset_password(&caller, token, NEW_PASSWORD);
    done.await.unwrap();
}

async fn signed_in(fixture: &Fixture) -> Member {
    let caller = Caller::default();
    let token = fixture
        .vault
        .sign_in(&caller, "victim@example.com", NEW_PASSWORD)
        .await
        .unwrap();
    let session = fixture.session(&token).await.unwrap();
    let actor = Actor { session, caller };
    let default_key = fixture
        .vault
        .create_key(&actor, creation("mine", "", "never"))
        .await
        .unwrap();
    Member { actor, default_key }
}

#[tokio::test]
async fn the_first_reset_expires_earlier_keys_and_reports_it() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let attacker = fixture.member("victim@example.com").await;
    let soon = fixture.key(&attacker, "soon", "1d").await;
    let late = fixture.key(&attacker, "late", "365d").await;
    fixture.clock.advance(3 * DAY);
    let vault = &fixture.vault;
    let calendar = async |actor: &Actor| vault.calendar_url(&actor.session).await.unwrap();
    let feed = calendar(&attacker.actor).await;
    let ended = soon.access_key.to_string();
    let before = vault.show_key(attacker.actor.account(), &ended).await;
    let token = asked(&fixture, &mut mailbox).await;
    reset(&fixture, &token).await;
    for key in [&attacker.default_key, &soon, &late] {
        assert_eq!(fixture.verdict(key), "expired");
    }
    let after = vault.show_key(attacker.actor.account(), &ended).await;
    assert_eq!(
        before.unwrap().key.expires,
        after.unwrap().key.expires,
        "what had expired before keeps its date"
    );
    fixture.clock.advance(SECOND);
    vault.sweep().await.unwrap();
    let mails = mailbox.delivered(vault).await;
    assert_eq!(mails.len(), 1, "one mail tells of it: {mails:?}");
    assert_eq!(mails[0].subject, "Your password was changed");
    assert!(
        mails[0]
            .text
            .contains("2 API keys created before were expired"),
        "{}",
        mails[0].text
    );
    let owner = signed_in(&fixture).await;
    assert_ne!(calendar(&owner.actor).await, feed);
    let account = owner.actor.account();
    let claim = vault.overview(account).await.unwrap().claim.unwrap();
    assert_eq!(claim.expired, 2);
    // The owner restores a known key, and the note stays until it is dismissed.
    let known = late.access_key.to_string();
    restore(vault, &owner, &known, "30d").await;
    assert_eq!(fixture.verdict(&late), "good");
    assert!(vault.overview(account).await.unwrap().claim.is_some());
    vault.dismiss_claim(&owner.actor).await.unwrap();
    assert_eq!(vault.overview(account).await.unwrap().claim, None);
    let history = vault.show_key(account, &known).await.unwrap().history;
    assert!(history[1].what.contains("password reset"), "{history:?}");

    let fixture = fixture.reopened().await;
    assert_eq!(fixture.verdict(&attacker.default_key), "expired");
    assert_eq!(fixture.verdict(&owner.default_key), "good");
}

/// A second reset, or one after the owner confirmed the address, leaves the keys alone.
#[tokio::test]
async fn the_reset_of_a_confirmed_account_expires_nothing() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("victim@example.com").await;
    let confirm = token_in(&mailbox.delivered(&fixture.vault).await[0].text);
    let caller = Caller::default();
    let confirmed = fixture
        .vault
        .confirm(&caller, Some(&member.actor.session), &confirm);
    confirmed.await.unwrap();
    let token = asked(&fixture, &mut mailbox).await;
    reset(&fixture, &token).await;
    assert_eq!(fixture.verdict(&member.default_key), "good");
    let owner = signed_in(&fixture).await;
    let overview = fixture.vault.overview(owner.actor.account()).await;
    assert_eq!(overview.unwrap().claim, None);
    let mails = mailbox.delivered(&fixture.vault).await;
    assert_eq!(mails[0].subject, "Your password was changed");
    assert!(!mails[0].text.contains("expired"), "{}", mails[0].text);
}

/// Returns the state of the account's address: whether mail arrives, and whether the account's maker reads it.
async fn address(fixture: &Fixture, member: &Member) -> (bool, bool) {
    let view = fixture.vault.notices(member.actor.account());
    let view = view.await.unwrap();
    (view.confirmed, view.owned)
}

/// An owner who opens the link of a stranger's account shows that mail arrives, and no more.
#[tokio::test]
async fn a_link_opened_elsewhere_proves_no_ownership() {
    for moved in [false, true] {
        let fixture = Fixture::new().await;
        fixture.leave_mail();
        let mut mailbox = Mailbox::of(&fixture);
        let (vault, caller) = (&fixture.vault, Caller::default());
        let (attacker, token) = if moved {
            // The stranger's own account, which then requests the owner's address.
            let attacker = fixture.member("stranger@example.com").await;
            let token = token_in(&mailbox.delivered(vault).await[0].text);
            let own = vault.confirm(&caller, Some(&attacker.actor.session), &token);
            own.await.unwrap();
            assert_eq!(address(&fixture, &attacker).await, (true, true));
            let (actor, email) = (&attacker.actor, "victim@example.com");
            let asked = vault.change_address(actor, email, PASSWORD);
            asked.await.unwrap();
            let mails = mailbox.delivered(vault).await;
            let mail = mails.iter().find(|mail| mail.to == email).unwrap();
            (attacker, token_in(&mail.text))
        } else {
            let attacker = fixture.member("victim@example.com").await;
            let token = token_in(&mailbox.delivered(vault).await[0].text);
            (attacker, token)
        };
        // The browser is signed in to an account of the owner's.
        let other = fixture.member("other@example.com").await;
        let confirmed = vault.confirm(&caller, Some(&other.actor.session), &token);
        confirmed.await.unwrap();
        assert_eq!(address(&fixture, &attacker).await, (true, false));
        let token = asked(&fixture, &mut mailbox).await;
        assert!(!vault.link(&token).await.unwrap().owned);
        reset(&fixture, &token).await;
        assert_eq!(fixture.verdict(&attacker.default_key), "expired", "{moved}");
        let owner = signed_in(&fixture).await;
        let overview = vault.overview(owner.actor.account()).await.unwrap();
        assert_eq!(overview.claim.unwrap().expired, 1);
        assert_eq!(address(&fixture, &owner).await, (true, true));
        let token = asked(&fixture, &mut mailbox).await;
        reset(&fixture, &token).await;
        assert_eq!(fixture.verdict(&owner.default_key), "good", "claimed once");
    }
}

/// A browser on which the owner signed in once proves ownership too, and so does a later link.
#[tokio::test]
async fn a_known_browser_or_a_later_link_proves_ownership() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("victim@example.com").await;
    let vault = &fixture.vault;
    fixture.member("stranger@example.com").await;
    let mails = mailbox.delivered(vault).await;
    let mail = mails.iter().find(|mail| mail.to.starts_with("victim"));
    let caller = Caller::default();
    let ended = vault.sign_in(&caller, "victim@example.com", PASSWORD).await;
    let ended = fixture.session(&ended.unwrap()).await.unwrap();
    vault.sign_out(&Actor::new(&ended, &caller)).await.unwrap();
    let foreign = vault
        .sign_in(&caller, "stranger@example.com", PASSWORD)
        .await
        .unwrap();
    let caller = Caller {
        device: foreign.device().cloned(),
        ..Caller::default()
    };
    let token = token_in(&mail.unwrap().text);
    vault.confirm(&caller, Some(&ended), &token).await.unwrap();
    assert_eq!(address(&fixture, &member).await, (true, false));

    let again = vault.resend_confirmation(&member.actor, "account");
    again.await.unwrap();
    let token = token_in(&mailbox.delivered(vault).await[0].text);
    let own = vault
        .sign_in(&caller, "victim@example.com", PASSWORD)
        .await
        .unwrap();
    let caller = Caller {
        device: own.device().cloned(),
        ..Caller::default()
    };
    vault.confirm(&caller, None, &token).await.unwrap();
    assert_eq!(address(&fixture, &member).await, (true, true));
    let token = asked(&fixture, &mut mailbox).await;
    reset(&fixture, &token).await;
    assert_eq!(fixture.verdict(&member.default_key), "good");
}

/// A key that a clock jump expired before the reset is not good again once the clock is right.
#[tokio::test]
async fn keys_expired_in_a_jump_before_the_reset_stay_expired() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let mut mailbox = Mailbox::of(&fixture);
    let attacker = fixture.member("victim@example.com").await;
    let dated = fixture.key(&attacker, "dated", "90d").await;
    fixture.clock.advance(400 * DAY);
    let token = asked(&fixture, &mut mailbox).await;
    reset(&fixture, &token).await;
    let fixture = accepted(fixture, NOON + HOUR).await;
    fixture.leave_mail();
    for key in [&attacker.default_key, &dated] {
        assert_eq!(fixture.verdict(key), "expired");
    }
}

/// A request that read its session before the reset changes nothing after it.
#[tokio::test]
async fn a_session_that_the_reset_has_ended_changes_nothing_afterwards() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let mut mailbox = Mailbox::of(&fixture);
    let attacker = fixture.member("victim@example.com").await;
    let token = asked(&fixture, &mut mailbox).await;
    reset(&fixture, &token).await;
    let (vault, actor) = (&fixture.vault, &attacker.actor);
    let key = attacker.default_key.access_key.to_string();
    let over = |result: Result<(), Error>| matches!(result, Err(Error::SessionOver));
    assert!(over(
        vault
            .restore_key(actor, restoration(&key, "never"))
            .await
            .map(drop)
    ));
    assert!(over(
        vault
            .create_key(actor, creation("another", "", "never"))
            .await
            .map(drop)
    ));
    assert!(over(
        vault
            .edit_key(actor, edit(&key, "another", "", "90d"))
            .await
            .map(drop)
    ));
    assert!(over(
        vault.delete_key(actor, &key, "Default key").await.map(drop)
    ));
    assert!(over(
        vault
            .set_second_recipient(actor, "spy@example.com", "")
            .await
    ));
    assert!(over(vault.reset_calendar(actor).await));
    assert!(over(
        vault
            .save_preferences(
                actor,
                SavePreferences {
                    time_zone: "UTC",
                    warning_days: "90",
                    ..SavePreferences::default()
                }
            )
            .await
            .map(drop)
    ));
    assert_eq!(fixture.verdict(&attacker.default_key), "expired");
    let owner = signed_in(&fixture).await;
    let overview = vault.overview(owner.actor.account()).await.unwrap();
    assert_eq!(overview.counts.of(Status::Expired), 1);
    assert_eq!(overview.counts.total(), 2);
}

/// A key made during the reset either expires with it or is rejected.
#[tokio::test]
async fn no_key_escapes_a_concurrent_reset() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let mut mailbox = Mailbox::of(&fixture);
    let attacker = fixture.member("victim@example.com").await;
    let token = asked(&fixture, &mut mailbox).await;
    let making = (0..20).map(|number| {
        let (vault, actor) = (fixture.vault.clone(), attacker.actor.clone());
        let name = format!("key {number}");
        tokio::spawn(async move { vault.create_key(&actor, creation(&name, "", "never")).await })
    });
    let making: Vec<_> = making.collect();
    reset(&fixture, &token).await;
    for made in making {
        match made.await.unwrap() {
            Ok(key) => assert_eq!(fixture.verdict(&key), "expired"),
            Err(error) => assert!(matches!(error, Error::SessionOver), "{error}"),
        }
    }
}

/// Repeated password changes are allowed, but fill no mailbox with announcements.
#[tokio::test]
async fn announcements_of_changed_passwords_are_limited() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("victim@example.com").await;
    let _ = mailbox.delivered(&fixture.vault).await;
    let (mut actor, mut password) = (member.actor, PASSWORD);
    let mut mails = 0;
    for _ in 0..6 {
        let other = if password == NEW_PASSWORD {
            PASSWORD
        } else {
            NEW_PASSWORD
        };
        let token = fixture
            .vault
            .change_password(
                &actor,
                ChangePassword {
                    current: password,
                    new: other,
                },
            )
            .await
            .unwrap();
        actor.session = fixture.session(&token).await.unwrap();
        password = other;
        mails += mailbox.delivered(&fixture.vault).await.len();
    }
    assert_eq!(mails, 4);
}
