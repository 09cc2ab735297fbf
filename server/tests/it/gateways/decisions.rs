//! Decisions behind a gateway: by credential, method and path, and from one moment to the next.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use shared::problem::Code;
use shared::token::{AccessKey, SecretKey};

use super::process::Kind;
use super::site::{Site, problem, text, with};
use crate::fixture::process::{start, word};

const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

pub fn every_carrier_is_verified(kind: Kind) {
    let site = Site::new(kind);
    let good = word(&site.key);
    let basic = STANDARD.encode(good.replacen('.', ":", 1));
    for carrier in [
        format!("Authorization: Basic {basic}"),
        format!("Authorization: Bearer {good}"),
        format!("authorization: bearer {good}"),
        format!("X-API-Key: {good}"),
        format!("x-api-key: {good}"),
    ] {
        let answer = site.ask(&format!("GET /x HTTP/1.1\r\n{carrier}"), b"");
        assert_eq!((answer.status(), &answer.body[..]), (200, &b"done"[..]));
        assert_eq!(answer.header("x-from"), "api");
        let seen = site.api.take();
        assert_eq!(seen.len(), 1, "{carrier}");
        for name in ["authorization", "x-api-key"] {
            assert!(!seen[0].has(name), "the API got the secret: {:?}", seen[0]);
        }
        assert_eq!(
            seen[0].header("x-keyhold-access-key"),
            text(&site.key, "access_key")
        );
    }

    let expired = site.key("Runs out", "90d");
    site.change("expire", &[("access_key", text(&expired, "access_key"))]);
    let unknown = AccessKey::from_entropy([7; 10]);
    let secret = SecretKey::from_entropy([9; 32]);
    let wrong = format!("{}.{}", text(&site.key, "access_key"), secret.expose());
    let unknown = format!("{unknown}.{}", text(&site.key, "secret_key"));
    let (missing, malformed) = ("credentials_missing", "credentials_malformed");
    for (carrier, status, code) in [
        (String::new(), 401, missing),
        ("\r\nX-Other: 1".to_owned(), 401, missing),
        ("\r\nAuthorization: Basic ====".to_owned(), 401, malformed),
        ("\r\nAuthorization: Bearer".to_owned(), 401, malformed),
        (format!("\r\nX-API-Key: {good}x"), 401, malformed),
        (format!("\r\nX-API-Key: {wrong}"), 401, "key_invalid"),
        (
            format!("\r\nAuthorization: Bearer {unknown}"),
            401,
            "key_invalid",
        ),
        (
            format!("\r\nX-API-Key: {good}\r\nAuthorization: Bearer {good}"),
            400,
            malformed,
        ),
    ] {
        site.is_refused(&format!("GET /x HTTP/1.1{carrier}"), status, code);
    }
    let problem = site.is_refused(&with("GET /x HTTP/1.1", &expired), 401, "key_expired");
    let page = format!(
        "http://{}/preferences/api-control/{}",
        site.place,
        text(&expired, "access_key")
    );
    assert_eq!(problem["restore_url"], page);
    assert!(problem["expired_at"].is_string(), "{problem}");

    // Two of a kind: some gateways reject them and some join them, but none picks one.
    for name in ["Authorization: Bearer", "X-API-Key:"] {
        let twice = format!("GET /x HTTP/1.1\r\n{name} {good}\r\n{name} {good}");
        let answer = site.ask(&twice, b"");
        assert!(matches!(answer.status(), 400 | 401), "{answer:?}");
        assert_eq!(site.api.take().len(), 0);
    }
}

pub fn every_request_is_guarded(kind: Kind) {
    let site = Site::new(kind);
    let body = vec![b'x'; 100_000];
    for method in METHODS {
        let body = if matches!(method, "GET" | "HEAD" | "OPTIONS") {
            &[]
        } else {
            &body[..]
        };
        let line = format!("{method} /a/b?c=d&e=%20 HTTP/1.1");
        let answer = site.ask(&with(&line, &site.key), body);
        assert_eq!(answer.status(), 200, "{method}: {answer:?}");
        let seen = site.api.take();
        assert_eq!(seen.len(), 1, "{method}");
        assert_eq!(seen[0].target(), format!("{method} /a/b?c=d&e=%20"));
        assert!(seen[0].body == body, "{method}: the body is another");

        let answer = site.ask(&line, &body[..body.len().min(1000)]);
        assert_eq!(answer.status(), 401, "{method}: {answer:?}");
        if method == "HEAD" {
            assert_eq!(answer.body, b"");
        } else {
            assert_eq!(problem(&answer)["code"], "credentials_missing", "{method}");
        }
        assert_eq!(site.api.take().len(), 0, "{method}");
    }

    for path in [
        "/",
        "/verify",
        "/verify?gateway=nginx",
        "/v1/account",
        "/healthz",
        "/.keyhold/ask",
        "/a/b/",
        "//a",
        "/a%2Fb",
        "/%2fhealthz",
        "/a/../healthz",
        "/../healthz",
        "/..%2f..%2fhealthz",
        "/%2e%2e/%2e%2e/healthz",
        "/a;b",
        "/a%00b",
        "/a%3fb",
        "http://other.example.com/a",
        "/?gateway=nginx",
    ] {
        for method in ["GET", "OPTIONS"] {
            let line = format!("{method} {path} HTTP/1.1");
            let answer = site.ask(&line, b"");
            assert!((400..500).contains(&answer.status()), "{line}: {answer:?}");
            assert_eq!(site.api.take().len(), 0, "{line}");

            // A gateway may reject a path, but every 200 comes from the API.
            let answer = site.ask(&with(&line, &site.key), b"");
            let seen = site.api.take();
            match answer.status() {
                200 => assert_eq!((&answer.body[..], seen.len()), (&b"done"[..], 1), "{line}"),
                301 | 400..500 => assert_eq!(seen.len(), 0, "{line}"),
                _ => panic!("{line}: {answer:?}"),
            }
        }
    }

    // This request has no path. Servers in Go answer it themselves, with 200.
    let answer = site.ask("OPTIONS * HTTP/1.1", b"");
    assert!(!answer.has("x-from"), "{answer:?}");
    assert_eq!(site.api.take().len(), 0);
}

pub fn changes_apply_immediately(kind: Kind) {
    let mut site = Site::new(kind);
    let key = site.key("Comes and goes", "90d");
    let access_key = ("access_key", text(&key, "access_key"));
    let head = with("GET /x HTTP/1.1", &key);
    for _ in 0..5 {
        site.passes(&key);
        site.change("expire", &[access_key]);
        site.is_refused(&head, 401, "key_expired");
        site.change("restore", &[access_key, ("expiry", "never")]);
    }
    site.passes(&key);

    for _ in 0..2 {
        site.keyhold.terminate();
        for head in [&head, "GET /x HTTP/1.1", "POST / HTTP/1.1\r\nX-API-Key: x"] {
            let answer = site.ask(head, b"");
            assert_eq!(site.api.take().len(), 0, "{head}: the API was not asked");
            assert_eq!(answer.status(), 503, "{head}: {answer:?}");
            let problem = problem(&answer);
            assert_eq!(problem["code"], "unavailable");
            assert_eq!(problem["detail"], Code::Unavailable.detail());
            assert_eq!(problem["status"], 503);
            assert!(!problem["request_id"].as_str().unwrap().is_empty());
            assert_eq!(answer.header("retry-after"), "5");
        }
        site.keyhold = start(&site.home, &["--listen", &site.place.to_string()]);
        site.passes(&key);
    }
    site.change("delete", &[access_key, ("confirm_name", "Comes and goes")]);
    site.is_refused(&head, 401, "key_invalid");
}
