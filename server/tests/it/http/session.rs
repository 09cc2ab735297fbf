//! Session cookies: their attributes, their renewal and their end.

use vault::test_support::PASSWORD;

use crate::fixture::{Site, sign_up};

#[tokio::test]
async fn cookies_over_https_are_for_this_host_only() {
    let site = Site::at("https://keys.example.com", true).await;
    site.leave_mail();
    let answer = site
        .stranger()
        .call("account/sign-up", &sign_up("a@example.com"))
        .await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-keyhold_session="), "{cookie}");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    assert!(
        answer
            .header("strict-transport-security")
            .starts_with("max-age=")
    );
}

#[tokio::test]
async fn each_sign_in_starts_a_new_session() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let fields = [("email", "a@example.com"), ("password", PASSWORD)];
    let answer = member.call("account/sign-in", &fields).await;
    let fresh = answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    assert_ne!(Some(fresh), member.cookie);
}

/// A browser that is signed in at two ports is signed out of both: none of its cookies works afterwards.
#[tokio::test]
async fn signing_out_ends_every_session_of_the_browser() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let first = member.cookie.clone().unwrap();
    let fields = [("email", "a@example.com"), ("password", PASSWORD)];
    let again = site.stranger().call("account/sign-in", &fields).await;
    let second = again.header("set-cookie").split(';').next().unwrap();
    let second = second.replace("keyhold_session=", "keyhold_session_3001=");
    for cookie in [&first, &second] {
        let headers = [("cookie", cookie.as_str())];
        assert_eq!(site.ask("GET", "/", &headers).await.status, 200);
    }
    let both = format!("{first}; {second}");
    let headers = [("cookie", both.as_str())];
    let answer = site.ask("POST", "/fn/account/sign-out", &headers).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for cookie in [&first, &second] {
        let headers = [("cookie", cookie.as_str())];
        assert_eq!(site.ask("GET", "/", &headers).await.status, 303);
    }
}
