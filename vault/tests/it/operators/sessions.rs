//! Sessions of the operators' page.

use shared::HOUR_MS;
use vault::Error;
use vault::operators::sessions::OperatorSession;
use vault::operators::token::{Operator, Refused};
use vault::test_support::{DAY, Fixture, NOON, from, messages};

use super::{named, operator};

/// Signs in with the first token.
async fn signed_in(site: &Fixture) -> (OperatorSession, String) {
    operator(site).await;
    let file = site.folder.path().join("operator-token");
    let token = std::fs::read_to_string(file).unwrap();
    let caller = from([192, 0, 2, 1]);
    let made = site.vault.sign_in_operator(&caller, "r1", &token).await;
    let text = made.unwrap().unwrap().expose().to_owned();
    assert!(!site.stores(&text).await, "the cookie's text is stored");
    (session(site, &text).await.unwrap(), text)
}

async fn session(site: &Fixture, text: &str) -> Option<OperatorSession> {
    let caller = from([192, 0, 2, 1]);
    let found = site.vault.operator_session(text, &caller, "r2").await;
    found.unwrap()
}

#[tokio::test]
async fn refused_tokens_slow_down_their_network_alone() {
    let site = Fixture::new().await;
    let here = from([203, 0, 113, 7]);
    let attempt = async |caller| site.vault.sign_in_operator(caller, "", "kho_wrong").await;
    for _ in 0..21 {
        assert_eq!(attempt(&here).await.unwrap().unwrap_err(), Refused::Unknown);
    }
    let refused = attempt(&here).await.unwrap_err();
    assert!(matches!(refused, Error::Throttled { .. }), "{refused:?}");
    let neighbour = from([203, 0, 113, 8]);
    assert!(attempt(&neighbour).await.is_err());
    let elsewhere = from([198, 51, 100, 7]);
    assert!(attempt(&elsewhere).await.unwrap().is_err());
    // The right token opens elsewhere.
    let (_, text) = signed_in(&site).await;
    assert!(session(&site, &text).await.is_some());
}

/// A change that was begun in a session is refused once that is over.
#[tokio::test]
async fn a_change_is_refused_once_the_session_is_over() {
    let site = Fixture::new().await;
    let (first, text) = signed_in(&site).await;
    let (second, _) = signed_in(&site).await;
    let vault = &site.vault;
    let create =
        async |by: &OperatorSession, id| vault.create_account(&by.operator, named(id), None).await;
    create(&first, "org_1").await.unwrap();
    vault.sign_out_operator(&first).await.unwrap();
    let refused = create(&first, "org_2").await.unwrap_err();
    assert!(matches!(refused, Error::SessionOver), "{refused:?}");
    assert!(session(&site, &text).await.is_none());
    let again = vault.sign_out_operator(&first).await.unwrap_err();
    assert!(matches!(again, Error::SessionOver), "{again:?}");

    vault
        .revoke_token(&second.operator, &second.operator.id)
        .await
        .unwrap();
    let refused = create(&second, "org_2").await.unwrap_err();
    assert!(matches!(refused, Error::TokenOver), "{refused:?}");
}

/// The request may have waited for its body, or for its turn.
#[tokio::test]
async fn a_change_is_refused_from_the_end_of_the_session_or_the_token() {
    let site = Fixture::new().await;
    let by_token = operator(&site).await;
    let (session, _) = signed_in(&site).await;
    let vault = &site.vault;
    let create = async |by: &Operator, id| vault.create_account(by, named(id), None).await;
    site.clock.advance(8 * HOUR_MS - 1);
    create(&session.operator, "org_1").await.unwrap();
    site.clock.advance(1);
    let late = create(&session.operator, "org_2").await.unwrap_err();
    assert!(matches!(late, Error::SessionOver), "{late:?}");
    let end = NOON + 366 * DAY;
    site.clock.set(end - 1);
    create(&by_token, "org_2").await.unwrap();
    site.clock.set(end);
    let late = create(&by_token, "org_3").await.unwrap_err();
    assert!(matches!(late, Error::TokenOver), "{late:?}");
}

#[tokio::test]
async fn a_session_survives_a_restart_and_ends_at_its_end() {
    let site = Fixture::new().await;
    let (begun, text) = signed_in(&site).await;
    let site = site.reopened().await;
    let open = session(&site, &text).await.unwrap();
    assert_eq!(open.expires_at, begun.expires_at);
    site.clock.advance(8 * HOUR_MS);
    assert!(session(&site, &text).await.is_none());
    for text in ["", "x", &"0".repeat(64), &"é".repeat(32)] {
        assert!(session(&site, text).await.is_none(), "{text}");
    }
}

/// The reason is in the email, with the token's name; the owner's own expiration has none.
#[tokio::test]
async fn the_email_about_a_key_says_who_expired_it_and_why() {
    use vault::test_support::Mailbox;
    let site = Fixture::new().await;
    let mut mailbox = Mailbox::of(&site);
    let operator = operator(&site).await;
    let member = site.member("a@example.com").await;
    let other = site.key(&member, "other", "never").await;
    let key = member.default_key.access_key.to_string();
    let vault = &site.vault;
    let none = vault.expire_any_key(&operator, &key, Some(" "), None).await;
    assert_eq!(
        messages(none),
        "reason: Give a reason of 1 to 500 characters."
    );
    vault
        .expire_any_key(&operator, &key, Some("leaked on GitHub"), None)
        .await
        .unwrap();
    vault
        .expire_key(&member.actor, &other.access_key.to_string())
        .await
        .unwrap();
    site.clock.advance(2 * HOUR_MS);
    let mails = mailbox.notices(vault).await;
    let text: String = mails.into_iter().map(|mail| mail.text).collect();
    let by = "Expired by the operator (First token): leaked on GitHub";
    assert_eq!(text.matches(by).count(), 1, "{text}");
    assert_eq!(
        text.matches("Expired manually, by someone").count(),
        1,
        "{text}"
    );
}
