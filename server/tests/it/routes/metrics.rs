//! The metrics, on a listener of their own.

use std::io::{BufReader, Write};
use std::net::TcpStream;

use crate::fixture::home::Home;
use crate::fixture::process::start_in;
use crate::fixture::raw_http::{Client, Message};

/// E5: metrics are on their own listener, and are numbers only.
#[test]
fn metrics_are_numbers_on_their_own_listener() {
    let home = Home::new();
    let running = start_in(&home, &[], &[("KEYHOLD_METRICS_LISTEN", "127.0.0.1:0")]);
    let log = running.log();
    let (_, rest) = log.split_once("metrics at http://").unwrap();
    let address = rest.split('/').next().unwrap().to_owned();
    let key = running.sign_up_as("private@example.com");
    let mut client = Client::new(&running, "/verify", &key);
    for _ in 0..3 {
        assert_eq!(client.ask().unwrap().status(), 200);
    }
    client.request = "GET /verify HTTP/1.1\r\nHost: x\r\n\r\n".to_owned();
    assert_eq!(client.ask().unwrap().status(), 401);

    let ask = |path: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        Message::read_answer(&mut BufReader::new(stream), false).unwrap()
    };
    let answer = ask("/metrics");
    assert_eq!(answer.status(), 200);
    assert!(answer.header("content-type").starts_with("text/plain"));
    let text = String::from_utf8(answer.body).unwrap();
    for line in [
        "keyhold_decisions_total{code=\"good\"} 3",
        "keyhold_decisions_total{code=\"credentials_missing\"} 1",
        "keyhold_decisions_total{code=\"key_expired\"} 0",
        "keyhold_decision_duration_seconds_count 4",
        "keyhold_directory_keys 1",
        "keyhold_limited_total{limit=\"sign_ups\"} 0",
        "keyhold_usage_flush_failures_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    for gauge in [
        "keyhold_usage_flush_lag_seconds",
        "keyhold_outbox_mails",
        "keyhold_clock_ahead_seconds",
        "keyhold_wal_bytes",
    ] {
        assert!(text.contains(&format!("\n{gauge} ")), "{text}");
    }
    let readme = include_str!("../../../../README.md");
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `"));
    let documented: Vec<&str> = rows.filter_map(|row| row.split(" | ").next()).collect();
    for family in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = family.split(' ').next().unwrap();
        let mut names = documented.iter().flat_map(|cell| cell.split("`, `"));
        let found = names.any(|documented| documented.starts_with(name));
        assert!(found, "the table of metrics has {name}");
    }
    for private in ["kh_", "khs_", "acc_", "example.com", "Default", "127.0.0.1"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
    assert_eq!(ask("/healthz").body, b"ok");
    for path in ["/", "/verify", "/sign-in", "/v1/account"] {
        assert_eq!(ask(path).status(), 404, "{path}");
    }
    let public = running.get("/metrics");
    assert!(!public.contains("keyhold_decisions"), "{public}");
}
