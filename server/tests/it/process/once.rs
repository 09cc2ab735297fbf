//! Requests with an idempotency key, through kills: one key, one secret.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::fixture::home::{Home, on_postgres};
use crate::fixture::process::{Running, start, word};

/// Sends a POST. Returns the status and the body; none if the server was killed meanwhile.
fn post(running: &Running, token: &str, path: &str, body: &str) -> Option<(String, Value)> {
    let head = format!(
        "POST /admin/v1{path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Idempotency-Key: mint-1"
    );
    let answer = running.send(&head, body).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.to_owned();
    Some((status, serde_json::from_str(body).ok()?))
}

/// The same request, fifty times at once, again and again, while the server is killed at any moment.
#[test]
fn one_idempotency_key_makes_one_key_through_kills() {
    const PATH: &str = "/accounts/ext:org_1/keys";
    const BODY: &str = r#"{"name": "first", "expiry": "never"}"#;
    let home = Home::new();
    let mut running = start(&home, &[]);
    let token = std::fs::read_to_string(home.path().join("data/operator-token")).unwrap();
    let token = token.trim();
    let account = post(&running, token, "/accounts", r#"{"external_id": "org_1"}"#);
    assert_eq!(account.unwrap().0, "201");
    let mut pairs = BTreeSet::new();
    let (rounds, apart) = if on_postgres() { (4, 15) } else { (12, 4) };
    for round in 0..rounds {
        let answers = thread::scope(|scope| {
            let askers: Vec<_> = (0..50)
                .map(|_| scope.spawn(|| post(&running, token, PATH, BODY)))
                .collect();
            thread::sleep(Duration::from_millis(round * apart));
            let process = running.child.id().to_string();
            let killed = std::process::Command::new("kill")
                .args(["-KILL", &process])
                .status();
            assert!(killed.unwrap().success());
            let answers = askers.into_iter().filter_map(|asker| asker.join().unwrap());
            answers.collect::<Vec<_>>()
        });
        running.child.wait().unwrap();
        home.forget_killed();
        running = start(&home, &[]);
        let after = post(&running, token, PATH, BODY).unwrap();
        assert_eq!(after.0, "201", "{round}: {}", after.1);
        for (status, body) in answers.into_iter().chain([after]) {
            match status.as_str() {
                "201" => {
                    assert_eq!(running.verdict(&body), "200");
                    pairs.insert(word(&body));
                }
                "409" => assert_eq!(body["code"], "idempotency_key_in_use"),
                // On a database server, a change waits for the lease of a node that was killed.
                _ => assert_eq!(body["code"], "unavailable", "{status} {body}"),
            }
        }
        assert_eq!(pairs.len(), 1, "{round}");
    }
    let head = format!("GET /admin/v1/keys HTTP/1.1\r\nAuthorization: Bearer {token}");
    let answer = running.send(&head, "").unwrap();
    let keys: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(keys["data"].as_array().unwrap().len(), 1, "{keys}");
}
