//! Device cookies: password guessing slows strangers down and never locks the owner out.

use std::net::IpAddr;

use vault::test_support::{Fixture, Mailbox, PASSWORD, SECOND, from, newcomer};
use vault::{Actor, Caller, ChangePassword, DeviceToken, Error, SessionToken};

use crate::accounts::email_links::token_in;

const EMAIL: &str = "a@example.com";
const NEW_PASSWORD: &str = "a calm forest at noon";
const STRANGER: [u8; 4] = [203, 0, 113, 9];

/// A caller that keeps the device cookie, at the stranger's own address, which the owner may share.
fn on(device: Option<&DeviceToken>) -> Caller {
    Caller {
        address: Some(IpAddr::from(STRANGER)),
        device: device.cloned(),
        ..Caller::default()
    }
}

async fn sign_in(site: &Fixture, password: &str, caller: &Caller) -> Result<SessionToken, Error> {
    site.vault.sign_in(caller, EMAIL, password).await
}

fn is_wrong<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::WrongCredentials))
}

fn waits<T>(result: &Result<T, Error>) -> bool {
    matches!(result, Err(Error::Throttled { .. }))
}

/// Creates an account, and returns the device cookie of the browser that made it.
async fn owner(site: &Fixture) -> DeviceToken {
    let home = from([192, 0, 2, 1]);
    let signed_up = site.vault.sign_up(&home, newcomer(EMAIL)).await;
    signed_up.unwrap().session.device().unwrap().clone()
}

/// Guesses until a stranger must wait.
async fn guess(site: &Fixture) {
    for _ in 0..6 {
        assert!(is_wrong(&sign_in(site, "guess", &from(STRANGER)).await));
    }
    assert!(waits(&sign_in(site, PASSWORD, &from(STRANGER)).await));
}

#[tokio::test]
async fn strangers_wait_and_the_owners_browser_does_not() {
    let site = Fixture::new().await;
    let device = owner(&site).await;
    guess(&site).await;
    let refused = sign_in(&site, PASSWORD, &from(STRANGER)).await;
    assert!(
        matches!(refused, Err(Error::Throttled { retry_after: 1 })),
        "even with the right password"
    );
    for _ in 0..10 {
        let signed_in = sign_in(&site, PASSWORD, &on(Some(&device))).await;
        assert!(signed_in.is_ok(), "however often, and at the same address");
        assert!(waits(&sign_in(&site, "guess", &from(STRANGER)).await));
    }
    site.clock.advance(SECOND);
    assert!(
        sign_in(&site, PASSWORD, &from(STRANGER)).await.is_ok(),
        "a wait ends"
    );
}

#[tokio::test]
async fn a_browser_that_guesses_waits_by_itself() {
    let site = Fixture::new().await;
    let device = owner(&site).await;
    let elsewhere = sign_in(&site, PASSWORD, &from(STRANGER)).await.unwrap();
    for _ in 0..6 {
        assert!(is_wrong(&sign_in(&site, "guess", &on(Some(&device))).await));
    }
    assert!(waits(&sign_in(&site, PASSWORD, &on(Some(&device))).await));
    assert!(
        sign_in(&site, PASSWORD, &on(elsewhere.device()))
            .await
            .is_ok()
    );
    assert!(
        sign_in(&site, PASSWORD, &from(STRANGER)).await.is_ok(),
        "nor does it count against the account"
    );
}

#[tokio::test]
async fn a_foreign_or_forged_cookie_bypasses_no_throttle() {
    let site = Fixture::new().await;
    owner(&site).await;
    let other = site
        .vault
        .sign_up(&from(STRANGER), newcomer("b@example.com"))
        .await
        .unwrap();
    guess(&site).await;
    let forged = DeviceToken::sent(&format!("{}.{}", "0".repeat(32), "0".repeat(48)));
    for device in [other.session.device(), Some(&forged), None] {
        assert!(
            waits(&sign_in(&site, PASSWORD, &on(device)).await),
            "{device:?}"
        );
    }
}

/// A new password invalidates earlier device cookies.
#[tokio::test]
async fn a_new_password_revokes_the_cookies_of_other_browsers() {
    let site = Fixture::new().await;
    site.leave_mail();
    let earlier = owner(&site).await;
    let session = sign_in(&site, PASSWORD, &on(Some(&earlier))).await.unwrap();
    let session = site.session(&session).await.unwrap();
    let changed = site
        .vault
        .change_password(
            &Actor::new(&session, &on(None)),
            ChangePassword {
                current: PASSWORD,
                new: NEW_PASSWORD,
            },
        )
        .await
        .unwrap();
    guess(&site).await;
    assert!(waits(
        &sign_in(&site, NEW_PASSWORD, &on(Some(&earlier))).await
    ));
    assert!(
        sign_in(&site, NEW_PASSWORD, &on(changed.device()))
            .await
            .is_ok()
    );
}

/// The link of a password reset lets the owner in from any browser while strangers keep guessing.
#[tokio::test]
async fn a_reset_lets_the_owner_in_at_once() {
    let site = Fixture::new().await;
    site.leave_mail();
    let mut mailbox = Mailbox::of(&site);
    owner(&site).await;
    let _ = mailbox.delivered(&site.vault).await;
    let caller = from([198, 51, 100, 1]);
    let work = site.vault.request_reset(&caller, EMAIL).await.unwrap();
    work.await.unwrap();
    let token = token_in(&mailbox.delivered(&site.vault).await[0].text);
    let device = site
        .vault
        .reset_password(&caller, &token, NEW_PASSWORD)
        .await
        .unwrap();
    guess(&site).await;
    assert!(waits(&sign_in(&site, NEW_PASSWORD, &on(None)).await));
    assert!(
        sign_in(&site, NEW_PASSWORD, &on(Some(&device)))
            .await
            .is_ok()
    );
}
