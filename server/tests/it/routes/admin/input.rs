//! Input that cannot be read.

use axum::body::Body;
use axum::http::Request;

use super::refusal;
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
}
