//! Requests with bodies and heads that the server does not read to the end.

use std::io::{Read, Write};
use std::net::TcpStream;

use vault::test_support::PATIENCE;

use crate::fixture::home::Home;
use crate::fixture::process::{start, word};

/// A12: a verification is answered without its body, sent or unsent, and the body is not taken for the next request.
#[test]
fn a_verification_does_not_wait_for_its_body() {
    let home = Home::new();
    let running = start(&home, &[]);
    let key = running.sign_up();
    let word = word(&key);
    for framing in [
        "Content-Length: 1000000000",
        "Content-Length: 1000000000\r\nExpect: 100-continue",
        "Transfer-Encoding: chunked",
    ] {
        let mut stream = TcpStream::connect(&running.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head =
            format!("POST /verify/x HTTP/1.1\r\nHost: x\r\nX-API-Key: {word}\r\n{framing}\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        // A smuggled request in the place of the body.
        let _ = stream.write_all(b"GET /verify HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut answers = String::new();
        let _ = stream.read_to_string(&mut answers);
        assert!(answers.starts_with("HTTP/1.1 200"), "{framing}: {answers}");
        assert_eq!(
            answers.matches("HTTP/1.1 ").count(),
            1,
            "{framing}: {answers}"
        );
    }
}

/// C2: headers are bounded.
#[test]
fn oversized_headers_are_rejected() {
    let home = Home::new();
    let running = start(&home, &[]);
    let long = format!("GET /verify HTTP/1.1\r\nX-Long: {}", "x".repeat(60 * 1024));
    assert!(
        running.send(&long, "").unwrap().starts_with("HTTP/1.1 401"),
        "long, and read"
    );
    let too_long = format!("GET /verify HTTP/1.1\r\nX-Long: {}", "x".repeat(300 * 1024));
    // The server may close before all is written, which is a rejection too.
    if let Ok(answer) = running.send(&too_long, "") {
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    let many = format!("GET /verify HTTP/1.1{}", "\r\nX-A: b".repeat(200));
    assert!(running.send(&many, "").unwrap().starts_with("HTTP/1.1 431"));
    assert!(running.get("/healthz").ends_with("ok"));
}

/// C2: the answer reaches a client that sends its whole body first, however large.
#[test]
fn a_rejected_body_is_answered_after_it_is_sent() {
    let home = Home::new();
    let running = start(&home, &[]);
    let body = "x".repeat(5_000_000);
    for (path, status) in [
        ("/verify", "401"),
        ("/v1/keys", "401"),
        ("/fn/account/sign-in", "413"),
        ("/fn/nothing", "404"),
    ] {
        let answer = running
            .send(&format!("POST {path} HTTP/1.1"), &body)
            .unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {answer}"
        );
    }
}
