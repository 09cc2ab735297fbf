//! The calendar feed over HTTP: the responses to calendar programs, and to everyone else.

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
