//! `keyhold mail test`: the server's response, or the reason of the failure.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use vault::test_support::peer::{Peer, Script, Step};

/// Returns the success and the two outputs of `keyhold mail test --to a@example.com`.
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

#[test]
fn mail_test_prints_the_servers_response() {
    let folder = TempDir::new().unwrap();
    let mut peer = Peer::start();
    peer.follow([Script::at(Step::Dot, "250 2.0.0 queued as 4711")]);
    let (sent, said, _) = mail_test(
        folder.path(),
        &[
            ("KEYHOLD_SMTP_URL", &peer.url()),
            ("KEYHOLD_BASE_URL", "https://keys.example.com"),
        ],
    );
    assert!(
        sent && said.ends_with(": 250 2.0.0 queued as 4711\n"),
        "{said}"
    );
    peer.quiet();
    assert_eq!(
        peer.commands("")[1..],
        [
            "MAIL FROM:<keyhold@keys.example.com>",
            "RCPT TO:<a@example.com>",
            "DATA",
            "QUIT"
        ]
    );
    let mail = peer.mails().remove(0).mail;
    assert_eq!(mail.defects, [] as [&str; 0]);
    for line in [
        "\r\nSubject: Test email from Keyhold\r\n",
        "\r\nTo: a@example.com\r\n",
        "@keys.example.com>\r\n",
    ] {
        assert!(mail.raw.contains(line), "{line:?}: {}", mail.raw);
    }
    assert!(
        !folder.path().join("data").exists(),
        "no database, no files"
    );
}

#[test]
fn mail_test_prints_the_reason_of_a_failure() {
    let folder = TempDir::new().unwrap();
    let mut peer = Peer::start();
    peer.follow([Script::at(Step::Rcpt, "550 5.1.1 no such mailbox")]);
    let url = peer.url();
    let (sent, _, said) = mail_test(folder.path(), &[("KEYHOLD_SMTP_URL", &url)]);
    assert!(
        !sent && said.contains(": 550 5.1.1 no such mailbox"),
        "{said}"
    );
    peer.listen(false);
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
