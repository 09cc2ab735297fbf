//! Mails about operators' tokens, across kills.

use std::time::{Instant, SystemTime};

use vault::test_support::PATIENCE;
use vault::test_support::peer::{Script, Step};

use super::{OPERATORS, Setup, holding};
use crate::fixture::home::alone;

/// Lets the first token expire in a few seconds, and kills Keyhold when the mail server goes silent at `step` of the
/// mail about it. Returns how many copies have arrived in the end, all of one mail.
fn copies_of_a_mail_killed_at(step: Step) -> usize {
    let mut setup = Setup::new();
    let running = setup.start();
    setup.peer.follow([holding(step), Script::default()]);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let at = now.unwrap().as_millis() + 3_000;
    let expire = format!("UPDATE operator_tokens SET expires_at = {at}");
    setup.home.change(&expire);
    // A change of its own makes Keyhold look at what is due.
    let token = std::fs::read_to_string(setup.home.path().join("data/operator-token")).unwrap();
    let head = format!(
        "POST /admin/v1/accounts HTTP/1.1\r\nAuthorization: Bearer {}\r\nContent-Type: application/json",
        token.trim()
    );
    let made = running.send(&head, "{}").unwrap();
    assert!(made.starts_with("HTTP/1.1 201"), "{made}");
    setup.peer.held();
    drop(running);
    // Bytes in flight from the killed process are lost.
    setup.peer.disconnect();
    setup.home.forget_killed();
    // The second start has nothing left to send.
    for _ in 0..2 {
        let mut running = setup.start();
        let deadline = Instant::now() + PATIENCE;
        while waiting(&setup) > 0 {
            assert!(Instant::now() < deadline, "the mail waits");
        }
        running.terminate();
    }
    let got = setup.peer.mails();
    for copy in &got {
        assert_eq!(copy.to, [OPERATORS]);
        assert_eq!(copy.mail.subject, "1 operator token has expired");
        assert_eq!(copy.mail.message_id, got[0].mail.message_id);
    }
    got.len()
}

/// Returns the number of mails without an outcome.
fn waiting(setup: &Setup) -> i64 {
    alone(|| async {
        let mut database = setup.home.connect().await;
        let statement = "SELECT COUNT(*) FROM outbox WHERE outcome IS NULL";
        let (count,) = sqlx::query_as(statement)
            .fetch_one(&mut database)
            .await
            .unwrap();
        count
    })
}

#[test]
fn a_kill_before_the_final_dot_makes_no_copy() {
    assert_eq!(copies_of_a_mail_killed_at(Step::Body), 1);
}

/// Keyhold cannot know here whether the mail arrived, and sends it again, as the same mail.
#[test]
fn a_kill_after_the_final_dot_makes_one_copy() {
    assert_eq!(copies_of_a_mail_killed_at(Step::Dot), 2);
}
