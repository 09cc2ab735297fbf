//! Links in mails: each works once, for a limited time and for one purpose; and password resets.

use shared::mail::LinkPurpose;
use vault::test_support::{DAY, Fixture, HOUR, Mail, Mailbox, PASSWORD, from, messages};
use vault::{Caller, ChangePassword, Error};

const NEW_PASSWORD: &str = "a calm forest at noon";

/// Returns the token of the link in a mail's text.
pub fn token_in(text: &str) -> String {
    let (_, rest) = text.split_once("?token=").unwrap();
    rest.split_whitespace().next().unwrap().to_owned()
}

fn to<'a>(mails: &'a [Mail], path: &str) -> Vec<&'a Mail> {
    mails
        .iter()
        .filter(|mail| {
            mail.text
                .contains(&format!("https://keys.example.com/{path}?token="))
        })
        .collect()
}

pub fn is_gone<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::LinkGone))
}

#[tokio::test]
async fn signing_up_sends_a_link_that_confirms_the_address_once() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let confirmed = || async {
        let view = fixture.vault.notices(member.actor.account()).await.unwrap();
        view.confirmed
    };
    let mails = mailbox.delivered(&fixture.vault).await;
    assert_eq!(mails.len(), 1);
    let token = token_in(to(&mails, "confirm")[0].text.as_str());
    let link = fixture.vault.link(&token).await.unwrap();
    assert_eq!(
        (link.purpose, link.address.as_str(), link.account.as_str()),
        (
            LinkPurpose::ConfirmAddress,
            "a@example.com",
            "a@example.com"
        )
    );
    assert!(!confirmed().await, "looking does nothing");
    fixture
        .vault
        .confirm(&from([192, 0, 2, 1]), Some(&member.actor.session), &token)
        .await
        .unwrap();
    assert!(confirmed().await);
    assert!(is_gone(
        &fixture
            .vault
            .confirm(&Caller::default(), None, &token)
            .await
    ));
    assert!(is_gone(&fixture.vault.link(&token).await));
    fixture
        .vault
        .resend_confirmation(&member.actor, "account")
        .await
        .unwrap();
    assert_eq!(
        mailbox.delivered(&fixture.vault).await.len(),
        0,
        "nothing to confirm"
    );
}

#[tokio::test]
async fn a_link_has_one_purpose_and_expires() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let confirm = token_in(&mailbox.delivered(&fixture.vault).await[0].text);
    let caller = Caller::default();
    assert!(is_gone(
        &fixture
            .vault
            .reset_password(&caller, &confirm, NEW_PASSWORD)
            .await
    ));
    for garbage in ["", "x", "mail_0.0", &confirm[1..], &format!("{confirm}0")] {
        assert!(is_gone(&fixture.vault.link(garbage).await), "{garbage:?}");
        assert!(is_gone(
            &fixture.vault.confirm(&caller, None, garbage).await
        ));
    }
    // A later link replaces the earlier one.
    let resend = || fixture.vault.resend_confirmation(&member.actor, "account");
    resend().await.unwrap();
    let later = token_in(&mailbox.delivered(&fixture.vault).await[0].text);
    assert!(is_gone(&fixture.vault.link(&confirm).await));
    assert!(fixture.vault.link(&later).await.is_ok());
    fixture.clock.advance(3 * DAY);
    assert!(
        is_gone(&fixture.vault.confirm(&caller, None, &later).await),
        "three days"
    );
    // A link that expires before it is sent is not sent.
    resend().await.unwrap();
    fixture.clock.advance(3 * DAY);
    assert_eq!(mailbox.delivered(&fixture.vault).await.len(), 0);
}

#[tokio::test]
async fn a_forgotten_password_is_replaced() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let session = fixture
        .vault
        .sign_in(&Caller::default(), "a@example.com", PASSWORD)
        .await
        .unwrap();
    let _ = mailbox.delivered(&fixture.vault).await;
    let caller = from([192, 0, 2, 1]);
    for email in ["unknown@example.com", " A@example.com "] {
        let work = fixture.vault.request_reset(&caller, email).await.unwrap();
        work.await.unwrap();
    }
    let mails = mailbox.delivered(&fixture.vault).await;
    assert_eq!(mails.len(), 1, "none to a stranger");
    assert_eq!(mails[0].to, "a@example.com");
    let token = token_in(to(&mails, "reset-password")[0].text.as_str());
    assert!(is_gone(&fixture.vault.confirm(&caller, None, &token).await));
    let weak = fixture
        .vault
        .reset_password(&caller, &token, "12345678")
        .await;
    assert!(
        messages(weak).starts_with("new_password: "),
        "and the link is still good"
    );
    fixture
        .vault
        .reset_password(&caller, &token, NEW_PASSWORD)
        .await
        .unwrap();
    assert!(
        fixture.session(&session).await.is_none(),
        "every session has ended"
    );
    assert!(is_gone(
        &fixture
            .vault
            .reset_password(&caller, &token, PASSWORD)
            .await
    ));
    let old = fixture
        .vault
        .sign_in(&caller, "a@example.com", PASSWORD)
        .await;
    assert!(matches!(old, Err(Error::WrongCredentials)));
    fixture
        .vault
        .sign_in(&caller, "a@example.com", NEW_PASSWORD)
        .await
        .unwrap();
    let view = fixture.vault.notices(member.actor.account()).await.unwrap();
    assert!(view.confirmed, "opening the link proves that mail arrives");
}

#[tokio::test]
async fn a_reset_link_ends_after_an_hour_or_with_a_new_password() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let _ = mailbox.delivered(&fixture.vault).await;
    let caller = Caller::default();
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let work = fixture
            .vault
            .request_reset(&caller, "a@example.com")
            .await
            .unwrap();
        work.await.unwrap();
        tokens.push(token_in(&mailbox.delivered(&fixture.vault).await[0].text));
        if tokens.len() == 1 {
            fixture.clock.advance(HOUR);
            assert!(is_gone(&fixture.vault.link(&tokens[0]).await));
        }
    }
    fixture
        .vault
        .change_password(
            &member.actor,
            ChangePassword {
                current: PASSWORD,
                new: NEW_PASSWORD,
            },
        )
        .await
        .unwrap();
    let gone = fixture
        .vault
        .reset_password(&caller, &tokens[1], PASSWORD)
        .await;
    assert!(
        is_gone(&gone),
        "a changed password must not be changed again by an older link"
    );
}

/// The database contains neither the token nor anything that it can be computed from.
#[tokio::test]
async fn a_stolen_database_contains_no_usable_link() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let token = token_in(&mailbox.delivered(&fixture.vault).await[0].text);
    let (id, mark) = token.split_once('.').unwrap();
    let url = fixture.vault.calendar_url(&member.actor.session).await;
    let feed = url.unwrap().rsplit('.').nth(1).unwrap().to_owned();
    assert!(fixture.stores(id).await);
    for secret in [mark, &feed] {
        assert!(!fixture.stores(secret).await);
    }
}

/// A forged token is rejected without the writer, even while nothing can be written.
#[tokio::test]
async fn a_forged_token_never_waits_for_the_writer() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let used = token_in(&mailbox.delivered(&fixture.vault).await[0].text);
    let (vault, caller) = (&fixture.vault, Caller::default());
    let session = Some(&member.actor.session);
    vault.confirm(&caller, session, &used).await.unwrap();
    let mut other = fixture.foreign_write().await;
    for token in ["", "x", "acc_0.0", "mail_0.0", &used] {
        assert!(is_gone(&vault.unsubscribe(&caller, token).await), "{token}");
        let confirmed = vault.confirm(&caller, None, token).await;
        assert!(is_gone(&confirmed), "{token}");
        let reset = vault.reset_password(&caller, token, NEW_PASSWORD).await;
        assert!(is_gone(&reset), "{token}");
    }
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
}

/// A stop loses no request that was answered.
#[tokio::test]
async fn requests_that_wait_are_handled_at_the_stop() {
    let site = Fixture::new().await;
    let mut mailbox = Mailbox::of(&site);
    site.member("a@example.com").await;
    let _ = mailbox.delivered(&site.vault).await;
    let caller = Caller::default();
    let _handled = site.vault.request_reset(&caller, "a@example.com").await;
    let site = site.reopened().await;
    let mails = mailbox.delivered(&site.vault).await;
    assert_eq!(to(&mails, "reset-password").len(), 1);
}
