//! The calendar feed over HTTP: the responses to calendar programs, and to everyone else.

use serde_json::json;
use shared::capability::{Capabilities, Capability};

use super::capabilities::visit;
use crate::fixture::{BASE, Browser, Site};

/// Returns the path of the member's feed, as Preferences → Notices shows it.
async fn path(browser: &Browser<'_>) -> String {
    let answer = browser.call("notices/show", &[]).await;
    answer
        .text("calendar_url")
        .strip_prefix(BASE)
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_program_without_a_session_gets_the_calendar() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    member.create("billing-cron", "3d").await;
    let path = path(&member).await;

    let answer = site.ask("GET", &path, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(
        answer.header("content-type"),
        "text/calendar; charset=utf-8"
    );
    assert_eq!(answer.header("cache-control"), "private, no-cache");
    assert_eq!(
        answer.header("content-disposition"),
        "inline; filename=\"keyhold.ics\""
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert!(answer.body.starts_with("BEGIN:VCALENDAR\r\n"));
    assert!(
        answer
            .body
            .contains("\r\nSUMMARY:API key billing-cron expires\r\n")
    );

    let head = site.ask("HEAD", &path, &[]).await;
    assert_eq!((head.status.as_u16(), head.body.as_str()), (200, ""));
}

#[tokio::test]
async fn a_wrong_token_finds_no_calendar() {
    let site = Site::new().await;
    let member = site.member("a@example.com").await;
    let other = site.member("b@example.com").await;
    let (right, theirs) = (path(&member).await, path(&other).await);
    let token = right
        .trim_start_matches("/calendar/")
        .trim_end_matches(".ics");
    let (account, mark) = token.split_once('.').unwrap();
    let (_, their_mark) = theirs.trim_end_matches(".ics").rsplit_once('.').unwrap();
    for wrong in [
        "/calendar/x".to_owned(),
        "/calendar/.ics".to_owned(),
        "/calendar/..ics".to_owned(),
        "/calendar/%ff.ics".to_owned(),
        format!("/calendar/{token}"),
        format!("/calendar/{account}.ics"),
        format!("/calendar/{account}..ics"),
        format!("/calendar/{account}.{their_mark}.ics"),
        format!("/calendar/{account}.{}.ics", mark.to_uppercase()),
        format!("/calendar/{account}.{}.ics", &mark[1..]),
        format!("/calendar/acc_0.{mark}.ics"),
        format!("/calendar/{}.ics", "x".repeat(4000)),
    ] {
        let answer = site.ask("GET", &wrong, &[]).await;
        assert_eq!(answer.status, 404, "{wrong}");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert!(
            answer.body.starts_with("This calendar doesn't exist"),
            "{wrong}: {}",
            answer.body
        );
    }
    for method in ["POST", "PUT", "DELETE"] {
        assert_eq!(site.ask(method, &right, &[]).await.status, 405);
    }
}

#[tokio::test]
async fn a_reset_closes_the_old_calendar_address() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let before = path(&member).await;
    let reset = member.call("notices/reset-calendar", &[]).await;
    assert_eq!(reset.status, 200, "{}", reset.body);
    let after = path(&member).await;
    assert_eq!(site.ask("GET", &before, &[]).await.status, 404);
    assert_eq!(site.ask("GET", &after, &[]).await.status, 200);
}

/// The form that replaces the address.
const RESET: &str = "action=\"/fn/notices/reset-calendar\"";

/// The address shows every key, so a session that may not see keys does not get it, and cannot take it from others.
#[tokio::test]
async fn a_session_without_keys_does_not_get_the_address() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let both = [Capability::Read, Capability::Notices];
    let whole = visit(&site, &operator, "org_1", both.into_iter().collect()).await;
    let address = path(&whole).await;
    let page = whole.get("/preferences/notices").await;
    assert!(page.body.contains("/calendar/") && page.body.contains(RESET));
    for few in [vec![Capability::Notices], vec![Capability::Read]] {
        let set: Capabilities = few.iter().copied().collect();
        let session = visit(&site, &operator, "org_1", set).await;
        let shown = session.call("notices/show", &[]).await;
        if set.has(Capability::Notices) {
            assert_eq!(
                (shown.status.as_u16(), &*shown.text("calendar_url")),
                (200, "")
            );
            let page = session.get("/preferences/notices").await;
            for part in ["/calendar/", RESET, ">Calendar<"] {
                assert!(!page.body.contains(part), "{part}: {}", page.body);
            }
        } else {
            assert_eq!(shown.status, 403);
        }
        let reset = session.call("notices/reset-calendar", &[]).await;
        assert_eq!(reset.status, 403, "{set}: {}", reset.body);
    }
    assert_eq!(site.ask("GET", &address, &[]).await.status, 200);
}

/// It belongs to the account: it outlives sessions, goes on in a suspension, and ends with every session of the account.
#[tokio::test]
async fn ending_every_session_replaces_the_address() {
    let site = Site::new().await;
    site.leave_mail();
    let operator = site.operator().await;
    let session = visit(&site, &operator, "org_1", Capabilities::all()).await;
    let address = path(&session).await;
    let status = async || site.ask("GET", &address, &[]).await.status.as_u16();
    let reason = json!({"reason": "Unpaid"});
    let account = "/accounts/ext:org_1";
    operator.post(&format!("{account}/suspend"), reason).await;
    assert_eq!(status().await, 200, "as the pages of a suspended account");
    operator.post(&format!("{account}/resume"), json!({})).await;
    let end = format!("{account}/end-sessions");
    let of_one = operator.post(&end, json!({"actor": "user_7"})).await;
    assert_eq!(of_one.json(), json!({"ended": 1}));
    assert_eq!(status().await, 200, "it is no person's");
    assert_eq!(operator.post(&end, json!({})).await.status, 200);
    assert_eq!(status().await, 404);
    let trail = operator.get("/audit?account=ext:org_1&limit=200").await;
    assert!(trail.body.contains("notices.calendar_reset"));
}
