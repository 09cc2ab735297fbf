//! The SMTP conversation: logins and certificates.

use vault::test_support::peer::{Event, Peer};

use crate::fixture::Site;
use crate::fixture::mail::{at, deliver, expired_key, latest, member, transport};

/// The password is sent only to a server that asks for it, and appears nowhere else.
#[tokio::test]
async fn the_smtp_login_is_used_and_not_revealed() {
    let peer = Peer::start_with_login("keyhold", "knocks twice");
    let site = Site::new().await;
    let url = |login: &str| format!("smtp://{login}127.0.0.1:{}", peer.port);
    let (right, wrong, none) = (
        transport(&url("keyhold:knocks%20twice@")),
        transport(&url("keyhold:hunter22@")),
        transport(&url("")),
    );
    let alice = member(&site, &right, "a@example.com").await;
    expired_key(&alice, "billing-cron").await;
    for (way, words) in [(&wrong, "535"), (&none, "530")] {
        assert_eq!(deliver(&site, way).await, 1);
        let waiting = latest(&alice).await;
        assert_eq!(
            waiting["state"], "waiting",
            "the operator's fault, not the mail's"
        );
        let said = waiting["words"].as_str().unwrap();
        assert!(said.contains(words) && !said.contains("hunter22"), "{said}");
        site.clock.set(at(&waiting));
    }
    assert_eq!(deliver(&site, &right).await, 1);
    assert_eq!(latest(&alice).await["state"], "sent");
    let login = ("keyhold".to_owned(), "knocks twice".to_owned());
    assert_eq!(peer.logins().last(), Some(&login));
    assert_eq!(peer.mails().len(), 2);
}

/// Where TLS is required, an untrusted certificate ends the conversation before any mail is sent.
#[tokio::test]
async fn an_untrusted_certificate_gets_no_mail() {
    let peer = Peer::start_self_signed();
    let site = Site::new().await;
    let demanding = transport(&format!("{}?tls=required", peer.url()));
    let easy = transport(&peer.url());
    let alice = site.member("a@example.com").await;
    assert_eq!(deliver(&site, &demanding).await, 1);
    let waiting = latest(&alice).await;
    assert_eq!(waiting["state"], "waiting", "{waiting}");
    assert!(
        waiting["words"].as_str().unwrap().contains("certificate"),
        "{waiting}"
    );
    assert!(peer.commands("MAIL").is_empty());
    // Without that requirement TLS is better than none.
    site.clock.set(at(&waiting));
    assert_eq!(deliver(&site, &easy).await, 1);
    assert_eq!(latest(&alice).await["state"], "sent");
    let events = peer.events();
    let encrypted = events
        .iter()
        .filter(|event| matches!(event, Event::Encrypted));
    assert_eq!(encrypted.count(), 1);
    assert_eq!(peer.mails().len(), 1);
}
