//! The fast path, over real connections.

mod connections;
mod like_hyper;

use std::net::SocketAddr;
use std::time::Duration;

use server::serve::accept;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use vault::test_support::DAY;

use crate::fixture::{Key, Site};

/// The longest wait for an expected event.
const PATIENCE: Duration = Duration::from_secs(10);

/// A site behind a real listener.
struct Served {
    site: Site,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Served {
    async fn new() -> Self {
        let site = Site::new().await;
        site.leave_mail();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let front = site.front.clone();
        let server = tokio::spawn(async move {
            accept::serve(listener, front, 64, async { drop(stopped.await) }).await;
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

    /// Opens a connection that hyper serves already, because of a request that is not plain.
    async fn connect_to_hyper(&self) -> TcpStream {
        let mut stream = self.connect().await;
        let request = b"HEAD /robots.txt HTTP/1.1\r\nHost: x\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let head = read_until(&mut stream, |read| read.ends_with(b"\r\n\r\n")).await;
        assert!(head.starts_with(b"HTTP/1.1 "), "{head:?}");
        stream
    }

    /// Returns the answers of the fast path and of hyper to these bytes, which must end the connection.
    async fn both(&self, bytes: &[u8]) -> (String, String) {
        let fast = exchange(self.connect().await, &[bytes]).await;
        let hyper = exchange(self.connect_to_hyper().await, &[bytes]).await;
        (fast, hyper)
    }
}

pub async fn read_until(stream: &mut TcpStream, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut read = Vec::new();
    while !enough(&read) {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "{read:?}");
    }
    read
}

/// Sends the pieces and returns everything up to the end of the connection, with the parts masked that always differ.
async fn exchange(mut stream: TcpStream, pieces: &[&[u8]]) -> String {
    for piece in pieces {
        // The server may have closed the connection after an earlier piece.
        if stream.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut answer = Vec::new();
    // Closing a connection with unread bytes resets it: the bytes received before count.
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

pub fn get(target: &str, headers: &[&str]) -> String {
    request("GET", target, "HTTP/1.1", headers)
}

/// Formats a request with an id, so that answers can be compared.
fn request(method: &str, target: &str, version: &str, headers: &[&str]) -> String {
    let mut request = format!("{method} {target} {version}\r\nHost: x\r\nx-request-id: one\r\n");
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    request + "\r\n"
}

/// Returns headers with keys in every state.
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
    carriers.push(format!("Authorization: Bearer \u{a0}{}", default.word()));
    carriers.push("X-Other: nothing".to_owned());
    carriers
}
