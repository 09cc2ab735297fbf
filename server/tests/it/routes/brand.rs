//! A company's own name and prefix: no answer says Keyhold, and credentials of both prefixes are good.

use app::server_fns::registry;
use app::shell::App;
use leptos_axum::generate_route_list;

use crate::fixture::{Answer, BASE, Key, Site};

/// Asserts that no header and no text of an answer names Keyhold, but for the headers whose names a contract fixes.
fn is_of_acme(what: &str, answer: &Answer) {
    let headers = answer.headers.iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        format!("{name}: {value}")
    });
    for text in headers.chain([answer.body.clone()]) {
        let plain = text.replace("x-keyhold-", "").replace("X-Keyhold-", "");
        assert!(
            !plain.contains("Keyhold") && !plain.contains("KEYHOLD"),
            "{what}: {plain}"
        );
    }
}

#[tokio::test]
async fn no_answer_of_a_company_says_keyhold() {
    let site = Site::of_acme().await;
    site.leave_mail();
    let (stranger, member) = (site.stranger(), site.member("a@example.com").await);
    let key = member.create("cron", "3d").await;
    for listing in generate_route_list(App) {
        let path = listing.path().replace("{access_key}", &key.access);
        for browser in [&stranger, &member] {
            let answer = browser.get(&path).await;
            is_of_acme(&path, &answer);
            assert!(
                answer.body.is_empty() || answer.body.contains(" · Acme</title>"),
                "{path}"
            );
        }
    }
    for path in [
        "/nothing",
        "/preferences/api-control/export.csv",
        "/preferences/api-control/export.json",
        "/calendar/nothing.ics",
        "/unsubscribe?token=a",
        "/healthz",
        "/readyz",
        "/favicon.svg",
        "/robots.txt",
    ] {
        is_of_acme(path, &member.get(path).await);
        is_of_acme(path, &site.ask("POST", path, &[]).await);
    }
    for function in registry::all() {
        let name = function.path.trim_start_matches("/fn/");
        let fields: Vec<_> = function.fields.iter().map(|field| (*field, "x")).collect();
        is_of_acme(name, &stranger.call(name, &fields).await);
        is_of_acme(name, &stranger.post(name, &fields).await);
    }
    for (host, origin) in [
        ("evil.example", "http://evil.example"),
        ("127.0.0.1:3000", "http://evil.example"),
    ] {
        let headers = [("host", host), ("origin", origin)];
        for path in ["/", "/fn/keys/list"] {
            let answer = site.ask("POST", path, &headers).await;
            assert!(answer.status.is_client_error(), "{path}");
            is_of_acme(path, &answer);
        }
    }
    for path in [
        "/verify",
        "/verify?gateway=nginx",
        "/v1/account",
        "/v1/nothing",
    ] {
        for credential in ["", "Bearer x", "Basic x", &format!("Bearer {}", key.word())] {
            let headers = [("authorization", credential)];
            let headers = if credential.is_empty() {
                &[][..]
            } else {
                &headers[..]
            };
            is_of_acme(path, &site.ask("GET", path, headers).await);
        }
    }
    let refused = site.ask("GET", "/verify", &[]).await;
    assert_eq!(
        refused.header("www-authenticate"),
        "Basic realm=\"Acme\", charset=\"UTF-8\""
    );
}

#[tokio::test]
async fn a_calendar_bears_the_company_s_name() {
    let site = Site::of_acme().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let address = member.call("notices/show", &[]).await.text("calendar_url");
    let feed = site
        .ask("GET", address.strip_prefix(BASE).unwrap(), &[])
        .await;
    is_of_acme("calendar", &feed);
    assert!(feed.body.contains("\r\nPRODID:-//Acme//Acme//EN\r\n"));
    assert!(feed.body.contains("\r\nNAME:Acme API keys\r\n"));
    assert_eq!(
        feed.header("content-disposition"),
        "inline; filename=\"acme.ics\""
    );
}

/// The same in every carrier; and no address, no page and no search holds a secret.
#[tokio::test]
async fn keys_have_the_company_s_prefix() {
    let site = Site::of_acme().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.create("cron", "never").await;
    assert!(key.access.starts_with("acme_") && key.secret.starts_with("acmes_"));
    assert_eq!((key.access.len(), key.secret.len()), (21, 55));
    let (word, basic) = (key.word(), key.basic());
    for (name, value) in [
        ("authorization", basic.clone()),
        ("authorization", format!("Bearer {word}")),
        ("x-api-key", word.clone()),
    ] {
        let answer = site.ask("GET", "/verify", &[(name, &value)]).await;
        assert_eq!(answer.status, 200, "{value}");
        assert_eq!(answer.header("x-keyhold-access-key"), key.access);
    }
    let other = |from: &str, to: &str| Key {
        access: key.access.replace(from, to),
        secret: key.secret.clone(),
    };
    // Of the company's prefixes one exists, of others none can.
    assert_eq!(site.verdict(&other("acme_", "kh_")).await.1, "key_invalid");
    for foreign in ["acne_", "acmes_", "a_", "acmeacmeacme_"] {
        let (_, code) = site.verdict(&other("acme_", foreign)).await;
        assert_eq!(code, "credentials_malformed", "{foreign}");
    }
    let id = [("x-request-id", key.secret.as_str())];
    let answer = site.ask("GET", "/verify", &id).await;
    assert!(!answer.header("x-request-id").contains("acmes_"));
    for pasted in [
        key.secret.as_str(),
        &word,
        basic.trim_start_matches("Basic "),
    ] {
        let search = format!("/preferences/api-control?q={pasted}");
        let answer = member.get(&search).await;
        assert_eq!(answer.status, 303, "{pasted}");
        assert!(!answer.header("location").contains(&key.secret), "{pasted}");
        let found = member.call("keys/list", &[("q", pasted)]).await;
        assert!(!found.body.contains(&key.secret), "{}", found.body);
        let which = member.call("keys/which", &[("secret", pasted)]).await;
        assert!(which.body.contains(&key.access), "{pasted}: {}", which.body);
    }
    let page = member.get("/developers").await.body;
    assert!(page.contains("acmes_…") && page.contains("ACME_SECRET_KEY"));
    assert!(page.contains("data-prefix=\"acme\"") && !page.contains("khs_"));
}
