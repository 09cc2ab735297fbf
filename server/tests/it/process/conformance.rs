//! The management API does what its own document says: Schemathesis, with all of its checks, against the running server.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::fixture::home::Home;
use crate::fixture::process::start;
use crate::fixture::programs::packaged;

/// Requests for each operation and phase.
const EXAMPLES: &str = "25";

/// Runs Schemathesis with a token of its own, and returns its report if it found something.
fn findings(home: &Home, address: &str, token: &str, selection: [&str; 2]) -> Option<String> {
    let settings =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/schemathesis.toml");
    let output = Command::new(packaged("schemathesis"))
        .arg("--config-file")
        .arg(settings)
        .arg("run")
        .arg(format!("http://{address}/admin/v1/openapi.json"))
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", "all", "--seed", "1", "--no-color"])
        .args(["--max-examples", EXAMPLES])
        .args(["--generation-database", "none"])
        .args(selection)
        // It leaves files where it runs.
        .current_dir(home.path())
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    (!output.status.success()).then_some(report)
}

#[test]
fn the_management_api_is_what_its_document_says() {
    let home = Home::new();
    let running = start(&home, &[]);
    running.sign_up();
    let first = std::fs::read_to_string(home.path().join("data/operator-token")).unwrap();
    let first = first.trim();
    let post = |path: &str, body: &str| -> Value {
        let head = format!(
            "POST /admin/v1{path} HTTP/1.1\r\nAuthorization: Bearer {first}\r\nContent-Type: application/json"
        );
        let answer = running.send(&head, body).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    };
    for number in 0..3 {
        let account = post(
            "/accounts",
            &format!("{{\"external_id\": \"org_{number}\"}}"),
        );
        let path = format!("/accounts/{}/keys", account["id"].as_str().unwrap());
        post(&path, r#"{"name": "first", "expiry": "90d"}"#);
    }
    // It would revoke its own token while it needs that.
    let other = post(
        "/tokens",
        r#"{"name": "its own", "scopes": ["tokens:write"], "expiry": "1d"}"#,
    );
    const REVOKING: &str = "/tokens/{id}";
    let all = findings(&home, &running.address, first, ["--exclude-path", REVOKING]);
    assert_eq!(all, None, "{}", all.as_deref().unwrap_or_default());
    let token = other["token"].as_str().unwrap();
    let revoking = findings(&home, &running.address, token, ["--include-path", REVOKING]);
    assert_eq!(
        revoking,
        None,
        "{}",
        revoking.as_deref().unwrap_or_default()
    );
    let log = running.log();
    assert!(!log.contains(" ERROR "), "{log}");
}
