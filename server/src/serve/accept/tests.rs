use std::net::SocketAddr;

use axum::Router;
use axum::body::Bytes;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, pause, resume, sleep};

use super::*;

/// More bytes than the system buffers for a client that reads nothing.
const LARGE: usize = 64 * 1024 * 1024;

async fn listen(
    router: Router,
    limits: impl Into<Limits>,
) -> std::io::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let limits = limits.into();
    let server = tokio::spawn(serve(
        listener,
        router.into(),
        limits,
        std::future::pending(),
    ));
    Ok((address, server))
}

fn large() -> Router {
    let body = Bytes::from(vec![b'x'; LARGE]);
    Router::new().route("/", get(move || async move { body }))
}

/// A client that reads nothing of a response is disconnected after thirty seconds, and not before.
#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_is_disconnected() -> std::io::Result<()> {
    let (address, server) = listen(large(), 16).await?;
    let mut client = TcpStream::connect(address).await?;
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await?;
    sleep(STALL_TIMEOUT * 2).await;
    let mut answer = Vec::new();
    let ended = client.read_to_end(&mut answer).await;
    assert!(ended.is_err(), "the connection is reset");
    assert!(answer.len() < LARGE, "{} bytes", answer.len());
    server.abort();
    Ok(())
}

/// A slow reader gets the whole response. The clock advances only where the test moves it, because a paused clock does
/// not see bytes in flight between two sockets.
#[tokio::test]
async fn a_slow_reader_gets_the_whole_answer() -> std::io::Result<()> {
    let (address, server) = listen(large(), 16).await?;
    let mut client = TcpStream::connect(address).await?;
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await?;
    let mut read = 0;
    let mut piece = vec![0; LARGE / 8];
    loop {
        let took = read_all(&mut client, &mut piece).await?;
        read += took;
        if took < piece.len() {
            break;
        }
        pause();
        advance(STALL_TIMEOUT / 2).await;
        resume();
    }
    assert!(read > LARGE, "{read} bytes");
    server.abort();
    Ok(())
}

/// Reads until `buffer` is full or the client's input ends.
async fn read_all(client: &mut TcpStream, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut read = 0;
    while read < buffer.len() {
        match client.read(&mut buffer[read..]).await? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

/// When all permits are taken, the longest idle connection is closed for a new one.
#[tokio::test(start_paused = true)]
async fn a_new_connection_is_served_when_all_permits_are_taken() -> std::io::Result<()> {
    let router = Router::new().route("/", get(|| async { "here" }));
    let (address, server) = listen(router, 4).await?;
    let mut clients = Vec::new();
    let mut answer = [0; 500];
    for _ in 0..12 {
        let mut client = TcpStream::connect(address).await?;
        client
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await?;
        let length = client.read(&mut answer).await?;
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
        clients.push(client);
        sleep(Duration::from_millis(100)).await;
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let request = client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let answered = request.is_ok() && client.read(&mut answer).await.unwrap_or(0) > 0;
        assert_eq!(answered, number >= 8, "client {number}");
    }
    server.abort();
    Ok(())
}

/// A response to an unread body reaches a client that sends all of it first.
#[tokio::test]
async fn an_unread_body_is_drained_after_the_answer() -> std::io::Result<()> {
    let router = Router::new().route("/", post(|| async { "enough" }));
    let (address, server) = listen(router, 16).await?;
    let body = vec![b'x'; 5_000_000];
    for framing in [
        format!("Content-Length: {}", body.len()),
        "Transfer-Encoding: chunked".to_owned(),
    ] {
        let mut client = TcpStream::connect(address).await?;
        let head = format!("POST / HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n");
        client.write_all(head.as_bytes()).await?;
        if framing.starts_with("Transfer") {
            client
                .write_all(format!("{:x}\r\n", body.len()).as_bytes())
                .await?;
        }
        client.write_all(&body).await?;
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await?;
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{framing}");
        assert!(answer.ends_with(b"enough"), "{framing}");
    }
    server.abort();
    Ok(())
}

/// A client that closes its half after a request still gets the response.
#[tokio::test]
async fn a_half_closed_connection_is_answered() -> std::io::Result<()> {
    let router = Router::new().route("/", get(|| async { "here" }));
    let (address, server) = listen(router, 16).await?;
    let mut client = TcpStream::connect(address).await?;
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await?;
    client.shutdown().await?;
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await?;
    assert!(answer.ends_with(b"here"));
    server.abort();
    Ok(())
}

/// A client that connects and sends nothing, or not enough, is disconnected. The paused clock advances while every task
/// waits, so ten seconds pass at once.
#[tokio::test(start_paused = true)]
async fn silent_clients_are_disconnected() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve(
        listener,
        Router::new().into(),
        16,
        std::future::pending(),
    ));
    for input in [
        "",
        "P",
        "PRI * HTTP/2.0\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n",
    ] {
        let mut client = TcpStream::connect(address).await?;
        client.write_all(input.as_bytes()).await?;
        let mut answer = Vec::new();
        let gone = tokio::time::timeout(HEADER_TIMEOUT * 2, client.read_to_end(&mut answer)).await;
        assert!(gone.is_ok(), "still connected after {input:?}");
    }
    server.abort();
    Ok(())
}

/// The ten seconds restart with each response and end ten seconds after the last, whatever the connection's timer was
/// set to before; a slow response does not count as silence.
#[tokio::test(start_paused = true)]
async fn each_answer_restarts_the_time_limit() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let slow = || async {
        sleep(HEADER_TIMEOUT * 2).await;
        "late"
    };
    let router = Router::new()
        .route("/", get(|| async { "soon" }))
        .route("/slow", get(slow));
    let server = tokio::spawn(serve(listener, router.into(), 16, std::future::pending()));
    let mut client = TcpStream::connect(address).await?;
    let nearly = HEADER_TIMEOUT.mul_f64(0.9);
    let mut answer = [0; 500];
    for path in ["/", "/", "/slow", "/", "/slow", "/"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        client.write_all(request.as_bytes()).await?;
        let length = client.read(&mut answer).await?;
        assert!(answer[..length].starts_with(b"HTTP/1.1 200"), "{path}");
        sleep(nearly).await;
    }
    let silent = Instant::now();
    assert_eq!(client.read(&mut answer).await?, 0, "it is let go");
    let waited = silent.elapsed();
    assert!(waited > Duration::ZERO, "too early");
    assert!(waited <= Duration::from_secs(2), "after {waited:?}");
    server.abort();
    Ok(())
}
