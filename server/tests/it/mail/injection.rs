//! Names and addresses that try to become headers, recipients or SMTP commands.

use vault::mail::transport::{Progress, SendError};
use vault::mail::{Content, Letter};
use vault::test_support::peer::Peer;

use crate::fixture::Site;
use crate::fixture::mail::{deliver, member, transport};

/// D7: neither a name nor an address becomes a header, a recipient or a command.
#[tokio::test]
async fn line_breaks_in_input_are_rejected() {
    let peer = Peer::start();
    let (site, way) = (Site::new().await, transport(&peer.url()));
    let alice = member(&site, &way, "a@example.com").await;
    let key = alice.create("mine", "90d").await;
    for tail in [
        "\r\nBcc: evil@example.com",
        "\nBcc: evil@example.com",
        "\rx",
        "\u{0}",
        "\u{2028}x",
        ">\r\nDATA",
    ] {
        let address = format!("b@example.com{tail}");
        let name = format!("name{tail}");
        for (function, fields) in [
            (
                "keys/create",
                &[("name", &*name), ("expiry", "90d")] as &[_],
            ),
            (
                "keys/edit",
                &[
                    ("access_key", &*key.access),
                    ("name", &*name),
                    ("expiry", "90d"),
                ],
            ),
            (
                "account/sign-up",
                &[
                    ("email", &*address),
                    ("password", "a calm lake at dusk"),
                    ("time_zone", "UTC"),
                ],
            ),
            ("account/forgot-password", &[("email", &*address)]),
            ("notices/second-recipient", &[("address", &*address)]),
        ] {
            let answer = alice.call(function, fields).await;
            assert_eq!(answer.status, 422, "{function} {tail:?}: {}", answer.body);
        }
    }
    site.clock.advance(1);
    assert_eq!(site.vault.sweep().await.unwrap(), 0);
    assert_eq!(deliver(&site, &way).await, 0);
    assert_eq!(peer.mails().len(), 1);
}

#[tokio::test]
async fn line_breaks_in_a_mail_are_harmless() {
    let peer = Peer::start();
    let way = transport(&peer.url());
    let letter = |to: &str, subject: &str, text: &str| Letter {
        id: "mail_7".to_owned(),
        created_at: 0,
        to: to.to_owned(),
        content: Content {
            unsubscribe: None,
            subject: subject.to_owned(),
            text: text.to_owned(),
            html: format!("<pre>{text}</pre>"),
        },
    };
    for to in [
        "a@example.com\r\nRCPT TO:<evil@example.com>",
        "a@example.com>\r\nDATA",
        "a@example.com\nBcc: evil@example.com",
        "\"a\r\nb\"@example.com",
    ] {
        let refused = way
            .send(&letter(to, "s", "t\n"), &Progress::default())
            .await;
        assert!(
            matches!(refused, Err(SendError::Permanent(_))),
            "{to:?}: {refused:?}"
        );
    }
    assert!(peer.events().is_empty(), "it was not even tried");

    // A text that speaks SMTP, with every kind of line break.
    let text = "one\n.\nQUIT\n..two\n.\r\nMAIL FROM:<evil@example.com>\r\n.\r\n\n.three";
    let subject = "expired: x\r\nBcc: evil@example.com\r\n\r\n.\r\nMAIL FROM:<evil@example.com>";
    let answer = way
        .send(
            &letter("a@example.com", subject, text),
            &Progress::default(),
        )
        .await;
    assert_eq!(answer, Ok("250 2.0.0 Taken as 1".to_owned()));
    assert_eq!(peer.commands("MAIL").len(), 1);
    assert_eq!(peer.commands("RCPT").len(), 1);
    let delivery = peer.mails().remove(0);
    assert_eq!(delivery.to, ["a@example.com"]);
    let mail = delivery.mail;
    assert_eq!(mail.defects, [] as [&str; 0]);
    let bcc = |name: &String| name.eq_ignore_ascii_case("bcc");
    assert!(!mail.headers.iter().any(bcc), "{:?}", mail.headers);
    assert_eq!(
        mail.subject,
        "expired: x Bcc: evil@example.com . MAIL FROM:<evil@example.com>"
    );
    let plain = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(plain(&mail.text), plain(text));
}
