//! The Dashboard's functions, with and without JavaScript: snoozing, staggering, and the first steps.

use shared::capability::Capabilities;
use vault::test_support::HOUR;

use super::capabilities::visit;
use crate::fixture::{Browser, Site};

/// Creates keys that all expire at the end of 1 May 2027.
async fn heap(member: &Browser<'_>, keys: u32) {
    for number in 0..keys {
        member
            .create(&format!("key {number:02}"), "2027-05-01")
            .await;
    }
}

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
        said.text("sentence"),
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

#[tokio::test]
async fn a_heap_is_spread_out_as_the_preview_shows() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    heap(&member, 6).await;
    let dashboard = member.get("/").await.body;
    let page = "/preferences/api-control/stagger?day=2027-05-01";
    assert!(dashboard.contains(page), "the heap has a link");
    let preview = member.get(&format!("{page}&days=3")).await;
    assert_eq!(preview.status, 200);
    for said in [
        "6 keys",
        "Thu 29 Apr 2027",
        "Fri 30 Apr 2027",
        "Sat 1 May 2027",
        "key 05",
    ] {
        assert!(preview.body.contains(said), "{said}");
    }
    let day = ("day", "2027-05-01");
    let plan = member
        .call("keys/stagger-plan", &[day, ("days", "3")])
        .await
        .json();
    assert_eq!((&plan["keys"], &plan["moved"]), (&6.into(), &4.into()));
    let version = plan["version"].as_str().unwrap().to_owned();

    // Another key joins the heap: the preview was of fewer.
    heap(&member, 1).await;
    let fields = [day, ("days", "3"), ("version", version.as_str())];
    let refused = member.call("keys/stagger", &fields).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    let page_of_refusal = member.post("keys/stagger", &fields).await;
    assert_eq!(page_of_refusal.status, 409);
    assert!(page_of_refusal.body.contains("7 keys"));

    let newer = refused.text("version");
    let done = [day, ("days", "3"), ("version", newer.as_str())];
    let done = member.call("keys/stagger", &done).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(done.json()["count"], 4);
    assert!(!done.text("change").is_empty());
    let after = member
        .call("keys/stagger-plan", &[day, ("days", "1")])
        .await
        .json();
    assert_eq!((&after["keys"], &after["moved"]), (&3.into(), &0.into()));

    let undone = member
        .call("keys/undo", &[("change", done.text("change").as_str())])
        .await;
    assert_eq!(undone.status, 200, "{}", undone.body);
    let before = member.call("keys/stagger-plan", &[day]).await.json();
    assert_eq!(before["keys"], 7);
}

#[tokio::test]
async fn staggering_works_without_javascript_and_rejects_nonsense() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    heap(&member, 5).await;
    let plain = [("day", "2027-05-01"), ("days", "")];
    let done = member.post("keys/stagger", &plain).await;
    assert_eq!(
        (
            done.status.as_u16(),
            done.header("location").split_once("&change=").unwrap().0
        ),
        (303, "/?done=staggered")
    );
    let page = member.get(done.header("location")).await.body;
    assert!(page.contains("The keys are spread over several days now."));
    assert!(page.contains("/fn/keys/undo"), "it can be undone");
    for (day, days) in [
        ("", ""),
        ("yesterday", "7"),
        ("2027-05-01", "0"),
        ("2027-05-01", "1000"),
    ] {
        let fields = [("day", day), ("days", days)];
        for function in ["keys/stagger", "keys/stagger-plan"] {
            assert_eq!(
                member.call(function, &fields).await.status,
                422,
                "{day} {days}"
            );
        }
    }
    let nothing = [("day", "2027-06-01"), ("days", "7")];
    assert_eq!(member.call("keys/stagger", &nothing).await.status, 422);
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
        "isn't confirmed yet",
    ] {
        assert!(page.contains(said), "{said}");
    }
    let key = member.key.clone().unwrap();
    assert_eq!(site.verdict(&key).await.0, 200);
    site.vault.flush_usage().await.unwrap();
    assert_eq!(first_call().await, "called");
    let page = member.get("/").await.body;
    assert!(page.contains("2 of 5 done") && !page.contains("Waiting for the first call"));
    let of_key = async |access_key: &str| {
        let fields = [("access_key", access_key)];
        member.call("account/first-call", &fields).await.json()
    };
    assert_eq!(of_key(&key.access).await, "called");
    let other = member.create("uncalled", "90d").await;
    assert_eq!(of_key(&other.access).await, "");
    let stranger = site.member("b@example.com").await;
    let of_other = [("access_key", key.access.as_str())];
    let answer = stranger.call("account/first-call", &of_other).await;
    assert_eq!(answer.json(), "");
    let dismissed = member.post("account/dismiss-steps", &[]).await;
    assert_eq!(
        (dismissed.status.as_u16(), dismissed.header("location")),
        (303, "/")
    );
    let page = member.get("/").await.body;
    assert!(!page.contains("Get started"));
    assert!(
        page.contains("isn't confirmed yet"),
        "asked for in a note of its own"
    );
    site.clock.advance(HOUR);
}

/// An account that the company manages has no address to confirm, and no key until its customer makes one.
#[tokio::test]
async fn the_first_steps_of_a_customer_ask_for_no_address() {
    let site = Site::new().await;
    let operator = site.operator().await;
    let customer = visit(&site, &operator, "org_1", Capabilities::all()).await;
    let page = customer.get("/").await.body;
    assert!(!page.contains("isn't confirmed yet"), "{page}");
    assert!(!page.contains("Get started"));
    customer.create("mine", "90d").await;
    let page = customer.get("/").await.body;
    assert!(page.contains("1 of 4 done"), "{page}");
    for said in ["Confirm your address", "isn't confirmed yet", "Send again"] {
        assert!(!page.contains(said), "{said}");
    }
}
