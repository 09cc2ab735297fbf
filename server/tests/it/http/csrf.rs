//! B4: requests that another site makes the browser send change nothing.

use app::server_fns::registry;
use axum::body::Body;
use axum::http::Request;

use crate::fixture::Site;

#[tokio::test]
async fn every_function_rejects_cross_site_requests() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.create("mine", "90d").await;
    let before = member.call("keys/list", &[]).await.body;
    let body = format!(
        "access_key={}&name=stolen&expiry=never&confirm_name=mine&theme=dark",
        key.access
    );
    for function in registry::all() {
        for headers in [
            &[
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://evil.example"),
            ][..],
            &[
                ("sec-fetch-site", "same-site"),
                ("origin", "http://other.127.0.0.1:3000"),
            ],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("sec-fetch-site", "nonsense")],
        ] {
            for kind in [
                "application/x-www-form-urlencoded",
                "text/plain",
                "multipart/form-data",
            ] {
                let mut request = Request::builder()
                    .method("POST")
                    .uri(function.path)
                    .header("host", "127.0.0.1:3000")
                    .header("cookie", member.cookie.as_ref().unwrap())
                    .header("accept", "text/html")
                    .header("content-type", kind);
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                let answer = site
                    .send(request.body(Body::from(body.clone())).unwrap())
                    .await;
                assert_eq!(answer.status, 403, "{} {headers:?}", function.path);
                assert_eq!(answer.header("set-cookie"), "");
            }
        }
    }
    assert_eq!(
        member.call("keys/list", &[]).await.body,
        before,
        "nothing has changed"
    );
    assert_eq!(site.verdict(&key).await.0, 200);
}

#[tokio::test]
async fn same_origin_requests_are_accepted() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    for headers in [
        [
            ("sec-fetch-site", "same-origin"),
            ("origin", "http://127.0.0.1:3000"),
        ],
        [
            ("host", "localhost:3000"),
            ("origin", "http://localhost:3000"),
        ],
    ] {
        let mut request = Request::builder()
            .method("POST")
            .uri("/fn/keys/list")
            .header("cookie", member.cookie.as_ref().unwrap())
            .header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        assert_eq!(
            site.send(request.body(Body::empty()).unwrap()).await.status,
            200
        );
    }
}

/// A request to the plain address of a server with an https address is answered with the right address.
#[tokio::test]
async fn a_request_to_the_plain_address_gets_the_public_one() {
    let site = Site::at("https://keys.example.com", true).await;
    let headers = [
        ("host", "10.0.0.5:3000"),
        ("origin", "http://10.0.0.5:3000"),
    ];
    let answer = site.ask("POST", "/fn/account/sign-up", &headers).await;
    assert_eq!(answer.status, 403);
    let message = answer.text("message");
    assert!(message.contains("https://keys.example.com"), "{message}");
}
