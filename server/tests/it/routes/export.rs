//! Exports over HTTP: who gets which keys, and a file that no spreadsheet computes.

use serde_json::Value;

use crate::fixture::{Answer, Browser, Site};

const CSV: &str = "/preferences/api-control/export.csv";
const JSON: &str = "/preferences/api-control/export.json";

async fn filled(site: &Site) -> Browser<'_> {
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let fields = [
        ("name", "=cmd|' /C calc'!A0"),
        ("description", "two\r\n\"lines\", and more"),
        ("expiry", "2026-12-01"),
    ];
    site.clock.advance(1);
    member.call("keys/create", &fields).await;
    site.clock.advance(1);
    member.create("billing", "never").await;
    member
}

/// Returns the records of a CSV file, as RFC 4180 reads them.
fn records(file: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = file.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\r' if !quoted && chars.peek() == Some(&'\n') => {
                chars.next();
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            char => field.push(char),
        }
    }
    assert!(!quoted && field.is_empty() && record.is_empty());
    records
}

fn names(answer: &Answer) -> Vec<String> {
    let keys = answer.json();
    let name = |key: &Value| key["name"].as_str().unwrap().to_owned();
    keys.as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn a_file_has_a_header_and_no_formula() {
    let site = Site::new().await;
    let member = filled(&site).await;
    let answer = member.get(CSV).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    for (header, value) in [
        ("content-type", "text/csv; charset=utf-8; header=present"),
        (
            "content-disposition",
            "attachment; filename=\"api-keys.csv\"",
        ),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("content-encoding", ""),
    ] {
        assert_eq!(answer.header(header), value);
    }
    let records = records(&answer.body);
    assert_eq!(
        records[0],
        [
            "access_key",
            "name",
            "description",
            "status",
            "created_at",
            "expires_at",
            "last_used_at"
        ]
    );
    assert_eq!(records.len(), 4);
    assert_eq!(records[1][1..4], ["Default key", "", "active"]);
    assert_eq!(
        records[2][1..],
        [
            "'=cmd|' /C calc'!A0",
            "two\n\"lines\", and more",
            "expiring_soon",
            "2026-11-23T12:00:00.001Z",
            "2026-12-01T23:59:59.999Z",
            ""
        ]
    );
    assert!(!answer.body.contains("khs_"));

    let answer = member.get(JSON).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"api-keys.json\""
    );
    assert_eq!(
        names(&answer),
        ["Default key", "=cmd|' /C calc'!A0", "billing"]
    );
    assert_eq!(answer.json()[2]["expires_at"], Value::Null);
    assert!(!answer.body.contains("khs_"));
}

#[tokio::test]
async fn an_export_follows_the_filters_and_the_selection() {
    let site = Site::new().await;
    let member = filled(&site).await;
    let all = member.get(JSON).await.json();
    let key = |place: usize| all[place]["access_key"].as_str().unwrap().to_owned();
    for (query, expected) in [
        ("q=billing", vec!["billing"]),
        ("status=active", vec!["Default key", "billing"]),
        ("q=nothing", vec![]),
        (
            &format!("keys={}+{}", key(2), key(0)),
            vec!["Default key", "billing"],
        ),
        (
            &format!("key={}&expiry=&key={}", key(0), key(2)),
            vec!["Default key", "billing"],
        ),
        (
            &format!("key={}&all=true&q=billing", key(0)),
            vec!["billing"],
        ),
    ] {
        let answer = member.get(&format!("{JSON}?{query}")).await;
        assert_eq!(names(&answer), expected, "{query}");
    }
    let csv = member.get(&format!("{CSV}?q=nothing")).await;
    assert_eq!(records(&csv.body).len(), 1, "the header alone");
}

#[tokio::test]
async fn a_file_is_for_its_owner() {
    let site = Site::new().await;
    let member = filled(&site).await;
    let own = &member.key.as_ref().unwrap().access;
    for path in [CSV, JSON] {
        let answer = site.stranger().get(path).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, "/sign-in?next=/preferences/api-control")
        );
        let other = site.member(&format!("b{}@example.com", path.len())).await;
        let refused = other.get(&format!("{path}?keys={own}")).await;
        assert_eq!(
            (refused.status.as_u16(), refused.text("code").as_str()),
            (404, "not_found")
        );
    }
    // A secret key in the address goes no further.
    let secret = &member.key.as_ref().unwrap().secret;
    let answer = member.get(&format!("{JSON}?q={secret}")).await;
    assert_eq!(answer.status, 303);
    assert!(!answer.header("location").contains("khs_"));
}
