//! Who may see the operators' page, and for how long.

use serde_json::json;
use shared::{DAY_MS, HOUR_MS};

use super::SUPPORT;
use crate::fixture::{BASE, Key, Site};

/// Every route that needs a session: a new one belongs here.
fn guarded(account: &str, key: &Key) -> Vec<(&'static str, String)> {
    let of_account = |act: &str| format!("/operator/accounts/{account}{act}");
    let of_key = |act: &str| format!("/operator/keys/{}{act}", key.access);
    vec![
        ("GET", "/operator".to_owned()),
        ("GET", "/operator?q=acme".to_owned()),
        ("POST", "/operator/search".to_owned()),
        ("GET", of_account("")),
        ("POST", of_account("/suspend")),
        ("POST", of_account("/resume")),
        ("GET", of_key("")),
        ("POST", of_key("/expire")),
        ("POST", of_key("/restore")),
        ("POST", "/operator/sign-out".to_owned()),
        ("GET", "/operator/".to_owned()),
        ("GET", "/operator/none".to_owned()),
        ("DELETE", of_account("")),
        ("GET", of_account("/suspend")),
    ]
}

const FIELDS: [(&str, &str); 3] = [("q", "acme"), ("reason", "Leaked"), ("expiry", "never")];

#[tokio::test]
async fn nothing_is_reached_without_a_session() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("acme").await;
    let key = operator.key(&account, "Billing", "never").await;
    let member = site.member("a@example.com").await;
    let customer = member.cookie.clone().unwrap();
    let (mut desk, token) = site.desk("anna", &SUPPORT).await;
    let other = format!("keyhold_operator={}", "0".repeat(64));
    let renamed = desk.cookie.replace("operator", "session");
    assert_eq!(
        operator.delete(&format!("/tokens/{token}")).await.status,
        204
    );
    for cookie in [&*desk.cookie.clone(), "", &customer, &other, &renamed] {
        cookie.clone_into(&mut desk.cookie);
        for (method, path) in guarded(&account, &key) {
            let answer = desk.send(method, &path, &[], &FIELDS).await;
            // Of a path with a slash at its end, the browser learns the other one.
            let moved = answer.header("location").to_owned();
            assert!(
                [303, 308].contains(&answer.status.as_u16()),
                "{method} {path}"
            );
            assert!(
                moved.starts_with("/operator/sign-in") || moved == "/operator",
                "{method} {path}: {moved}"
            );
            assert!(!answer.body.contains("Billing"), "{method} {path}");
        }
    }
    assert_eq!(site.verdict(&key).await.0, 200);
    // What is open tells nothing.
    for path in ["/operator/sign-in", "/operator/style.css"] {
        assert_eq!(desk.get(path).await.status, 200, "{path}");
    }
    // And a session here opens no page of a customer.
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    for cookie in [
        desk.cookie.clone(),
        desk.cookie.replace("operator", "session"),
    ] {
        let page = site.ask("GET", "/", &[("cookie", &cookie)]).await;
        assert!(page.header("location").starts_with("/sign-in"), "{cookie}");
    }
}

#[tokio::test]
async fn the_token_is_in_one_request_and_nowhere_else() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let answer = site
        .stranger_form("/operator/sign-in", &format!("token={}", operator.token))
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/operator")
    );
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.starts_with("keyhold_operator="), "{cookie}");
    assert!(
        cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=28800"),
        "{cookie}"
    );
    assert!(!cookie.contains(&operator.token) && !answer.body.contains(&operator.token));
    let desk = site.sign_in(&operator.token).await;
    let page = desk.get("/operator").await;
    assert!(page.body.contains("First token") && !page.body.contains(&operator.token));
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(!policy.contains("script"), "{policy}");
    assert!(!page.body.contains("<script"));
    assert_eq!(page.header("cache-control"), "no-store");
    let trail = operator.get("/audit?action=token.signed_in").await;
    assert_eq!(trail.json()["data"].as_array().unwrap().len(), 2);
    assert_eq!(trail.json()["data"][0]["detail"], "First token");
    assert!(!trail.body.contains(&operator.token));
}

#[tokio::test]
async fn a_wrong_token_is_refused_with_a_sentence() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let mut damaged = operator.token.clone();
    damaged.replace_range(
        10..11,
        if damaged.as_bytes()[10] == b'a' {
            "b"
        } else {
            "a"
        },
    );
    let member = site.member("a@example.com").await;
    let key = member.key.clone().unwrap();
    for token in ["", "x", &damaged, &key.secret, &key.word()] {
        let answer = site
            .stranger_form("/operator/sign-in", &format!("token={token}"))
            .await;
        assert_eq!(answer.status, 401, "{token}");
        assert!(answer.body.contains("No such token exists"), "{token}");
        assert!(token.is_empty() || !answer.body.contains(token) || token == "x");
        assert_eq!(answer.header("set-cookie"), "");
    }
}

/// Each way in which a session ends, at once.
#[tokio::test]
async fn a_session_ends_with_its_token_and_at_its_own_end() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let is_open = async |desk: &super::Desk<'_>| desk.get("/operator").await.status == 200;

    let (desk, _) = site.desk("signs out", &SUPPORT).await;
    assert!(is_open(&desk).await);
    let out = desk.post("/operator/sign-out", &[]).await;
    assert_eq!(out.header("location"), "/operator/sign-in?out=1");
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert!(!is_open(&desk).await);

    let (desk, token) = site.desk("is revoked", &SUPPORT).await;
    let other = site.desk("stays", &SUPPORT).await.0;
    operator.delete(&format!("/tokens/{token}")).await;
    assert!(!is_open(&desk).await && is_open(&other).await);

    site.clock.advance(8 * HOUR_MS - 1);
    assert!(is_open(&other).await);
    site.clock.advance(1);
    assert!(!is_open(&other).await);

    // A token with an hour left.
    let (_, short) = site.desk("short", &SUPPORT).await;
    let tokens = operator.get("/tokens").await.json();
    let mine = tokens["data"].as_array().unwrap();
    assert!(mine.iter().any(|token| token["id"] == *short));
    let made = operator
        .post(
            "/tokens",
            json!({"name": "t", "scopes": ["keys:read"], "expiry": "1d"}),
        )
        .await;
    site.clock.advance(DAY_MS - HOUR_MS);
    let desk = site.sign_in(&made.text("token")).await;
    assert!(is_open(&desk).await);
    site.clock.advance(HOUR_MS);
    assert!(!is_open(&desk).await);
    let late = site
        .stranger_form(
            "/operator/sign-in",
            &format!("token={}", made.text("token")),
        )
        .await;
    assert!(late.body.contains("This token expired on"), "{}", late.body);
}

#[tokio::test]
async fn another_site_changes_nothing() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("acme").await;
    let key = operator.key(&account, "Billing", "never").await;
    let (desk, _) = site.desk("anna", &SUPPORT).await;
    let posts = guarded(&account, &key).into_iter();
    let posts = posts.filter(|(method, _)| *method == "POST");
    let sign_in = ("POST", "/operator/sign-in".to_owned());
    for (method, path) in posts.chain([sign_in]) {
        for header in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            let answer = desk.send(method, &path, &[header], &FIELDS).await;
            assert_eq!(answer.status, 403, "{path} {header:?}");
        }
    }
    assert_eq!(site.verdict(&key).await.0, 200);
    assert_eq!(desk.get("/operator").await.status, 200);
    let own = [("sec-fetch-site", "same-origin"), ("origin", BASE)];
    let path = format!("/operator/accounts/{account}/suspend");
    let page = desk.get(&format!("/operator/accounts/{account}")).await;
    let version = super::version(&page);
    let fields = [("version", &*version), ("reason", "Leaked")];
    let answer = desk.send("POST", &path, &own, &fields).await;
    assert_eq!(answer.status, 303);
}

/// What a token may not do is not shown, and not done.
#[tokio::test]
async fn scopes_decide_what_is_shown_and_done() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("acme").await;
    let key = operator.key(&account, "Billing", "never").await;
    let account_page = format!("/operator/accounts/{account}");
    let key_page = format!("/operator/keys/{}", key.access);
    let acts = [
        ("accounts:write", format!("{account_page}/suspend")),
        ("accounts:write", format!("{account_page}/resume")),
        ("keys:write", format!("{key_page}/expire")),
        ("keys:write", format!("{key_page}/restore")),
        ("keys:read", "/operator/search".to_owned()),
    ];
    let word = key.word();
    for scope in SUPPORT {
        let others: Vec<_> = SUPPORT.into_iter().filter(|one| *one != scope).collect();
        let (desk, _) = site.desk("anna", &others).await;
        for (needed, path) in &acts {
            if *needed == scope {
                let fields = [("q", &*word), ("reason", "Leaked"), ("expiry", "never")];
                let answer = desk.post(path, &fields).await;
                assert_eq!(answer.status, 403, "{path} without {scope}");
                assert!(answer.body.contains(scope), "{path}");
            }
        }
        let pages = [desk.get(&account_page).await, desk.get(&key_page).await];
        let statuses = pages.each_ref().map(|page| page.status.as_u16());
        let expected = match scope {
            "accounts:read" => [403, 200],
            "keys:read" => [200, 403],
            _ => [200, 200],
        };
        assert_eq!(statuses, expected, "without {scope}");
        let all = pages.map(|page| page.body).join("");
        let home = desk.get("/operator").await.body;
        for (text, needs) in [
            ("Suspend this account", "accounts:write"),
            ("Expire this key", "keys:write"),
            (">History<", "audit:read"),
            ("Calls, 30 days", "keys:read"),
        ] {
            assert_eq!(
                all.contains(text),
                needs != scope && shows(text, scope),
                "{text} without {scope}"
            );
        }
        assert_eq!(home.contains("id=\"accounts\""), scope != "accounts:read");
        assert_eq!(home.contains("id=\"keys\""), scope != "keys:read");
    }
    let (desk, _) = site.desk("portal", &["portal:create"]).await;
    assert!(
        desk.get("/operator")
            .await
            .body
            .contains("neither accounts nor keys")
    );
    assert_eq!(site.verdict(&key).await.0, 200);
}

/// Some parts are on a page that needs another scope.
fn shows(text: &str, without: &str) -> bool {
    match text {
        "Suspend this account" | "Calls, 30 days" => without != "accounts:read",
        "Expire this key" => without != "keys:read",
        _ => true,
    }
}

#[tokio::test]
async fn the_page_is_where_the_management_api_is() {
    let site = Site::apart(BASE).await;
    for path in ["/operator", "/operator/sign-in", "/operator/style.css"] {
        assert_eq!(site.ask("GET", path, &[]).await.status, 404, "{path}");
    }
}

/// Signing in leads back to the page, with its search, and never out of the room or to a secret.
#[tokio::test]
async fn signing_in_leads_back() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let account = operator.account("acme").await;
    let key = operator.key(&account, "Billing", "never").await;
    let (mut desk, _) = site.desk("anna", &SUPPORT).await;
    let cookie = std::mem::take(&mut desk.cookie);
    let encoded = key.secret.replace('_', "%255F");
    for (path, to) in [
        ("/operator", "/operator/sign-in".to_owned()),
        (
            "/operator?q=org_1",
            "/operator/sign-in?next=%2Foperator%3Fq%3Dorg_1".to_owned(),
        ),
        (
            &format!("/operator/keys/{}?q={}", key.access, key.secret),
            "/operator?held=1".to_owned(),
        ),
        (
            &format!("/operator/none?q={encoded}"),
            "/operator?held=1".to_owned(),
        ),
        (
            &format!("/operator/{}", key.word()),
            "/operator?held=1".to_owned(),
        ),
        (
            "/operator?q=%2Fenter%3Fcode%3D1",
            "/operator/sign-in".to_owned(),
        ),
    ] {
        let answer = desk.get(path).await;
        assert_eq!(answer.header("location"), to, "{path}");
        assert!(!answer.body.contains(&key.secret));
    }
    // The page of a form, not the form's address.
    let path = format!("/operator/accounts/{account}/suspend");
    let answer = desk.post(&path, &FIELDS).await;
    assert_eq!(
        answer.header("location"),
        format!("/operator/sign-in?ended=1&next=%2Foperator%2Faccounts%2F{account}")
    );
    desk.cookie = cookie;
    for (next, to) in [
        ("%2Foperator%3Fq%3Dorg_1", "/operator?q=org_1"),
        ("/operator/keys/kh_0", "/operator/keys/kh_0"),
        ("/operator/../preferences/account", "/operator"),
        ("/operator/%252e%252E/x", "/operator"),
        ("/operator/%2e%2e/x", "/operator"),
        ("/operator/..%5Cx", "/operator"),
        ("//operator/x", "/operator"),
    ] {
        let answer = desk.get(&format!("/operator/sign-in?next={next}")).await;
        assert_eq!(answer.header("location"), to, "{next}");
    }
}
