//! The binary itself: errors that prevent a start, data that survives a kill, and the stop.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;
use tempfile::TempDir;
use vault::test_support::PATIENCE;

use crate::fixture::process::{refusal, start};

#[test]
fn what_is_wrong_is_named() {
    let folder = TempDir::new().unwrap();
    for (arguments, expected) in [
        (&["--frobnicate"][..], "--frobnicate"),
        (&["--listen", "nowhere"], "nowhere"),
        (&["--listen", "192.0.2.1:1"], "cannot listen on 192.0.2.1:1"),
        (&["--listen", "0.0.0.0:0"], "KEYHOLD_BASE_URL"),
        (&["--database-url", "mysql://x/y"], "KEYHOLD_DATABASE_URL"),
        (&["--site-root", "/nonexistent"], "/nonexistent"),
        (
            &[
                "--demo",
                "--listen",
                "127.0.0.1:0",
                "--base-url",
                "https://keys.example.com",
            ],
            "--demo",
        ),
    ] {
        let said = refusal(folder.path(), arguments);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

#[test]
fn one_server_a_file() {
    let folder = TempDir::new().unwrap();
    let first = start(folder.path(), &[]);
    let said = refusal(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(said.contains("in use by another keyhold process"), "{said}");
    assert_eq!(first.verdict(&first.sign_up()), "200", "the first goes on");
}

/// Promise 3: acknowledged changes survive `kill -9`, again and again.
#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path(), &[]);
    let signed_up = running.sign_up();
    let cookie = signed_up["cookie"].as_str().unwrap().to_owned();
    drop(running);
    let mut expected: Vec<(Value, &str)> = vec![(signed_up, "200")];
    for round in 0..10 {
        let mut running = start(folder.path(), &[]);
        for (key, verdict) in &expected {
            assert_eq!(running.verdict(key), *verdict, "round {round}");
        }
        let name = format!("key {round}");
        let key = running
            .call(
                "keys/create",
                &cookie,
                &[("name", &name), ("expiry", "90d")],
            )
            .unwrap();
        let (previous, verdict) = expected.last_mut().unwrap();
        let access = previous["access_key"].as_str().unwrap();
        running
            .call("keys/expire", &cookie, &[("access_key", access)])
            .unwrap();
        *verdict = "401";
        expected.push((key, "200"));
        running.child.kill().unwrap();
    }
    let running = start(folder.path(), &[]);
    for (key, verdict) in &expected {
        assert_eq!(running.verdict(key), *verdict);
    }
}

#[test]
fn sigterm_is_a_clean_stop() {
    let folder = TempDir::new().unwrap();
    let mut running = start(folder.path(), &["--demo"]);
    assert!(
        running
            .send("GET /healthz HTTP/1.1", "")
            .unwrap()
            .ends_with("ok")
    );
    assert_eq!(running.terminate(), Some(0));
    assert!(
        !folder.path().join("data/keyhold.db-wal").exists(),
        "the log was folded into the file"
    );
}

/// A12: a verification is answered without its body, sent or unsent, and the body is not taken for the next request.
#[test]
fn the_body_of_a_verification_is_not_waited_for() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path(), &[]);
    let key = running.sign_up();
    let word = format!(
        "{}.{}",
        key["access_key"].as_str().unwrap(),
        key["secret_key"].as_str().unwrap()
    );
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
fn too_many_bytes_of_headers_are_refused() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path(), &[]);
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
    assert!(
        running
            .send("GET /healthz HTTP/1.1", "")
            .unwrap()
            .ends_with("ok")
    );
}

/// C2: the answer reaches a client that sends its whole body first, however large.
#[test]
fn refused_bodies_are_answered() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path(), &[]);
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

/// C2: the memory of an idle connection does not grow with the requests that it has carried.
#[cfg(target_os = "linux")]
#[test]
fn idle_connections_hold_little() {
    const CONNECTIONS: usize = 200;
    let folder = TempDir::new().unwrap();
    let running = start(folder.path(), &[]);
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", running.child.id()));
        let status = status.unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.unwrap().trim().trim_end_matches(" kB");
        kilobytes.parse::<usize>().unwrap()
    };
    let ask = |stream: &mut TcpStream, target: &str, length: usize| {
        let long = "x".repeat(length);
        let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 2_000];
        let read = stream.read(&mut answer).unwrap();
        assert!(
            answer[..read].starts_with(b"HTTP/1.1 "),
            "{target} {length}"
        );
    };
    // The connections themselves take memory, too; those of the first round stay open throughout.
    let mut held = Vec::new();
    let mut rounds = [resident(), 0, 0];
    for (round, lengths) in [[10, 10], [60_000, 15_000]].into_iter().enumerate() {
        for number in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(&running.address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let target = ["/verify", "/healthz"][number % 2];
            ask(&mut stream, target, lengths[number / 2 % 2]);
            ask(&mut stream, target, 10);
            held.push(stream);
        }
        rounds[round + 1] = resident();
    }
    let grown = |round: usize| rounds[round].saturating_sub(rounds[round - 1]);
    let [small, large] = [grown(1), grown(2)];
    let more = large.saturating_sub(small) / CONNECTIONS;
    assert!(more <= 32, "{more} kB more for each: {rounds:?}");
}
