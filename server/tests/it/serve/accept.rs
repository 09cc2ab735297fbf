//! The last answers of connections at the stop.

use server::net::listener;
use server::serve::accept;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::fixture::Site;

/// A connection that is idle at the stop gets its next request answered, with the note that this is the last, on the
/// fast path and by hyper.
#[tokio::test]
async fn the_last_answer_of_a_connection_announces_its_end() {
    let site = Site::new().await;
    site.leave_mail();
    let listener = listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let front = site.front.clone();
    let server = tokio::spawn(async move {
        accept::serve(listener, front, 64, async { drop(stopped.await) }).await;
    });
    let verify: &[u8] = b"GET /verify HTTP/1.1\r\nHost: x\r\n\r\n";
    let other: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
    let first = async |request: &[u8]| {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let mut answer = [0; 2_000];
        let length = stream.read(&mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).to_lowercase();
        (stream, answer.contains("connection: close"))
    };
    let mut streams = Vec::new();
    for request in [verify, other] {
        let (stream, is_last) = first(request).await;
        assert!(!is_last);
        streams.push((stream, request));
    }
    // The clock is paused, and a busy thread keeps it from advancing, so that the farewell lasts as long as this takes.
    tokio::time::pause();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let time_stands = tokio::task::spawn_blocking(move || ended.recv().is_err());
    stop.send(()).unwrap();
    while !first(other).await.1 {}
    for (mut stream, request) in streams {
        stream.write_all(request).await.unwrap();
        is_the_last_answer(&mut stream).await;
    }
    drop(end);
    assert!(time_stands.await.unwrap());
    server.await.unwrap();
}

/// Requests in the backlog are answered: the system has accepted their connections, the server not yet.
#[tokio::test]
async fn the_backlog_is_answered() {
    let site = Site::new().await;
    site.leave_mail();
    let listener = listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let mut streams = Vec::new();
    for path in ["/verify", "/readyz"].repeat(20) {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    let front = site.front.clone();
    // The server is told to stop before it has accepted one.
    let server = tokio::spawn(accept::serve(listener, front, 64, std::future::ready(())));
    for mut stream in streams {
        is_the_last_answer(&mut stream).await;
    }
    server.await.unwrap();
}

/// Asserts that an answer comes, announces the end of the connection, and is followed by it.
async fn is_the_last_answer(stream: &mut tokio::net::TcpStream) {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    assert!(
        answer.to_lowercase().contains("\r\nconnection: close\r\n"),
        "{answer}"
    );
}
