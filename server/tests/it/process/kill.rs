//! Kills of the running process.

use serde_json::Value;
use tempfile::TempDir;

use crate::fixture::process::{killed_after, start};

/// A first start that is killed at any moment can be repeated.
#[test]
fn a_first_start_survives_a_kill() {
    for step in 0..24 {
        let folder = TempDir::new().unwrap();
        killed_after(folder.path(), step * 3);
        let running = start(folder.path(), &[]);
        assert_eq!(running.verdict(&running.sign_up()), "200", "{step}");
    }
}

/// Promise 3: acknowledged changes survive `kill -9`, again and again.
#[test]
fn acknowledged_changes_survive_kills() {
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
        let key = running.create(&cookie, &format!("key {round}"));
        let (previous, verdict) = expected.last_mut().unwrap();
        running.expire(&cookie, previous);
        *verdict = "401";
        expected.push((key, "200"));
        running.child.kill().unwrap();
    }
    let running = start(folder.path(), &[]);
    for (key, verdict) in &expected {
        assert_eq!(running.verdict(key), *verdict);
    }
}
