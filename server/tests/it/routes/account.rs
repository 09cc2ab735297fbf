//! The account page and its forms, without JavaScript.

use vault::test_support::{HOUR, PASSWORD};

use crate::fixture::{Browser, Site};

const PAGE: &str = "/preferences/account";

/// Signs in as another browser.
async fn elsewhere<'a>(site: &'a Site, email: &str, agent: &str) -> Browser<'a> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("email", email), ("password", PASSWORD)])
        .finish();
    let request = axum::http::Request::post("/fn/account/sign-in")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("accept", "application/json")
        .header("user-agent", agent)
        .body(body.into());
    let answer = site.send(request.unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mut browser = site.stranger();
    browser.keep_cookie(&answer);
    browser
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    let phone = elsewhere(&site, "a@example.com", agent).await;
    let laptop = elsewhere(&site, "a@example.com", "<b>curl</b>").await;
    site.clock.advance(3 * HOUR);
    let page = member.get(PAGE).await.body;
    for said in [
        "This browser",
        "Firefox on Linux",
        "&lt;b&gt;curl&lt;",
        "Last active 3 hours ago",
        "Sign out everywhere else",
    ] {
        assert!(page.contains(said), "{said}");
    }
    let listed = member.call("account/sessions", &[]).await.json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0]["here"], true);
    let named = |name: &str| {
        let found = listed.iter().find(|session| session["browser"] == name);
        found.unwrap()["session"].as_str().unwrap().to_owned()
    };
    let session = named("Firefox on Linux");
    let ended = member
        .post("account/sessions/end", &[("session", &session)])
        .await;
    assert_eq!(
        (ended.status.as_u16(), ended.header("location")),
        (303, "/preferences/account?done=session-ended#sessions")
    );
    assert_eq!(phone.get(PAGE).await.status, 303, "signed out");
    assert_eq!(laptop.get(PAGE).await.status, 200);
    let ended = member.post("account/sessions/end-others", &[]).await;
    let there = ended.header("location").to_owned();
    assert_eq!(there, "/preferences/account?done=sessions-ended#sessions");
    assert_eq!(laptop.get(PAGE).await.status, 303);
    let page = member.get(&there).await.body;
    assert!(page.contains("signed out everywhere else."));
    assert!(!page.contains("Sign out everywhere else"));
}

#[tokio::test]
async fn a_time_zone_is_chosen_by_its_city() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let save = async |zone: &str| {
        let fields = [("time_zone", zone), ("warning_days", "14")];
        let answer = member.post("account/preferences", &fields).await;
        let stored = member.call("account/show", &[]).await.text("time_zone");
        (answer, stored)
    };
    for (typed, expected) in [
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("Asia/Katmandu", "Asia/Kathmandu"),
    ] {
        let (answer, stored) = save(typed).await;
        assert_eq!(answer.status, 303, "{typed}");
        assert_eq!(stored, expected);
    }
    let page = member.get(PAGE).await.body;
    for said in [
        "value=\"Asia/Kathmandu\"",
        "17:45 there now (UTC+05:45)",
        "label=\"Berlin · UTC+01:00 · 13:00\"",
    ] {
        assert!(page.contains(said), "{said}");
    }
    let (refused, stored) = save("Eastern").await;
    assert_eq!(
        (refused.status.as_u16(), stored.as_str()),
        (422, "Asia/Kathmandu")
    );
    for said in [
        "Which one? America/New_York or America/Toronto?",
        "value=\"Eastern\"",
    ] {
        assert!(refused.body.contains(said), "{said}");
    }
}

/// What a browser fills in at sign-up may be a name of before.
#[tokio::test]
async fn a_new_account_has_the_present_name_of_its_zone() {
    let site = Site::new().await;
    site.leave_mail();
    let mut browser = site.stranger();
    let fields = [
        ("email", "a@example.com"),
        ("password", PASSWORD),
        ("time_zone", "Asia/Calcutta"),
    ];
    let answer = browser.call("account/sign-up", &fields).await;
    browser.keep_cookie(&answer);
    let account = browser.call("account/show", &[]).await;
    assert_eq!(account.text("time_zone"), "Asia/Kolkata");
}

#[tokio::test]
async fn an_account_is_deleted_with_its_keys() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let mut keys = vec![member.key.clone().unwrap()];
    for number in 0..11 {
        site.clock.advance(1);
        keys.push(member.create(&format!("key {number}"), "never").await);
    }
    let page = member.get(PAGE).await.body;
    for said in [
        "All its keys stop",
        "Default key",
        "key 8",
        "and 2 more",
        "Type a@example.com to confirm.",
    ] {
        assert!(page.contains(said), "{said}");
    }
    assert!(!page.contains("key 9"));
    let wrong = [
        ("confirm_email", "b@example.com"),
        ("current_password", PASSWORD),
    ];
    let refused = member.post("account/delete", &wrong).await;
    assert_eq!(refused.status, 422);
    for said in ["to delete it.", "value=\"b@example.com\""] {
        assert!(refused.body.contains(said), "{said}");
    }
    assert!(!refused.body.contains(PASSWORD), "no password comes back");
    assert_eq!(site.verdict(&keys[0]).await.0, 200);
    let typed = [
        ("confirm_email", "a@example.com"),
        ("current_password", PASSWORD),
    ];
    let deleted = member.post("account/delete", &typed).await;
    assert_eq!(
        (deleted.status.as_u16(), deleted.header("location")),
        (303, "/sign-in?done=account-deleted")
    );
    assert!(deleted.header("set-cookie").contains("Max-Age=0"));
    for key in &keys {
        assert_eq!(site.verdict(key).await, (401, "key_invalid".to_owned()));
    }
    let there = site.stranger().get("/sign-in?done=account-deleted").await;
    assert!(
        there
            .body
            .contains("Your account and its keys are deleted.")
    );
}
