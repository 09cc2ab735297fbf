//! Redirects from addresses with a trailing slash.

use crate::fixture::Site;

#[tokio::test]
async fn a_trailing_slash_redirects() {
    let site = Site::new().await;
    for (from, to) in [
        ("/sign-in/", "/sign-in"),
        (
            "/preferences/api-control/?q=a%2F",
            "/preferences/api-control?q=a%2F",
        ),
        ("/v1/keys/", "/v1/keys"),
        ("/fn/keys/list/", "/fn/keys/list"),
    ] {
        for method in ["GET", "POST"] {
            let answer = site.ask(method, from, &[]).await;
            assert_eq!(answer.status, 308, "{method} {from}");
            assert_eq!(answer.header("location"), to);
        }
    }
    for path in ["//evil.example/", "/v1/", "/verify/"] {
        let answer = site.ask("GET", path, &[]).await;
        assert_eq!(answer.header("location"), "", "{path}");
    }
}
