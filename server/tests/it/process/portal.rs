//! The code of a portal link stays out of the log, whatever happens to it.

use serde_json::Value;

use crate::fixture::home::Home;
use crate::fixture::process::start_in;

#[test]
fn no_code_is_logged() {
    let home = Home::new();
    let running = start_in(&home, &[], &[("RUST_LOG", "trace,sqlx=trace")]);
    let token = std::fs::read_to_string(home.path().join("data/operator-token")).unwrap();
    let token = token.trim();
    let head = format!(
        "POST /admin/v1/portal-sessions HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json"
    );
    let body = r#"{"account": {"external_id": "org_1"}}"#;
    let answer = running.send(&head, body).unwrap();
    let made: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    let url = made["url"].as_str().unwrap();
    let (_, code) = url.split_once("code=").unwrap();
    assert_eq!(code.len(), 64);
    for path in ["/enter?code=", "/enter/?code=", "/nothing?code="] {
        running.get(&format!("{path}{code}"));
    }
    let form = "Content-Type: application/x-www-form-urlencoded";
    let body = format!("code={code}");
    for (more, status) in [
        ("Sec-Fetch-Site: cross-site", "403"),
        ("Sec-Fetch-Site: same-origin", "303"),
        ("Sec-Fetch-Site: same-origin", "410"),
    ] {
        let head = format!("POST /enter HTTP/1.1\r\n{form}\r\n{more}");
        let answer = running.send(&head, &body).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
    }
    let log = running.log_with("/enter");
    assert!(!log.contains(code), "{log}");
}
