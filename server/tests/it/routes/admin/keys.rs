//! Keys of all accounts.

use serde_json::{Value, json};

use super::{errors, refusal};
use crate::fixture::Site;

#[tokio::test]
async fn a_key_lives_its_whole_life_by_the_api() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    operator.account("org_1").await;
    let body = json!({"name": " CI  runner ", "description": "two\r\nlines", "expiry": "30d"});
    let made = operator.post("/accounts/ext:org_1/keys", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.json()["name"], "CI runner", "by the page's validator");
    assert_eq!(made.json()["description"], "two\nlines");
    assert_eq!(made.json()["status"], "active");
    let key = crate::fixture::Key {
        access: made.text("access_key"),
        secret: made.text("secret_key"),
    };
    let path = format!("/keys/{}", key.access);
    let shown = operator.get(&path).await;
    assert!(!shown.body.contains("khs_"), "{}", shown.body);
    assert_eq!(shown.headers["etag"], made.headers["etag"]);
    assert_eq!(site.verdict(&key).await.0, 200);

    let expired = operator.post(&format!("{path}/expire"), json!({})).await;
    assert_eq!(expired.json()["status"], "expired", "{}", expired.body);
    assert_eq!(site.verdict(&key).await, (401, "key_expired".to_owned()));
    let sooner = json!({"expiry": "2020-01-01T00:00:00Z"});
    let past = operator.post(&format!("{path}/restore"), sooner).await;
    assert_eq!(refusal(&past), (422, "invalid".to_owned()));
    assert_eq!(errors(&past)[0].0, "/expiry");
    let restored = operator
        .post(&format!("{path}/restore"), json!({"expiry": "never"}))
        .await;
    assert_eq!(
        restored.json()["expires_at"],
        Value::Null,
        "{}",
        restored.body
    );
    assert_eq!(site.verdict(&key).await.0, 200);

    let tag = shown.headers["etag"].to_str().unwrap();
    let stale = [("if-match", tag)];
    let late = operator
        .send("PATCH", &path, &stale, Some(json!({"name": "x"})))
        .await;
    assert_eq!(refusal(&late), (412, "precondition_failed".to_owned()));
    let edited = operator.patch(&path, json!({"name": "Runner"})).await;
    assert_eq!(edited.json()["name"], "Runner");
    let late = operator.send("DELETE", &path, &stale, None).await;
    assert_eq!(late.status, 412);
    assert_eq!(operator.delete(&path).await.status, 204);
    assert_eq!(site.verdict(&key).await, (401, "key_invalid".to_owned()));
    for gone in [
        operator.get(&path).await,
        operator.delete(&path).await,
        operator.patch(&path, json!({"name": "x"})).await,
        operator.post(&format!("{path}/expire"), json!({})).await,
        operator.get("/keys/nonsense").await,
        operator.get("/keys/%ff").await,
        operator.get("/keys/%00").await,
    ] {
        assert_eq!(refusal(&gone), (404, "not_found".to_owned()));
    }
}

/// The decision of `/verify` as data, for services without a gateway.
#[tokio::test]
async fn a_credential_is_verified_as_data() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("org/1").await;
    let key = operator.key(&account, "first", "30d").await;
    let decide = async |credential: &str| {
        let answer = operator
            .post("/keys/verify", json!({"credential": credential}))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()
    };
    for credential in [key.word(), key.basic(), format!("Bearer {}", key.word())] {
        let good = decide(&credential).await;
        assert_eq!(
            (&good["valid"], &good["code"]),
            (&json!(true), &json!("valid"))
        );
        assert_eq!(good["access_key"], *key.access);
        assert_eq!(good["account_id"], *account);
        assert_eq!(good["external_id"], "org/1");
        assert_eq!(good["name"], "first");
        assert!(good["expires_at"].is_string());
    }
    let other = operator.key(&account, "second", "never").await;
    let wrong = format!("{}.{}", key.access, other.secret);
    let unknown = decide(&wrong).await;
    assert_eq!(
        (&unknown["valid"], &unknown["code"]),
        (&json!(false), &json!("key_invalid"))
    );
    assert_eq!(
        unknown["access_key"],
        Value::Null,
        "only the right secret learns more"
    );
    for malformed in ["", "x", "kh_", "a\u{0}b", "ä", "Basic Zm9v", "Digest x"] {
        let code = decide(malformed).await["code"].as_str().unwrap().to_owned();
        assert!(code.starts_with("credentials_"), "{malformed}: {code}");
    }
    operator
        .post(&format!("/keys/{}/expire", key.access), json!({}))
        .await;
    let late = decide(&key.word()).await;
    assert_eq!(
        (&late["valid"], &late["code"]),
        (&json!(false), &json!("key_expired"))
    );
    assert_eq!(late["access_key"], *key.access);
    assert!(late["expired_at"].is_string());
}

#[tokio::test]
async fn the_history_of_a_key_names_the_operator() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let key = member.create("theirs", "never").await;
    operator
        .post(&format!("/keys/{}/expire", key.access), json!({}))
        .await;
    let page = member
        .get(&format!("/preferences/api-control/{}", key.access))
        .await;
    assert!(page.body.contains("the operator"), "{}", page.body);
}
