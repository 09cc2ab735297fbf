//! Secrecy of the password and of TLS connections: neither is weakened unless the operator asks for it.

use super::*;

/// Connects and logs in, as if the connection stayed on this machine (`local`) or left it.
async fn prepare(peer: &Peer, parameters: &str, local: bool) -> Result<(), Fault> {
    let url = format!("smtp://user:pass@127.0.0.1:{}{parameters}", peer.port);
    let smtp = Smtp::new(&url.parse().unwrap(), "keys.example.com").unwrap();
    let stream = conversation::connect("127.0.0.1", peer.port).await?;
    smtp.prepare(stream, local).await.map(drop)
}

/// A server sends data before TLS that is meant to pass for data after it.
#[tokio::test]
async fn nothing_is_smuggled_into_tls() {
    let smuggler = Script::at(Step::Ehlo, "250-x\r\n250 STARTTLS")
        .and(Step::StartTls, "220 go on\r\n250-x\r\n250 AUTH PLAIN");
    let fault = send_to(&peer(smuggler), "", "").await.unwrap_err();
    assert!(
        fault.response().contains("before it was asked for"),
        "{fault:?}"
    );
}

/// A server that offers no STARTTLS gets neither the password nor the mail.
#[tokio::test]
async fn required_tls_is_never_skipped() {
    let peer = Peer::start();
    let fault = send_to(&peer, "user:pass@", "?tls=required")
        .await
        .unwrap_err();
    assert!(
        matches!(&fault, SendError::Temporary(response) if response.contains("STARTTLS")),
        "{fault:?}"
    );
    assert_eq!(peer.commands(""), ["EHLO keys.example.com"]);
}

/// If STARTTLS was removed from the offer, the password stays here: only `?tls=none` sends it in the clear to another
/// machine.
#[tokio::test]
async fn a_password_leaves_the_machine_in_the_clear_only_if_asked_for() {
    for (local, parameters, logs_in) in [
        (true, "", true),
        (false, "", false),
        (true, "?tls=opportunistic", true),
        (false, "?tls=opportunistic", false),
        (false, "?tls=none", true),
    ] {
        let peer = Peer::start();
        let outcome = prepare(&peer, parameters, local).await;
        assert_eq!(outcome.is_ok(), logs_in, "{local} {parameters}");
        let logins = peer.commands("AUTH").len();
        assert_eq!(logins, usize::from(logs_in), "{local} {parameters}");
        if let Err(fault) = outcome {
            assert!(
                fault.description().contains("?tls=none"),
                "{}",
                fault.description()
            );
        }
    }
}

/// A name of this machine leads to another one, where a man in the middle offers STARTTLS: only `?tls=opportunistic`
/// accepts its self-signed certificate.
#[tokio::test]
async fn a_password_leaves_the_machine_for_a_verified_server_only() {
    for (local, parameters, logs_in) in [
        (true, "", true),
        (false, "", false),
        (false, "?tls=opportunistic", true),
    ] {
        let impostor = Peer::start_self_signed();
        let outcome = prepare(&impostor, parameters, local).await;
        assert_eq!(outcome.is_ok(), logs_in, "{local} {parameters}");
        impostor.quiet();
        let logins = impostor.logins().len();
        assert_eq!(logins, usize::from(logs_in), "{local} {parameters}");
        if let Err(fault) = outcome {
            assert!(matches!(fault, Fault::Tls(_)), "{}", fault.description());
        }
    }
}

#[test]
fn the_password_is_in_no_debug_text() {
    let url = "smtps://user:hunter22@localhost".parse().unwrap();
    let shown = format!("{:?}", Smtp::new(&url, "localhost").unwrap());
    assert!(
        shown.contains("localhost:465") && !shown.contains("hunter22") && !shown.contains("user")
    );
}
