//! B7: hostile strings in every field of every function are stored and shown as text, or rejected with a message, and
//! never cause an internal error.

use app::server_fns::registry;

use crate::fixture::Site;

fn hostile() -> Vec<String> {
    [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "</textarea></title><svg/onload=alert(1)>",
        "'; DROP TABLE api_keys; --",
        "%' OR 1=1 --",
        "\u{202e}txt.exe",
        "\u{200b}\u{200d}\u{feff}",
        "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "a\r\nSet-Cookie: evil=1",
        "\0",
        "{{7*7}} ${7*7}",
        "../../etc/passwd",
        "-1",
        "99999999999999999999d",
        "2026-02-30",
        "9999-12-31T23:59:60Z",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(["x".repeat(10_000), "\u{5d0}".repeat(10_000)])
    .collect()
}

#[tokio::test]
async fn hostile_text_in_any_field_is_stored_or_rejected() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.create("victim", "90d").await;
    for function in registry::all() {
        // Guesses are throttled, which another test covers, and a sign-out would end this one.
        if function.path.contains("/account/sign-") {
            continue;
        }
        let name = function.path.trim_start_matches("/fn/");
        for text in hostile() {
            for field in function.fields {
                let fields: Vec<_> = function
                    .fields
                    .iter()
                    .map(|other| match *other {
                        same if same == *field => (*other, text.as_str()),
                        "access_key" => (*other, key.access.as_str()),
                        "name" | "confirm_name" => (*other, "victim"),
                        "expiry" => (*other, "90d"),
                        _ => (*other, ""),
                    })
                    .filter(|(other, _)| *field == "confirm_name" || *other != "confirm_name")
                    .collect();
                for answer in [
                    member.call(name, &fields).await,
                    member.post(name, &fields).await,
                ] {
                    let status = answer.status.as_u16();
                    assert!(
                        status < 500,
                        "{name}, {field}: {text:.40} gives {status}: {:.200}",
                        answer.body
                    );
                    assert!(!answer.headers.contains_key("evil"));
                    // JSON contains the strings as sent; a page must not contain them as markup.
                    let is_page = answer.header("content-type").starts_with("text/html");
                    for markup in ["<script>alert(1)", "<img src=x", "<svg/onload"] {
                        assert!(
                            !(is_page && answer.body.contains(markup)),
                            "{name}, {field}"
                        );
                    }
                }
            }
        }
    }
    assert_eq!(site.verdict(&key).await.0, 200, "the key lives");
    let list = member.get("/preferences/api-control?q=%3Cscript%3E").await;
    assert_eq!(list.status, 200);
    assert!(!list.body.contains("<script>alert(1)"));
}

#[tokio::test]
async fn hostile_addresses_cause_no_error() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    for path in [
        "/preferences/api-control/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/preferences/api-control/..%2f..%2fetc%2fpasswd",
        "/preferences/api-control/%ff%fe",
        "/pkg/..%2f..%2fCargo.toml",
        "/pkg/../hash.txt",
    ] {
        let answer = member.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.contains("<script>alert(1)"), "{path}");
    }
    for query in [
        "?q=%00%ff",
        "?page=-1",
        "?page=99999999999999999999",
        "?sort=;DROP",
        "?status=%3Cb%3E",
        "?done=%3Cb%3E",
    ] {
        let answer = member
            .get(&format!("/preferences/api-control{query}"))
            .await;
        assert_eq!(answer.status, 200, "{query}");
    }
}
