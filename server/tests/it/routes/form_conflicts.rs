//! Plain forms that were begun before a change of what they edit.

use crate::fixture::Site;

/// Returns the value of a form's hidden field.
fn hidden<'a>(body: &'a str, name: &str) -> &'a str {
    let mark = format!("name=\"{name}\" value=\"");
    let (_, rest) = body.split_once(&mark).unwrap();
    rest.split_once('"').unwrap().0
}

/// Two tabs without script: the second save is rejected with both states, and succeeds when it is sent again.
#[tokio::test]
async fn a_form_begun_before_a_change_shows_both_states() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.create("before", "90d").await;
    let page = format!("/preferences/api-control/{}", key.access);
    let begun = member.get(&page).await;
    let version = hidden(&begun.body, "version").to_owned();
    let access = ("access_key", key.access.as_str());
    member.post("keys/expire", &[access]).await;

    let mut save = [
        access,
        ("name", "before"),
        ("description", "typed meanwhile"),
        ("expiry", ""),
        ("version", version.as_str()),
    ];
    let refused = member.post("keys/edit", &save).await;
    assert_eq!(refused.status, 409);
    for state in [
        "has changed since you opened this form",
        "typed meanwhile",
        "Stored now: nothing.",
        "Stored now: the key expired on",
    ] {
        assert!(refused.body.contains(state), "{state}");
    }
    assert_eq!(site.verdict(&key).await.1, "key_expired");
    let newer = hidden(&refused.body, "version").to_owned();
    assert_ne!(newer, version);
    save[4].1 = &newer;
    let saved = member.post("keys/edit", &save).await;
    let noted = format!("{page}?done=edited&change=");
    assert!(saved.header("location").starts_with(&noted));
    assert_eq!(site.verdict(&key).await.1, "key_expired", "kept");

    // A program gets the same as JSON, and may omit the version.
    save[4].1 = &version;
    let answer = member.call("keys/edit", &save).await;
    assert_eq!(answer.status, 409);
    let answer = answer.json();
    assert_eq!(answer["code"], "conflict");
    assert_ne!(answer["version"], version);
    let only = [access, ("name", "by program")];
    let answer = member.call("keys/edit", &only).await.json();
    assert_eq!(answer["name"], "by program");
    let shown = member.call("keys/show", &[access]).await.json();
    assert_eq!(shown["key"]["description"], "typed meanwhile");
    assert_eq!(shown["key"]["version"], answer["version"]);
    assert_eq!(site.verdict(&key).await.1, "key_expired");
}

/// *Extend* on an outdated Dashboard is answered visibly on the key's page.
#[tokio::test]
async fn an_outdated_extension_explains_its_rejection() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.create("k", "2d").await;
    let dashboard = member.get("/").await;
    let version = hidden(&dashboard.body, "version").to_owned();
    let access = ("access_key", key.access.as_str());
    member
        .call("keys/edit", &[access, ("name", "renamed")])
        .await;
    let extend = [access, ("expiry", "90d"), ("version", &version)];
    let refused = member.post("keys/restore", &extend).await;
    assert_eq!(refused.status, 409);
    assert!(
        refused
            .body
            .contains("has changed since you opened this page")
    );
}

#[tokio::test]
async fn outdated_settings_are_rejected_with_the_stored_ones() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let begun = member.get("/preferences/account").await;
    let version = hidden(&begun.body, "version").to_owned();
    let save = |zone: &'static str| {
        [
            ("time_zone", zone),
            ("warning_days", "14"),
            ("version", &version),
        ]
    };
    let first = member
        .post("account/preferences", &save("Asia/Tokyo"))
        .await;
    assert_eq!(first.status, 303);
    let refused = member
        .post("account/preferences", &save("Europe/Berlin"))
        .await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("Stored now: Asia/Tokyo"));
    assert!(refused.body.contains("value=\"Europe/Berlin\""));

    let begun = member.get("/preferences/notices").await;
    let version = hidden(&begun.body, "version").to_owned();
    let choose = [("expired", "on"), ("version", version.as_str())];
    assert_eq!(member.post("notices/stages", &choose).await.status, 303);
    let stale = [("days_1", "on"), ("version", version.as_str())];
    let refused = member.post("notices/stages", &stale).await;
    assert_eq!(refused.status, 409);
    assert!(refused.body.contains("Your choice was changed elsewhere"));
}

/// The answer with the secret is a page that can be reloaded: the form is sent again, and makes no second key.
#[tokio::test]
async fn a_form_sent_twice_makes_one_key() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let page = member.get("/preferences/api-control/new").await.body;
    let token = hidden(&page, "form_token").to_owned();
    assert_eq!(token.len(), 32);
    let another = member.get("/preferences/api-control/new").await.body;
    assert_ne!(hidden(&another, "form_token"), token);

    let mut form = [
        ("name", "once"),
        ("description", ""),
        ("expiry", "90d"),
        ("form_token", token.as_str()),
    ];
    let first = member.post("keys/create", &form).await;
    assert_eq!(first.status, 200);
    assert!(first.body.contains("once is ready") || first.body.contains(" is ready"));
    let again = member.post("keys/create", &form).await;
    assert_eq!(again.status, 409);
    assert!(again.body.contains("This form was already sent"));
    assert!(!again.body.contains("khs_"));
    // The page has a new form, for a second key that is meant.
    assert_ne!(hidden(&again.body, "form_token"), token);
    let named = |list: &serde_json::Value| {
        let keys = list["keys"].as_array().unwrap();
        keys.iter().filter(|key| key["name"] == "once").count()
    };
    let listed = member.call("keys/list", &[]).await.json();
    assert_eq!(named(&listed), 1);

    // Not even once the key is deleted.
    // Both keys of the account were created in the same instant, so their order is open.
    let keys = listed["keys"].as_array().unwrap();
    let once = keys.iter().find(|key| key["name"] == "once").unwrap();
    let access_key = once["access_key"].as_str().unwrap();
    let deletion = [("access_key", access_key), ("confirm_name", "once")];
    assert_eq!(member.call("keys/delete", &deletion).await.status, 200);
    assert_eq!(member.call("keys/create", &form).await.status, 409);

    // Programs send no token.
    form[3].1 = "";
    for _ in 0..2 {
        assert_eq!(member.call("keys/create", &form).await.status, 200);
    }
    let listed = member.call("keys/list", &[]).await.json();
    assert_eq!(named(&listed), 2);
}
