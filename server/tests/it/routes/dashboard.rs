//! The Dashboard's functions, with and without JavaScript: snoozing, and the first steps.

use vault::test_support::HOUR;

use crate::fixture::Site;

#[tokio::test]
async fn a_key_is_snoozed_and_shown_again() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = member.create("staging", "5d").await;
    let access = ("access_key", key.access.as_str());
    let alarms = async || member.call("overview", &[]).await.json()["alarms"]["soon"].clone();
    assert_eq!(alarms().await, 1);
    let said = member.call("keys/snooze", &[access, ("until", "1d")]).await;
    assert_eq!(said.status, 200, "{}", said.body);
    assert_eq!(
        said.json(),
        "staging is snoozed until Tue 24 Nov 2026, 12:00 UTC."
    );
    assert_eq!(alarms().await, 0);
    let page = member.get("/").await.body;
    assert!(!page.contains("expiry-banner"));
    for said in ["1 snoozed key", "Show again", "/fn/keys/snooze"] {
        assert!(page.contains(said), "{said}");
    }
    // Plain forms come back to the Dashboard.
    let again = member
        .post("keys/snooze", &[access, ("until", "now")])
        .await;
    assert_eq!(
        (again.status.as_u16(), again.header("location")),
        (303, "/?done=snooze")
    );
    assert!(member.get("/").await.body.contains("expiry-banner"));
    let refused = member
        .post("keys/snooze", &[access, ("until", "2020-01-01")])
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("This date is in the past."));
    let missing = [("access_key", "kh_0000000000000000"), ("until", "1d")];
    assert_eq!(member.call("keys/snooze", &missing).await.status, 404);
}

/// The page asks for the first call until there is one.
#[tokio::test]
async fn the_first_steps_follow_the_account() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let first_call = async || member.call("account/first-call", &[]).await.json();
    assert_eq!(first_call().await, "");
    let page = member.get("/").await.body;
    for said in [
        "Get started",
        "0 of 5 done",
        "Waiting for the first call",
        "is not confirmed yet",
    ] {
        assert!(page.contains(said), "{said}");
    }
    let key = member.key.clone().unwrap();
    assert_eq!(site.verdict(&key).await.0, 200);
    site.vault.flush_usage().await.unwrap();
    assert_eq!(first_call().await, "called");
    let page = member.get("/").await.body;
    assert!(page.contains("2 of 5 done") && !page.contains("Waiting for the first call"));
    let dismissed = member.post("account/dismiss-steps", &[]).await;
    assert_eq!(
        (dismissed.status.as_u16(), dismissed.header("location")),
        (303, "/")
    );
    let page = member.get("/").await.body;
    assert!(!page.contains("Get started"));
    assert!(
        page.contains("is not confirmed yet"),
        "asked for in a note of its own"
    );
    site.clock.advance(HOUR);
}
