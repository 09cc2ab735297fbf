//! The password, and what TLS is for: neither leaves its place without the operator having asked for it.

use super::*;

/// What a server says before TLS, to be taken for what it says after.
#[tokio::test]
async fn nothing_is_smuggled_into_tls() {
    let answers = &[
        ("EHLO", "250-x\r\n250 STARTTLS"),
        ("STARTTLS", "220 go on\r\n250-x\r\n250 AUTH PLAIN"),
    ];
    let fault = server(answers).send("", "").await.unwrap_err();
    assert!(
        fault.words().contains("before it was asked for"),
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

/// Where STARTTLS was taken out of the offer, the password stays here: on the way to another machine only `?tls=none`
/// asks for less.
#[tokio::test]
async fn a_password_leaves_the_machine_in_the_clear_only_if_asked_for() {
    for (local, parameters, logs_in) in [
        (true, "", true),
        (false, "", false),
        (true, "?tls=opportunistic", true),
        (false, "?tls=opportunistic", false),
        (false, "?tls=none", true),
    ] {
        let server = server(&[]);
        let url = format!("smtp://user:pass@127.0.0.1:{}{parameters}", server.port);
        let smtp = Smtp::new(&url.parse().unwrap(), "keys.example.com").unwrap();
        let stream = talk::connect("127.0.0.1", server.port).await.unwrap();
        let outcome = smtp.prepare(stream, local).await.map(drop);
        assert_eq!(outcome.is_ok(), logs_in, "{local} {parameters}");
        assert_eq!(
            server.heard().contains("AUTH"),
            logs_in,
            "{local} {parameters}"
        );
        if let Err(fault) = outcome {
            assert!(fault.words().contains("?tls=none"), "{}", fault.words());
        }
    }
}

/// A name of this machine that leads to another one, where a man in the middle offers STARTTLS: only
/// `?tls=opportunistic` accepts a certificate of its own making.
#[tokio::test]
async fn a_password_leaves_the_machine_for_a_verified_server_only() {
    for (local, parameters, logs_in) in [
        (true, "", true),
        (false, "", false),
        (false, "?tls=opportunistic", true),
    ] {
        let (port, heard) = impostor().await;
        let url = format!("smtp://user:pass@127.0.0.1:{port}{parameters}");
        let smtp = Smtp::new(&url.parse().unwrap(), "keys.example.com").unwrap();
        let stream = talk::connect("127.0.0.1", port).await.unwrap();
        let outcome = smtp.prepare(stream, local).await.map(drop);
        assert_eq!(outcome.is_ok(), logs_in, "{local} {parameters}");
        assert_eq!(heard.await.unwrap(), logs_in, "{local} {parameters}");
        if let Err(fault) = outcome {
            assert!(matches!(fault, Fault::Tls(_)), "{}", fault.words());
        }
    }
}

/// A server that offers STARTTLS with a certificate of its own making, and whether it hears a password.
async fn impostor() -> (u16, tokio::task::JoinHandle<bool>) {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    const PEM: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../server/tests/smtp/selfsigned.pem"
    );
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_file(PEM).unwrap()],
            PrivateKeyDer::from_pem_file(PEM).unwrap(),
        )
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let mut clear = BufReader::new(listener.accept().await.unwrap().0);
        clear.write_all(b"220 x\r\n").await.unwrap();
        for answer in ["250-x\r\n250 STARTTLS\r\n", "220 go on\r\n"] {
            clear.read_line(&mut String::new()).await.unwrap();
            clear.write_all(answer.as_bytes()).await.unwrap();
        }
        let tls = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let Ok(stream) = tls.accept(clear).await else {
            return false;
        };
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        // TLS 1.3 lets a client that refuses the certificate say so only now.
        if stream.read_line(&mut line).await.is_err() {
            return false;
        }
        let _ = stream.write_all(b"250-x\r\n250 AUTH PLAIN\r\n").await;
        line.clear();
        let _ = stream.read_line(&mut line).await;
        let _ = stream.write_all(b"235\r\n").await;
        line.starts_with("AUTH")
    });
    (port, heard)
}

#[test]
fn the_password_is_in_no_debug_text() {
    let url = "smtps://user:hunter22@localhost".parse().unwrap();
    let shown = format!("{:?}", Smtp::new(&url, "localhost").unwrap());
    assert!(
        shown.contains("localhost:465") && !shown.contains("hunter22") && !shown.contains("user")
    );
}
