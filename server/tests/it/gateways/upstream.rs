//! The exchange between client and API after Keyhold has accepted the request.

use super::process::Kind;
use super::site::{Site, problem, text, with};

/// WebSocket works behind the guard, and no other upgrade does: inside HTTP/2 a client would reach the API without
/// verification.
pub fn only_websocket_upgrades_pass(kind: Kind) {
    let site = Site::new(kind);
    let web_socket = "GET /x HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    site.is_refused(web_socket, 401, "credentials_missing");
    let answer = site.ask(&with(web_socket, &site.key), b"");
    assert_eq!(answer.status(), 101, "{answer:?}");
    let seen = site.api.take();
    assert_eq!(seen.len(), 1);
    assert_eq!(
        seen[0].header("x-keyhold-access-key"),
        text(&site.key, "access_key")
    );

    for other in [
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        "Connection: Upgrade\r\nUpgrade: websocket, h2c",
        "Connection: Upgrade\r\nUpgrade: tls/1.0",
    ] {
        // Traefik passes every upgrade but HTTP/2.
        if kind == Kind::Traefik && !other.contains("h2c") {
            continue;
        }
        let head = format!("GET /x HTTP/1.1\r\n{other}");
        let answer = site.ask(&with(&head, &site.key), b"");
        assert_ne!(answer.status(), 101, "{other}: {answer:?}");
        for request in site.api.take() {
            assert!(!request.has("upgrade"), "{other}: {request:?}");
        }
    }
}

/// The API's errors reach the client unchanged, and an absent API is not reported as an absent Keyhold.
pub fn api_errors_reach_the_client_unchanged(kind: Kind) {
    let mut site = Site::new(kind);
    for status in [400, 401, 403, 404, 500, 502, 503] {
        let head = format!("GET /x HTTP/1.1\r\nX-Answer: {status}");
        let answer = site.ask(&with(&head, &site.key), b"");
        assert_eq!(answer.status(), status, "{answer:?}");
        assert_eq!(answer.header("x-from"), "api", "{answer:?}");
        assert_eq!(answer.body, b"own", "{answer:?}");
    }
    if kind == Kind::Nginx {
        let body = vec![b'x'; 2_000_000];
        let answer = site.ask(&with("POST /x HTTP/1.1", &site.key), &body);
        assert_eq!(answer.status(), 413, "{answer:?}");
        assert_eq!(problem(&answer)["status"], 413);
    }
    site.api.take();

    site.gateway = site.gateway.without_api();
    let answer = site.ask(&with("GET /x HTTP/1.1", &site.key), b"");
    assert!(matches!(answer.status(), 502 | 503), "{answer:?}");
    assert_ne!(answer.header("content-type"), "application/problem+json");
    assert_ne!(answer.json()["code"], "unavailable", "{answer:?}");
    site.is_refused("GET /x HTTP/1.1", 401, "credentials_missing");
}
