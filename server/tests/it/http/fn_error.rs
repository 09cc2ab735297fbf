//! Limits over HTTP: the form of a rejection, and that it changes nothing.

use vault::limits::Settings;

use crate::fixture::{Answer, BASE, Site, sign_up};

fn assert_refused(answer: &Answer, code: &str, wait: &str) {
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert_eq!(answer.text("code"), code);
    assert_eq!(answer.header("retry-after"), wait);
    assert!(!answer.text("message").is_empty());
    assert!(answer.json()["fields"].as_object().unwrap().is_empty());
    assert!(!answer.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn quotas_and_rates_are_rejected_in_one_form() {
    let limits = Settings {
        keys: 1,
        changes: 1,
        accounts: 1,
        ..Settings::default()
    };
    let site = Site::limited(BASE, true, limits).await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    member.create("one", "never").await;
    let fields = [("name", "two"), ("expiry", "never")];
    for _ in 0..19 {
        let answer = member.call("keys/create", &fields).await;
        assert_refused(&answer, "quota_exceeded", "3600");
    }
    let answer = member.call("keys/create", &fields).await;
    assert_refused(&answer, "throttled", "60");
    let answer = site
        .stranger()
        .call("account/sign-up", &sign_up("b@example.com"))
        .await;
    assert_refused(&answer, "quota_exceeded", "3600");
    assert_eq!(site.vault.key_count(), 2);
    let page = member.get("/preferences/api-control").await;
    assert_eq!(page.status, 200, "reading goes on");
}
