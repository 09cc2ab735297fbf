//! The talk with a mail server of fixed answers, step by step.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use super::*;

mod secrecy;

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
    let mail = b"Subject: s\r\n\r\n.one dot\r\n";
    smtp.send(&from, &to, mail, &Progress::default()).await
}

/// The tasks that have not ended.
fn tasks() -> usize {
    tokio::runtime::Handle::current()
        .metrics()
        .num_alive_tasks()
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
        let server = server(answers);
        assert!(server.send("", "").await.is_ok(), "{answer:?}");
        if answer.is_empty() {
            assert_eq!(tasks(), 1, "the goodbye still waits, on its own");
        }
    }
}

#[tokio::test]
async fn a_refusal_of_the_mail_is_permanent() {
    for answers in [
        // It does not wait for the goodbye here either. First, since the goodbyes of the others end meanwhile.
        &[("RCPT", "550 5.1.1 no such mailbox"), ("QUIT", "")] as &'static [_],
        &[("RCPT", "550 5.1.1 no such mailbox")],
        &[("RCPT", "550-5.1.1 no such\r\n550 5.1.1 mailbox")],
        &[(".", "550 5.1.1 no such mailbox")],
    ] {
        let server = server(answers);
        assert_eq!(
            server.send("", "").await,
            Err(SendFault::Permanent("550 5.1.1 no such mailbox".to_owned())),
            "{answers:?}"
        );
        if answers.contains(&("QUIT", "")) {
            assert_eq!(tasks(), 1);
        }
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

/// Whoever has heard the final dot may have the mail.
#[tokio::test]
async fn no_answer_to_the_final_dot_leaves_it_open() {
    for answer in ["-", "what"] {
        let answers: &'static [_] = Box::leak(Box::new([(".", answer)]));
        let fault = server(answers).send("", "").await.unwrap_err();
        assert!(
            matches!(&fault, SendFault::Unknown(words) if words.contains("may have been delivered")),
            "{fault:?}"
        );
    }
}

/// RFC 5321, section 4.2: the code decides, and a reply may have no text.
#[tokio::test]
async fn replies_need_no_text() {
    let bare = &[
        ("", "220"),
        ("EHLO", "250"),
        ("MAIL", "250"),
        ("RCPT", "250 \u{e9}\u{fffd}"),
        ("DATA", "354"),
        (".", "250"),
    ];
    assert_eq!(server(bare).send("", "").await, Ok("250".to_owned()));
}

#[tokio::test]
async fn a_server_that_knows_only_helo_gets_its_mail() {
    let answers = &[("EHLO", "502 5.5.1 what"), ("HELO", "250 hello")];
    let old = server(answers);
    assert!(old.send("", "").await.is_ok());
    assert!(
        old.heard()
            .starts_with("EHLO keys.example.com\nHELO keys.example.com\nMAIL"),
        "{}",
        old.heard()
    );
    // It offers nothing, so there is neither TLS nor a login.
    for (login, parameters) in [("user:pass@", ""), ("", "?tls=required")] {
        let old = server(answers);
        let fault = old.send(login, parameters).await.unwrap_err();
        assert!(fault.words().contains("does not offer"), "{fault:?}");
        assert!(!old.heard().contains("MAIL"), "{}", old.heard());
    }
}

#[tokio::test]
async fn keywords_have_no_case() {
    let plain = server(&[("EHLO", "250-x\r\n250 auth login plain")]);
    assert!(plain.send("user:pass@", "").await.is_ok());
    assert!(plain.heard().contains("AUTH PLAIN AHVzZXIAcGFzcw=="));

    let login = server(&[
        ("EHLO", "250-x\r\n250 Auth Login"),
        ("AUTH", "334"),
        ("dXNlcg==", "334 UGFzc3dvcmQ6"),
        ("cGFzcw==", "235"),
    ]);
    let answer = login.send("user:pass@", "").await;
    assert!(answer.is_ok(), "{answer:?}");

    // STARTTLS that is offered is taken: the mail is never in the clear.
    let tls = server(&[
        ("EHLO", "250-x\r\n250 starttls"),
        ("STARTTLS", "454 not now"),
    ]);
    assert_eq!(tls.send("", "").await, temporary("454 not now"));
    assert!(!tls.heard().contains("MAIL"), "{}", tls.heard());
}

/// RFC 5321, section 4.5.3.2: each step has minutes, and the final dot ten of them.
#[tokio::test(start_paused = true)]
async fn a_slow_server_has_the_time_it_may_take() {
    let silent = |limit: u64| format!("no answer within {limit} s");
    for (step, seconds, expected) in [
        ("MAIL", 290, None),
        ("MAIL", 310, Some(silent(300))),
        ("RCPT", 290, None),
        ("RCPT", 310, Some(silent(300))),
        ("DATA", 110, None),
        ("DATA", 130, Some(silent(120))),
        (".", 120, None),
        (".", 590, None),
        (".", 610, Some(silent(600))),
    ] {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(slow(theirs, step, Duration::from_secs(seconds)));
        let (from, to) = (
            "k@example.com".parse().unwrap(),
            "a@example.com".parse().unwrap(),
        );
        let progress = Progress::default();
        let mail = "a line of the text\r\n".repeat(2_000);
        let mut talk = Talk::new(ours);
        let outcome = hand_over(&mut talk, &from, &to, mail.as_bytes(), &progress).await;
        let words = outcome.err().map(|fault| fault.words());
        assert_eq!(words, expected, "{step} after {seconds} s");
        assert_eq!(progress.is_unknown(), step == "." && seconds > 600);
    }
}

/// A server that takes its time over one step, over a connection in memory, so that the time can be passed over.
async fn slow(stream: tokio::io::DuplexStream, step: &str, pause: Duration) {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt};
    let (reader, mut writer) = tokio::io::split(stream);
    let mut lines = tokio::io::BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let verb = line.split(' ').next().unwrap();
        let answer = match verb {
            "MAIL" | "RCPT" | "." => "250\r\n",
            "DATA" => "354\r\n",
            _ => continue,
        };
        if verb == step {
            tokio::time::sleep(pause).await;
        }
        // The other side may have gone.
        let _ = writer.write_all(answer.as_bytes()).await;
    }
}

#[tokio::test]
async fn words_are_one_short_line() {
    let long = format!("550 \u{7}a\u{1b}[31m\u{202e}{}", "x".repeat(600));
    let answers: &'static [_] = Box::leak(Box::new([("RCPT", &*long.leak())]));
    let fault = server(answers).send("", "").await.unwrap_err();
    assert!(fault.words().starts_with("550 a [31m xxx"), "{fault:?}");
    assert_eq!(fault.words().chars().count(), 500);
}
