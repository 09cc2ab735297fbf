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
