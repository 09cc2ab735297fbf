//! `keyhold portal`.

use serde_json::json;

use super::{Company, text};

#[test]
fn a_link_is_printed_alone() {
    let company = Company::new();
    let ran = company.run(&["portal", "link", "cust_1", "--name", "Acme"]);
    assert_eq!(ran.code, Some(0), "{}", ran.notes);
    let url = format!("http://{}/enter?code=", company.running.address);
    let code = ran.data.strip_prefix(&url).unwrap();
    assert_eq!(code.trim_end().len(), 64, "{}", ran.data);
    assert!(ran.notes.contains("works once"), "{}", ran.notes);
    assert!(!ran.notes.contains(code.trim_end()), "{}", ran.notes);
    let new = "A new account was made for cust_1.";
    assert!(ran.notes.contains(new), "{}", ran.notes);
    let ran = company.run(&["portal", "link", "ext:cust_1"]);
    assert_eq!(ran.code, Some(0), "{}", ran.notes);
    assert!(!ran.notes.contains("new account"), "{}", ran.notes);
    let account = company.json(&["account", "show", "cust_1"]);
    assert_eq!(account["name"], "Acme");

    let all = [
        "portal",
        "link",
        "ext:cust_1",
        "--notice-email",
        "ops@example.com",
        "--time-zone",
        "Europe/Berlin",
        "--metadata",
        r#"{"plan": "pro"}"#,
        "--label",
        "Ada",
        "--actor",
        "user_7",
        "--capability",
        "keys.read,keys.edit",
        "--capability",
        "notices",
        "--session-seconds",
        "300",
        "--page",
        "/preferences/notices",
    ];
    let made = company.json(&all);
    assert!(text(&made, "id").starts_with("ps_"));
    assert!(text(&made, "url").starts_with(&url));
    let account = company.json(&["account", "show", "cust_1"]);
    assert_eq!(account["name"], "Acme");
    assert_eq!(account["notice_emails"], json!(["ops@example.com"]));
    assert_eq!(account["time_zone"], "Europe/Berlin");
    assert_eq!(account["metadata"], json!({"plan": "pro"}));
    let end = ["account", "end-sessions", "cust_1", "--actor", "user_7"];
    assert_eq!(company.json(&end)["ended"], 0);
}

#[test]
fn each_mistake_is_named_by_its_argument() {
    let company = Company::new();
    for (arguments, expected) in [
        (vec!["a b"], "EXTERNAL_ID: "),
        (vec!["c", "--name", "a\nb"], "--name: "),
        (vec!["c", "--notice-email", "x"], "--notice-email: "),
        (vec!["c", "--time-zone", "Mars"], "--time-zone: "),
        (vec!["c", "--label", ""], "--label: "),
        (vec!["c", "--label", "a", "--actor", "a b"], "--actor: "),
        (vec!["c", "--actor", "a"], "--label"),
        (vec!["c", "--capability", "keys"], "--capability: "),
        (vec!["c", "--session-seconds", "299"], "--session-seconds: "),
        (vec!["c", "--page", "https://evil.example"], "--page: "),
        (
            vec!["c", "--return-url", "https://evil.example"],
            "--return-url: ",
        ),
    ] {
        let refused = company.refused(1, &[&["portal", "link"], &arguments[..]].concat());
        assert!(refused.contains(expected), "{arguments:?}: {refused}");
    }
    company.refused(3, &["account", "show", "c"]);
}
