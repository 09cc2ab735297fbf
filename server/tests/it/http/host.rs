//! The host names to which pages answer.

use axum::body::Body;
use axum::http::Request;
use vault::test_support::PASSWORD;

use crate::fixture::{BASE, Site};

/// On loopback only this machine's names are accepted: a foreign one is DNS rebinding.
#[tokio::test]
async fn on_loopback_only_this_machines_names_are_accepted() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("email", "a@example.com"), ("password", PASSWORD)])
        .finish();
    for (host, status) in [
        ("127.0.0.1:3000", 200),
        ("localhost:3000", 200),
        ("[::1]:3000", 200),
        ("evil.example:3000", 421),
        ("127.0.0.1.evil.example:3000", 421),
    ] {
        let request = Request::builder()
            .method("POST")
            .uri("/fn/account/sign-in")
            .header("host", host)
            .header("origin", format!("http://{host}"))
            .header("content-type", "application/x-www-form-urlencoded");
        let request = request.body(Body::from(form.clone())).unwrap();
        let answer = site.send(request).await;
        assert_eq!(answer.status, status, "{host}: {}", answer.body);
        if status == 421 {
            assert!(answer.text("message").contains(BASE), "{}", answer.body);
            assert_eq!(answer.header("set-cookie"), "");
        }
        let key = member.key.clone().unwrap().basic();
        for (path, asked) in [("/verify", 200), ("/healthz", 200), ("/v1/account", 200)] {
            let headers = [("host", host), ("authorization", key.as_str())];
            assert_eq!(
                site.ask("GET", path, &headers).await.status,
                asked,
                "{path}"
            );
        }
        let page = site.ask("GET", "/sign-in", &[("host", host)]).await;
        assert_eq!(page.status, status, "{host}");
    }
}
