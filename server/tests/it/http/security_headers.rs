//! The security headers of every response.

use crate::fixture::Site;

/// Every response has the headers of requirement B6, without exception.
#[tokio::test]
async fn every_response_has_the_security_headers() {
    let site = Site::at("https://keys.example.com", true).await;
    let member = site.member("a@example.com").await;
    let key = member.key.clone().unwrap().basic();
    let good = [("authorization", key.as_str())];
    for (path, headers) in [
        ("/verify", &good[..]),
        ("/verify", &[]),
        ("/verify?gateway=nginx", &[]),
        ("/v1/account", &good),
        ("/v1/keys", &[]),
        ("/v1/nothing", &good),
        ("/healthz", &[]),
        ("/readyz", &[]),
        ("/calendar/x.ics", &[]),
        ("/pkg/nothing.js", &[]),
        ("/robots.txt", &[]),
        ("/fn/keys/list", &[]),
        ("/sign-in", &[]),
        ("/sign-in/", &[]),
        ("/nothing", &[]),
        ("/", &[]),
    ] {
        let answer = site.ask("GET", path, headers).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        let https = answer.header("strict-transport-security");
        assert!(https.starts_with("max-age=63072000"), "{path}: {https}");
        assert_ne!(answer.header("cache-control"), "", "{path}");
    }
    let local = Site::new().await;
    for path in ["/verify", "/healthz", "/sign-in"] {
        let answer = local.ask("GET", path, &[]).await;
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
    }
}
