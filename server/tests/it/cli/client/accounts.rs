//! `keyhold account`.

use serde_json::json;

use super::{Company, text};

#[test]
fn accounts_are_managed() {
    let company = Company::new();
    let made = company.json(&[
        "account",
        "create",
        "--external-id",
        "cust/1?",
        "--name",
        "Größe",
        "--notice-email",
        "a@example.com",
        "--notice-email",
        "b@example.com",
        "--metadata",
        r#"{"plan": "pro"}"#,
        "--time-zone",
        "Europe/Berlin",
        "--warning-days",
        "30",
    ]);
    let id = text(&made, "id");
    assert_eq!(
        (&made["external_id"], &made["metadata"]),
        (&json!("cust/1?"), &json!({"plan": "pro"}))
    );
    for named in [id, "cust/1?", "ext:cust/1?"] {
        assert_eq!(company.json(&["account", "show", named]), made, "{named}");
    }
    let table = company.table(&["account", "show", id]);
    assert!(
        table.contains("notice emails  a@example.com, b@example.com\n"),
        "{table}"
    );

    let edited = company.json(&[
        "account",
        "edit",
        id,
        "--external-id",
        "",
        "--notice-email",
        "",
        "--name",
        "Acme",
    ]);
    assert_eq!(
        (
            &edited["external_id"],
            &edited["notice_emails"],
            &edited["name"],
            &edited["warning_days"]
        ),
        (&json!(null), &json!([]), &json!("Acme"), &json!(30))
    );
    assert_eq!(company.json(&["account", "end-sessions", id])["ended"], 0);
    assert_eq!(
        company.table(&["account", "end-sessions", id]),
        "ended  0\n"
    );

    let deleted = company.run(&["account", "delete", id, "--yes"]);
    assert_eq!((deleted.code, &*deleted.data), (Some(0), ""));
    assert!(deleted.notes.contains("deleted"), "{}", deleted.notes);
    company.refused(3, &["account", "show", id]);
    assert_eq!(company.json(&["account", "list"]), json!([]));
}

#[test]
fn a_suspended_account_resumes() {
    let company = Company::new();
    company.table(&["account", "create", "--external-id", "c"]);
    let key = company.key("c", "k");
    let suspend = ["account", "suspend", "c", "--reason", "unpaid"];
    let refused = company.refused(1, &suspend);
    assert!(refused.contains("--yes"), "{refused}");
    assert_eq!(company.running.verdict(&key), "200");

    let suspended = company.json(&[&suspend[..], &["--yes"]].concat());
    assert_eq!(suspended["suspended_reason"], "unpaid");
    assert_eq!(company.running.verdict(&key), "403");
    let listed = company.table(&["account", "list", "--status", "suspended"]);
    assert!(listed.contains("suspended: unpaid"), "{listed}");
    company.table(&["account", "resume", "c"]);
    assert_eq!(company.running.verdict(&key), "200");
    let listed = company.json(&["account", "list", "--status", "suspended"]);
    assert_eq!(listed, json!([]));
}

/// Names that a terminal would obey or that are wider than their number of characters.
#[test]
fn hostile_names_stay_on_their_lines() {
    let company = Company::new();
    let names = ["鍵鍵鍵", "שלום", "a\u{202e}b", "plain", "👩‍👩‍👧", "e\u{301}"];
    let mut made = 0;
    for name in names {
        let ran = company.run(&["account", "create", "--name", name]);
        made += usize::from(ran.code == Some(0));
    }
    let table = company.table(&["account", "list"]);
    assert_eq!(table.lines().count(), made + 1, "{table}");
    assert!(table.contains("鍵鍵鍵"), "{table}");
    assert!(!table.contains('\u{202e}'), "{table}");
    let records = company.json(&["account", "list"]);
    assert_eq!(records.as_array().unwrap().len(), made);
}

#[test]
fn a_list_has_all_its_pages() {
    let company = Company::new();
    let token = company.token();
    for number in 0..203 {
        let head = format!(
            "POST /admin/v1/accounts HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json"
        );
        let body = json!({ "external_id": format!("cust{number}") }).to_string();
        let answer = company.running.send(&head, &body).unwrap();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    let listed = company.json(&["account", "list"]);
    let listed = listed.as_array().unwrap();
    let ids: Vec<_> = listed.iter().map(|one| text(one, "external_id")).collect();
    let expected: Vec<_> = (0..203).map(|number| format!("cust{number}")).collect();
    assert_eq!(ids, expected);
    assert_eq!(company.table(&["account", "list"]).lines().count(), 204);
    let found = company.json(&["account", "list", "-q", "cust20"]);
    assert_eq!(found.as_array().unwrap().len(), 4);
}
