//! The identity of calls: the API gets it from Keyhold alone, whatever the client claims.

use serde_json::json;
use shared::token::SecretKey;

use super::process::Kind;
use super::site::{SUPPORT, Site, problem, text, with};
use crate::fixture::process::word;
use crate::fixture::raw_http::Message;

pub fn identity_headers_come_from_keyhold_alone(kind: Kind) {
    let site = Site::new(kind);
    let named = site.key("Schlüssel, \"1\" & more", "5d");
    let account = site.passes(&site.key).header("x-keyhold-account");
    assert!(account.starts_with("acc_"), "{account}");
    for (key, name, expires) in [
        (&site.key, "Default%20key", false),
        (&named, "Schl%C3%BCssel%2C%20%221%22%20%26%20more", true),
    ] {
        let access_key = text(key, "access_key");
        for spoofed in spoofed() {
            let head = format!("GET /x HTTP/1.1{spoofed}\r\nX-API-Key: {}", word(key));
            let answer = site.ask(&head, b"");
            let seen = site.api.take();
            if answer.status() == 400 {
                // Envoy accepts no header names in Connection.
                assert_eq!((kind, seen.len()), (Kind::Envoy, 0), "{head}: {answer:?}");
                assert!(spoofed.contains("Connection"), "{head}: {answer:?}");
                continue;
            }
            assert_eq!(answer.status(), 200, "{head}: {answer:?}");
            assert_eq!(seen.len(), 1);
            let mut said = identity(&seen[0]);
            let expires_at = said
                .iter()
                .position(|(name, _)| name == "x-keyhold-expires-at");
            assert_eq!(expires_at.is_some(), expires, "{head}: {said:?}");
            if let Some(index) = expires_at {
                let (_, at) = said.remove(index);
                assert!(at.ends_with('Z') && at.starts_with("20"), "{head}: {at}");
            }
            assert_eq!(
                said,
                [
                    ("x-keyhold-access-key".to_owned(), access_key.to_owned()),
                    ("x-keyhold-account".to_owned(), account.clone()),
                    ("x-keyhold-key-name".to_owned(), name.to_owned()),
                ],
                "{head}"
            );
        }
        // Traefik cannot copy a header of Keyhold's answer into the client's response.
        let answer = site.ask(&with("GET /x HTTP/1.1", key), b"");
        assert_eq!(answer.has("sunset"), expires && kind != Kind::Traefik);
        assert!(
            !answer
                .headers
                .iter()
                .any(|(name, _)| alias(name).contains("keyhold"))
        );
        site.api.take();
    }
    for spoofed in spoofed() {
        let answer = site.ask(&format!("GET /x HTTP/1.1{spoofed}"), b"");
        assert!(
            matches!(answer.status(), 400 | 401),
            "{spoofed}: {answer:?}"
        );
        assert_eq!(site.api.take().len(), 0, "{spoofed}");
    }
}

/// The API gets the company's own id of each account, and none for an account without one, although all have the same
/// address for notices and the client claims another's.
pub fn external_ids_come_from_keyhold_alone(kind: Kind) {
    let site = Site::new(kind);
    let reserved = r#"org|42/%2F+?&=,;"~"#;
    let accounts = [
        (Some("customer-1"), Some("customer-1")),
        (
            Some(reserved),
            Some("org%7C42%2F%252F%2B%3F%26%3D%2C%3B%22~"),
        ),
        (None, None),
    ];
    for (external_id, expected) in accounts {
        let body = json!({ "external_id": external_id, "notice_emails": ["ops@example.com"] });
        let (account, key) = site.managed(&body);
        let expected = expected.map(|id| ("x-keyhold-external-id".to_owned(), id.to_owned()));
        for spoofed in spoofed() {
            let head = format!("GET /x HTTP/1.1{spoofed}\r\nX-API-Key: {}", word(&key));
            let answer = site.ask(&head, b"");
            let seen = site.api.take();
            if answer.status() == 400 {
                assert_eq!((kind, seen.len()), (Kind::Envoy, 0), "{head}: {answer:?}");
                assert!(spoofed.contains("Connection"), "{head}: {answer:?}");
                continue;
            }
            assert_eq!(answer.status(), 200, "{head}: {answer:?}");
            assert_eq!(seen.len(), 1, "{head}");
            let said = identity(&seen[0]);
            let of = |name: &str| -> Vec<_> {
                let named = said.iter().filter(|(said, _)| said == name);
                named.cloned().collect()
            };
            let external = of("x-keyhold-external-id");
            assert_eq!(external, Vec::from_iter(expected.clone()), "{head}");
            let [(_, owner)] = &of("x-keyhold-account")[..] else {
                panic!("{head}: {said:?}");
            };
            assert_eq!(*owner, account, "{head}");
        }
    }
}

/// The right secret of a suspended account learns that, and where to ask; a wrong one does not.
pub fn suspended_accounts_are_refused(kind: Kind) {
    let site = Site::new(kind);
    let (account, key) = site.managed(&json!({ "external_id": "customer-1" }));
    site.passes(&key);
    site.manage(
        &format!("/accounts/{account}/suspend"),
        &json!({ "reason": "The invoice is overdue." }),
    );
    let answer = site.ask(&with("GET /x HTTP/1.1", &key), b"");
    assert_eq!(answer.status(), 403, "{answer:?}");
    let problem = problem(&answer);
    assert_eq!(problem["code"], "account_suspended");
    assert_eq!(problem["status"], 403);
    assert_eq!(problem["support_url"], SUPPORT);
    assert_eq!(answer.header("x-request-id"), problem["request_id"]);
    assert!(!answer.has("www-authenticate"), "{answer:?}");
    let wrong = SecretKey::from_entropy([9; 32]);
    let wrong = format!("{}.{}", text(&key, "access_key"), wrong.expose());
    let head = format!("GET /x HTTP/1.1\r\nX-API-Key: {wrong}");
    site.is_refused(&head, 401, "key_invalid");
    assert_eq!(site.api.take().len(), 0);
    site.manage(&format!("/accounts/{account}/resume"), &json!({}));
    site.passes(&key);
}

/// Returns headers in which a client claims an identity.
fn spoofed() -> Vec<String> {
    let names = [
        "X-Keyhold-Access-Key",
        "X-Keyhold-Account",
        "X-Keyhold-External-Id",
        "X-Keyhold-Key-Name",
        "X-Keyhold-Expires-At",
    ];
    let all = |spell: fn(&str) -> String| {
        let lines = names.map(|name| format!("\r\n{}: 2999-01-01T00:00:00Z", spell(name)));
        lines.concat()
    };
    vec![
        String::new(),
        all(str::to_owned),
        all(str::to_lowercase),
        all(str::to_uppercase),
        all(|name| name.replace('-', "_")),
        all(|name| name.replacen('-', "_", 1)),
        all(|name| name.replacen("Keyhold-", "Keyhold_", 1)),
        all(|name| name.replace('-', ".")),
        all(|name| name.replace('-', "~")),
        all(str::to_owned).repeat(2),
        // The next hop must drop the headers that are named here.
        format!("\r\nConnection: close, {}", names.join(", ").to_lowercase()),
        format!("\r\nConnection: close\r\nConnection: {}", names.join(",")),
    ]
}

/// Returns the name under which an API may read a header.
pub fn alias(name: &str) -> String {
    name.to_lowercase()
        .replace(|letter: char| !letter.is_ascii_alphanumeric(), "-")
}

/// Returns the identity headers of a request, sorted.
pub fn identity(request: &Message) -> Vec<(String, String)> {
    let mut said: Vec<_> = request
        .headers
        .iter()
        .map(|(name, value)| (alias(name), value.clone()))
        .filter(|(name, _)| name.contains("keyhold"))
        .collect();
    said.sort();
    said
}
