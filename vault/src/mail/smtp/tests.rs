//! The conversation with a mail server that follows a script, step by step.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::super::send_error::LEASE_OVER;
use super::*;
use crate::test_support::peer::{Action, Peer, Script, Step, converse};
use crate::time::boot_time::BootTime;

mod secrecy;

/// A peer that follows one script.
fn peer(script: Script) -> Peer {
    let mut peer = Peer::start();
    peer.follow([script]);
    peer
}

async fn send_to(peer: &Peer, login: &str, parameters: &str) -> Result<String, SendError> {
    let port = peer.port;
    send(&format!("smtp://{login}127.0.0.1:{port}{parameters}")).await
}

async fn send(url: &str) -> Result<String, SendError> {
    let smtp = Smtp::new(&url.parse().unwrap(), "keys.example.com").unwrap();
    let (from, to) = (
        "k@example.com".parse().unwrap(),
        "a@example.com".parse().unwrap(),
    );
    let mail = b"Subject: s\r\n\r\n.one dot\r\n";
    smtp.send(&from, &to, mail, &Progress::default()).await
}

/// Returns the number of tasks that have not ended.
fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
}

fn temporary(response: &str) -> Result<String, SendError> {
    Err(SendError::Temporary(response.to_owned()))
}

#[tokio::test]
async fn a_mail_is_handed_over() {
    let peer = Peer::start();
    let answer = send_to(&peer, "user:pass@", "").await;
    assert_eq!(answer, Ok("250 2.0.0 Taken as 1".to_owned()));
    assert_eq!(
        peer.commands("")[..5],
        [
            "EHLO keys.example.com",
            "AUTH PLAIN AHVzZXIAcGFzcw==",
            "MAIL FROM:<k@example.com>",
            "RCPT TO:<a@example.com>",
            "DATA"
        ]
    );
    // The peer removes one of two leading dots.
    assert_eq!(peer.mails()[0].mail.raw, "Subject: s\r\n\r\n.one dot\r\n");
}

/// The acceptance of the final dot counts, whatever comes after.
#[tokio::test]
async fn delivery_does_not_wait_for_quit() {
    for action in [
        Action::Hold,
        Action::Drop,
        "421 tired".into(),
        "nonsense".into(),
    ] {
        let peer = peer(Script::at(Step::Quit, action.clone()));
        assert!(send_to(&peer, "", "").await.is_ok(), "{action:?}");
        if action == Action::Hold {
            assert_eq!(tasks(), 1, "the goodbye still waits, on its own");
        }
    }
}

#[tokio::test]
async fn a_rejection_of_the_mail_is_permanent() {
    let no = "550 5.1.1 no such mailbox";
    for script in [
        // The reply to QUIT is not awaited here either. First, because those of the others end meanwhile.
        Script::at(Step::Rcpt, no).and(Step::Quit, Action::Hold),
        Script::at(Step::Rcpt, no),
        Script::at(Step::Rcpt, "550-5.1.1 no such\r\n550 5.1.1 mailbox"),
        Script::at(Step::Dot, no),
    ] {
        let peer = peer(script.clone());
        assert_eq!(
            send_to(&peer, "", "").await,
            Err(SendError::Permanent(no.to_owned())),
            "{script:?}"
        );
        if script.action(Step::Quit).is_some() {
            assert_eq!(tasks(), 1);
        }
    }
}

#[tokio::test]
async fn other_failures_are_temporary() {
    for (step, response) in [
        (Step::Rcpt, "451 4.7.1 try later"),
        (Step::Connect, "421 too busy"),
        (Step::Connect, "554 not you"),
        (Step::Ehlo, "550 not you"),
        (Step::Auth, "535 5.7.8 wrong"),
        (Step::Mail, "530 5.7.0 log in first"),
        (Step::Dot, "452 4.3.1 full"),
    ] {
        let peer = peer(Script::at(step, response).and(Step::Helo, response));
        assert_eq!(send_to(&peer, "user:pass@", "").await, temporary(response));
    }
    for script in [
        Script::at(Step::Connect, Action::Drop),
        Script::at(Step::Rcpt, "HTTP/1.1 400 Bad Request"),
    ] {
        let fault = send_to(&peer(script), "", "").await.unwrap_err();
        assert!(
            matches!(&fault, SendError::Temporary(response) if response.starts_with("the mail server closed the connection")),
            "{fault:?}"
        );
    }
    let mut closed = Peer::start();
    closed.listen(false);
    let fault = send_to(&closed, "", "").await.unwrap_err();
    assert!(
        matches!(&fault, SendError::Temporary(response) if response.contains("refused")),
        "{fault:?}"
    );
}

/// A server that has received the final dot may have the mail.
#[tokio::test]
async fn no_answer_to_the_final_dot_leaves_the_outcome_open() {
    for action in [Action::Drop, "what".into()] {
        let peer = peer(Script::at(Step::Dot, action));
        let fault = send_to(&peer, "", "").await.unwrap_err();
        assert!(
            matches!(&fault, SendError::Unknown(response) if response.contains("may have been delivered")),
            "{fault:?}"
        );
    }
}

/// RFC 5321, section 4.2: the code decides, and a reply may have no text.
#[tokio::test]
async fn replies_need_no_text() {
    let bare = Script::at(Step::Connect, "220")
        .and(Step::Ehlo, "250")
        .and(Step::Mail, "250")
        .and(Step::Rcpt, "250 \u{e9}\u{fffd}")
        .and(Step::Data, "354")
        .and(Step::Dot, "250");
    assert_eq!(send_to(&peer(bare), "", "").await, Ok("250".to_owned()));
}

#[tokio::test]
async fn a_server_that_knows_only_helo_gets_its_mail() {
    let script = Script::at(Step::Ehlo, "502 5.5.1 what");
    let old = peer(script.clone());
    assert!(send_to(&old, "", "").await.is_ok());
    let heard = old.commands("");
    assert_eq!(
        heard[..2],
        ["EHLO keys.example.com", "HELO keys.example.com"]
    );
    assert!(heard[2].starts_with("MAIL"), "{heard:?}");
    // The server offers nothing, so there is neither TLS nor a login.
    for (login, parameters) in [("user:pass@", ""), ("", "?tls=required")] {
        let old = peer(script.clone());
        let fault = send_to(&old, login, parameters).await.unwrap_err();
        assert!(fault.response().contains("does not offer"), "{fault:?}");
        assert!(old.commands("MAIL").is_empty(), "{:?}", old.commands(""));
    }
}

#[tokio::test]
async fn keywords_have_no_case() {
    let plain = peer(Script::at(Step::Ehlo, "250-x\r\n250 auth login plain"));
    assert!(send_to(&plain, "user:pass@", "").await.is_ok());
    assert_eq!(plain.commands("AUTH"), ["AUTH PLAIN AHVzZXIAcGFzcw=="]);

    let login = peer(Script::at(Step::Ehlo, "250-x\r\n250 Auth Login"));
    let answer = send_to(&login, "user:pass@", "").await;
    assert!(answer.is_ok(), "{answer:?}");
    assert_eq!(login.logins(), [("user".to_owned(), "pass".to_owned())]);

    // An offered STARTTLS is used: the mail is never in the clear.
    let tls =
        peer(Script::at(Step::Ehlo, "250-x\r\n250 starttls").and(Step::StartTls, "454 not now"));
    assert_eq!(send_to(&tls, "", "").await, temporary("454 not now"));
    assert!(tls.commands("MAIL").is_empty(), "{:?}", tls.commands(""));
}

/// RFC 5321, section 4.5.3.2: each step has minutes, and the final dot ten of them.
#[tokio::test(start_paused = true)]
async fn a_slow_server_gets_its_whole_time_limit() {
    let silent = |limit: u64| format!("no answer within {limit} s");
    for (step, seconds, expected) in [
        (Step::Mail, 290, None),
        (Step::Mail, 310, Some(silent(300))),
        (Step::Rcpt, 290, None),
        (Step::Rcpt, 310, Some(silent(300))),
        (Step::Data, 110, None),
        (Step::Data, 130, Some(silent(120))),
        (Step::Dot, 120, None),
        (Step::Dot, 590, None),
        (Step::Dot, 610, Some(silent(600))),
    ] {
        // In memory, so that time can be skipped.
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let slow = Script::at(step, Action::Delay(Duration::from_secs(seconds)));
        tokio::spawn(converse(slow, theirs));
        let (from, to) = (
            "k@example.com".parse().unwrap(),
            "a@example.com".parse().unwrap(),
        );
        let progress = Progress::default();
        let mail = "a line of the text\r\n".repeat(2_000);
        let mut conversation = Conversation::new(ours);
        conversation.reply(COMMAND).await.unwrap();
        let outcome = hand_over(&mut conversation, &from, &to, mail.as_bytes(), &progress).await;
        let failure = outcome.err().map(|fault| fault.description());
        assert_eq!(failure, expected, "{step:?} after {seconds} s");
        assert_eq!(progress.is_unknown(), step == Step::Dot && seconds > 600);
    }
}

/// Another node may be about to send the mail: the server gets no final dot, and drops the text with the connection.
#[tokio::test]
async fn an_attempt_whose_lease_ends_sends_no_dot() {
    let peer = Peer::start();
    let smtp = Smtp::new(&peer.url().parse().unwrap(), "keys.example.com").unwrap();
    let (from, to) = (
        "k@example.com".parse().unwrap(),
        "a@example.com".parse().unwrap(),
    );
    let mail = b"Subject: s\r\n\r\ntext\r\n";
    for (rest_ms, is_sent) in [(-1, false), (20_000, false), (120_000, true)] {
        let progress = Progress::default();
        progress.hold_until(BootTime::now().plus_ms(rest_ms));
        let outcome = smtp.send(&from, &to, mail, &progress).await;
        assert_eq!(outcome.is_ok(), is_sent, "{outcome:?}");
        assert!(!progress.is_unknown());
        if !is_sent {
            assert_eq!(outcome, temporary(LEASE_OVER));
        }
        peer.quiet();
        assert_eq!(peer.dots().len(), usize::from(is_sent));
    }
}

#[tokio::test]
async fn a_response_is_kept_as_one_short_line() {
    let long = format!("550 \u{7}a\u{1b}[31m\u{202e}{}", "x".repeat(600));
    let peer = peer(Script::at(Step::Rcpt, &*long));
    let fault = send_to(&peer, "", "").await.unwrap_err();
    assert!(fault.response().starts_with("550 a [31m xxx"), "{fault:?}");
    assert_eq!(fault.response().chars().count(), 500);
}
