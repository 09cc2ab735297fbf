//! The mail settings as an operator meets them: what refuses to start, and `keyhold mail test`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::running::refusal;

/// What `keyhold mail test --to a@example.com` says on its two outputs, and whether it succeeded.
fn mail_test(folder: &Path, settings: &[(&str, &str)]) -> (bool, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_keyhold"))
        .args(["mail", "test", "--to", "a@example.com"])
        .envs(settings.iter().copied())
        .current_dir(folder)
        .output()
        .unwrap();
    (
        status.success(),
        String::from_utf8(stdout).unwrap(),
        String::from_utf8(stderr).unwrap(),
    )
}

/// A mail server that takes one mail and answers `RCPT` with this; gives its URL, and at the end what it heard.
fn server(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let talk = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut heard = String::new();
        let mut in_content = false;
        write!(stream, "220 hello\r\n").unwrap();
        for line in lines.map_while(Result::ok) {
            let said = match line.split(' ').next().unwrap() {
                "." => "250 2.0.0 queued as 4711",
                _ if in_content => "",
                "RCPT" => answer,
                "DATA" => "354 go on",
                _ => "250 ok",
            };
            in_content = said == "354 go on" || said.is_empty();
            heard.push_str(&(line + "\n"));
            // After QUIT the client does not wait for an answer.
            if !said.is_empty() && write!(stream, "{said}\r\n").is_err() {
                break;
            }
        }
        heard
    });
    (url, talk)
}

/// Nobody is served without mail by accident: away from loopback there is no start without a mail server.
#[test]
fn a_start_without_mail_is_refused_away_from_loopback() {
    let folder = TempDir::new().unwrap();
    let public = [
        "--listen",
        "127.0.0.1:0",
        "--base-url",
        "https://keys.example.com",
    ];
    for (more, expected) in [
        (&[][..], "KEYHOLD_SMTP_URL is not set"),
        (&["--smtp-url", ""], "KEYHOLD_SMTP_URL is not set"),
        (
            &["--smtp-url", "mail.example.com"],
            "KEYHOLD_SMTP_URL must be",
        ),
        (
            &["--smtp-url", "smtps://user:hunter22/@mail.example.com"],
            "KEYHOLD_SMTP_URL must be",
        ),
        (
            &[
                "--smtp-url",
                "smtp://mail.example.com",
                "--mail-from",
                "nobody",
            ],
            "KEYHOLD_MAIL_FROM",
        ),
    ] {
        let said = refusal(folder.path(), &[&public, more].concat());
        assert!(said.contains(expected), "{more:?}: {said}");
        assert!(!said.contains("hunter"), "{said}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

#[test]
fn mail_test_says_what_the_server_answered() {
    let folder = TempDir::new().unwrap();
    let (url, talk) = server("250 ok");
    let (sent, said, _) = mail_test(
        folder.path(),
        &[
            ("KEYHOLD_SMTP_URL", &url),
            ("KEYHOLD_BASE_URL", "https://keys.example.com"),
        ],
    );
    assert!(
        sent && said.ends_with(": 250 2.0.0 queued as 4711\n"),
        "{said}"
    );
    let heard = talk.join().unwrap();
    for line in [
        "MAIL FROM:<keyhold@keys.example.com>\nRCPT TO:<a@example.com>\nDATA\n",
        "\nSubject: Test mail from Keyhold\n",
        "\nTo: a@example.com\n",
        "@keys.example.com>\n",
        "\n.\nQUIT\n",
    ] {
        assert!(heard.contains(line), "{line:?}: {heard}");
    }
    assert!(
        !folder.path().join("data").exists(),
        "no database, no files"
    );
}

#[test]
fn mail_test_says_why_it_failed() {
    let folder = TempDir::new().unwrap();
    let (url, talk) = server("550 5.1.1 no such mailbox");
    let (sent, _, said) = mail_test(folder.path(), &[("KEYHOLD_SMTP_URL", &url)]);
    assert!(
        !sent && said.contains(": 550 5.1.1 no such mailbox"),
        "{said}"
    );
    talk.join().unwrap();

    let (sent, _, said) = mail_test(folder.path(), &[("KEYHOLD_SMTP_URL", &url)]);
    assert!(!sent && said.contains("Connection refused"), "{said}");

    let secret = url.replace("smtp://", "smtp://user:hunter22@");
    let (sent, out, said) = mail_test(folder.path(), &[("KEYHOLD_SMTP_URL", &secret)]);
    assert!(
        !sent && !format!("{out}{said}").contains("hunter"),
        "{said}"
    );

    let public = ("KEYHOLD_BASE_URL", "https://keys.example.com");
    let (sent, _, said) = mail_test(folder.path(), &[public]);
    assert!(
        !sent && said.contains("KEYHOLD_SMTP_URL is not set"),
        "{said}"
    );
}

#[test]
fn without_a_server_mail_test_writes_a_file() {
    let folder = TempDir::new().unwrap();
    let (sent, said, _) = mail_test(folder.path(), &[]);
    assert!(sent, "{said}");
    let (_, name) = said.trim_end().split_once("written to ").unwrap();
    let mail = std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(mail.contains("From: Keyhold <keyhold@localhost>\r\nTo: a@example.com\r\n"));
    let made: Vec<_> = std::fs::read_dir(folder.path().join("data"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(made, ["mail"], "no database");
}

/// The password is in the environment, which `--help` prints for the other settings.
#[test]
fn help_does_not_show_the_smtp_url() {
    for command in [&["serve"][..], &["mail", "test"]] {
        let Output { stdout, .. } = Command::new(env!("CARGO_BIN_EXE_keyhold"))
            .args(command)
            .arg("--help")
            .env("KEYHOLD_SMTP_URL", "smtps://user:hunter22@mail.example.com")
            .output()
            .unwrap();
        let help = String::from_utf8(stdout).unwrap();
        assert!(
            help.contains("KEYHOLD_SMTP_URL") && !help.contains("hunter"),
            "{help}"
        );
    }
}
