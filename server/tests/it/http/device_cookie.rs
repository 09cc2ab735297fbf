//! The device cookie over HTTP: the responses that set it, and its effect while strangers guess.

use vault::test_support::PASSWORD;

use crate::fixture::mail::{reset_mail, token};
use crate::fixture::{Answer, Browser, Site, sign_up};

const EMAIL: &str = "a@example.com";

/// Returns the `Set-Cookie` header of a cookie.
fn set<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    let cookies = answer.headers.get_all("set-cookie");
    cookies
        .iter()
        .map(|value| value.to_str().unwrap())
        .find(|cookie| cookie.starts_with(&format!("{name}=")))
}

fn pair(cookie: &str) -> String {
    cookie.split(';').next().unwrap().to_owned()
}

async fn sign_in(browser: &Browser<'_>, password: &str) -> Answer {
    let fields = [("email", EMAIL), ("password", password)];
    browser.call("account/sign-in", &fields).await
}

#[tokio::test]
async fn sign_in_sets_a_device_cookie_that_bypasses_strangers_guesses() {
    let site = Site::new().await;
    site.member(EMAIL).await;
    let answer = sign_in(&site.stranger(), PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let device = set(&answer, "keyhold_device").unwrap();
    assert!(
        device.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=34560000"),
        "{device}"
    );
    for _ in 0..6 {
        let guess = sign_in(&site.stranger(), "guess").await;
        assert_eq!(guess.status, 401);
        assert!(set(&guess, "keyhold_device").is_none());
    }
    let refused = sign_in(&site.stranger(), PASSWORD).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "1");
    let owner = Browser {
        cookie: Some(pair(device)),
        ..site.stranger()
    };
    assert_eq!(sign_in(&owner, PASSWORD).await.status, 200);
}

/// Guesses until the strangers must wait.
async fn strangers_guess(site: &Site) {
    for _ in 0..20 {
        if sign_in(&site.stranger(), "guess").await.status == 429 {
            return;
        }
    }
    panic!("they may go on");
}

/// B2: an owner with a new device signs in through a reset link while strangers keep guessing.
#[tokio::test]
async fn a_reset_sets_a_device_cookie_that_bypasses_strangers_guesses() {
    const NEW: &str = "a calm forest at noon";
    let site = Site::new().await;
    site.leave_mail();
    let folder = tempfile::TempDir::new().unwrap();
    site.member(EMAIL).await;
    strangers_guess(&site).await;
    site.vault
        .request_reset(&vault::Caller::default(), EMAIL)
        .await
        .unwrap()
        .await
        .unwrap();
    let token = token(&reset_mail(&site, folder.path()).await);
    let fields = [("token", token.as_str()), ("new_password", NEW)];
    let answer = site
        .stranger()
        .call("account/reset-password", &fields)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let device = set(&answer, "keyhold_device").unwrap();
    strangers_guess(&site).await;
    let owner = Browser {
        cookie: Some(pair(device)),
        ..site.stranger()
    };
    assert_eq!(sign_in(&owner, NEW).await.status, 200);
}

#[tokio::test]
async fn over_https_the_device_cookie_is_bound_to_the_host() {
    let site = Site::at("https://keys.example.com", true).await;
    site.leave_mail();
    let answer = site
        .stranger()
        .call("account/sign-up", &sign_up(EMAIL))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let device = set(&answer, "__Host-keyhold_device").unwrap();
    assert!(device.ends_with("; Secure"), "{device}");
}
