//! Accounts that the company manages.

use serde_json::{Value, json};

use super::{errors, refusal};
use crate::fixture::Site;

#[tokio::test]
async fn an_account_is_what_the_company_says() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let whole = json!({
        "external_id": "org/1%~", "name": "  Acme ", "notice_emails": ["B@example.com", "a@example.com"],
        "metadata": {"plan": "pro", "n": [1, null]}, "time_zone": "Europe/Berlin", "warning_days": 30
    });
    let made = operator.post("/accounts", whole).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let account = made.json();
    let id = made.text("id");
    assert_eq!(account["external_id"], "org/1%~");
    assert_eq!(account["name"], "Acme");
    assert_eq!(account["email"], Value::Null);
    assert_eq!(
        account["notice_emails"],
        json!(["b@example.com", "a@example.com"])
    );
    assert_eq!(account["metadata"], json!({"plan": "pro", "n": [1, null]}));
    assert_eq!(account["time_zone"], "Europe/Berlin");
    assert_eq!(account["warning_days"], 30);
    assert_eq!(account["suspended_at"], Value::Null);
    assert_eq!(account["keys"], 0, "no one would see the secret of one");
    for named in [id.as_str(), "ext:org%2F1%25~"] {
        let shown = operator.get(&format!("/accounts/{named}")).await;
        assert_eq!(shown.json(), account, "{named}");
        assert_eq!(shown.headers["etag"], made.headers["etag"]);
    }
    // A date means the end of the day in the account's zone.
    let key = operator.key(&id, "dated", "2030-07-01").await;
    let key = operator.get(&format!("/keys/{}", key.access)).await.json();
    assert_eq!(key["expires_at"], "2030-07-01T21:59:59.999Z");
    assert_eq!(key["external_id"], "org/1%~");
    assert_eq!(key["account_id"], *id);

    let bare = operator.post("/accounts", json!({})).await;
    assert_eq!(bare.status, 201, "{}", bare.body);
    let again = operator
        .post("/accounts", json!({"external_id": "org/1%~"}))
        .await;
    assert_eq!(refusal(&again), (409, "conflict".to_owned()));
    let listed = operator.get("/accounts").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_change_touches_what_it_names_and_nothing_else() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let path = format!("/accounts/{id}");
    let changed = operator
        .patch(&path, json!({"name": "Acme", "metadata": {"a": 1}}))
        .await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let tag = changed.headers["etag"].to_str().unwrap().to_owned();
    let one = operator
        .patch(&path, json!({"warning_days": 3}))
        .await
        .json();
    assert_eq!(
        (&one["name"], &one["metadata"]),
        (&json!("Acme"), &json!({"a": 1}))
    );
    assert_eq!(one["external_id"], "org_1");

    let body = json!({"name": "late"});
    let stale = [("if-match", tag.as_str())];
    let late = operator
        .send("PATCH", &path, &stale, Some(body.clone()))
        .await;
    assert_eq!(refusal(&late), (412, "precondition_failed".to_owned()));
    let shown = operator.get(&path).await;
    assert_eq!(shown.json()["name"], "Acme");
    let present = shown.headers["etag"].to_str().unwrap().to_owned();
    for good in [
        present.clone(),
        format!("\"other\", {present}"),
        "*".to_owned(),
    ] {
        let good = [("if-match", good.as_str())];
        let saved = operator
            .send("PATCH", &path, &good, Some(json!({"name": "Acme"})))
            .await;
        assert_eq!(saved.status, 200, "{}", saved.body);
    }
    let weak = format!("W/{present}");
    let weak = [("if-match", weak.as_str())];
    let refused = operator.send("DELETE", &path, &weak, None).await;
    assert_eq!(refused.status, 412, "{}", refused.body);

    let key = operator.key(&id, "first", "never").await;
    let verified = || async {
        let header = [("x-api-key", &*key.word())];
        let answer = site.ask("GET", "/verify", &header).await;
        let id = answer.headers.get("x-keyhold-external-id");
        id.map(|id| id.to_str().unwrap().to_owned())
    };
    assert_eq!(verified().await.as_deref(), Some("org_1"));
    operator.patch(&path, json!({"external_id": "org 2"})).await;
    assert_eq!(
        verified().await.as_deref(),
        Some("org_1"),
        "a blank is refused"
    );
    operator.patch(&path, json!({"external_id": "org/2"})).await;
    assert_eq!(verified().await.as_deref(), Some("org%2F2"));
    operator.patch(&path, json!({"external_id": null})).await;
    assert_eq!(verified().await, None);
}

#[tokio::test]
async fn every_field_that_is_wrong_is_named_at_once() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let large = "x".repeat(1_025);
    let wrong = json!({
        "external_id": "", "name": "a\nb", "notice_emails": ["a@b.example", "no", "A@b.example"],
        "metadata": {"x": large}, "time_zone": "Mars", "warning_days": 0
    });
    let refused = operator.post("/accounts", wrong).await;
    assert_eq!(refusal(&refused), (422, "invalid".to_owned()));
    let pointers: Vec<_> = errors(&refused).into_iter().map(|error| error.0).collect();
    assert_eq!(
        pointers,
        [
            "/external_id",
            "/metadata",
            "/name",
            "/notice_emails/1",
            "/notice_emails/2",
            "/time_zone",
            "/warning_days"
        ]
    );
    for (body, pointer, code) in [
        (json!({"externalid": "x"}), "/externalid", "unknown"),
        (json!({"name": 1}), "/name", "invalid"),
        (json!({"metadata": [1]}), "/metadata", "invalid"),
        (json!({"metadata": {"a": "\0"}}), "/metadata", "invalid"),
        (
            json!({"notice_emails": ["a@b.example", 1]}),
            "/notice_emails/1",
            "invalid",
        ),
        (json!({"warning_days": 1.5}), "/warning_days", "invalid"),
        (json!([]), "", "invalid"),
    ] {
        let refused = operator.post("/accounts", body.clone()).await;
        assert_eq!(refused.status, 422, "{body}: {}", refused.body);
        assert_eq!(
            errors(&refused),
            [(pointer.to_owned(), code.to_owned())],
            "{body}"
        );
    }
    assert_eq!(operator.get("/accounts").await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_deleted_account_is_gone_with_its_keys() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let theirs = member.key.clone().unwrap();
    let id = operator.account("org_1").await;
    let key = operator.key(&id, "first", "never").await;
    let own = operator.get("/accounts?q=a@example").await.json();
    let own = own["data"][0]["id"].as_str().unwrap().to_owned();
    for (account, key) in [(&id, &key), (&own, &theirs)] {
        assert_eq!(site.verdict(key).await.0, 200);
        assert_eq!(
            operator
                .delete(&format!("/accounts/{account}"))
                .await
                .status,
            204
        );
        assert_eq!(site.verdict(key).await, (401, "key_invalid".to_owned()));
        let gone = operator.get(&format!("/accounts/{account}")).await;
        assert_eq!(refusal(&gone), (404, "not_found".to_owned()));
        let gone = operator.get(&format!("/accounts/{account}/keys")).await;
        assert_eq!(gone.status, 404);
    }
    // The id of the company is free again.
    operator.account("org_1").await;
    let page = member.get("/preferences/api-control").await;
    assert_eq!(page.status, 303, "the session is over");
}

#[tokio::test]
async fn sessions_are_ended_for_an_account() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    assert_eq!(member.get("/preferences/api-control").await.status, 200);
    let accounts = operator.get("/accounts").await.json();
    let id = accounts["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/accounts/{id}/end-sessions");
    assert_eq!(
        operator.post(&path, json!({})).await.json(),
        json!({"ended": 1})
    );
    assert_eq!(member.get("/preferences/api-control").await.status, 303);
    assert_eq!(
        operator.post(&path, json!({})).await.json(),
        json!({"ended": 0})
    );
}

/// The holder of the account sees where the notices go.
#[tokio::test]
async fn the_notices_page_lists_the_addresses_of_the_operator() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let accounts = operator.get("/accounts").await.json();
    let path = format!("/accounts/{}", accounts["data"][0]["id"].as_str().unwrap());
    let page = member.get("/preferences/notices").await;
    assert!(!page.body.contains("Set by the operator"), "{}", page.body);
    let addresses = json!({"notice_emails": ["ops@acme.example", "o'neil@acme.example"]});
    assert_eq!(operator.patch(&path, addresses).await.status, 200);
    let page = member.get("/preferences/notices").await;
    let (before, part) = page.body.split_once("Set by the operator").unwrap();
    assert!(before.contains("a@example.com"), "its own address stays");
    let (part, _) = part.split_once("Second recipient").unwrap();
    assert!(part.contains("ops@acme.example"), "{part}");
    assert!(!part.contains("<button"), "{part}");
}

/// What the company stores comes back as it was sent.
#[tokio::test]
async fn metadata_is_kept_to_the_last_digit() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let metadata = r#"{"a":0.46553161784373165,"b":-1.4781864062369966e-28,"c":"\\u0000"}"#;
    let metadata: Value = serde_json::from_str(metadata).unwrap();
    let made = operator
        .post("/accounts", json!({"metadata": metadata}))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.body.contains("0.46553161784373165"), "{}", made.body);
    assert!(
        made.body.contains("-1.4781864062369966e-28"),
        "{}",
        made.body
    );
    assert!(made.body.contains(r#""\\u0000""#), "{}", made.body);
}

#[tokio::test]
async fn a_managed_account_has_as_many_keys_as_the_limit_says() {
    let limits = vault::limits::Settings {
        keys: 2,
        ..vault::limits::Settings::default()
    };
    let site = Site::limited(crate::fixture::BASE, true, limits).await;
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    for name in ["first", "second"] {
        operator.key(&id, name, "never").await;
    }
    let third = json!({"name": "third", "expiry": "never"});
    let third = operator.post(&format!("/accounts/{id}/keys"), third).await;
    assert_eq!(refusal(&third), (429, "quota_exceeded".to_owned()));
}
