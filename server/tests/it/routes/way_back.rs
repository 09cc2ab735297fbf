//! The way to the company's sign-in page, `KEYHOLD_SIGN_IN_URL`, and back.

use app::server_fns::registry::{self, Access, Function};
use app::shell::App;
use app::site::Site as Address;
use leptos_axum::generate_route_list;
use serde_json::json;
use shared::sign_in_url::SignInUrl;

use crate::fixture::{Answer, BASE, Site};

const COMPANY: &str = "https://app.example.com/keys?tab=api";

/// A site whose customers sign in at the company.
async fn site(sign_up_open: bool) -> Site {
    Site::set(Address {
        base_url: BASE.to_owned(),
        sign_up_open,
        sign_in: Some(SignInUrl::new(COMPANY.to_owned())),
        ..Address::default()
    })
    .await
}

/// Returns the page that an address of the company leads back to.
fn return_to(address: &str) -> String {
    let query = address.strip_prefix("https://app.example.com/keys?");
    let query = query.unwrap_or_else(|| panic!("{address} is not the company's"));
    let fields: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    assert_eq!(fields[0], ("tab".into(), "api".into()), "its own query");
    assert_eq!((fields.len(), &*fields[1].0), (2, "return_to"), "{address}");
    fields[1].1.to_string()
}

/// Returns the page that the sign-in page leads on to.
fn onward(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let refresh = answer.header("refresh");
    let target = refresh.strip_prefix("0; url=");
    return_to(target.unwrap_or_else(|| panic!("{refresh}")))
}

#[tokio::test]
async fn private_pages_lead_to_the_company_and_back() {
    let site = site(true).await;
    let mut seen = 0;
    for listing in generate_route_list(App) {
        let path = listing
            .path()
            .replace("{access_key}", "kh_0000000000000000");
        let answer = site.stranger().get(&path).await;
        if answer.status == 303 {
            assert_eq!(return_to(answer.header("location")), path);
            assert_eq!(answer.body, "");
            seen += 1;
        }
        assert_eq!(answer.header("refresh"), "", "{path} leads nowhere itself");
    }
    assert!(seen >= 8, "{seen} pages");
    for path in [
        "/preferences/api-control?q=a%20b%26c&page=2",
        "/preferences/api-control?q=https://evil.example/",
    ] {
        let answer = site.stranger().get(path).await;
        assert_eq!(return_to(answer.header("location")), path);
    }
    for format in ["csv", "json"] {
        let file = format!("/preferences/api-control/export.{format}?q=a");
        let answer = site.stranger().get(&file).await;
        let page = return_to(answer.header("location"));
        assert_eq!(page, "/preferences/api-control", "the page of the file");
    }
}

/// The content security policy would stop a form that is redirected to another site, and browsers do not say of a request
/// whether a form sent it.
#[tokio::test]
async fn pages_of_ours_are_led_on_by_the_sign_in_page() {
    let site = site(true).await;
    let here = "/preferences/api-control?q=a&page=2";
    let from_ours = [
        ("sec-fetch-site", "same-origin"),
        ("referer", "http://127.0.0.1:3000/preferences/api-control"),
    ];
    let answer = site.ask("GET", here, &from_ours).await;
    let first = answer.header("location");
    assert_eq!(
        (answer.status.as_u16(), first),
        (303, "/sign-in?next=/preferences/api-control?q=a%26page=2")
    );
    let answer = site.stranger().get(first).await;
    assert_eq!(onward(&answer), here);
    assert!(
        answer.body.contains("Sign in at app.example.com"),
        "without the header there is a link"
    );
    let mut functions = 0;
    let private = |function: &&Function| function.access != Access::Public;
    for function in registry::all().iter().filter(private) {
        let name = function.path.trim_start_matches("/fn/");
        let form = site.stranger().post(name, &[]).await;
        assert_eq!(form.status, 303, "{name}");
        assert_eq!(
            form.header("location"),
            "/sign-in?next=/&done=ended",
            "{name}"
        );
        functions += 1;
    }
    assert!(functions > 20, "only {functions} functions");
    let ended = site.stranger().get("/sign-in?next=/&done=ended").await;
    assert_eq!(onward(&ended), "/");
    assert!(ended.body.contains("Your session has ended"));
}

/// Accounts with a password sign in there.
#[tokio::test]
async fn the_own_sign_in_page_stays_for_itself() {
    for open in [true, false] {
        let site = site(open).await;
        site.leave_mail();
        for path in [
            "/sign-in",
            "/sign-in?done=signed-out",
            "/sign-up",
            "/forgot-password",
        ] {
            let page = site.stranger().get(path).await;
            assert_eq!(
                (page.status.as_u16(), page.header("refresh")),
                (200, ""),
                "{path}"
            );
            assert_eq!(
                page.body.contains("at app.example.com"),
                !(open && path == "/sign-up"),
                "{path} says where most sign in"
            );
        }
        if open {
            let member = site.member("a@example.com").await;
            assert_eq!(member.get("/").await.status, 200);
            let page = member.get("/sign-in?next=/preferences/account").await;
            assert_eq!(page.header("location"), "/preferences/account");
            let out = member.post("account/sign-out", &[]).await;
            assert_eq!(out.header("location"), "/sign-in?done=signed-out");
        }
    }
}

#[tokio::test]
async fn nothing_secret_and_no_other_site_is_in_the_way_back() {
    let site = site(true).await;
    let secret = "khs_0123456789ABCDEF";
    for (path, expected) in [
        ("/sign-in?next=//evil.example", "/"),
        ("/sign-in?next=https://evil.example/", "/"),
        ("/sign-in?next=/%5Cevil.example", "/"),
        ("/sign-in?next=/a%0d%0aset-cookie:a=b", "/"),
        ("/sign-in?next=javascript:alert(1)", "/"),
    ] {
        let page = site.stranger().get(path).await;
        assert_eq!(onward(&page), expected, "{path}");
        assert!(!page.body.contains("evil.example\""), "{path}");
    }
    let page = site
        .stranger()
        .get("/sign-in?next=/confirm%3Ftoken%3Dabc")
        .await;
    assert_eq!((page.status.as_u16(), page.header("refresh")), (200, ""));
    assert!(page.body.contains("return_to=/\""), "{}", page.body);
    let search = format!("/preferences/api-control?q={secret}");
    let clean = site
        .stranger()
        .get(&search)
        .await
        .header("location")
        .to_owned();
    assert_eq!(clean, "/preferences/api-control?done=secret");
    let answer = site.stranger().get(&clean).await;
    assert_eq!(return_to(answer.header("location")), clean);
}

/// The address for a program whose key has expired leads its owner through the company to the key.
#[tokio::test]
async fn the_address_in_a_problem_leads_through_the_company() {
    let site = site(true).await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.create("billing", "never").await;
    let fields = [("access_key", key.access.as_str())];
    assert_eq!(member.call("keys/expire", &fields).await.status, 200);
    let problem = site
        .ask("GET", "/verify", &[("authorization", &key.basic())])
        .await;
    let restore = problem.text("restore_url");
    let path = restore.strip_prefix(BASE).unwrap();
    let answer = site.stranger().get(path).await;
    assert_eq!(return_to(answer.header("location")), path);
    assert_eq!(
        member.get(path).await.status,
        200,
        "with a session, at once"
    );
}

/// A suspended account keeps its session, and a browser that comes back without one is not sent round for ever.
#[tokio::test]
async fn nothing_goes_round_for_ever() {
    let site = site(true).await;
    site.leave_mail();
    let operator = site.operator().await;
    let member = site.member("a@example.com").await;
    let accounts = operator.get("/accounts").await.json();
    let id = accounts["data"][0]["id"].as_str().unwrap().to_owned();
    let suspend = format!("/accounts/{id}/suspend");
    operator.post(&suspend, json!({"reason": "Unpaid"})).await;
    for path in ["/", "/preferences/api-control", "/preferences/account"] {
        assert_eq!(member.get(path).await.status, 200, "{path}");
    }

    let mut browser = site.stranger();
    let mut led = 0;
    let lost = loop {
        let answer = browser.get("/preferences/account").await;
        browser.keep_cookie(&answer);
        let location = answer.header("location").to_owned();
        if !location.starts_with("https://app.example.com/") {
            break location;
        }
        led += 1;
        assert!(led < 20, "browsers give up after twenty redirects");
    };
    assert_eq!(lost, "/sign-in?next=/preferences/account&done=lost");
    let page = browser.get(&lost).await;
    assert_eq!((page.status.as_u16(), page.header("refresh")), (200, ""));
    assert!(page.body.contains("Allow cookies"), "{}", page.body);
    let link = "return_to=/preferences/account\"";
    assert!(page.body.contains(link), "one can try again: {}", page.body);
}
