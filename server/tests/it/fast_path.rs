//! The fast path against hyper: the same bytes get the same answers, whichever of them serves the connection.

use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use server::listen;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::fixture::{DAY, Key, Site};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// A site that listens.
struct Served {
    site: Site,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Served {
    async fn new() -> Self {
        let site = Site::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let front = site.front.clone();
        let server = tokio::spawn(async move {
            listen::serve(listener, front, 64, async { drop(stopped.await) }).await;
        });
        Self {
            site,
            address,
            stop,
            server,
        }
    }

    async fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// A connection that hyper has already, because of a request that is not plain.
    async fn connect_to_hyper(&self) -> TcpStream {
        let mut stream = self.connect().await;
        let request = b"HEAD /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let head = read_until(&mut stream, |read| read.ends_with(b"\r\n\r\n")).await;
        assert!(head.starts_with(b"HTTP/1.1 "), "{head:?}");
        stream
    }

    /// What comes back for these bytes from the one and from the other. They must have the connection closed.
    async fn both(&self, bytes: &[u8]) -> (String, String) {
        let fast = exchange(self.connect().await, &[bytes]).await;
        let hyper = exchange(self.connect_to_hyper().await, &[bytes]).await;
        (fast, hyper)
    }
}

async fn read_until(stream: &mut TcpStream, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut read = Vec::new();
    while !enough(&read) {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "{read:?}");
    }
    read
}

/// Sends the pieces and gives all that comes back until the connection is closed, but for what is never the same twice.
async fn exchange(mut stream: TcpStream, pieces: &[&[u8]]) -> String {
    for piece in pieces {
        // The server may have hung up over an earlier piece.
        if stream.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut answer = Vec::new();
    // A connection that is closed while there is something unread is reset: what came before counts.
    let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "not closed after {pieces:?}");
    let mut answer = String::from_utf8(answer).unwrap();
    for (before, after) in [("'nonce-", '\''), ("x-request-id: ", '\r')] {
        let made_up: Vec<String> = answer
            .split(before)
            .skip(1)
            .filter_map(|rest| rest.split(after).next())
            .filter(|made_up| *made_up != "one")
            .map(str::to_owned)
            .collect();
        for made_up in made_up {
            answer = answer.replace(&made_up, "some");
        }
    }
    let lines = answer.split("\r\n").map(|line| {
        if line.starts_with("date: ") {
            assert!(line.ends_with(" GMT"), "{line}");
            "date"
        } else {
            line
        }
    });
    lines.collect::<Vec<_>>().join("\r\n")
}

fn get(target: &str, headers: &[&str]) -> String {
    request("GET", target, "HTTP/1.1", headers)
}

/// With an id, so that answers can be compared.
fn request(method: &str, target: &str, version: &str, headers: &[&str]) -> String {
    let mut request = format!("{method} {target} {version}\r\nHost: x\r\nx-request-id: one\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request + "\r\n"
}

/// Keys in every state, as the header that carries them.
async fn carriers(site: &Site) -> Vec<String> {
    let member = site.member("a@example.com").await;
    let default = member.key.clone().unwrap();
    let soon = member.create("Zahlung/Läufe 100%", "5d").await;
    let expired = member.create("expired", "1d").await;
    site.clock.advance(2 * DAY);
    let wrong = Key {
        secret: soon.secret.clone(),
        ..default.clone()
    };
    let mut carriers: Vec<String> = [&default, &soon, &expired, &wrong]
        .iter()
        .flat_map(|key| {
            [
                format!("Authorization: {}", key.basic()),
                format!("AUTHORIZATION:  bearer {}\t", key.word()),
                format!("x-api-key: {}", key.word()),
            ]
        })
        .collect();
    carriers.push(format!("{}\r\n{}", carriers[0], carriers[2]));
    carriers.push(format!("{}\r\n{0}", carriers[0]));
    carriers.push("Authorization: Basic \u{fc}".to_owned());
    carriers.push("X-Other: nothing".to_owned());
    carriers
}

#[tokio::test]
async fn the_same_bytes_get_the_same_answer() {
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let mut requests = Vec::new();
    for carrier in &carriers {
        for target in [
            "/verify",
            "/verify/",
            "/verify/v2/orders?limit=1&gateway=nginx",
            "/verify?gateway=nginx",
        ] {
            requests.push(get(target, &[carrier]));
        }
    }
    let good = carriers[0].as_str();
    for method in [
        "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "get", "CONNECT", "G(T",
    ] {
        requests.push(request(method, "/verify", "HTTP/1.1", &[good]));
    }
    for version in ["HTTP/1.0", "HTTP/1.1 ", "HTTP/2.0", "HTTP/0.9", "http/1.1"] {
        requests.push(request("GET", "/verify", version, &[good]));
    }
    for target in [
        "/verifyx",
        "/verif",
        "//verify",
        "/VERIFY",
        "/verify#x",
        "/verify/#?gateway=nginx",
        "/verify/%2e%2e/x",
        "/verify/../x",
        "/verify/\"{}",
        "/verify/<>",
        "/verify/\u{fc}",
        "/verify/\u{7f}",
        "/verify?a=b?c&gateway=nginx",
        "http://x/verify",
        "x/verify",
        "*",
        "x:80",
        "",
        "/verify /verify",
    ] {
        requests.push(get(target, &[good]));
        requests.push(get(target, &["X-Other: nothing"]));
    }
    for header in [
        "Connection: keep-alive",
        "Connection: Keep-Alive",
        "Connection: close",
        "Connection: keep-alive, close",
        "Connection: close\r\nConnection: keep-alive",
        "Connection: upgrade\r\nUpgrade: websocket",
        "Upgrade: h2c",
        "Content-Length: 0",
        "Content-Length: 0\r\nContent-Length: 0",
        "Content-Length: 00",
        "Content-Length: +0",
        "Content-Length:",
        "Content-Length: 0, 0",
        "Content-Length: 0\r\nContent-Length: 5",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding : chunked",
        "Expect: 100-continue",
        "TE: trailers",
        "X-Folded: a\r\n b",
        "X-Nothing",
        "X Space: a",
        ": nameless",
        "X-Empty:",
        "X-Bell: \u{7}",
        "X-Bare: a\rb",
        "X-Feed: a\nX-Other: b",
    ] {
        requests.push(get("/verify", &[header, good]));
    }
    for count in [40, 63, 99, 120] {
        let many: Vec<String> = (0..count).map(|place| format!("X-{place}: a")).collect();
        let mut headers: Vec<&str> = many.iter().map(String::as_str).collect();
        headers.push(good);
        requests.push(get("/verify", &headers));
    }
    for length in [1_900, 2_100, 8_100, 9_000, 60_000, 70_000] {
        let long = format!("X-Long: {}", "a".repeat(length));
        requests.push(get("/verify", &[&long, good]));
    }
    requests.push(format!("\r\n\r\n{}", get("/verify", &[good])));
    requests.push(get("/verify", &[good]).replace("\r\n", "\n"));
    let last = get("/verify", &["Connection: close"]);
    for request in &requests {
        let row = format!("{request}{last}");
        let (fast, hyper) = served.both(row.as_bytes()).await;
        assert_eq!(fast, hyper, "{request:.300}");
    }
}

/// What follows a request on its connection is answered in its order, by whom it may be.
#[tokio::test]
async fn requests_in_a_row_are_answered_in_a_row() {
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let [good, expired] = [&carriers[0], &carriers[6]].map(|carrier| get("/verify", &[carrier]));
    let page = get("/robots.txt", &[]);
    let with_body = request(
        "POST",
        "/verify",
        "HTTP/1.1",
        &[&carriers[0], "Content-Length: 5"],
    ) + "GET /";
    let chunked = request(
        "POST",
        "/verify",
        "HTTP/1.1",
        &[&carriers[0], "Transfer-Encoding: chunked"],
    ) + "5\r\nGET /\r\n0\r\n\r\n";
    let last = get("/verify", &[&carriers[1], "Connection: close"]);
    for row in [
        vec![good.as_str(), &expired, &good],
        vec![&good, &page, &expired],
        vec![&page, &good],
        vec![&good, &with_body, &good],
        vec![&good, &chunked, &good],
        vec![&good, "nonsense\r\n\r\n", &good],
        vec!["\r\n", &good, "\r\n", &good],
    ] {
        let row = row.concat() + &last;
        let (fast, hyper) = served.both(row.as_bytes()).await;
        assert_eq!(fast, hyper, "{row:?}");
    }
    let ten = good.repeat(10) + &last;
    let (fast, _) = served.both(ten.as_bytes()).await;
    assert_eq!(fast.matches("HTTP/1.1 200 OK\r\n").count(), 11, "{fast}");
}

/// Wherever the network cuts a request, and whatever damage it has, it is answered as by hyper.
#[tokio::test]
async fn cut_and_damaged_requests_get_the_same_answer() {
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let good = get(
        "/verify/a?b=c",
        &["Connection: keep-alive", "Content-Length: 0", &carriers[0]],
    );
    let last = get("/verify", &["Connection: close"]);
    let row = format!("{good}{last}");
    let whole = exchange(served.connect().await, &[row.as_bytes()]).await;
    for cut in 1..row.len() {
        let (first, second) = row.as_bytes().split_at(cut);
        let answer = exchange(served.connect().await, &[first, second]).await;
        assert_eq!(answer, whole, "cut at {cut}");
    }

    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = TestRunner::new_with_rng(config, seed);
    let damage = proptest::collection::vec((0..good.len(), any::<u8>(), 0..3_u8), 1..4);
    for _ in 0..400 {
        let damage = damage.new_tree(&mut runner).unwrap().current();
        let mut bytes = good.clone().into_bytes();
        for (place, byte, kind) in damage {
            let place = place.min(bytes.len() - 1);
            match kind {
                0 => bytes[place] = byte,
                1 => bytes.insert(place, byte),
                _ => drop(bytes.remove(place)),
            }
        }
        // Several, since the damage may make one part of the request or of a body.
        bytes.extend_from_slice(last.repeat(3).as_bytes());
        let (fast, hyper) = served.both(&bytes).await;
        assert_eq!(fast, hyper, "{:?}", String::from_utf8_lossy(&bytes));
    }
}

/// A stop does not wait for those that have nothing to ask.
#[tokio::test]
async fn a_stop_lets_go_of_silent_connections() {
    let served = Served::new().await;
    let carriers = carriers(&served.site).await;
    let good = get("/verify", &[&carriers[0]]);
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = served.connect().await;
        stream.write_all(good.as_bytes()).await.unwrap();
        let answer = read_until(&mut stream, |read| read.ends_with(b"\r\n\r\n")).await;
        assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"));
        streams.push(stream);
    }
    served.stop.send(()).unwrap();
    served.server.await.unwrap();
    for mut stream in streams {
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0, "it is closed");
    }
}

/// Requirement C1: ten seconds for a request, however it trickles in; anew with each answer. Time runs by itself
/// while everybody waits.
#[tokio::test]
async fn slow_clients_are_let_go() {
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
        assert!(took <= limit + Duration::from_secs(1), "{took:?}");
    }

    let mut stream = served.connect().await;
    let begun = Instant::now();
    let mut sent = 0;
    for byte in good.as_bytes() {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        sent += 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert!(sent < 15, "{sent} bytes in {:?}", begun.elapsed());

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
