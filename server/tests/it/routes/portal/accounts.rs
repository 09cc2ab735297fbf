//! The accounts that portal links create, change and open.

use serde_json::json;

use super::switch::question;
use super::{PAGE, code, code_of, enter, visitor};
use crate::fixture::Site;

#[tokio::test]
async fn a_link_creates_the_account_or_changes_what_is_given() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let account = json!({
        "external_id": "org_1",
        "name": "Acme",
        "notice_emails": ["ops@example.com"],
        "time_zone": "Europe/Berlin",
        "metadata": {"plan": "pro"},
    });
    code(&operator, json!({ "account": account })).await;
    let first = operator.get("/accounts/ext:org_1").await.json();
    for (member, value) in account.as_object().unwrap() {
        assert_eq!(first[member], *value, "{member}");
    }
    let actions = async || {
        let audit = operator.get("/audit?limit=200").await.json();
        let entries = audit["data"].as_array().unwrap().clone();
        let actions = entries
            .iter()
            .map(|entry| entry["action"].as_str().unwrap().to_owned());
        actions
            .filter(|action| action.starts_with("account"))
            .collect::<Vec<_>>()
    };
    // What is absent stays, and what is the same is no change.
    code(&operator, json!({"account": {"external_id": "org_1"}})).await;
    code(&operator, json!({ "account": account })).await;
    assert_eq!(operator.get("/accounts/ext:org_1").await.json(), first);
    assert_eq!(actions().await, ["account.created"]);
    code(
        &operator,
        json!({"account": {"external_id": "org_1", "name": "", "notice_emails": []}}),
    )
    .await;
    let changed = operator.get("/accounts/ext:org_1").await.json();
    assert_eq!(changed["id"], first["id"]);
    assert_eq!(
        (&changed["name"], &changed["notice_emails"]),
        (&json!(""), &json!([]))
    );
    assert_eq!(changed["time_zone"], "Europe/Berlin");
    assert_eq!(actions().await, ["account.created", "account.edited"]);
}

/// A request that is refused for its link leaves the account alone too.
#[tokio::test]
async fn fifty_requests_at_once_make_one_account() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let body = json!({"account": {"external_id": "org_1"}});
    let all = (0..50).map(|_| operator.post("/portal-sessions", body.clone()));
    let answers = futures_util::future::join_all(all).await;
    assert!(answers.iter().all(|answer| answer.status == 201));
    let accounts = operator.get("/accounts").await.json();
    assert_eq!(accounts["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_suspended_account_is_entered_and_only_read() {
    let site = Site::new().await;
    let operator = site.operator().await;
    operator.account("org_1").await;
    let reason = json!({"reason": "Unpaid invoice"});
    operator.post("/accounts/ext:org_1/suspend", reason).await;
    let body = json!({"account": {"external_id": "org_1", "name": "Acme"}});
    let browser = visitor(&site, &operator, body).await;
    let page = browser.get(PAGE).await;
    assert!(page.body.contains("Unpaid invoice"), "{}", page.body);
    let refused = browser
        .call("keys/create", &[("name", "a"), ("expiry", "never")])
        .await;
    assert_eq!(refused.text("code"), "account_suspended");
}

#[tokio::test]
async fn a_deleted_account_takes_its_links_along() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let body = json!({"account": {"external_id": "org_1"}, "actor": {"external_id": "u", "label": "quite particular"}});
    let browser = visitor(&site, &operator, body.clone()).await;
    let made = operator.post("/portal-sessions", body.clone()).await;
    assert_eq!(operator.delete("/accounts/ext:org_1").await.status, 204);
    assert_eq!(browser.get(PAGE).await.status, 303);
    let stranger = site.stranger();
    assert_eq!(
        enter(&stranger, &[("code", &code_of(&made))]).await.status,
        410
    );
    let path = format!("/portal-sessions/{}", made.text("id"));
    assert_eq!(operator.get(&path).await.status, 404);
    // The next link begins a new one.
    let browser = visitor(&site, &operator, body).await;
    assert_eq!(browser.get(PAGE).await.status, 200);
}

/// An account with an own sign-in is opened too; its owner is asked only where another account is meant.
#[tokio::test]
async fn a_link_opens_an_account_with_a_password() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let accounts = operator.get("/accounts").await.json();
    let path = format!("/accounts/{}", accounts["data"][0]["id"].as_str().unwrap());
    let named = operator.patch(&path, json!({"external_id": "org_1"})).await;
    assert_eq!(named.status, 200, "{}", named.body);
    let code = code(&operator, json!({"account": {"external_id": "org_1"}})).await;
    let (_, from) = question(&enter(&member, &[("code", &code)]).await);
    let entered = enter(&member, &[("code", &code), ("from", &from)]).await;
    assert_eq!(entered.status, 303, "{}", entered.body);
    let mut browser = site.stranger();
    browser.keep_cookie(&entered);
    assert!(browser.get(PAGE).await.body.contains("a@example.com"));
    assert_eq!(
        member.get(PAGE).await.status,
        303,
        "the new one took its place"
    );
}

#[tokio::test]
async fn old_links_are_forgotten_after_a_week() {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let site = Site::new().await;
    let operator = site.operator().await;
    let body = json!({"account": {"external_id": "org_1"}, "session_seconds": 86_400});
    let made = operator.post("/portal-sessions", body.clone()).await;
    let mut browser = site.stranger();
    let entered = enter(&browser, &[("code", &code_of(&made))]).await;
    browser.keep_cookie(&entered);
    let path = format!("/portal-sessions/{}", made.text("id"));
    let prune = async || {
        let keep = vault::Keep::DEFAULT;
        site.vault.prune(keep, site.vault.now()).await.unwrap();
    };
    site.clock.advance(8 * DAY - 1);
    prune().await;
    assert_eq!(operator.get(&path).await.text("status"), "expired");
    site.clock.advance(1);
    prune().await;
    assert_eq!(operator.get(&path).await.status, 404);
    assert_eq!(browser.get(PAGE).await.status, 303);
}
