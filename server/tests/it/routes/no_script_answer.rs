//! Forms without JavaScript: every form is answered with a redirect or its own page, and no typed text is lost.

use axum::body::Body;
use axum::http::Request;
use vault::test_support::PASSWORD;

use crate::fixture::{Answer, BASE, Site};

#[tokio::test]
async fn sign_in_redirects_within_this_server() {
    let site = Site::new().await;
    site.leave_mail();
    site.member("a@example.com").await;
    for (next, expected) in [
        (
            "/preferences/api-control?q=x",
            "/preferences/api-control?q=x",
        ),
        ("", "/"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
    ] {
        let fields = [
            ("email", "a@example.com"),
            ("password", PASSWORD),
            ("next", next),
        ];
        let answer = site.stranger().post("account/sign-in", &fields).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, expected)
        );
        let cookie = answer.header("set-cookie");
        assert!(
            cookie.starts_with("keyhold_session=") && cookie.contains("HttpOnly; SameSite=Lax"),
            "{cookie}"
        );
    }
}

/// Without a session the typed text is lost; the sign-in page reports that the session has ended.
#[tokio::test]
async fn a_form_after_the_sessions_end_leads_to_sign_in() {
    let site = Site::new().await;
    let form = Request::builder()
        .method("POST")
        .uri("/fn/keys/create")
        .header("accept", "text/html")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("referer", format!("{BASE}/preferences/api-control/new"))
        .body(Body::from("name=typed&description=&expiry=never"));
    let answer = site.send(form.unwrap()).await;
    let sign_in = "/sign-in?next=/preferences/api-control/new&done=ended";
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, sign_in)
    );
    let page = site.stranger().get(sign_in).await.body;
    assert!(page.contains("Your session has ended."), "{page}");
    assert!(
        page.contains("value=\"/preferences/api-control/new\""),
        "the way back is kept"
    );
}

#[tokio::test]
async fn a_failed_sign_in_keeps_the_address_and_not_the_password() {
    let site = Site::new().await;
    site.leave_mail();
    let fields = [
        ("email", "a@example.com"),
        ("password", "not the password"),
        ("next", "/developers"),
    ];
    let answer = site.stranger().post("account/sign-in", &fields).await;
    assert_eq!(answer.status, 401);
    assert!(
        answer
            .body
            .contains("The email address or password is wrong.")
    );
    assert!(
        answer.body.contains("value=\"a@example.com\""),
        "what was typed stays"
    );
    assert!(
        answer.body.contains("value=\"/developers\""),
        "and where it leads"
    );
    assert!(!answer.body.contains("not the password"));
    // The page has a function's address, where the script would find no page to take over.
    assert!(!answer.body.contains("hydrate()") && !answer.body.contains(".wasm"));
}

#[tokio::test]
async fn sign_up_shows_the_default_key_once() {
    let site = Site::new().await;
    site.leave_mail();
    let fields = [
        ("email", "a@example.com"),
        ("password", PASSWORD),
        ("time_zone", "Europe/Berlin"),
    ];
    let mut browser = site.stranger();
    let answer = browser.post("account/sign-up", &fields).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(
        answer.body.contains("khs_"),
        "the secret, in the answer to the post"
    );
    browser.keep_cookie(&answer);
    assert!(
        !browser.get("/").await.body.contains("khs_"),
        "and nowhere after"
    );

    let again = site.stranger().post("account/sign-up", &fields).await;
    assert_eq!(again.status, 409);
    assert!(
        again.body.contains("value=\"Europe/Berlin\""),
        "what was typed stays"
    );
}

#[tokio::test]
async fn a_new_secret_is_in_one_response_only() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let fields = [
        ("name", "<staging> & co"),
        ("description", "no script"),
        ("expiry", "date"),
        ("expiry_date", "2026-12-24"),
        ("expiry_datetime", ""),
    ];
    let answer = member.post("keys/create", &fields).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("cache-control")),
        (200, "no-store")
    );
    assert_eq!(answer.body.matches("data-testid=\"secret-key\"").count(), 1);
    assert_eq!(
        answer.header("content-encoding"),
        "",
        "an answer with a secret is not compressed (BREACH)"
    );
    assert!(!answer.body.contains("hydrate()"));
    let list = member.get("/preferences/api-control").await;
    assert!(list.body.contains("&lt;staging&gt; &amp; co") && !list.body.contains("khs_"));
}

#[tokio::test]
async fn an_invalid_form_comes_back_with_the_typed_text() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let fields = [
        ("name", "  "),
        ("description", "kept as typed"),
        ("expiry", "date"),
        ("expiry_date", "2020-02-02"),
    ];
    let answer = member.post("keys/create", &fields).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("Give the key a name."));
    assert!(answer.body.contains("kept as typed"));
    assert!(answer.body.contains("2020-02-02"));
    assert!(answer.body.contains("aria-invalid=\"true\""));
    let list = member.call("keys/list", &[]).await.json();
    assert_eq!(list["counts"]["active"], 1, "only the default key");
}

#[tokio::test]
async fn each_change_of_a_key_redirects_with_its_result() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.create("before", "90d").await;
    let page = format!("/preferences/api-control/{}", key.access);
    let access = ("access_key", key.access.as_str());

    let edit = [
        access,
        ("name", "after"),
        ("description", "d"),
        ("expiry", "never"),
    ];
    let answer = member.post("keys/edit", &edit).await;
    let noted = |answer: &Answer, done: &str| {
        let location = answer.header("location");
        let change = location.strip_prefix(&format!("{page}?done={done}&change="));
        assert_eq!(answer.status, 303, "{location}");
        change.unwrap_or_else(|| panic!("{location}")).to_owned()
    };
    noted(&answer, "edited");
    assert!(member.get(&page).await.body.contains("after"));

    // Each note has the undo of its change.
    let answer = member.post("keys/expire", &[access]).await;
    let change = noted(&answer, "expired");
    assert_eq!(site.verdict(&key).await.1, "key_expired");
    let shown = member.get(answer.header("location")).await.body;
    assert!(shown.contains(&format!("value=\"{change}\"")), "{shown}");
    member.post("keys/undo", &[("change", &change)]).await;
    assert_eq!(site.verdict(&key).await.0, 200);
    member.post("keys/expire", &[access]).await;
    assert_eq!(site.verdict(&key).await.1, "key_expired");

    let refused = member
        .post("keys/restore", &[access, ("expiry", "2020-01-01")])
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("This date is in the past"));
    let answer = member
        .post("keys/restore", &[access, ("expiry", "30d")])
        .await;
    noted(&answer, "restored");
    assert_eq!(site.verdict(&key).await.0, 200);

    let refused = member
        .post("keys/delete", &[access, ("confirm_name", "befor")])
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("befor"));
    assert_eq!(site.verdict(&key).await.0, 200);
    let answer = member
        .post("keys/delete", &[access, ("confirm_name", "after")])
        .await;
    assert_eq!(
        answer.header("location"),
        "/preferences/api-control?done=deleted"
    );
    let gone = member.get(&page).await;
    assert_eq!(gone.status, 404);
    assert!(gone.body.contains("You deleted after on "));
    let stranger = site.member("b@example.com").await.get(&page).await;
    assert_eq!(stranger.status, 404);
    assert!(!stranger.body.contains("You deleted"));
}

#[tokio::test]
async fn sign_out_ends_the_session_everywhere() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let answer = member.post("account/sign-out", &[]).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "/sign-in?done=signed-out")
    );
    assert!(answer.header("set-cookie").starts_with("keyhold_session=;"));
    assert_eq!(
        member.get("/").await.status,
        303,
        "the old cookie is worth nothing"
    );
    assert_eq!(member.call("keys/list", &[]).await.status, 401);
}

/// After a form the browser is at the function's address: opened or reloaded there, it comes back to the page. Programs get
/// the error as before.
#[tokio::test]
async fn a_browser_at_a_functions_address_is_led_to_the_forms_page() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    for (function, page) in [
        ("account/preferences", "/preferences/account"),
        ("notices/second-recipient", "/preferences/notices"),
        ("keys/edit", "/preferences/api-control"),
        ("keys/bulk", "/preferences/api-control"),
        ("keys/snooze", "/"),
        ("account/sign-in", "/sign-in"),
    ] {
        let address = format!("/fn/{function}");
        let answer = member.get(&address).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (303, page),
            "{address}"
        );
        for accept in ["application/json", "*/*", "text/html, application/json"] {
            let answer = site.ask("GET", &address, &[("accept", accept)]).await;
            assert_eq!(
                (answer.status.as_u16(), answer.text("code").as_str()),
                (405, "method_not_allowed"),
                "{address} {accept}"
            );
        }
    }
    // The page knows its address, for the script to put it into the address bar.
    let wrong = [("time_zone", "Mars/Olympus"), ("warning_days", "14")];
    let answer = member.post("account/preferences", &wrong).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("data-page=\"/preferences/account\""));
    assert!(
        !member
            .get("/preferences/account")
            .await
            .body
            .contains("data-page")
    );
    let form = Request::builder()
        .method("POST")
        .uri("/fn/account/preferences")
        .header("accept", "text/html")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", member.cookie.as_deref().unwrap_or_default())
        .header("referer", format!("{BASE}/preferences/account?from=here"))
        .body(Body::from("time_zone=Mars&warning_days=14"));
    let answer = site.send(form.unwrap()).await;
    assert!(
        answer
            .body
            .contains("data-page=\"/preferences/account?from=here\""),
        "{}",
        answer.body
    );
}
