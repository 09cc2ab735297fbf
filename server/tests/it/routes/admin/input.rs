//! Input that cannot be read.

use axum::body::Body;
use axum::http::Request;

use serde_json::json;

use super::{errors, refusal};
use crate::fixture::Site;

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_changes_nothing() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let send = async |kind: Option<&str>, body: Vec<u8>| {
        let mut request = Request::builder()
            .method("POST")
            .uri("/admin/v1/accounts")
            .header("authorization", format!("Bearer {}", operator.token));
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        let answer = site.send(request.body(Body::from(body)).unwrap()).await;
        refusal(&answer)
    };
    let json = Some("application/json");
    for body in [
        b"{".to_vec(),
        b"{\"name\": \"\xff\"}".to_vec(),
        b"{} {}".to_vec(),
        b"{\"name\": \"a\\ud800\"}".to_vec(),
        b"nul".to_vec(),
        "[".repeat(2_000).into_bytes(),
        // serde would take it for the members in their order.
        b"[\"org_1\", \"Acme\", [], {}, null, null]".to_vec(),
    ] {
        let shown = String::from_utf8_lossy(&body)
            .chars()
            .take(30)
            .collect::<String>();
        let (status, code) = send(json, body).await;
        assert!([400, 422].contains(&status), "{shown}: {status} {code}");
    }
    assert_eq!(
        send(json, b"{\"name\":\"a\",\"name\":\"b\"}".to_vec())
            .await
            .0,
        422
    );
    assert_eq!(
        send(json, vec![b' '; 65 * 1024]).await,
        (413, "payload_too_large".to_owned())
    );
    for kind in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
    ] {
        let refused = send(kind, b"{}".to_vec()).await;
        assert_eq!(refused, (415, "unsupported_media_type".to_owned()));
    }
    let none = operator.get("/accounts").await.json();
    assert_eq!(none["data"], serde_json::json!([]));
}

/// What is accepted is what the document says.
#[tokio::test]
async fn a_member_that_does_not_fit_its_pattern_is_refused() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let key = operator.key(&id, "first", "never").await;
    let keys = format!("/accounts/{id}/keys");
    let restore = format!("/keys/{}/restore", key.access);
    let token = |expiry: &str| json!({"name": "x", "scopes": ["keys:read"], "expiry": expiry});
    for expiry in [" 1d ", "1d ", "\tnever", "2030-01-01\n", "000001d"] {
        for refused in [
            operator
                .post(&keys, json!({"name": "x", "expiry": expiry}))
                .await,
            operator.post(&restore, json!({"expiry": expiry})).await,
            operator
                .patch(&format!("/keys/{}", key.access), json!({"expiry": expiry}))
                .await,
            operator.post("/tokens", token(expiry)).await,
        ] {
            assert_eq!(refusal(&refused), (422, "invalid".to_owned()), "{expiry:?}");
            assert_eq!(errors(&refused)[0].0, "/expiry", "{expiry:?}");
        }
    }
    let suspend = format!("/accounts/{id}/suspend");
    for reason in ["", "  "] {
        let refused = operator.post(&suspend, json!({"reason": reason})).await;
        assert_eq!(refusal(&refused), (422, "invalid".to_owned()));
        assert_eq!(errors(&refused)[0].0, "/reason");
    }
    assert_eq!(site.verdict(&key).await.0, 200);
}

/// The sentence is for people: what to send instead, in no program's words.
#[tokio::test]
async fn a_wrong_member_is_explained() {
    let site = Site::new().await;
    let operator = site.operator().await;
    for (path, body, pointer, detail) in [
        (
            "/tokens",
            json!({"name": "x", "scopes": ["keys:read", "all"], "expiry": "1d"}),
            "/scopes/1",
            "There is no such scope. The scopes are accounts:read, accounts:write, keys:read, keys:write, portal:create, audit:read, tokens:write.",
        ),
        (
            "/tokens",
            json!({"name": "x", "scopes": [1], "expiry": "1d"}),
            "/scopes/0",
            "This must be a string.",
        ),
        (
            "/tokens",
            json!({"name": "x", "scopes": [{"keys:read": null}], "expiry": "1d"}),
            "/scopes/0",
            "This must be a string.",
        ),
        (
            "/tokens",
            json!({"name": "x", "scopes": "keys:read", "expiry": "1d"}),
            "/scopes",
            "This must be an array.",
        ),
        (
            "/accounts",
            json!({"warning_days": "5"}),
            "/warning_days",
            "This must be an integer.",
        ),
        (
            "/accounts",
            json!({"a.b/c": 1}),
            "/a.b~1c",
            "There is no such member. Known are external_id, name, notice_emails, metadata, time_zone, warning_days.",
        ),
        (
            "/keys/verify",
            json!({}),
            "/credential",
            "This member is required.",
        ),
    ] {
        let refused = operator.post(path, body.clone()).await;
        assert_eq!(refusal(&refused), (422, "invalid".to_owned()), "{body}");
        let errors = refused.json()["errors"].clone();
        assert_eq!(errors[0]["pointer"], pointer, "{body}");
        assert_eq!(errors[0]["detail"], detail, "{body}");
    }
}

#[tokio::test]
async fn an_address_that_does_not_exist_is_a_problem_too() {
    let site = Site::new().await;
    let operator = site.operator().await;
    for path in ["", "/nothing", "/accounts/a/b/c", "/openapi.json/x"] {
        let refused = operator.get(path).await;
        assert_eq!(refusal(&refused), (404, "not_found".to_owned()), "{path}");
    }
    let refused = operator.send("PUT", "/accounts", &[], None).await;
    assert_eq!(refusal(&refused), (405, "method_not_allowed".to_owned()));
    assert_eq!(refused.headers["allow"], "GET,HEAD,POST");
    let refused = operator.send("PUT", "/accounts?x=1", &[], None).await;
    assert_eq!(refusal(&refused), (405, "method_not_allowed".to_owned()));
    let refused = operator.send("PATCH", "/accounts?x=1", &[], None).await;
    assert_eq!(refusal(&refused), (405, "method_not_allowed".to_owned()));
}

/// Null is no value of an optional member: for some, leaving it out means everything.
#[tokio::test]
async fn null_is_refused_where_a_member_cannot_be_null() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let id = operator.account("org_1").await;
    let key = operator.key(&id, "first", "never").await.access;
    let (account, of_key) = (format!("/accounts/{id}"), format!("/keys/{key}"));
    let (end, resume) = (
        format!("{account}/end-sessions"),
        format!("{account}/resume"),
    );
    let expire = format!("{of_key}/expire");
    let link = |member: &str| {
        let mut body = json!({"account": {"external_id": "org_1"}});
        *body.pointer_mut("").unwrap() = match member.split_once('/') {
            Some((_, inner)) => json!({"account": {"external_id": "org_1", inner: null}}),
            None => json!({"account": {"external_id": "org_1"}, member: null}),
        };
        body
    };
    let trail = operator.get("/audit?limit=200").await.body;
    let mut calls = vec![
        (
            "POST",
            end.as_str(),
            json!({"actor": null}),
            "/actor".to_owned(),
        ),
        ("POST", &end, json!(null), String::new()),
        ("POST", &resume, json!(null), String::new()),
        ("POST", &expire, json!(null), String::new()),
        (
            "POST",
            &expire,
            json!({"reason": null}),
            "/reason".to_owned(),
        ),
    ];
    for member in [
        "actor",
        "capabilities",
        "session_seconds",
        "page",
        "return_url",
    ] {
        let pointer = format!("/{member}");
        calls.push(("POST", "/portal-sessions", link(member), pointer));
    }
    let fields = ["name", "notice_emails", "metadata", "time_zone"];
    for member in fields {
        let pointer = format!("/account/{member}");
        let body = link(&pointer[1..]);
        calls.push(("POST", "/portal-sessions", body, pointer));
    }
    for member in fields.into_iter().chain(["warning_days"]) {
        let pointer = format!("/{member}");
        let body = json!({member: null});
        calls.push(("PATCH", &account, body.clone(), pointer.clone()));
        calls.push(("POST", "/accounts", body, pointer));
    }
    for member in ["name", "description", "expiry"] {
        let pointer = format!("/{member}");
        calls.push(("PATCH", &of_key, json!({member: null}), pointer));
    }
    for (method, path, body, pointer) in calls {
        let refused = operator.send(method, path, &[], Some(body.clone())).await;
        let shown = format!("{method} {path} {body}");
        assert_eq!(refusal(&refused), (422, "invalid".to_owned()), "{shown}");
        let expected = (pointer, "invalid".to_owned());
        assert_eq!(errors(&refused), [expected], "{shown}");
    }
    assert_eq!(operator.get("/audit?limit=200").await.body, trail);
    // The one member that can be null.
    let body = json!({"external_id": null});
    assert_eq!(operator.patch(&account, body).await.status, 200);
}

/// The document has no null that is refused.
#[tokio::test]
async fn the_document_has_null_where_it_is_a_value() {
    let site = Site::new().await;
    let document = site.ask("GET", "/admin/v1/openapi.json", &[]).await.json();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut bodies = 0;
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let body = &operation["requestBody"];
            if body.is_null() {
                continue;
            }
            let schema = &body["content"]["application/json"]["schema"];
            let name = schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap();
            let members = schemas[name]["properties"].as_object();
            for (member, schema) in members.into_iter().flatten() {
                let may = schema.to_string().contains("null");
                assert_eq!(may, member == "external_id", "{name}/{member}: {schema}");
            }
            bodies += 1;
        }
    }
    assert!(bodies >= 10, "{bodies}");
}
