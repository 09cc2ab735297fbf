//! Requests for portal links that are refused, and requests that are repeated.

use serde_json::{Value, json};

use super::{code_of, enter};
use crate::fixture::{Operator, Site};
use app::site::Site as Address;

/// Asks for a link, and returns the pointers of the refusal.
async fn wrong(operator: &Operator<'_>, body: Value) -> Vec<String> {
    let refused = operator.post("/portal-sessions", body.clone()).await;
    assert_eq!(refused.status, 422, "{body}: {}", refused.body);
    assert_eq!(refused.text("code"), "invalid", "{body}");
    let errors = refused.json()["errors"].as_array().unwrap().clone();
    let pointers = errors.iter().map(|error| {
        assert!(!error["detail"].as_str().unwrap().is_empty());
        error["pointer"].as_str().unwrap().to_owned()
    });
    pointers.collect()
}

/// A site whose pages may lead back to one host.
async fn company() -> Site {
    Site::set(Address {
        base_url: crate::fixture::BASE.to_owned(),
        return_hosts: "app.example.com".parse().unwrap(),
        ..Address::default()
    })
    .await
}

async fn nothing_is_made(operator: &Operator<'_>) {
    let accounts = operator.get("/accounts").await.json();
    assert_eq!(accounts["data"], json!([]));
}

/// Returns a request with this member.
fn with(member: &str, value: Value) -> Value {
    let mut body = json!({"account": {"external_id": "org_1"}});
    body[member] = value;
    body
}

#[tokio::test]
async fn a_wrong_account_or_actor_is_pointed_at() {
    let site = company().await;
    let operator = site.operator().await;
    let long = "x".repeat(201);
    for (value, pointer) in [
        (json!({}), "/account/external_id"),
        (json!(null), "/account"),
        (json!("org_1"), "/account"),
        (json!({"external_id": null}), "/account/external_id"),
        (json!({"external_id": ""}), "/account/external_id"),
        (json!({"external_id": "a b"}), "/account/external_id"),
        (json!({"external_id": long}), "/account/external_id"),
        (json!({"external_id": "o", "name": "a\nb"}), "/account/name"),
        (
            json!({"external_id": "o", "notice_emails": ["a@example.com", "x"]}),
            "/account/notice_emails/1",
        ),
        (
            json!({"external_id": "o", "time_zone": "Mars/Phobos"}),
            "/account/time_zone",
        ),
        (
            json!({"external_id": "o", "metadata": [1]}),
            "/account/metadata",
        ),
        (json!({"external_id": "o", "plan": "pro"}), "/account/plan"),
        (
            json!({"external_id": "o", "password": "x"}),
            "/account/password",
        ),
    ] {
        assert_eq!(
            wrong(&operator, with("account", value.clone())).await,
            [pointer],
            "{value}"
        );
    }
    for (value, pointer) in [
        (json!("ada"), "/actor"),
        (json!({}), "/actor/external_id"),
        (json!({"external_id": "u"}), "/actor/label"),
        (json!({"external_id": "u", "label": " "}), "/actor/label"),
        (json!({"external_id": "u", "label": long}), "/actor/label"),
        (
            json!({"external_id": "u", "label": "a\u{0}b"}),
            "/actor/label",
        ),
        (
            json!({"external_id": "", "label": "a"}),
            "/actor/external_id",
        ),
        (
            json!({"external_id": "u", "label": "a", "role": "x"}),
            "/actor/role",
        ),
    ] {
        assert_eq!(
            wrong(&operator, with("actor", value.clone())).await,
            [pointer],
            "{value}"
        );
    }
    nothing_is_made(&operator).await;
}

#[tokio::test]
async fn a_wrong_capability_or_length_is_pointed_at() {
    let site = company().await;
    let operator = site.operator().await;
    for (value, pointer) in [
        (json!([]), "/capabilities"),
        (json!("keys.read"), "/capabilities"),
        (json!(["keys.read", "keys"]), "/capabilities/1"),
        (json!(["Keys.read"]), "/capabilities/0"),
        (json!([1]), "/capabilities/0"),
    ] {
        assert_eq!(
            wrong(&operator, with("capabilities", value.clone())).await,
            [pointer],
            "{value}"
        );
    }
    for value in [
        json!(299),
        json!(86_401),
        json!(-1),
        json!(i64::MAX),
        json!(3600.5),
        json!("3600"),
        json!(1e300),
    ] {
        let pointers = wrong(&operator, with("session_seconds", value.clone())).await;
        assert_eq!(pointers, ["/session_seconds"], "{value}");
    }
    nothing_is_made(&operator).await;
}

#[tokio::test]
async fn a_link_leads_to_private_pages_and_listed_hosts_only() {
    let site = company().await;
    let operator = site.operator().await;
    let long = "x".repeat(201);
    for page in [
        "",
        "preferences",
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/sign-in",
        "/sign-up",
        "/enter?code=0",
        "/signed-out",
        "/preferences",
        "/preferencesx/",
        "/fn/account/sign-out",
        "/admin/v1/keys",
        "/verify",
        "/preferences/../sign-in",
        "/preferences/%2e%2e/sign-in",
        "/preferences/api-control?q=\u{e9}",
        "/preferences/api-control\r\nset-cookie: a=b",
        "/preferences/api-control?q=khs_0123456789ABCDEF",
        &format!("/preferences/{long}{}", "x".repeat(2_000)),
    ] {
        assert_eq!(
            wrong(&operator, with("page", json!(page))).await,
            ["/page"],
            "{page:?}"
        );
    }
    for url in [
        "",
        "/settings",
        "//app.example.com",
        "http://app.example.com/",
        "https://app.example.com.evil.example/",
        "https://evil.example/app.example.com",
        "https://app.example.com@evil.example/",
        "https://ada:pw@app.example.com/",
        "https://app.example.com:8443/",
        "https://app.example.com\\@evil.example/",
        "javascript:alert(1)//app.example.com",
    ] {
        assert_eq!(
            wrong(&operator, with("return_url", json!(url))).await,
            ["/return_url"],
            "{url:?}"
        );
    }
    nothing_is_made(&operator).await;
}

#[tokio::test]
async fn all_mistakes_are_named_at_once_and_nothing_is_made() {
    let site = company().await;
    let operator = site.operator().await;
    assert_eq!(
        wrong(&operator, with("embed", json!(true))).await,
        ["/embed"]
    );
    // All at once.
    let body = json!({
        "account": {"external_id": "", "name": "a\nb"},
        "actor": {"external_id": "", "label": ""},
        "capabilities": ["x"],
        "session_seconds": 1,
        "page": "x",
        "return_url": "x",
    });
    let all = wrong(&operator, body).await;
    assert_eq!(
        all,
        [
            "/account/external_id",
            "/account/name",
            "/actor/external_id",
            "/actor/label",
            "/capabilities/0",
            "/page",
            "/return_url",
            "/session_seconds",
        ]
    );
    nothing_is_made(&operator).await;
    for id in ["ps_0", "ps_", "acc_0", "%00", "'--", "ps_0%2f"] {
        let path = format!("/portal-sessions/{id}");
        assert_eq!(operator.get(&path).await.status, 404, "{id}");
        assert_eq!(operator.delete(&path).await.status, 404, "{id}");
    }
}

#[tokio::test]
async fn the_limits_themselves_are_allowed() {
    let site = company().await;
    let operator = site.operator().await;
    for (seconds, page) in [(300, "/"), (86_400, "/preferences/notices?a=b#log")] {
        let body = json!({
            "account": {"external_id": "o".repeat(200), "name": "n".repeat(200)},
            "actor": {"external_id": "u".repeat(200), "label": "\u{e9}".repeat(200)},
            "capabilities": ["notices", "keys.read", "keys.read"],
            "session_seconds": seconds,
            "page": page,
            "return_url": "HTTPS://APP.example.com/settings",
        });
        let made = operator.post("/portal-sessions", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let entered = enter(&site.stranger(), &[("code", &code_of(&made))]).await;
        assert_eq!(entered.headers["location"], page);
        let age = format!("Max-Age={seconds}");
        assert!(entered.header("set-cookie").ends_with(&age));
        let shown = operator
            .get(&format!("/portal-sessions/{}", made.text("id")))
            .await;
        assert_eq!(
            shown.json()["capabilities"],
            json!(["keys.read", "notices"])
        );
        assert_eq!(
            shown.json()["return_url"],
            "https://app.example.com/settings"
        );
        assert_eq!(shown.json()["expires_at"], made.json()["expires_at"]);
    }
}

/// The link comes again, although its code is not stored.
#[tokio::test]
async fn a_repeated_request_gets_the_same_link() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let body = json!({"account": {"external_id": "org_1"}});
    let once = async || {
        operator
            .post_once("k", "/portal-sessions", body.clone())
            .await
    };
    let first = once().await;
    let again = once().await;
    assert_eq!(again.headers["idempotency-replayed"], "true");
    assert_eq!(again.headers["cache-control"], "no-store");
    assert_eq!(again.json(), first.json());
    let code = code_of(&first);
    assert!(!site.fixture.stores(&code).await);
    let browser = site.stranger();
    assert_eq!(enter(&browser, &[("code", &code)]).await.status, 303);
    assert_eq!(once().await.json(), first.json());
    assert_eq!(enter(&browser, &[("code", &code)]).await.status, 410);
    assert!(!site.fixture.stores(&code).await);
    // Each request without a key makes its own.
    let other = operator.post("/portal-sessions", body.clone()).await;
    assert_ne!(other.text("url"), first.text("url"));
    let audit = operator.get("/audit").await.body;
    assert!(!audit.contains(&code));
    for action in ["portal.created", "portal.entered", "account.created"] {
        assert!(audit.contains(action), "{action}: {audit}");
    }
}
