//! Changes of an account's address: requested with the password, in force once the link is opened.

use vault::test_support::{Fixture, Mail, Mailbox, PASSWORD, SECOND, expire, messages, newcomer};
use vault::{Actor, Caller, ChangePassword, Error, Portal};

use crate::accounts::email_links::token_in;

const NEW_PASSWORD: &str = "a calm forest at noon";

fn to<'a>(mails: &'a [Mail], address: &str) -> Vec<&'a Mail> {
    mails.iter().filter(|mail| mail.to == address).collect()
}

/// Requests a change, and returns the token of the link in the mail to the new address.
async fn asked(fixture: &Fixture, mailbox: &mut Mailbox, actor: &Actor) -> String {
    let _ = mailbox.delivered(&fixture.vault).await;
    let asked = fixture
        .vault
        .change_address(actor, " New@Example.com ", PASSWORD);
    asked.await.unwrap();
    let mails = mailbox.delivered(&fixture.vault).await;
    assert_eq!(
        mails.len(),
        2,
        "the link, and a word to the present address"
    );
    let old = to(&mails, &actor.account().email)[0];
    assert_eq!(old.subject, "A change of your email address was requested");
    token_in(&to(&mails, "new@example.com")[0].text)
}

#[tokio::test]
async fn a_new_address_is_in_force_once_its_link_is_opened() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let (vault, caller) = (&fixture.vault, Caller::default());
    let member = fixture.member("old@example.com").await;
    let confirm = token_in(&mailbox.delivered(vault).await[0].text);
    let work = vault.request_reset(&caller, "old@example.com");
    work.await.unwrap().await.unwrap();
    let reset = token_in(&mailbox.delivered(vault).await[0].text);
    let token = asked(&fixture, &mut mailbox, &member.actor).await;
    let view = vault.address(member.actor.account()).await.unwrap();
    assert_eq!(
        (view.email.as_str(), view.confirmed, view.pending.as_deref()),
        ("old@example.com", false, Some("new@example.com"))
    );
    vault
        .sign_in(&caller, "old@example.com", PASSWORD)
        .await
        .unwrap();
    // A notice that waits for the old address goes to the new one.
    let key = fixture.key(&member, "billing", "30d").await;
    expire(vault, &member, &key.access_key.to_string()).await;
    vault.confirm(&caller, None, &token).await.unwrap();
    let view = vault.address(member.actor.account()).await.unwrap();
    assert_eq!(
        (view.email.as_str(), view.confirmed, view.pending),
        ("new@example.com", true, None)
    );
    let mails = mailbox.delivered(vault).await;
    assert_eq!(mails.len(), 2);
    let old = to(&mails, "old@example.com")[0];
    assert_eq!(old.subject, "Your email address was changed");
    let new = to(&mails, "new@example.com")[0];
    assert_eq!(new.subject, "1 API key has expired: billing");
    fixture.clock.advance(SECOND);
    assert_eq!(mailbox.notices(vault).await.len(), 0, "it is told once");
    // The new address signs in, and links that were sent to the old one no longer work.
    let old = vault.sign_in(&caller, "old@example.com", PASSWORD).await;
    assert!(matches!(old, Err(Error::WrongCredentials)));
    let new = vault.sign_in(&caller, "new@example.com", PASSWORD).await;
    assert!(new.is_ok());
    for gone in [&reset, &confirm, &token] {
        assert!(matches!(vault.link(gone).await, Err(Error::LinkGone)));
    }
    let again = vault.reset_password(&caller, &reset, NEW_PASSWORD).await;
    assert!(matches!(again, Err(Error::LinkGone)));
    assert_eq!(fixture.verdict(&member.default_key), "good");
    let free = vault.sign_up(&caller, newcomer("old@example.com"));
    assert!(free.await.is_ok(), "the old address is free again");
}

/// A link opened outside the account's browser, or in one that the company has sent, shows that mail arrives, but not whose
/// mailbox it is: the requested address is named only to a proven owner.
#[tokio::test]
async fn the_requested_address_is_shown_to_its_owner_only() {
    for (own, by_portal) in [(false, false), (true, false), (true, true)] {
        let owned = own && !by_portal;
        let fixture = Fixture::new().await;
        let mut mailbox = Mailbox::of(&fixture);
        let (vault, caller) = (&fixture.vault, Caller::default());
        let actor = fixture.member("old@example.com").await.actor;
        let token = token_in(&mailbox.delivered(vault).await[0].text);
        let mut session = actor.session.clone();
        session.portal = by_portal.then(Portal::default);
        let opened_by = own.then_some(&session);
        vault.confirm(&caller, opened_by, &token).await.unwrap();
        vault
            .change_address(&actor, "new@example.com", PASSWORD)
            .await
            .unwrap();
        let mails = mailbox.delivered(vault).await;
        let told = &to(&mails, "old@example.com")[0].text;
        assert_eq!(told.contains("new@example.com"), owned, "{told}");
    }
}

#[tokio::test]
async fn a_request_requires_the_password_and_a_free_address() {
    let fixture = Fixture::new().await;
    let member = fixture.member("old@example.com").await;
    fixture.member("taken@example.com").await;
    let ask = |email: &'static str, password: &'static str| {
        let (vault, actor) = (fixture.vault.clone(), member.actor.clone());
        async move { messages(vault.change_address(&actor, email, password).await) }
    };
    assert_eq!(
        ask("new@example.com", "wrong password").await,
        "current_password: This isn't your current password."
    );
    assert_eq!(
        ask("new@example.com", "").await,
        "current_password: Enter your current password."
    );
    for wrong in ["", "nonsense", "old@example.com", "OLD@example.com"] {
        assert!(ask(wrong, PASSWORD).await.starts_with("email: "), "{wrong}");
    }
    assert_eq!(
        ask("taken@example.com", PASSWORD).await,
        "email: This address can't be used. Choose another."
    );
    let view = fixture.vault.address(member.actor.account()).await;
    assert_eq!(view.unwrap().pending, None);
}

/// A change fails if another account has taken the requested address by the time its link is opened.
#[tokio::test]
async fn an_address_belongs_to_one_account() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("old@example.com").await;
    let token = asked(&fixture, &mut mailbox, &member.actor).await;
    fixture.member("new@example.com").await;
    let late = fixture
        .vault
        .confirm(&Caller::default(), None, &token)
        .await;
    assert!(matches!(late, Err(Error::LinkGone)));
    let view = fixture.vault.address(member.actor.account()).await;
    assert_eq!(view.unwrap().email, "old@example.com");
}

/// The owner of a hijacked session cancels the request: with the button, or with a new password.
#[tokio::test]
async fn a_request_is_withdrawn_manually_and_by_a_new_password() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let mut mailbox = Mailbox::of(&fixture);
    let vault = &fixture.vault;
    let member = fixture.member("old@example.com").await;
    let gone = |token: String| async move {
        let confirmed = vault.confirm(&Caller::default(), None, &token).await;
        matches!(confirmed, Err(Error::LinkGone))
    };
    let token = asked(&fixture, &mut mailbox, &member.actor).await;
    vault.keep_address(&member.actor).await.unwrap();
    assert!(gone(token).await);
    let token = asked(&fixture, &mut mailbox, &member.actor).await;
    vault
        .change_password(
            &member.actor,
            ChangePassword {
                current: PASSWORD,
                new: NEW_PASSWORD,
            },
        )
        .await
        .unwrap();
    assert!(gone(token).await);
    let view = vault.address(member.actor.account()).await.unwrap();
    assert_eq!(
        (view.email.as_str(), view.pending),
        ("old@example.com", None)
    );
}
