//! Requests with an idempotency key.

use std::collections::BTreeSet;

use serde_json::json;

use super::refusal;
use crate::fixture::Site;

const DAY: i64 = 24 * 60 * 60 * 1000;

#[tokio::test]
async fn fifty_requests_at_once_make_one_key() {
    let site = Site::new().await;
    let operator = site.operator().await;
    operator.account("org_1").await;
    let body = json!({"name": "first", "expiry": "never"});
    let all = (0..50).map(|_| operator.post_once("k-1", "/accounts/ext:org_1/keys", body.clone()));
    let mut secrets = BTreeSet::new();
    for answer in futures_util::future::join_all(all).await {
        match answer.status.as_u16() {
            201 => {
                secrets.insert((answer.text("access_key"), answer.text("secret_key")));
            }
            _ => assert_eq!(refusal(&answer), (409, "idempotency_key_in_use".to_owned())),
        }
    }
    assert_eq!(secrets.len(), 1, "{secrets:?}");
    let keys = operator.get("/keys").await.json();
    assert_eq!(keys["data"].as_array().unwrap().len(), 1);
    let (access, secret) = secrets.pop_first().unwrap();
    let key = crate::fixture::Key { access, secret };
    assert_eq!(site.verdict(&key).await.0, 200);
    assert!(!site.fixture.stores(&key.secret).await);
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_for_a_day() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let path = format!("/accounts/{id}/keys");
    let body = json!({"name": "first", "expiry": "90d"});
    let first = operator.post_once("k", &path, body.clone()).await;
    assert_eq!(first.status, 201, "{}", first.body);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    operator
        .delete(&format!("/keys/{}", first.text("access_key")))
        .await;
    site.clock.advance(DAY - 1);
    let again = operator.post_once("k", &path, body.clone()).await;
    assert_eq!(again.status, 201);
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.json(), first.json());
    assert_eq!(again.headers["etag"], first.headers["etag"]);

    let other = operator
        .post_once("k", &path, json!({"name": "x", "expiry": "90d"}))
        .await;
    assert_eq!(refusal(&other), (422, "idempotency_key_reused".to_owned()));
    // Another operation, and another operator, have keys of their own.
    let elsewhere = operator
        .post_once("k", "/accounts", json!({"external_id": "org_2"}))
        .await;
    assert_eq!(elsewhere.status, 201, "{}", elsewhere.body);
    let colleague = operator.operator(&["keys:write", "tokens:write"]).await;
    let theirs = colleague.post_once("k", &path, body.clone()).await;
    assert!(!theirs.headers.contains_key("idempotency-replayed"));
    assert_ne!(theirs.text("secret_key"), first.text("secret_key"));

    site.clock.advance(1);
    let next_day = operator.post_once("k", &path, body).await;
    assert_eq!(next_day.status, 201, "{}", next_day.body);
    assert_ne!(next_day.text("secret_key"), first.text("secret_key"));
}

/// A refused request has changed nothing, so it may be corrected under the same key.
#[tokio::test]
async fn a_refusal_is_not_kept() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let path = "/accounts/ext:org_1/keys";
    let body = json!({"name": "first", "expiry": "never"});
    assert_eq!(
        operator.post_once("k", path, body.clone()).await.status,
        404
    );
    operator.account("org_1").await;
    assert_eq!(operator.post_once("k", path, body).await.status, 201);
}

#[tokio::test]
async fn every_post_can_be_made_once() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let key = operator.key(&id, "first", "90d").await;
    let account = |what: &str| format!("/accounts/{id}/{what}");
    let of_key = |what: &str| format!("/keys/{}/{what}", key.access);
    let token = json!({"name": "some", "scopes": ["keys:read"], "expiry": "1d"});
    for (path, body) in [
        ("/accounts".to_owned(), json!({})),
        (account("suspend"), json!({"reason": "unpaid"})),
        (account("resume"), json!({})),
        (account("end-sessions"), json!({})),
        (of_key("expire"), json!({})),
        (of_key("restore"), json!({"expiry": "never"})),
        ("/keys/verify".to_owned(), json!({"credential": key.word()})),
        ("/tokens".to_owned(), token),
    ] {
        let first = operator.post_once("k", &path, body.clone()).await;
        assert!(first.status.is_success(), "{path}: {}", first.body);
        assert!(
            !first.headers.contains_key("idempotency-replayed"),
            "{path}"
        );
        let again = operator.post_once("k", &path, body).await;
        assert_eq!(again.headers["idempotency-replayed"], "true", "{path}");
        assert_eq!(
            (again.status, again.json()),
            (first.status, first.json()),
            "{path}"
        );
    }
    for wrong in ["", "a b", "ä", &"x".repeat(256)] {
        let refused = operator.post_once(wrong, "/accounts", json!({})).await;
        assert_eq!(
            refusal(&refused),
            (400, "bad_request".to_owned()),
            "{wrong}"
        );
    }
}

/// Clients encode a path in their own ways, and a retry may come through another one.
#[tokio::test]
async fn a_path_spelled_otherwise_is_the_same_request() {
    let site = Site::new().await;
    let operator = site.operator().await;
    operator.account("org_1").await;
    let body = json!({"name": "first", "expiry": "never"});
    let mut secrets = BTreeSet::new();
    for path in ["ext:org_1", "ext%3Aorg_1", "%65xt:org%5F1"] {
        let path = format!("/accounts/{path}/keys");
        let made = operator.post_once("k", &path, body.clone()).await;
        assert_eq!(made.status, 201, "{}", made.body);
        secrets.insert(made.text("secret_key"));
    }
    assert_eq!(secrets.len(), 1);
}

/// Its data must not outlive it, nor may a new account with the same id get its key.
#[tokio::test]
async fn answers_are_forgotten_with_their_account() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let account = json!({"external_id": "org_1", "metadata": {"note": "quite particular"}});
    let body = json!({"name": "first", "expiry": "never"});
    let path = "/accounts/ext:org_1/keys";
    let first = operator.post_once("a", "/accounts", account.clone()).await;
    let old = operator.post_once("k", path, body.clone()).await;
    assert_eq!(operator.delete("/accounts/ext:org_1").await.status, 204);
    let second = operator.post_once("a", "/accounts", account).await;
    assert_ne!(second.text("id"), first.text("id"));
    let new = operator.post_once("k", path, body).await;
    assert_eq!(new.json()["account_id"], *second.text("id"));
    assert_ne!(new.text("secret_key"), old.text("secret_key"));
}

/// A decision is made again, or a replay would say that a key is good after it was stopped.
#[tokio::test]
async fn a_decision_is_not_repeated_once_it_is_no_longer_true() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let key = operator.key(&id, "first", "never").await;
    let body = json!({"credential": key.word()});
    let decide = async || operator.post_once("v", "/keys/verify", body.clone()).await;
    assert_eq!(decide().await.json()["valid"], true);
    assert_eq!(decide().await.headers["idempotency-replayed"], "true");
    let reason = json!({"reason": "leaked"});
    operator
        .post(&format!("/accounts/{id}/suspend"), reason)
        .await;
    let after = decide().await;
    assert_eq!(after.json()["code"], "account_suspended");
    assert_eq!(after.json()["support_url"], "https://example.com/help");
    assert!(!after.headers.contains_key("idempotency-replayed"));
}
