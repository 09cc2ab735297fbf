//! A3: everything is closed by default. This list has every address that answers without a credential, and a new public
//! address must be added to it.

use std::collections::BTreeSet;

use app::server_fns::registry;
use app::shell::App;
use leptos_axum::generate_route_list;

use crate::fixture::{BASE, Site, sign_up};

/// The style guide exists in debug builds only.
const PUBLIC_PAGES: [&str; 5] = [
    "/sign-in",
    "/sign-up",
    "/forgot-password",
    "/signed-out",
    "/style",
];
/// The targets of links, in mails and of the company's app, which show nothing without a valid link.
const LINKED_PAGES: [&str; 3] = ["/confirm", "/enter", "/reset-password"];
const PUBLIC_FUNCTIONS: [&str; 4] = [
    "/fn/account/forgot-password",
    "/fn/account/sign-in",
    "/fn/account/sign-up",
    STANDING,
];
/// Every page asks it, those without a session too.
const STANDING: &str = "/fn/account/standing";
/// The functions behind links in mails; the link is the credential.
const LINKED_FUNCTIONS: [&str; 3] = [
    "/fn/account/confirm",
    "/fn/account/reset-password",
    "/fn/account/show-link",
];

#[test]
fn the_registry_lists_every_server_function() {
    let listed: BTreeSet<_> = registry::all()
        .iter()
        .map(|function| function.path)
        .collect();
    let compiled: BTreeSet<_> = server_fn::axum::server_fn_paths()
        .map(|(path, _)| path)
        .collect();
    assert_eq!(listed, compiled);
    assert!(
        server_fn::axum::server_fn_paths().all(|(_, method)| method == axum::http::Method::POST)
    );
}

#[tokio::test]
async fn pages_redirect_to_sign_in() {
    let site = Site::new().await;
    let mut seen = 0;
    for listing in generate_route_list(App) {
        let path = listing
            .path()
            .replace("{access_key}", "kh_0000000000000000");
        let answer = site.stranger().get(&path).await;
        if PUBLIC_PAGES.contains(&path.as_str()) {
            assert_eq!(answer.status, 200, "{path}");
        } else if LINKED_PAGES.contains(&path.as_str()) {
            assert_eq!(answer.status, 410, "{path}");
        } else {
            assert_eq!(answer.status, 303, "{path}");
            assert!(answer.header("location").starts_with("/sign-in"), "{path}");
            assert_eq!(answer.body, "");
        }
        seen += 1;
    }
    assert!(seen >= 8, "{seen} pages");
    let answer = site
        .stranger()
        .get("/preferences/api-control?q=a&page=2")
        .await;
    let next = "/sign-in?next=/preferences/api-control?q=a%26page=2";
    assert_eq!(answer.header("location"), next, "the way back is kept");
}

#[tokio::test]
async fn functions_answer_unauthenticated() {
    let site = Site::new().await;
    site.leave_mail();
    for function in registry::all() {
        let name = function.path.trim_start_matches("/fn/");
        let fields: Vec<_> = function.fields.iter().map(|field| (*field, "x")).collect();
        let answer = site.stranger().call(name, &fields).await;
        let linked = LINKED_FUNCTIONS.contains(&function.path);
        let public = linked || PUBLIC_FUNCTIONS.contains(&function.path);
        if function.path == STANDING {
            // Of a stranger it knows nothing.
            assert_eq!(
                (answer.status.as_u16(), &*answer.body),
                (200, r#"{"notice":""}"#)
            );
        } else if public {
            assert_eq!(
                answer.text("code"),
                if linked { "link_gone" } else { "invalid" },
                "{name}: it looks at its input"
            );
        } else {
            assert_eq!(
                (answer.status.as_u16(), answer.text("code").as_str()),
                (401, "unauthenticated"),
                "{name}"
            );
        }
        let form = site.stranger().post(name, &fields).await;
        if !public {
            assert_eq!(form.status, 303, "{name}");
            assert_eq!(form.header("location"), "/sign-in?done=ended", "{name}");
        }
        for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH"] {
            let answer = site.ask(method, function.path, &[]).await;
            assert_eq!(
                answer.status, 405,
                "{method} {name}: only POST changes anything"
            );
        }
    }
}

#[tokio::test]
async fn programs_are_asked_for_credentials() {
    let site = Site::new().await;
    for path in [
        "/verify",
        "/verify/any/path",
        "/v1",
        "/v1/",
        "/v1/account",
        "/v1/keys",
        "/v1/keys/kh_0",
        "/v1/nothing",
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            let answer = site.ask(method, path, &[]).await;
            assert_eq!(answer.status, 401, "{method} {path}");
            assert_eq!(answer.text("code"), "credentials_missing");
            assert_eq!(
                answer.header("www-authenticate"),
                "Basic realm=\"Keyhold\", charset=\"UTF-8\""
            );
        }
    }
}

#[tokio::test]
async fn a_session_opens_no_guarded_endpoint() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    for path in ["/verify", "/v1/account", "/v1/keys"] {
        assert_eq!(
            member.get(path).await.text("code"),
            "credentials_missing",
            "{path}"
        );
    }
}

#[tokio::test]
async fn unknown_addresses_are_not_found() {
    let site = Site::new().await;
    for path in [
        "/nothing",
        "/preferences",
        "/fn",
        "/fn/keys/steal",
        "/pkg/nothing.js",
        "/.env",
        "/hash.txt",
    ] {
        assert_eq!(site.stranger().get(path).await.status, 404, "{path}");
    }
    assert_eq!(site.ask("GET", "/healthz", &[]).await.body, "ok");
}

#[tokio::test]
async fn sign_up_can_be_closed() {
    let site = Site::at(BASE, false).await;
    site.leave_mail();
    let answer = site
        .stranger()
        .call("account/sign-up", &sign_up("a@example.com"))
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.text("code").as_str()),
        (403, "forbidden")
    );
    // No page offers it.
    for path in ["/sign-in", "/forgot-password", "/sign-up"] {
        let page = site.stranger().get(path).await;
        assert_eq!(page.status, 200, "{path}");
        for offer in ["href=\"/sign-up\"", "/fn/account/sign-up"] {
            assert!(!page.body.contains(offer), "{path}: {offer}");
        }
    }
    let page = site.stranger().get("/sign-up").await;
    assert!(page.body.contains("Sign-up is closed"), "{}", page.body);
    let home = site.stranger().get("/").await;
    assert_eq!(home.header("location"), "/sign-in");
}
