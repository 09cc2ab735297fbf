//! The stop of the server: its signals, its time limit, and its report of losses.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use server::net::listener;
use server::serve::accept;
use server::serve::service::Front;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use vault::test_support::PATIENCE;

use crate::fixture::Site;
use crate::fixture::process::start;
use crate::process::write_faults::{Failing, calls, database};

/// Ten seconds, and a margin for a busy machine.
const LIMIT: Duration = Duration::from_secs(13);

/// Every signal stops the server alike: usage is written and the exit is clean.
#[test]
fn every_signal_stops_alike() {
    for signal in ["-TERM", "-INT", "-HUP", "-QUIT"] {
        let folder = TempDir::new().unwrap();
        let mut running = start(folder.path(), &[]);
        let key = running.sign_up();
        for _ in 0..3 {
            assert_eq!(running.verdict(&key), "200");
        }
        assert_eq!(running.stop(signal), Some(0), "{signal}");
        assert_eq!(calls(folder.path()), 3, "{signal}");
    }
}

/// `nohup keyhold serve` outlives its terminal.
#[test]
#[cfg(target_os = "linux")]
fn a_hangup_that_is_ignored_at_the_start_stops_nothing() {
    let folder = TempDir::new().unwrap();
    let mut running = crate::fixture::process::start_by_nohup(folder.path());
    let key = running.sign_up();
    running.signal("-HUP");
    assert_eq!(running.verdict(&key), "200");
    assert_eq!(running.terminate(), Some(0));
    let log = running.log();
    assert!(log.contains("SIGTERM: stopping"), "{log}");
}

/// A stop on a full disk reports the lost calls in the log and in the exit code.
#[test]
fn usage_that_cannot_be_written_is_not_passed_over() {
    let mut failing = Failing::start();
    let key = failing.running.sign_up();
    failing.fail("write ENOSPC");
    for _ in 0..5 {
        assert_eq!(failing.running.verdict(&key), "200");
    }
    let begun = Instant::now();
    assert_eq!(failing.running.terminate(), Some(1));
    let took = begun.elapsed();
    assert!(took < LIMIT, "{took:?}");
    let log = failing.running.log();
    assert!(log.contains("ERROR"), "{log}");
    assert!(log.contains("5 counted calls are lost"), "{log}");
}

/// A write lock that another process never releases does not delay the stop.
#[test]
fn a_foreign_lock_does_not_hold_up_the_stop() {
    let folder = TempDir::new().unwrap();
    let mut running = start(folder.path(), &[]);
    let key = running.sign_up();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lock = runtime.block_on(async {
        let mut database = database(folder.path()).await;
        sqlx::query("BEGIN EXCLUSIVE")
            .execute(&mut database)
            .await
            .unwrap();
        database
    });
    assert_eq!(running.verdict(&key), "200");
    let begun = Instant::now();
    assert_eq!(running.terminate(), Some(1));
    let took = begun.elapsed();
    assert!(took < LIMIT, "{took:?}");
    assert!(running.log().contains("1 counted calls are lost"));
    drop(lock);
}

/// A connection that is idle at the stop gets its next request answered, with the note that this is the last, on the
/// fast path and by hyper.
#[tokio::test]
async fn the_last_answer_of_a_connection_says_so() {
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

/// Every request is answered at once while the vault opens, with the news that Keyhold is starting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_is_answered() {
    let site = Site::new().await;
    site.leave_mail();
    let front = Front::starting();
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
