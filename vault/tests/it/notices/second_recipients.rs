//! The second recipient of notices: added by the account, confirmed by its reader, and removable by that reader.

use shared::mail::LinkPurpose;
use vault::Caller;
use vault::test_support::{Fixture, Mail, Mailbox, Member, expire, messages};

use crate::accounts::email_links::{is_gone, token_in};

const NEW_PASSWORD: &str = "a calm forest at noon";

#[tokio::test]
async fn a_second_recipient_must_be_another_address() {
    let fixture = Fixture::new().await;
    let member = fixture.member("a@example.com").await;
    let set = |address: &str| {
        let (vault, actor, address) = (
            fixture.vault.clone(),
            member.actor.clone(),
            address.to_owned(),
        );
        async move { messages(vault.set_second_recipient(&actor, &address, "").await) }
    };
    for wrong in [
        "",
        "nonsense",
        "a@b@c",
        "a@example.com\r\nBcc: b@example.com",
        " A@EXAMPLE.com",
    ] {
        assert!(set(wrong).await.starts_with("address: "), "{wrong:?}");
    }
    let view = fixture.vault.notices(member.actor.account()).await.unwrap();
    assert_eq!(view.second_recipient, None);
    assert_eq!(view.total, 1, "only the link of the sign-up");
}

/// Adds a second recipient. Returns the mails sent by then: one to the account, and the link to the recipient.
async fn invited(fixture: &Fixture, member: &Member, mailbox: &mut Mailbox) -> Vec<Mail> {
    fixture
        .vault
        .set_second_recipient(&member.actor, "team@example.com", "")
        .await
        .unwrap();
    mailbox.delivered(&fixture.vault).await
}

/// The button behind the link in a notice to a second recipient stops those notices, and nothing else.
#[tokio::test]
async fn a_second_recipient_stops_the_notices() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let caller = Caller::default();
    let (vault, actor) = (&fixture.vault, &member.actor);
    let mails = invited(&fixture, &member, &mut mailbox).await;
    vault
        .confirm(&caller, None, &token_in(&mails[1].text))
        .await
        .unwrap();
    let key = fixture
        .key(&member, "billing", "never")
        .await
        .access_key
        .to_string();
    vault.expire_key(actor, &key).await.unwrap();
    let mails = mailbox.delivered(vault).await;
    assert_eq!(mails.len(), 2);
    assert!(
        !mails[0].text.contains("token="),
        "the account has a page for that"
    );
    let token = token_in(&mails[1].text);
    let link = vault.link(&token).await.unwrap();
    assert_eq!(
        (link.purpose, link.address.as_str(), link.account.as_str()),
        (
            LinkPurpose::StopNotices,
            "team@example.com",
            "a@example.com"
        )
    );
    assert!(is_gone(
        &vault.reset_password(&caller, &token, NEW_PASSWORD).await
    ));
    let second = || async {
        let view = vault.notices(actor.account()).await.unwrap();
        view.second_recipient
    };
    assert!(second().await.is_some(), "looking does nothing");
    vault.confirm(&caller, None, &token).await.unwrap();
    assert!(second().await.is_none());
    assert!(is_gone(&vault.confirm(&caller, None, &token).await));
    assert!(is_gone(&vault.unsubscribe(&caller, &token).await));
}

/// A mail program's one-click request does the same (RFC 8058), and confirms nothing.
#[tokio::test]
async fn a_mail_program_stops_the_notices() {
    let fixture = Fixture::new().await;
    let mut mailbox = Mailbox::of(&fixture);
    let member = fixture.member("a@example.com").await;
    let caller = Caller::default();
    let (vault, actor) = (&fixture.vault, &member.actor);
    let mails = invited(&fixture, &member, &mut mailbox).await;
    for mail in &mails {
        let token = token_in(&mail.text);
        assert!(is_gone(&vault.unsubscribe(&caller, &token).await));
        let cut = format!("{}\0.{}", &token[..4], "0".repeat(32));
        assert!(is_gone(&vault.unsubscribe(&caller, &cut).await));
    }
    let invited = token_in(&mails[1].text);
    vault.confirm(&caller, None, &invited).await.unwrap();
    let key = fixture.key(&member, "billing", "never").await;
    expire(vault, &member, &key.access_key.to_string()).await;
    let mails = mailbox.delivered(vault).await;
    let token = token_in(&mails[1].text);
    vault.unsubscribe(&caller, &token).await.unwrap();
    let view = vault.notices(actor.account()).await.unwrap();
    assert!(view.second_recipient.is_none());
}
