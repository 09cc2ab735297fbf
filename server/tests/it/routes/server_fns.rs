//! The limits of a call: known fields, once each, in a form of bounded size.

use axum::body::Body;
use axum::http::Request;

use crate::fixture::{Answer, Browser, Site};

async fn raw(member: &Browser<'_>, function: &str, kind: &str, body: impl Into<Body>) -> Answer {
    let request = Request::builder()
        .method("POST")
        .uri(format!("/fn/{function}"))
        .header("cookie", member.cookie.as_ref().unwrap())
        .header("content-type", kind)
        .body(body.into())
        .unwrap();
    member.site.send(request).await
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn unknown_and_repeated_fields_are_rejected() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    for body in [
        "name=a&expiry=never&account_id=acc_0",
        "name=a&expiry=never&created_at=0",
        "name=a&name=b&expiry=never",
        "name[]=a&expiry=never",
        "name[x]=a&expiry=never",
    ] {
        let answer = raw(&member, "keys/create", FORM, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text("code").as_str()),
            (400, "bad_request"),
            "{body}"
        );
    }
    let list = member.call("keys/list", &[]).await.json();
    assert_eq!(list["counts"]["active"], 1, "nothing was made");
}

#[tokio::test]
async fn other_bodies_than_forms_are_rejected() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    for kind in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
    ] {
        let answer = raw(&member, "keys/create", kind, "{\"name\":\"a\"}").await;
        assert_eq!(answer.status, 415, "{kind}");
    }
    for broken in ["%ff%fe=%00&&&==", "name=%ff%fe&expiry=never"] {
        let answer = raw(&member, "keys/create", FORM, broken).await;
        assert_eq!(answer.status, 400, "{broken}");
    }
    let answer = raw(&member, "keys/create", FORM, "").await;
    assert_eq!(
        answer.status, 422,
        "missing fields are named: {}",
        answer.body
    );
    let fields = answer.json()["fields"].clone();
    assert!(
        fields["name"].is_string() && fields["expiry"].is_string(),
        "{fields}"
    );
}

#[tokio::test]
async fn bodies_are_bounded() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let large = format!("name={}", "x".repeat(65 * 1024));
    assert_eq!(
        raw(&member, "keys/create", FORM, large.clone())
            .await
            .status,
        413
    );
    // A body without an announced length is counted as it arrives.
    let chunks =
        futures_util::stream::iter((0..100_000).map(|_| Ok::<_, std::io::Error>("x".repeat(1024))));
    assert_eq!(
        raw(&member, "keys/create", FORM, Body::from_stream(chunks))
            .await
            .status,
        413
    );
    let description = "\u{1f511}".repeat(500);
    let fields = [
        ("name", "k"),
        ("expiry", "never"),
        ("description", description.as_str()),
    ];
    assert_eq!(
        member.call("keys/create", &fields).await.status,
        200,
        "the longest honest form fits"
    );
}
