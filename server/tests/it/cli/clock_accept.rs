//! A clock that ran ahead, as the operator sees it: the running server reports it, and one command corrects it.

use std::process::Command;

use crate::fixture::home::{Home, on_postgres};
use crate::fixture::process::start;

const LEAP_MS: i64 = 400 * 24 * 3_600_000;

fn accept(home: &Home, arguments: &[&str]) -> (bool, String) {
    let output = home
        .enter(&mut Command::new(env!("CARGO_BIN_EXE_keyhold")))
        .args(["clock", "accept"])
        .args(arguments)
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// Leaves the records of a sign-in with a clock that is 400 days ahead, and nothing else.
fn leap(home: &Home) {
    home.change(&format!(
        "INSERT INTO audit (id, at, account_id, action, subject, detail, expires_at, address)
         SELECT MAX(id) + 1, MAX(at) + {LEAP_MS}, MAX(account_id), 'account.signed_in', '', '', NULL, '' FROM audit"
    ));
}

#[test]
fn a_recorded_clock_jump_is_reported_and_accepted() {
    let home = Home::new();
    let mut running = start(&home, &[]);
    let signed_up = running.sign_up();
    let cookie = signed_up["cookie"].as_str().unwrap().to_owned();
    let key = running.create(&cookie, "dated");
    assert_eq!(running.verdict(&key), "200");
    let (done, said) = accept(&home, &[]);
    let refused = if on_postgres() {
        "nodes use it; stop them first"
    } else {
        "in use by another keyhold process"
    };
    assert!(!done && said.contains(refused), "{said}");
    running.terminate();
    leap(&home);

    let mut running = start(&home, &[]);
    assert_eq!(running.verdict(&key), "401");
    let answer = running.get("/readyz");
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(answer.contains("keyhold clock accept"), "{answer}");
    running.log_with("time stands still");
    running.terminate();

    let (done, said) = accept(&home, &["--dry-run"]);
    assert!(done && said.contains("nothing is changed"), "{said}");
    let (done, said) = accept(&home, &[]);
    assert!(
        done && said.contains("follows the machine's clock"),
        "{said}"
    );
    let running = start(&home, &[]);
    assert_eq!(running.verdict(&key), "200");
    assert!(running.get("/readyz").starts_with("HTTP/1.1 200"));
    drop(running);
    let (done, said) = accept(&home, &["--database-url", "sqlite://data/none.db"]);
    assert!(!done && said.contains("there is no database at"), "{said}");
}
