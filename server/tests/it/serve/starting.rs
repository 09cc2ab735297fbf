//! Responses while the vault opens.

use std::io::{Read, Write};
use std::net::TcpStream;

use server::net::listener;
use server::serve::accept;
use server::serve::service::HttpService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vault::test_support::PATIENCE;

use crate::fixture::Site;

/// Every request is answered at once while the vault opens, with the news that Keyhold is starting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_during_the_start_are_answered() {
    let site = Site::new().await;
    site.leave_mail();
    let front = HttpService::starting();
    let listener = listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(accept::serve(
        listener,
        front.clone(),
        64,
        std::future::pending(),
    ));
    let ask = move |path: &'static str| async move {
        tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        })
        .await
        .unwrap()
    };
    for path in [
        "/healthz",
        "/readyz",
        "/",
        "/v1/keys",
        "/verify",
        "/verify/x",
    ] {
        let answer = ask(path).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{path}: {answer}");
        let lower = answer.to_lowercase();
        assert!(lower.contains("\r\nretry-after: 1\r\n"), "{path}: {answer}");
        assert!(lower.contains("\r\nconnection: close\r\n"), "{path}");
    }
    assert!(ask("/readyz").await.contains("\r\n\r\nstarting: "));
    let verify = ask("/verify").await;
    assert!(verify.contains("\"code\":\"unavailable\""), "{verify}");
    let nginx = ask("/verify?gateway=nginx").await;
    assert!(nginx.starts_with("HTTP/1.1 403 "), "{nginx}");
    assert!(nginx.contains("x-keyhold-status: 503"), "{nginx}");

    front.open(site.state.clone());
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("ready\n"), "{answer}");
    server.abort();
}
