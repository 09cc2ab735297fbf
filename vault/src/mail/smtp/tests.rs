//! The talk with a mail server of fixed answers, step by step.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::*;

/// A mail server of fixed answers, for one connection.
struct Server {
    port: u16,
    /// What it was told, line by line.
    heard: Arc<Mutex<Vec<String>>>,
}

/// Each answer is for a line that begins so; empty: none, and silence from then on; "-": it hangs up.
/// The greeting is the answer to "", the one to the final dot that to ".".
fn server(answers: &'static [(&'static str, &'static str)]) -> Server {
    const USUAL: &[(&str, &str)] = &[
        ("", "220 mail.example.com ESMTP"),
        (
            "EHLO",
            "250-mail.example.com\r\n250-AUTH PLAIN\r\n250 8BITMIME",
        ),
        ("AUTH", "235 2.7.0 ok"),
        ("MAIL", "250 2.1.0 ok"),
        ("RCPT", "250 2.1.5 ok"),
        ("DATA", "354 go on"),
        (".", "250 2.0.0 queued as 4711"),
        ("QUIT", "221 2.0.0 bye"),
    ];
    let answer_to = move |line: &str| {
        let verb = line.split(' ').next().unwrap();
        [answers, USUAL]
            .into_iter()
            .find_map(|table| table.iter().find(|(begin, _)| *begin == verb))
            .map_or("500 what", |(_, answer)| *answer)
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let log = Arc::clone(&heard);
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut line = String::new();
        let mut in_content = false;
        loop {
            if !in_content || line == "." {
                match answer_to(&line) {
                    "" => std::thread::sleep(Duration::from_secs(30)),
                    "-" => return,
                    answer => write!(stream, "{answer}\r\n").unwrap(),
                }
                in_content = line == "DATA";
            }
            let Some(Ok(next)) = lines.next() else {
                return;
            };
            log.lock().unwrap().push(next.clone());
            line = next;
        }
    });
    Server { port, heard }
}

impl Server {
    async fn send(&self, login: &str, parameters: &str) -> Result<String, SendFault> {
        send(&format!(
            "smtp://{login}127.0.0.1:{}{parameters}",
            self.port
        ))
        .await
    }

    fn heard(&self) -> String {
        self.heard.lock().unwrap().join("\n")
    }
}

async fn send(url: &str) -> Result<String, SendFault> {
    let smtp = Smtp::new(&url.parse().unwrap(), "keys.example.com").unwrap();
    let (from, to) = (
        "k@example.com".parse().unwrap(),
        "a@example.com".parse().unwrap(),
    );
    smtp.send(&from, &to, b"Subject: s\r\n\r\n.one dot\r\n")
        .await
}

fn temporary(words: &str) -> Result<String, SendFault> {
    Err(SendFault::Temporary(words.to_owned()))
}

#[tokio::test]
async fn a_mail_is_handed_over() {
    let server = server(&[]);
    let answer = server.send("user:pass@", "").await;
    assert_eq!(answer, Ok("250 2.0.0 queued as 4711".to_owned()));
    assert!(
        server.heard().starts_with(
            "EHLO keys.example.com\nAUTH PLAIN AHVzZXIAcGFzcw==\nMAIL FROM:<k@example.com>\n\
             RCPT TO:<a@example.com>\nDATA\nSubject: s\n\n..one dot\n"
        ),
        "{}",
        server.heard()
    );
}

/// The yes to the final dot counts, whatever comes after.
#[tokio::test]
async fn nobody_waits_for_the_goodbye() {
    for answer in ["", "-", "421 tired", "nonsense"] {
        let answers: &'static [_] = Box::leak(Box::new([("QUIT", answer)]));
        let began = Instant::now();
        assert!(server(answers).send("", "").await.is_ok(), "{answer:?}");
        assert!(began.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn a_refusal_of_the_mail_is_permanent() {
    for answers in [
        &[("RCPT", "550 5.1.1 no such mailbox")] as &'static [_],
        &[("RCPT", "550-5.1.1 no such\r\n550 5.1.1 mailbox")],
        &[(".", "550 5.1.1 no such mailbox")],
        // It does not wait for the goodbye here either.
        &[("RCPT", "550 5.1.1 no such mailbox"), ("QUIT", "")],
    ] {
        let began = Instant::now();
        assert_eq!(
            server(answers).send("", "").await,
            Err(SendFault::Permanent("550 5.1.1 no such mailbox".to_owned())),
            "{answers:?}"
        );
        assert!(began.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn what_may_pass_is_temporary() {
    for (answers, words) in [
        (
            &[("RCPT", "451 4.7.1 try later")] as &'static [_],
            "451 4.7.1 try later",
        ),
        (&[("", "421 too busy")], "421 too busy"),
        (&[("", "554 not you")], "554 not you"),
        (&[("EHLO", "550 not you")], "550 not you"),
        (&[("AUTH", "535 5.7.8 wrong")], "535 5.7.8 wrong"),
        (
            &[("MAIL", "530 5.7.0 log in first")],
            "530 5.7.0 log in first",
        ),
        (&[(".", "452 4.3.1 full")], "452 4.3.1 full"),
    ] {
        let answer = server(answers).send("user:pass@", "").await;
        assert_eq!(answer, temporary(words));
    }
    for answers in [
        &[("", "-")] as &'static [_],
        &[(".", "-")],
        &[("RCPT", "HTTP/1.1 400 Bad Request")],
    ] {
        let fault = server(answers).send("", "").await.unwrap_err();
        assert!(
            matches!(&fault, SendFault::Temporary(words) if words.starts_with("the mail server broke off")),
            "{fault:?}"
        );
    }
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let fault = send(&format!("smtp://{closed}")).await.unwrap_err();
    assert!(
        matches!(&fault, SendFault::Temporary(words) if words.contains("refused")),
        "{fault:?}"
    );
}

/// A server that offers no STARTTLS gets neither the password nor the mail.
#[tokio::test]
async fn required_means_required() {
    let server = server(&[]);
    let fault = server
        .send("user:pass@", "?tls=required")
        .await
        .unwrap_err();
    assert!(
        matches!(&fault, SendFault::Temporary(words) if words.contains("STARTTLS")),
        "{fault:?}"
    );
    assert!(!server.heard().contains("AUTH"), "{}", server.heard());
    assert!(!server.heard().contains("MAIL"), "{}", server.heard());
}

#[tokio::test]
async fn words_are_one_short_line() {
    let long = format!("550 \u{7}a\u{1b}[31m\u{202e}{}", "x".repeat(600));
    let answers: &'static [_] = Box::leak(Box::new([("RCPT", &*long.leak())]));
    let fault = server(answers).send("", "").await.unwrap_err();
    assert!(fault.words().starts_with("550 a [31m xxx"), "{fault:?}");
    assert_eq!(fault.words().chars().count(), 500);
}

#[test]
fn the_password_is_in_no_debug_text() {
    let url = "smtps://user:hunter22@localhost".parse().unwrap();
    let shown = format!("{:?}", Smtp::new(&url, "localhost").unwrap());
    assert!(
        shown.contains("localhost:465") && !shown.contains("hunter22") && !shown.contains("user")
    );
}
