//! The mail settings of an operator.

use std::process::{Command, Output};

use tempfile::TempDir;

use crate::fixture::process::refusal;

/// A start without a mail server is refused except on loopback, so that no service runs without mail by accident.
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
                "not-an-address",
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

/// `--help` does not print the SMTP URL, unlike other settings from the environment: it contains the password.
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
