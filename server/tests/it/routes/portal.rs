//! Portal links: from the company's request to the session in the browser.

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
async fn visitor<'a>(site: &'a Site, operator: &Operator<'_>, body: Value) -> Browser<'a> {
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

    site.clock.advance(HOUR - 1);
    assert_eq!(browser.get(PAGE).await.status, 200);
    site.clock.advance(1);
    assert_eq!(browser.get(PAGE).await.status, 303);
}
