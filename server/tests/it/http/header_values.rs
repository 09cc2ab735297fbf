//! Header values that are empty or not ASCII.

use axum::body::Body;
use axum::http::{HeaderValue, Request};

use crate::fixture::{BASE, Site};

/// A byte that is not ASCII invalidates its own header's value and no other.
#[tokio::test]
async fn a_non_ascii_byte_invalidates_only_its_header() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let cookie = member.cookie.clone().unwrap();
    let bytes = |text: String| HeaderValue::from_bytes(text.as_bytes()).unwrap();
    let request = Request::builder()
        .method("POST")
        .uri("/fn/keys/edit")
        .header("cookie", bytes(format!("who=Jos\u{e9}; {cookie}")))
        .header("accept", bytes("text/html, x/\u{e9}".to_owned()))
        .header("user-agent", bytes("Mo\u{e9}".to_owned()))
        .header(
            "content-type",
            bytes("application/x-www-form-urlencoded; by=\u{e9}".to_owned()),
        )
        .header("host", "127.0.0.1:3000")
        .header(
            "referer",
            bytes(format!("{BASE}/preferences/api-control?q=\u{e9}")),
        );
    let access = member.key.clone().unwrap().access;
    let form = format!("access_key={access}&name=b&description=&expiry=never");
    let answer = site.send(request.body(Body::from(form)).unwrap()).await;
    assert_eq!(answer.status, 303, "a page is redirected: {}", answer.body);
    let list = member.call("keys/list", &[]).await.body;
    assert!(list.contains("\"b\""), "{list}");
}

/// Empty headers count as absent: proxies empty the headers that they are configured to drop.
#[tokio::test]
async fn an_empty_header_counts_as_absent() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let mut request = Request::builder()
        .method("POST")
        .uri("/fn/keys/list")
        .header("cookie", member.cookie.as_ref().unwrap());
    for name in [
        "accept",
        "content-type",
        "host",
        "origin",
        "referer",
        "sec-fetch-site",
        "user-agent",
        "x-forwarded-for",
        "x-request-id",
    ] {
        request = request.header(name, "");
    }
    let answer = site.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_ne!(answer.header("x-request-id"), "");
}
