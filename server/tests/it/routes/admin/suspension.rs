//! Suspended accounts.

use serde_json::{Value, json};

use crate::fixture::Site;

#[tokio::test]
async fn a_suspended_account_is_refused_to_the_right_secret_alone() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let key = member.key.clone().unwrap();
    let other = member.create("other", "never").await;
    let wrong = crate::fixture::Key {
        access: key.access.clone(),
        secret: other.secret.clone(),
    };
    let accounts = operator.get("/accounts").await.json();
    let id = accounts["data"][0]["id"].as_str().unwrap().to_owned();
    let before = site
        .ask("GET", "/verify", &[("x-api-key", &wrong.word())])
        .await;

    let suspend = format!("/accounts/{id}/suspend");
    let suspended = operator
        .post(&suspend, json!({"reason": "An unpaid invoice"}))
        .await;
    assert_eq!(suspended.json()["suspended_reason"], "An unpaid invoice");
    let since = suspended.json()["suspended_at"].clone();
    assert_eq!(
        site.verdict(&key).await,
        (403, "account_suspended".to_owned())
    );
    let told = site
        .ask("GET", "/verify", &[("x-api-key", &key.word())])
        .await;
    assert_eq!(told.text("support_url"), "https://example.com/help");
    let after = site
        .ask("GET", "/verify", &[("x-api-key", &wrong.word())])
        .await;
    assert_eq!(
        (after.status, after.text("code")),
        (before.status, before.text("code"))
    );
    let gateway = site
        .ask(
            "GET",
            "/verify?gateway=nginx",
            &[("x-api-key", &key.word())],
        )
        .await;
    assert_eq!(
        (
            gateway.status.as_u16(),
            &gateway.headers["x-keyhold-status"]
        ),
        (403, &"403".parse().unwrap())
    );
    assert_eq!(
        site.ask("GET", "/v1/keys", &[("x-api-key", &key.word())])
            .await
            .status,
        403
    );

    // A new reason is no new suspension.
    let again = operator
        .post(&suspend, json!({"reason": "Two unpaid invoices"}))
        .await;
    assert_eq!(again.json()["suspended_at"], since);
    let resumed = operator
        .post(&format!("/accounts/{id}/resume"), json!({}))
        .await;
    assert_eq!(resumed.json()["suspended_at"], Value::Null);
    for key in [&key, &other] {
        assert_eq!(site.verdict(key).await.0, 200);
    }
    assert_eq!(
        member
            .call("keys/expire", &[("access_key", &other.access)])
            .await
            .status,
        200
    );
}

/// The pages read, and no function changes anything.
#[tokio::test]
async fn the_pages_of_a_suspended_account_only_read() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let other = member.create("other", "never").await;
    let accounts = operator.get("/accounts").await.json();
    let id = accounts["data"][0]["id"].as_str().unwrap().to_owned();
    let reason = json!({"reason": "An unpaid invoice"});
    operator
        .post(&format!("/accounts/{id}/suspend"), reason)
        .await;
    let before = operator.get("/keys").await.json();
    // The pages read, and say why.
    let page = member.get("/preferences/api-control").await;
    assert_eq!(page.status, 200);
    for (function, fields) in [
        ("keys/create", vec![("name", "x"), ("expiry", "never")]),
        ("keys/expire", vec![("access_key", &*other.access)]),
        (
            "keys/restore",
            vec![("access_key", &*other.access), ("expiry", "never")],
        ),
        (
            "keys/delete",
            vec![("access_key", &*other.access), ("confirm_name", "other")],
        ),
        (
            "keys/edit",
            vec![("access_key", &*other.access), ("name", "x")],
        ),
        (
            "keys/bulk",
            vec![("access_keys", &*other.access), ("action", "expire")],
        ),
    ] {
        let refused = member.call(function, &fields).await;
        let got = (refused.status.as_u16(), refused.text("code"));
        assert_eq!(got, (403, "account_suspended".to_owned()), "{function}");
        assert!(
            refused.text("message").contains("An unpaid invoice"),
            "{function}"
        );
    }
    assert_eq!(operator.get("/keys").await.json(), before);
    assert_eq!(member.call("account/sign-out", &[]).await.status, 200);
}
