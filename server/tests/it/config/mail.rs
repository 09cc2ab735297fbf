//! The mail settings of an operator.

use std::process::{Command, Output};

use crate::fixture::home::Home;
use crate::fixture::process::refusal;

/// A start without a mail server is refused except on loopback, so that no service runs without mail by accident.
#[test]
fn a_start_without_mail_is_refused_away_from_loopback() {
    let home = Home::new();
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
                "not-an-address",
            ],
            "KEYHOLD_MAIL_FROM",
        ),
    ] {
        let said = refusal(&home, &[&public, more].concat());
        assert!(said.contains(expected), "{more:?}: {said}");
        assert!(!said.contains("hunter"), "{said}");
    }
    assert!(!home.path().join("data").exists(), "nothing was made");
}

/// `--help` does not print these URLs, unlike other settings from the environment: they contain passwords.
#[test]
fn help_shows_no_url_with_a_password() {
    let smtp = ("KEYHOLD_SMTP_URL", "smtps://user:hunter22@mail.example.com");
    let database = (
        "KEYHOLD_DATABASE_URL",
        "postgres://user:hunter22@db.example.com/keyhold",
    );
    let page = "https://user:hunter22@app.example.com/?hunter22";
    for (command, (name, url)) in [
        (&["serve"][..], smtp),
        (&["mail", "test"], smtp),
        (&["serve"], database),
        (&["nodes"], database),
        (&["clock", "accept"], database),
        (&["serve"], ("KEYHOLD_SIGN_IN_URL", page)),
        (&["serve"], ("KEYHOLD_DOCS_URL", page)),
        (&["account", "list"], ("KEYHOLD_URL", page)),
    ] {
        let Output { stdout, .. } = Command::new(env!("CARGO_BIN_EXE_keyhold"))
            .args(command)
            .arg("--help")
            .env(name, url)
            .output()
            .unwrap();
        let help = String::from_utf8(stdout).unwrap();
        assert!(help.contains(name) && !help.contains("hunter"), "{help}");
    }
}
