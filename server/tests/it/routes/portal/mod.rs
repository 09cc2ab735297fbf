//! Portal links: from the company's request to the session in the browser.

mod accounts;
mod input;
mod switch;
mod ways;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::fixture::{Answer, Browser, Operator, Site};

const HOUR: i64 = 60 * 60 * 1000;
const PAGE: &str = "/preferences/api-control";

/// Returns the code of a new link.
async fn code(operator: &Operator<'_>, body: Value) -> String {
    let made = operator.post("/portal-sessions", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    code_of(&made)
}

fn code_of(made: &Answer) -> String {
    let url = made.text("url");
    let code = url.strip_prefix("http://127.0.0.1:3000/enter?code=");
    code.unwrap().to_owned()
}

async fn enter(browser: &Browser<'_>, fields: &[(&str, &str)]) -> Answer {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let mut request = Request::builder()
        .method("POST")
        .uri("/enter")
        .header("accept", "text/html")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "null")
        .header("sec-fetch-site", "same-origin");
    if let Some(cookie) = &browser.cookie {
        request = request.header("cookie", cookie);
    }
    let request = request.body(Body::from(form)).unwrap();
    browser.site.send(request).await
}

/// Returns the browser that has used a link.
pub async fn visitor<'a>(site: &'a Site, operator: &Operator<'_>, body: Value) -> Browser<'a> {
    let code = code(operator, body).await;
    let mut browser = site.stranger();
    let entered = enter(&browser, &[("code", &code)]).await;
    assert_eq!(entered.status, 303, "{}", entered.body);
    browser.keep_cookie(&entered);
    browser
}

#[tokio::test]
async fn a_link_leads_to_the_page_of_its_account() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let body = json!({"account": {"external_id": "org_1", "name": "Acme"}});
    let made = operator.post("/portal-sessions", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.headers["cache-control"], "no-store");
    assert!(made.text("id").starts_with("ps_"));
    let code = code_of(&made);
    assert_eq!(code.len(), 64);

    let mut browser = site.stranger();
    let page = browser.get(&format!("/enter?code={code}")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&code) && page.body.contains("action=\"/enter\""));
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-robots-tag", "noindex"),
    ] {
        assert_eq!(page.headers[name], value);
    }
    let entered = enter(&browser, &[("code", &code)]).await;
    assert_eq!(entered.status, 303, "{}", entered.body);
    assert_eq!(entered.headers["location"], PAGE);
    assert!(entered.header("set-cookie").contains("Max-Age=3600"));
    browser.keep_cookie(&entered);
    let page = browser.get(PAGE).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Acme"), "{}", page.body);

    // No use moves its end.
    for _ in 0..59 {
        site.clock.advance(HOUR / 60);
        assert_eq!(browser.get(PAGE).await.status, 200);
    }
    site.clock.advance(HOUR / 60 - 1);
    assert_eq!(browser.get(PAGE).await.status, 200);
    site.clock.advance(1);
    assert_eq!(browser.get(PAGE).await.status, 303);
    let call = browser.call("keys/list", &[]).await;
    assert_eq!(call.status, 401);
}

/// Chats and mail scanners open links, some of them often.
#[tokio::test]
async fn whatever_only_opens_a_link_does_not_use_it_up() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let code = code(&operator, json!({"account": {"external_id": "org_1"}})).await;
    for _ in 0..20 {
        for method in ["GET", "HEAD"] {
            let path = format!("/enter?code={code}");
            let seen = site.ask(method, &path, &[]).await;
            assert_eq!(seen.status, 200);
            assert!(!seen.headers.contains_key("set-cookie"));
        }
    }
    let browser = site.stranger();
    assert_eq!(enter(&browser, &[("code", &code)]).await.status, 303);
}

#[tokio::test]
async fn a_link_works_once() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let code = code(&operator, json!({"account": {"external_id": "org_1"}})).await;
    let browser = site.stranger();
    let fields = [("code", code.as_str())];
    let all = (0..20).map(|_| enter(&browser, &fields));
    let answers = futures_util::future::join_all(all).await;
    let mut statuses: Vec<_> = answers.iter().map(|one| one.status.as_u16()).collect();
    statuses.sort_unstable();
    let mut expected = vec![303];
    expected.resize(20, 410);
    assert_eq!(statuses, expected);
    let cookies = answers
        .iter()
        .filter(|one| one.headers.contains_key("set-cookie"));
    assert_eq!(cookies.count(), 1);
}

/// Nothing tells a link that was used from one that never was.
#[tokio::test]
async fn every_link_that_does_not_work_is_answered_alike() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let account = json!({"account": {"external_id": "org_1"}});
    let used = code(&operator, account.clone()).await;
    let browser = site.stranger();
    assert_eq!(enter(&browser, &[("code", &used)]).await.status, 303);
    let made = operator.post("/portal-sessions", account.clone()).await;
    let ended = code_of(&made);
    let path = format!("/portal-sessions/{}", made.text("id"));
    assert_eq!(operator.delete(&path).await.status, 204);
    let late = code(&operator, account).await;
    site.clock.advance(HOUR / 12 - 1);
    let (shorter, longer) = (&late[..63], format!("{late}0"));
    let plain = async |code: &str| {
        let answer = enter(&browser, &[("code", code)]).await;
        assert_eq!(answer.status, 410, "{code}");
        assert!(answer.body.contains("This link no longer works"));
        // Of a page only its nonce differs.
        let mut parts = answer.body.split("nonce=\"");
        let first = parts.next().unwrap().to_owned();
        parts.fold(first, |page, part| page + part.split_once('"').unwrap().1)
    };
    let expected = plain(&used).await;
    let none = "0".repeat(64);
    for code in [&ended, &none, shorter, &longer, "", "'--", "\u{e9}\0"] {
        assert_eq!(plain(code).await, expected, "{code}");
    }
    site.clock.advance(1);
    assert_eq!(plain(&late).await, expected);
}

#[tokio::test]
async fn another_account_is_asked_about_before_it_is_left() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let acme = json!({"account": {"external_id": "org_1", "name": "Acme <b>"}});
    let other = json!({"account": {"external_id": "org_2", "name": "Umbrella"}});
    let browser = visitor(&site, &operator, acme.clone()).await;
    let code = code(&operator, other).await;
    let question = enter(&browser, &[("code", &code)]).await;
    assert_eq!(question.status, 200);
    for text in ["Acme &lt;b&gt;", "Umbrella", &code] {
        assert!(question.body.contains(text), "{text}: {}", question.body);
    }
    assert!(!question.headers.contains_key("set-cookie"));
    assert_eq!(browser.get(PAGE).await.status, 200, "still signed in");
    // Not even a site that knows the code can answer for its visitor.
    for guess in ["", "1", &"0".repeat(32)] {
        let answer = enter(&browser, &[("code", &code), ("from", guess)]).await;
        assert_eq!(answer.status, 200, "{guess}");
    }
    let (_, from) = question.body.split_once("name=\"from\" value=\"").unwrap();
    let from = from.split_once('"').unwrap().0.to_owned();
    let mut switched = site.stranger();
    let entered = enter(&browser, &[("code", &code), ("from", &from)]).await;
    assert_eq!(entered.status, 303, "{}", entered.body);
    switched.keep_cookie(&entered);
    assert!(switched.get(PAGE).await.body.contains("Umbrella"));
    assert_eq!(
        browser.get(PAGE).await.status,
        303,
        "the other session ended"
    );

    // The same account needs no question.
    let again = visitor(&site, &operator, acme.clone()).await;
    let code = self::code(&operator, acme).await;
    let entered = enter(&again, &[("code", &code)]).await;
    assert_eq!(entered.status, 303);
    assert_eq!(
        again.get(PAGE).await.status,
        303,
        "the new one took its place"
    );
}

#[tokio::test]
async fn the_company_ends_sessions_at_once() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let body = |person: &str| {
        json!({
            "account": {"external_id": "org_1"},
            "actor": {"external_id": person, "label": format!("{person}@example.com")},
        })
    };
    let made = operator.post("/portal-sessions", body("ada")).await;
    let path = format!("/portal-sessions/{}", made.text("id"));
    let status = async || operator.get(&path).await.text("status");
    assert_eq!(status().await, "waiting");
    let mut ada = site.stranger();
    let entered = enter(&ada, &[("code", &code_of(&made))]).await;
    ada.keep_cookie(&entered);
    let shown = operator.get(&path).await.json();
    assert_eq!(shown["status"], "active");
    assert_eq!(shown["external_id"], "org_1");
    assert_eq!(shown["actor"]["label"], "ada@example.com");
    assert_eq!(shown["capabilities"].as_array().unwrap().len(), 6);
    assert!(!shown.to_string().contains(&code_of(&made)));
    let entered = operator.get("/audit?action=portal.entered").await.json();
    let entered = &entered["data"][0];
    assert_eq!(entered["actor_kind"], "portal");
    assert_eq!(entered["actor_id"], "ada");
    assert_eq!(entered["detail"], "ada@example.com");
    assert_eq!(entered["subject"], made.json()["id"]);
    assert_eq!(operator.delete(&path).await.status, 204);
    assert_eq!(ada.get(PAGE).await.status, 303);
    assert_eq!(status().await, "ended");
    assert_eq!(operator.delete(&path).await.status, 204, "again");
    let unknown = operator.delete("/portal-sessions/ps_0").await;
    assert_eq!(unknown.status, 404);

    let ada = visitor(&site, &operator, body("ada")).await;
    let bob = visitor(&site, &operator, body("bob")).await;
    let (of_ada, of_bob) = (
        code(&operator, body("ada")).await,
        code(&operator, body("bob")).await,
    );
    let end = "/accounts/ext:org_1/end-sessions";
    let ended = operator.post(end, json!({"actor": "ada"})).await;
    assert_eq!(ended.json(), json!({"ended": 1}));
    assert_eq!(ada.get(PAGE).await.status, 303);
    assert_eq!(bob.get(PAGE).await.status, 200);
    let stranger = site.stranger();
    assert_eq!(enter(&stranger, &[("code", &of_ada)]).await.status, 410);
    let ended = operator.post(end, json!({})).await;
    assert_eq!(ended.json(), json!({"ended": 1}));
    assert_eq!(bob.get(PAGE).await.status, 303);
    assert_eq!(enter(&stranger, &[("code", &of_bob)]).await.status, 410);
    let unknown = operator.post(end, json!({"actor": "eve"})).await;
    assert_eq!(unknown.json(), json!({"ended": 0}));
    let wrong = operator.post(end, json!({"actor": ""})).await;
    assert_eq!(wrong.status, 422, "{}", wrong.body);
}
