//! Kills of the running process.

use serde_json::Value;

use crate::fixture::home::{Home, on_postgres};
use crate::fixture::process::{killed_after, start};

/// A first start that is killed at any moment can be repeated.
#[test]
fn a_first_start_survives_a_kill() {
    // In few steps on a server, where each takes a second, and a start takes longer to make its tables.
    let (steps, apart) = if on_postgres() { (6, 40) } else { (24, 3) };
    for step in 0..steps {
        let home = Home::blank();
        killed_after(&home, step * apart);
        home.forget_killed();
        let running = start(&home, &[]);
        assert_eq!(running.verdict(&running.sign_up()), "200", "{step}");
    }
}

/// Promise 3: acknowledged changes survive `kill -9`, again and again.
#[test]
fn acknowledged_changes_survive_kills() {
    let home = Home::new();
    let running = start(&home, &[]);
    let signed_up = running.sign_up();
    let cookie = signed_up["cookie"].as_str().unwrap().to_owned();
    drop(running);
    home.forget_killed();
    let mut expected: Vec<(Value, &str)> = vec![(signed_up, "200")];
    for round in 0..10 {
        let mut running = start(&home, &[]);
        for (key, verdict) in &expected {
            assert_eq!(running.verdict(key), *verdict, "round {round}");
        }
        let key = running.create(&cookie, &format!("key {round}"));
        let (previous, verdict) = expected.last_mut().unwrap();
        running.expire(&cookie, previous);
        *verdict = "401";
        expected.push((key, "200"));
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        home.forget_killed();
    }
    let running = start(&home, &[]);
    for (key, verdict) in &expected {
        assert_eq!(running.verdict(key), *verdict);
    }
}
