//! Requests while all readers of the database are in use.

use std::pin::pin;
use std::sync::mpsc;
use std::time::Duration;

use futures_util::poll;
use tokio::time::{Instant, advance, pause, resume};
use vault::test_support::{hold_all_readers, hold_reader};

use crate::fixture::{Answer, Site};

/// As the README has it.
const LIMIT: Duration = Duration::from_secs(2);
/// The precision of timers.
const TICK: Duration = Duration::from_millis(5);

/// Fails unless a request was refused for now, in time.
fn is_refused(answer: &Answer, began: Instant) {
    let took = began.elapsed();
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert!(!answer.header("retry-after").is_empty());
    assert!(took <= LIMIT + TICK, "{took:?}");
}

/// Time goes on only while everything waits for it.
#[tokio::test]
async fn without_a_free_reader_requests_are_refused_in_time() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let held = hold_all_readers(&site.vault).await;
    pause();
    for path in ["/", "/preferences/api-control"] {
        let began = Instant::now();
        is_refused(&member.get(path).await, began);
    }
    let began = Instant::now();
    is_refused(&member.call("overview", &[]).await, began);
    resume();
    drop(held);
    assert_eq!(member.get("/").await.status, 200);
}

#[tokio::test]
async fn the_waits_of_a_request_do_not_add_up() {
    let site = Site::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let function = member.call("overview", &[]);
    one_reader_for_the_session(&site, function).await;
    assert_eq!(member.call("overview", &[]).await.status, 200);
    let page = member.get("/preferences/api-control");
    one_reader_for_the_session(&site, page).await;
    assert_eq!(member.get("/preferences/api-control").await.status, 200);
}

/// Frees a reader for the request's session alone, late, and none for its data.
async fn one_reader_for_the_session(site: &Site, request: impl Future<Output = Answer>) {
    let mut held = hold_all_readers(&site.vault).await;
    pause();
    // The database answers in real time: while this task runs, only the test moves the clock.
    let (go_on, stopped) = mpsc::channel::<()>();
    let _still = tokio::task::spawn_blocking(move || stopped.recv());
    let began = Instant::now();
    let exchange = async {
        advance(LIMIT * 3 / 4).await;
        // Behind the request, which waits already, and before its next wait.
        let mut next = pin!(hold_reader(&site.vault));
        assert!(poll!(next.as_mut()).is_pending());
        drop(held.pop());
        held.push(next.await);
        assert!(began.elapsed() < LIMIT);
        drop(go_on);
    };
    let (answer, ()) = tokio::join!(request, exchange);
    is_refused(&answer, began);
    resume();
    drop(held);
}
