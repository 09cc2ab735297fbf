//! The life of a connection on the fast path, and its ends.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};
use tracing_subscriber::util::SubscriberInitExt;

use super::{Served, carriers, get, read_until, request};

/// A connection stays on the fast path until a request is not plain: otherwise other tests would compare hyper with
/// hyper.
#[tokio::test]
async fn plain_requests_stay_on_the_fast_path() {
    let log = Log::default();
    let writer = log.clone();
    let _logged = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_writer(move || writer.clone())
        .set_default();
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let mut stream = served.connect().await;
    for request in [get("/verify", &[&carriers[0]]), get("/verify/x?y", &[])] {
        stream.write_all(request.as_bytes()).await.unwrap();
        let whole = |read: &[u8]| read.ends_with(b"\r\n\r\n") || read.ends_with(b"}");
        read_until(&mut stream, whole).await;
    }
    assert_eq!(log.count("goes over to hyper"), 0);
    let head = request("HEAD", "/verify", "HTTP/1.1", &[]);
    stream.write_all(head.as_bytes()).await.unwrap();
    read_until(&mut stream, |read| read.ends_with(b"\r\n\r\n")).await;
    assert_eq!(log.count("goes over to hyper"), 1);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn count(&self, words: &str) -> usize {
        let log = self.0.lock().unwrap();
        String::from_utf8_lossy(&log).matches(words).count()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// E1: a stop does not wait for clients that send nothing, or half a request.
#[tokio::test]
async fn a_stop_does_not_wait_for_silent_clients() {
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let good = get("/verify", &[&carriers[0]]);
    let mut silent = Vec::new();
    for more in ["", "G", good.trim_end()] {
        let mut stream = served.connect().await;
        stream.write_all(good.as_bytes()).await.unwrap();
        let answer = read_until(&mut stream, |read| read.ends_with(b"\r\n\r\n")).await;
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
        stream.write_all(more.as_bytes()).await.unwrap();
        silent.push(stream);
    }
    served.stop.send(()).unwrap();
    let soon = Duration::from_secs(3);
    assert!(timeout(soon, served.server).await.is_ok(), "it still waits");
    for mut stream in silent {
        let closed = timeout(soon, stream.read(&mut [0; 1])).await.unwrap();
        assert_eq!(closed.unwrap_or(0), 0);
    }
}

/// A stop does not wait for a client that sends faster than it is answered, and other connections get their turn.
#[tokio::test]
async fn a_stop_interrupts_pipelined_requests() {
    const CROWD: usize = 300;
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let mut stream = served.connect().await;
    // They fit into the system's buffers, so the server finds all of them.
    let crowd = get("/verify", &[&carriers[0]]).repeat(CROWD);
    stream.write_all(crowd.as_bytes()).await.unwrap();
    let mut answers = read_until(&mut stream, |read| !read.is_empty()).await;
    served.stop.send(()).unwrap();
    let soon = Duration::from_secs(3);
    assert!(timeout(soon, served.server).await.is_ok(), "it still waits");
    let _ = stream.read_to_end(&mut answers).await;
    let answers = String::from_utf8(answers).unwrap();
    let answered = answers.matches("HTTP/1.1 200 OK").count();
    assert!((1..CROWD).contains(&answered), "{answered}");
    assert!(answers.ends_with("\r\n\r\n"), "none is cut off");
}

/// Requirement C1: a request has ten seconds, however slowly it arrives, and each answer restarts them. The paused
/// clock advances while every task waits.
#[tokio::test]
async fn slow_clients_are_disconnected() {
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let good = get("/verify", &[&carriers[0]]);
    tokio::time::pause();
    let limit = Duration::from_secs(10);
    for said in ["", "G", good.trim_end()] {
        let mut stream = served.connect().await;
        stream.write_all(said.as_bytes()).await.unwrap();
        let begun = Instant::now();
        let ended = stream.read(&mut [0; 1]).await;
        assert_eq!(ended.unwrap_or(0), 0, "no answer to {said:?}");
        let took = begun.elapsed();
        assert!(took >= limit.mul_f64(0.9), "{took:?}");
        assert!(took <= limit + Duration::from_secs(1), "{took:?}");
    }

    let long = format!("{}\r\nX-Long: {}", good.trim_end(), "a".repeat(20_000));
    for (first, rest) in [("", good.as_str()), (&long, &good)] {
        let mut stream = served.connect().await;
        stream.write_all(first.as_bytes()).await.unwrap();
        let begun = Instant::now();
        let mut sent = 0;
        for byte in rest.as_bytes() {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            sent += 1;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert!(sent < 15, "{sent} bytes in {:?}", begun.elapsed());
    }

    let mut stream = served.connect().await;
    for _ in 0..5 {
        stream.write_all(good.as_bytes()).await.unwrap();
        let answer = read_until(&mut stream, |read| read.ends_with(b"\r\n\r\n")).await;
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
        tokio::time::sleep(limit.mul_f64(0.9)).await;
    }
    let silent = Instant::now();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0, "it is let go");
    assert!(
        silent.elapsed() <= Duration::from_secs(2),
        "ten seconds after the answer"
    );
}

/// A client that sends requests and reads no answers is disconnected.
#[tokio::test]
async fn a_client_that_reads_no_answers_is_disconnected() {
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let good = get("/verify", &[&carriers[0]]);
    let mut stream = served.connect().await;
    let crowd = good.repeat(1_000);
    // Written until neither side can continue.
    let soon = Duration::from_secs(1);
    let mut asked = 0;
    while let Ok(written) = timeout(soon, stream.write(crowd.as_bytes())).await {
        asked += written.unwrap() / good.len();
    }
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(31)).await;
    let mut answers = Vec::new();
    let ended = stream.read_to_end(&mut answers).await;
    assert!(ended.is_err(), "the connection is reset");
    let answers = String::from_utf8_lossy(&answers);
    assert!(answers.matches("HTTP/1.1 200 OK").count() < asked);
}
