//! The edge of HTTP: the headers of every response, the effect of an odd byte in a header, and accepted host names.

use axum::body::Body;
use axum::http::{HeaderValue, Request};
use vault::test_support::PASSWORD;

use crate::fixture::{BASE, Site};

/// Every response has the headers of requirement B6, without exception.
#[tokio::test]
async fn every_answer_protects_browsers() {
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

/// A byte that is not ASCII invalidates its own header's value and no other.
#[tokio::test]
async fn an_odd_byte_spoils_nothing_else() {
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

/// A browser that is signed in at two ports is signed out of both: none of its cookies works afterwards.
#[tokio::test]
async fn signing_out_ends_every_session_of_the_browser() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let first = member.cookie.clone().unwrap();
    let fields = [("email", "a@example.com"), ("password", PASSWORD)];
    let again = site.stranger().call("account/sign-in", &fields).await;
    let second = again.header("set-cookie").split(';').next().unwrap();
    let second = second.replace("keyhold_session=", "keyhold_session_3001=");
    for cookie in [&first, &second] {
        let headers = [("cookie", cookie.as_str())];
        assert_eq!(site.ask("GET", "/", &headers).await.status, 200);
    }
    let both = format!("{first}; {second}");
    let headers = [("cookie", both.as_str())];
    let answer = site.ask("POST", "/fn/account/sign-out", &headers).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for cookie in [&first, &second] {
        let headers = [("cookie", cookie.as_str())];
        assert_eq!(site.ask("GET", "/", &headers).await.status, 303);
    }
}

/// Empty headers count as absent: proxies empty the headers that they are configured to drop.
#[tokio::test]
async fn an_empty_header_is_as_if_absent() {
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

/// On loopback only this machine's names are accepted: a foreign one is DNS rebinding.
#[tokio::test]
async fn only_this_machines_names_are_ours() {
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

/// A request to the plain address of a server with an https address is answered with the right address.
#[tokio::test]
async fn the_plain_address_names_the_right_one() {
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

#[tokio::test]
async fn a_slash_at_the_end_leads_on() {
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

/// A `Location` stays short: proxies have little room for headers, and no page has such a path.
#[tokio::test]
async fn a_location_is_short() {
    let site = Site::new().await;
    let long = format!("/preferences/api-control/{}", "-".repeat(7_000));
    let answer = site.stranger().get(&long).await;
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), "/sign-in");
    let member = site.member("a@example.com").await;
    let answer = member.get(&format!("/sign-in?next={long}")).await;
    assert_eq!(answer.header("location"), "/");
}
