//! The ways in and out of a portal session, by what browsers send.

use app::brand::{Brand, NAME};
use app::site::Site as Address;
use axum::body::Body;
use axum::http::Request;
use serde_json::json;
use shared::sign_in_url::SignInUrl;

use super::{HOUR, PAGE, code, enter, visitor};
use crate::fixture::{Answer, BASE, Site, sign_up};

const APP: &str = "https://app.example.com/keys";

async fn company() -> Site {
    Site::set(Address {
        base_url: BASE.to_owned(),
        sign_in: Some(SignInUrl::new(APP.to_owned())),
        return_hosts: "app.example.com".parse().unwrap(),
        ..Address::default()
    })
    .await
}

#[tokio::test]
async fn a_sign_out_leads_back_to_the_company() {
    let site = company().await;
    let operator = site.operator().await;
    let body = json!({
        "account": {"external_id": "org_1"},
        "return_url": "https://app.example.com/settings?tab=1&a=b",
    });
    let browser = visitor(&site, &operator, body).await;
    let out = browser.post("account/sign-out", &[]).await;
    assert_eq!(out.status, 303);
    let to = out.header("location").to_owned();
    assert_eq!(
        to,
        "/signed-out?back=https%3A%2F%2Fapp.example.com%2Fsettings%3Ftab%3D1%26a%3Db"
    );
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_ne!(browser.get(PAGE).await.status, 200);
    let page = site.stranger().get(&to).await;
    assert_eq!(page.status, 200);
    let back = "https://app.example.com/settings?tab=1&a=b";
    assert_eq!(page.headers["refresh"], format!("0; url={back}"));
    assert!(page.body.contains("Go to app.example.com"));

    // Without a way back, the company's sign-in is offered: going there at once would sign in again.
    let body = json!({"account": {"external_id": "org_1"}});
    let browser = visitor(&site, &operator, body).await;
    let out = browser.post("account/sign-out", &[]).await;
    assert_eq!(out.header("location"), "/signed-out");
    let page = site.stranger().get("/signed-out").await;
    assert!(!page.headers.contains_key("refresh"));
    assert!(
        page.body.contains(&format!("href=\"{APP}\"")),
        "{}",
        page.body
    );
    // The end is told by the one who caused it.
    let audit = operator
        .get("/audit?action=account.signed_out")
        .await
        .json();
    assert_eq!(audit["data"].as_array().unwrap().len(), 2);
}

/// Without a sign-in page of the company's, a session that is over leads back to its app too, by the name that it has.
#[tokio::test]
async fn the_sign_in_page_leads_back_to_the_app() {
    for (brand, app) in [(NAME, "app.example.com"), ("Acme", "Acme")] {
        let site = Site::set(Address {
            base_url: BASE.to_owned(),
            sign_up_open: true,
            return_hosts: "app.example.com".parse().unwrap(),
            brand: Brand {
                name: brand.to_owned(),
                ..Brand::default()
            },
            ..Address::default()
        })
        .await;
        site.leave_mail();
        let operator = site.operator().await;
        let plain = json!({"account": {"external_id": "org_1"}});
        let url = "https://app.example.com/settings?tab=1&a=b";
        let mut browser = site.stranger();
        let mut body = plain.clone();
        body["return_url"] = json!(url);
        let code = code(&operator, body).await;
        let entered = enter(&browser, &[("code", &code)]).await;
        let cookies = |answer: &Answer| {
            let all = answer.headers.get_all("set-cookie").iter();
            let all = all.map(|cookie| {
                cookie
                    .to_str()
                    .unwrap()
                    .split(';')
                    .next()
                    .unwrap()
                    .to_owned()
            });
            all.collect::<Vec<_>>().join("; ")
        };
        browser.cookie = Some(cookies(&entered));
        let link = format!("Back to {app}");
        let page = browser.get(PAGE).await;
        assert!(page.body.contains(&link), "{}", page.body);
        let refused = browser.get("/nowhere").await;
        assert!(refused.body.contains(&link));

        site.clock.advance(HOUR);
        let over = browser.get(PAGE).await;
        let to = over.header("location").to_owned();
        assert_eq!(
            (over.status.as_u16(), &*to),
            (303, "/sign-in?next=/preferences/api-control")
        );
        for (address, says) in [(to.clone(), false), (format!("{to}&done=ended"), true)] {
            let page = browser.get(&address).await.body;
            assert!(page.contains(&link), "{page}");
            assert!(
                page.contains("href=\"https://app.example.com/settings?tab=1&amp;a=b\""),
                "{page}"
            );
            assert_eq!(
                page.contains("role=\"status\">Your session has ended."),
                says
            );
            assert!(!page.contains("Sign in to continue where"), "{page}");
            // A password is the other way.
            let (_, other) = page.split_once("<details").unwrap();
            assert!(other.contains("name=\"password\""), "{page}");
        }
        // One who never came from there knows nothing of it, and who has signed in here no longer does.
        let page = site.stranger().get(&format!("{to}&done=ended")).await.body;
        assert!(page.contains("Sign in to continue where") && !page.contains("app.example.com"));
        let removes = |answer: &Answer| {
            cookies(answer)
                .split("; ")
                .any(|one| one == "keyhold_back=")
        };
        let signed_up = site
            .stranger()
            .call("account/sign-up", &sign_up("ada@example.com"))
            .await;
        assert!(removes(&signed_up), "{:?}", signed_up.headers);
        let code = self::code(&operator, plain).await;
        let without = enter(&site.stranger(), &[("code", &code)]).await;
        assert!(removes(&without), "{:?}", without.headers);
    }
}

/// Only the company's hosts are gone to.
#[tokio::test]
async fn the_page_after_a_sign_out_leads_nowhere_else() {
    let site = company().await;
    for back in [
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "https://app.example.com@evil.example",
        "/",
        "",
    ] {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("back", back)
            .finish();
        let page = site.stranger().get(&format!("/signed-out?{query}")).await;
        assert!(!page.headers.contains_key("refresh"), "{back}");
        assert!(!page.body.contains("evil"), "{back}");
    }
    let plain = Site::new().await;
    let page = plain.stranger().get("/signed-out").await;
    assert!(page.body.contains("open them from your app"));
    assert!(!page.body.contains("/sign-in"), "{}", page.body);
}

#[tokio::test]
async fn a_link_that_does_not_work_leads_to_the_company() {
    let site = company().await;
    let gone = enter(&site.stranger(), &[("code", "x")]).await;
    assert_eq!(gone.status, 410);
    let way = format!("{APP}?return_to=/preferences/api-control");
    assert!(gone.body.contains(&way), "{}", gone.body);
}

/// Another site may know a code, its own: it must not put a visitor into another account.
#[tokio::test]
async fn another_sites_form_does_not_enter() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let code = code(&operator, json!({"account": {"external_id": "org_1"}})).await;
    let post = async |headers: &[(&str, &str)]| {
        let mut request = Request::builder().method("POST").uri("/enter");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Body::from(format!("code={code}"));
        site.send(request.body(body).unwrap()).await.status.as_u16()
    };
    let form = ("content-type", "application/x-www-form-urlencoded");
    for from in ["cross-site", "same-site"] {
        assert_eq!(post(&[form, ("sec-fetch-site", from)]).await, 403, "{from}");
    }
    let foreign = [form, ("origin", "https://evil.example")];
    assert_eq!(post(&foreign).await, 403);
    // The page has no referrer, so browsers without Fetch Metadata send this.
    assert_eq!(post(&[form, ("origin", "null")]).await, 303);
}

/// The form has one field; whatever else is sent is no code.
#[tokio::test]
async fn a_body_that_is_no_form_is_no_code() {
    let site = Site::new().await;
    for body in [
        String::new(),
        "code".to_owned(),
        "code=&code=0".to_owned(),
        "{\"code\": \"0\"}".to_owned(),
        format!("code={}", "0".repeat(100_000)),
        format!("{}=1&code={}", "x".repeat(10_000), "0".repeat(64)),
    ] {
        let request = Request::builder().method("POST").uri("/enter");
        let answer = site
            .send(request.body(Body::from(body.clone())).unwrap())
            .await;
        assert_eq!(answer.status, 410, "{}", &body[..body.len().min(40)]);
    }
    for method in ["PUT", "DELETE", "PATCH"] {
        assert_eq!(
            site.ask(method, "/enter", &[]).await.status,
            405,
            "{method}"
        );
    }
}
