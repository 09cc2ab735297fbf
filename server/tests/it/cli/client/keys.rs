//! `keyhold key`.

use serde_json::{Value, json};

use super::{Company, text};
use crate::fixture::process::word;

#[test]
fn keys_are_managed() {
    let company = Company::new();
    company.table(&["account", "create", "--external-id", "c"]);
    let made = company.key("c", "ci");
    let access = text(&made, "access_key");
    assert_eq!(company.running.verdict(&made), "200");

    let shown = company.json(&["key", "show", access]);
    assert_eq!(shown["name"], "ci");
    assert_eq!(shown.get("secret_key"), None);
    let edit = ["key", "edit", access, "--name", "deploy"];
    let edited = company.json(&[&edit[..], &["--description", "of the site"]].concat());
    assert_eq!(edited["description"], "of the site");
    let edited = company.json(&["key", "edit", access, "--description", ""]);
    assert_eq!(
        (&edited["name"], &edited["description"]),
        (&json!("deploy"), &json!(""))
    );

    let expired = company.json(&["key", "expire", access]);
    assert_eq!(expired["status"], "expired");
    assert_eq!(company.running.verdict(&made), "401");
    let restored = company.json(&["key", "restore", access, "--expiry", "30d"]);
    assert_eq!(restored["status"], "active");
    assert_eq!(company.running.verdict(&made), "200");

    let refused = company.refused(1, &["key", "delete", access]);
    assert!(refused.contains("--yes"), "{refused}");
    let deleted = company.run(&["key", "delete", access, "--yes"]);
    assert_eq!((deleted.code, &*deleted.data), (Some(0), ""));
    assert_eq!(company.running.verdict(&made), "401");
    company.refused(3, &["key", "show", access]);
}

#[test]
fn keys_are_found() {
    let company = Company::new();
    for account in ["c", "d"] {
        company.table(&["account", "create", "--external-id", account]);
        company.key(account, &format!("of {account}"));
    }
    company.table(&["key", "create", "d", "--name", "short", "--expiry", "5d"]);
    let names = |arguments: &[&str]| {
        let listed = company.json(&[&["key", "list"], arguments].concat());
        let listed = listed.as_array().unwrap();
        let names = listed.iter().map(|key| text(key, "name").to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["of c", "of d", "short"]);
    assert_eq!(names(&["--account", "c"]), ["of c"]);
    assert_eq!(names(&["--account", "ext:d"]), ["of d", "short"]);
    assert_eq!(names(&["-q", "sho"]), ["short"]);
    assert_eq!(names(&["--status", "expired"]), [""; 0]);
    assert_eq!(
        names(&["--expires-before", "2000-01-01T00:00:00Z"]),
        [""; 0]
    );
    let unused = names(&["--unused-since", "2000-01-01T00:00:00Z"]);
    assert_eq!(unused, ["of c", "of d", "short"]);
    let table = company.table(&["key", "list", "--account", "d"]);
    let lines: Vec<_> = table.lines().collect();
    assert!(lines[0].starts_with("access key  "), "{table}");
    assert_eq!(lines.len(), 3, "{table}");
    company.refused(3, &["key", "list", "--account", "nobody"]);
    // An empty filter is not the list of everything.
    company.refused(3, &["key", "list", "--account", ""]);
}

#[test]
fn a_secret_is_on_standard_output_alone() {
    let company = Company::new();
    company.table(&["account", "create", "--external-id", "c"]);
    let create = ["key", "create", "c", "--name", "k", "--expiry", "never"];
    let ran = company.run(&create);
    assert_eq!(ran.code, Some(0));
    assert!(ran.data.contains("secret key   khs_"), "{}", ran.data);
    assert!(ran.notes.contains("shown once"), "{}", ran.notes);
    assert!(!ran.notes.contains("khs_"), "{}", ran.notes);

    let ran = company.run(&[&create[..], &["--raw"]].concat());
    let (data, notes) = (ran.data.trim_end(), &*ran.notes);
    assert_eq!((ran.code, notes), (Some(0), ""));
    let (access, secret) = data.split_once('.').unwrap();
    let pair = json!({"access_key": access, "secret_key": secret});
    assert_eq!(company.running.verdict(&pair), "200");
}

#[test]
fn a_credential_is_verified() {
    let company = Company::new();
    company.table(&["account", "create", "--external-id", "c"]);
    let key = company.key("c", "k");
    let credential = word(&key);
    let decision = |input: &str| -> (Option<i32>, Value) {
        let ran = company.run_with(&["key", "verify", "--json"], input);
        assert_eq!(ran.notes, "");
        (ran.code, serde_json::from_str(&ran.data).unwrap())
    };
    for input in [
        format!("{credential}\n"),
        credential.clone(),
        format!("Bearer {credential}\r\n"),
    ] {
        let (code, decided) = decision(&input);
        assert_eq!(code, Some(0), "{decided}");
        assert_eq!(decided["external_id"], "c");
    }
    for (input, said) in [
        ("", "credentials_malformed"),
        ("kh_x.khs_y", "credentials_malformed"),
    ] {
        let (code, decided) = decision(input);
        assert_eq!((code, &decided["code"]), (Some(1), &json!(said)));
    }
    company.table(&["key", "expire", text(&key, "access_key")]);
    let (code, decided) = decision(&credential);
    assert_eq!((code, &decided["code"]), (Some(1), &json!("key_expired")));
    let table = company.run_with(&["key", "verify", "-"], &credential);
    assert!(
        table.data.starts_with("valid        false\n"),
        "{}",
        table.data
    );

    // Arguments are visible to others, and addresses are in logs.
    for arguments in [
        &["key", "verify", &credential][..],
        &["key", "show", &credential],
        &["account", "show", text(&key, "secret_key")],
    ] {
        let refused = company.refused(1, arguments);
        assert!(!refused.contains("khs_"), "{refused}");
    }
    let log = company.running.log();
    assert!(!log.contains("khs_"), "{log}");
}
