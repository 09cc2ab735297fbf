//! `keyhold token`.

use std::fs;

use serde_json::json;

use super::{Company, run, text};

#[test]
fn tokens_are_managed() {
    let company = Company::new();
    let create = ["token", "create", "--name", "reader", "--expiry", "30d"];
    let scopes = ["--scopes", "accounts:read,keys:read"];
    let create = [&create[..], &scopes].concat();
    let made = company.json(&create);
    assert_eq!(made["scopes"], json!(["accounts:read", "keys:read"]));
    let ran = company.run(&create);
    assert!(ran.data.starts_with("token    kho_"), "{}", ran.data);
    assert!(ran.notes.contains("shown once"), "{}", ran.notes);
    assert!(!ran.notes.contains("kho_"), "{}", ran.notes);

    let raw = company.table(&[&create[..], &["--raw"]].concat());
    let file = company.home.path().join("reader");
    fs::write(&file, &raw).unwrap();
    let read = |arguments: &[&str]| {
        let settings = [
            ("KEYHOLD_LISTEN", &*company.running.address),
            ("KEYHOLD_TOKEN_FILE", "reader"),
        ];
        let ran = run(company.home.path(), arguments, &settings, "");
        assert!(!ran.notes.contains(raw.trim()), "{}", ran.notes);
        ran
    };
    assert_eq!(read(&["account", "list"]).code, Some(0));
    let refused = read(&["account", "create"]);
    assert_eq!(refused.code, Some(1));
    assert!(
        refused.notes.contains("accounts:write"),
        "{}",
        refused.notes
    );

    let listed = company.json(&["token", "list"]);
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 4);
    assert!(!json!(listed).to_string().contains("kho_"));
    assert_eq!(company.table(&["token", "list"]).lines().count(), 5);

    let id = text(listed.last().unwrap(), "id");
    let refused = company.refused(1, &["token", "revoke", id]);
    assert!(refused.contains("--yes"), "{refused}");
    company.table(&["token", "revoke", id, "--yes"]);
    company.refused(3, &["token", "revoke", id, "--yes"]);
    let refused = read(&["account", "list"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.notes.contains("not valid"), "{}", refused.notes);
}
