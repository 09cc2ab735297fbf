//! Changes of what was read before, and answers that the client has already: `ETag`, `If-Match`, `If-None-Match`.

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use serde_json::{Value, json};

use super::refusal;
use crate::fixture::{Operator, Site};

/// Returns the tag of a record, and the record.
async fn read(operator: &Operator<'_>, path: &str) -> (String, Value) {
    let shown = operator.get(path).await;
    let tag = shown.headers["etag"].to_str().unwrap().to_owned();
    (tag, shown.json())
}

/// Every change that names something with a tag honours it, and changes nothing if it is another.
#[tokio::test]
async fn a_change_of_another_version_is_refused() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let key = operator.key(&id, "first", "90d").await;
    let (account, of_key) = (format!("/accounts/{id}"), format!("/keys/{}", key.access));
    let reason = json!({"reason": "unpaid"});
    for (path, method, what, body) in [
        (&account, "POST", "/suspend", Some(reason)),
        (&account, "POST", "/resume", None),
        (&account, "POST", "/end-sessions", None),
        (&account, "PATCH", "", Some(json!({"name": "x"}))),
        (&of_key, "POST", "/expire", None),
        (
            &of_key,
            "POST",
            "/restore",
            Some(json!({"expiry": "never"})),
        ),
        (&of_key, "PATCH", "", Some(json!({"name": "x"}))),
        (&of_key, "DELETE", "", None),
        (&account, "DELETE", "", None),
    ] {
        let (tag, before) = read(&operator, path).await;
        let call = format!("{path}{what}");
        for stale in ["\"0000000000000000\"", "\"\"", "x", &format!("W/{tag}")] {
            let header = [("if-match", stale)];
            let refused = operator.send(method, &call, &header, body.clone()).await;
            let expected = (412, "precondition_failed".to_owned());
            assert_eq!(refusal(&refused), expected, "{method} {call}: {stale}");
        }
        assert_eq!(read(&operator, path).await, (tag.clone(), before), "{call}");
        let header = [("if-match", tag.as_str())];
        let done = operator.send(method, &call, &header, body).await;
        assert!(done.status.is_success(), "{method} {call}: {}", done.body);
    }
}

/// A request that was made already is answered as then, although it has changed the version itself.
#[tokio::test]
async fn a_replay_does_not_meet_its_own_precondition() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let (tag, _) = read(&operator, &format!("/accounts/{id}")).await;
    let suspend = format!("/accounts/{id}/suspend");
    let headers = [("if-match", tag.as_str()), ("idempotency-key", "k")];
    let send = async || {
        let body = Some(json!({"reason": "unpaid"}));
        operator.send("POST", &suspend, &headers, body).await
    };
    let (first, again) = (send().await, send().await);
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (200, 200));
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.headers["etag"], first.headers["etag"]);
}

/// Also where the answer would be a replay.
#[tokio::test]
async fn a_tag_that_is_no_text_is_refused() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let request = |tag: &[u8]| {
        Request::builder()
            .method("POST")
            .uri(format!("/admin/v1/accounts/{id}/resume"))
            .header("authorization", format!("Bearer {}", operator.token))
            .header("idempotency-key", "k")
            .header("if-match", HeaderValue::from_bytes(tag).unwrap())
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(site.send(request(b"*")).await.status, 200);
    for tag in [b"\"\xff\"".as_slice(), b"", b" "] {
        let refused = site.send(request(tag)).await;
        assert_eq!(refusal(&refused), (400, "bad_request".to_owned()));
    }
}

/// A call of the key changes its last use: the record is another, but no edit is lost.
#[tokio::test]
async fn what_the_client_has_is_not_sent_again() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let key = operator.key(&id, "first", "90d").await;
    let of_key = format!("/keys/{}", key.access);
    let known = async |path: &str, tag: &str| {
        let header = [("if-none-match", tag)];
        let answer = operator.send("GET", path, &header, None).await;
        if answer.status == 304 {
            assert_eq!(answer.body, "");
            assert!(!answer.headers.contains_key("content-type"));
            assert!(answer.headers.contains_key("etag"));
        }
        answer.status.as_u16()
    };
    for path in [&format!("/accounts/{id}"), &of_key] {
        let (tag, _) = read(&operator, path).await;
        for same in [
            tag.clone(),
            format!("W/{tag}"),
            format!("\"x\", {tag}"),
            "*".to_owned(),
        ] {
            assert_eq!(known(path, &same).await, 304, "{path}: {same}");
        }
        for other in ["\"x\"", "x", "", tag.trim_matches('"')] {
            assert_eq!(known(path, other).await, 200, "{path}: {other}");
        }
    }
    assert_eq!(known("/keys/kh_0123456789abcdef", "*").await, 404);

    let (account_tag, _) = read(&operator, &format!("/accounts/{id}")).await;
    operator.key(&id, "second", "90d").await;
    let path = format!("/accounts/{id}");
    assert_eq!(known(&path, &account_tag).await, 200, "it has two keys now");

    let (tag, _) = read(&operator, &of_key).await;
    assert_eq!(site.verdict(&key).await.0, 200);
    site.vault.flush_usage().await.unwrap();
    let (used, record) = read(&operator, &of_key).await;
    assert!(record["last_used_at"].is_string());
    assert_ne!(used, tag);
    assert_eq!(known(&of_key, &tag).await, 200);
    let header = [("if-match", tag.as_str())];
    let body = Some(json!({"name": "renamed"}));
    let edited = operator.send("PATCH", &of_key, &header, body).await;
    assert_eq!(edited.status, 200, "{}", edited.body);
}

/// What has no tag is never what a tag names. `*` stands for whatever there is.
#[tokio::test]
async fn a_tag_of_what_has_none_is_refused() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let body = json!({"account": {"external_id": "org_1"}});
    let link = operator.post("/portal-sessions", body.clone()).await;
    let of_link = format!("/portal-sessions/{}", link.text("id"));
    let token = json!({"name": "x", "scopes": ["keys:read"], "expiry": "1d"});
    let made = operator.post("/tokens", token.clone()).await;
    let of_token = format!("/tokens/{}", made.text("id"));
    let keys = format!("/accounts/{id}/keys");
    let credential = json!({"credential": "x"});
    let trail = operator.get("/audit?limit=200").await.body;
    let calls = [
        ("POST", "/portal-sessions", Some(body)),
        ("DELETE", &of_link, None),
        ("POST", "/accounts", Some(json!({}))),
        ("POST", &keys, Some(json!({"name": "x", "expiry": "1d"}))),
        ("POST", "/keys/verify", Some(credential)),
        ("POST", "/tokens", Some(token)),
        ("DELETE", &of_token, None),
    ];
    for (method, path, body) in &calls {
        for tag in ["\"x\"", "x", "W/\"x\""] {
            let header = [("if-match", tag)];
            let refused = operator.send(method, path, &header, body.clone()).await;
            let expected = (412, "precondition_failed".to_owned());
            assert_eq!(refusal(&refused), expected, "{method} {path}: {tag}");
        }
    }
    assert_eq!(operator.get("/audit?limit=200").await.body, trail);
    for (method, path, body) in calls {
        let header = [("if-match", "*")];
        let done = operator.send(method, path, &header, body).await;
        assert!(done.status.is_success(), "{method} {path}: {}", done.body);
    }
}
