//! `keyhold audit tail`.

use std::io::{BufRead, BufReader};

use serde_json::Value;

use super::{Company, text};

#[test]
fn the_trail_is_printed() {
    let company = Company::new();
    company.table(&["account", "create", "--external-id", "c"]);
    company.table(&["account", "create", "--external-id", "d"]);
    let key = company.key("c", "k");
    let actions = |arguments: &[&str]| {
        let tail = ["audit", "tail", "--no-follow", "--json"];
        let printed = company.table(&[&tail[..], arguments].concat());
        let entries = printed
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let actions = entries.map(|entry| text(&entry, "action").to_owned());
        actions.collect::<Vec<_>>()
    };
    let all = [
        "token.created",
        "account.created",
        "account.created",
        "key.created",
    ];
    assert_eq!(actions(&[]), all);
    assert_eq!(actions(&["--since", "5m"]), all);
    assert_eq!(actions(&["--since", "2000-01-01T00:00:00Z"]), all);
    assert_eq!(actions(&["--since", "2999-01-01T00:00:00Z"]), [""; 0]);
    assert_eq!(
        actions(&["--account", "c"]),
        ["account.created", "key.created"]
    );
    assert_eq!(actions(&["--action", "key.created"]), ["key.created"]);
    assert_eq!(actions(&["--actor", "system"]), ["token.created"]);
    let table = company.table(&["audit", "tail", "--once"]);
    assert_eq!(table.lines().count(), 5, "{table}");
    assert!(table.contains(text(&key, "access_key")), "{table}");
    let refused = company.refused(1, &["audit", "tail", "--since", "yesterday"]);
    assert!(refused.contains("\n  --since: "), "{refused}");
}

#[test]
fn new_entries_follow() {
    let company = Company::new();
    let mut tail = company.spawn(&["audit", "tail", "--json"]);
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    assert_eq!(next()["action"], "token.created");
    for name in ["c", "d"] {
        company.table(&["account", "create", "--external-id", name]);
        let entry = next();
        assert_eq!(
            (&entry["action"], &entry["detail"]),
            (&"account.created".into(), &name.into())
        );
    }
    assert_eq!(tail.try_wait().unwrap(), None);
    tail.kill().unwrap();
    tail.wait().unwrap();
}

/// `keyhold audit tail | head -1` ends.
#[test]
fn a_closed_output_ends_the_command() {
    let company = Company::new();
    let mut tail = company.spawn(&["audit", "tail", "--json"]);
    drop(tail.stdout.take());
    company.table(&["account", "create", "--external-id", "c"]);
    assert_eq!(tail.wait().unwrap().code(), Some(0));
}
