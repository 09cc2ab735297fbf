//! The binary and its standard error: a fault of the log affects the log alone, and strangers' requests cannot make it
//! large.

use std::fs::File;
use std::io::{PipeReader, Read, Write, pipe};
use std::net::TcpStream;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use vault::test_support::PATIENCE;
use vault::test_support::peer::Peer;

use crate::fixture::home::Home;
use crate::fixture::process::{Port, Running, start_unread};

/// Longer than a stop may take.
const STOP: Duration = Duration::from_secs(10);

/// A Keyhold with `stderr` as its standard error, a mail server and metrics.
struct Unread {
    running: Running,
    metrics: String,
    peer: Peer,
    _home: Home,
}

impl Unread {
    fn start(stderr: impl Into<Stdio>, much: &str) -> Self {
        let (home, peer) = (Home::new(), Peer::start());
        let metrics = Port::hold();
        let settings = [
            ("KEYHOLD_SMTP_URL", &*peer.url()),
            ("KEYHOLD_MAIL_FROM", "Keyhold <keyhold@example.com>"),
            ("KEYHOLD_METRICS_LISTEN", &*metrics.address),
            ("RUST_LOG", much),
        ];
        let running = start_unread(&home, &[], &settings, stderr);
        Self {
            running,
            metrics: metrics.address.clone(),
            peer,
            _home: home,
        }
    }

    fn metric(&self, name: &str) -> u64 {
        let mut stream = TcpStream::connect(&self.metrics).unwrap();
        let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn cross_site(&self) {
        let head = "POST /fn/keys/list HTTP/1.1\r\nSec-Fetch-Site: cross-site";
        let answer = self.running.send(head, "").unwrap();
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }

    /// Does all of Keyhold's work, which the state of the log must not affect.
    fn works(&mut self) {
        let key = self.running.sign_up();
        assert_eq!(self.running.verdict(&key), "200");
        self.cross_site();
        self.peer.dot();
        let cookie = key["cookie"].as_str().unwrap();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log: Value = self.running.call("notices/show", cookie, &[]).unwrap();
            if log["deliveries"][0]["state"] == "sent" {
                break;
            }
            assert!(Instant::now() < deadline, "not settled: {log}");
        }
        self.running.expire(cookie, &key);
        assert_eq!(self.running.verdict(&key), "401");
        let healthy = self.running.get("/healthz");
        assert!(healthy.ends_with("ok"), "{healthy}");
        let mut mails = self.peer.mails();
        mails.retain(|delivery| delivery.mail.subject.starts_with("Confirm"));
        assert_eq!(mails.len(), 1, "each mail once");
    }

    fn stops(&mut self) {
        let began = Instant::now();
        assert_eq!(self.running.terminate(), Some(0));
        assert!(began.elapsed() < STOP, "{:?}", began.elapsed());
    }
}

/// `keyhold serve 2>&1 | reader`, with the reader gone.
#[test]
fn a_closed_log_affects_nothing_else() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut keyhold = Unread::start(writer, "info");
    keyhold.works();
    assert!(keyhold.metric("keyhold_log_lines_dropped_total") > 0);
    keyhold.stops();
}

/// The reader does not read: its pipe is full, and eventually the queue too.
#[test]
fn a_stalled_log_reader_affects_nothing_else() {
    let (reader, writer) = pipe().unwrap();
    let mut keyhold = Unread::start(writer, "trace");
    let deadline = Instant::now() + PATIENCE;
    while keyhold.metric("keyhold_log_lines_dropped_total") == 0 {
        for _ in 0..20 {
            keyhold.cross_site();
        }
        assert!(Instant::now() < deadline, "nothing is dropped");
    }
    keyhold.works();
    keyhold.stops();
    drop(reader);
}

#[test]
#[cfg(target_os = "linux")]
fn a_log_on_a_full_disk_affects_nothing_else() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut keyhold = Unread::start(full, "info");
    keyhold.works();
    assert!(keyhold.metric("keyhold_log_lines_dropped_total") > 0);
    keyhold.stops();
}

/// Rejected requests are logged, but in bounded number and length.
#[test]
fn rejected_requests_do_not_fill_the_log() {
    let (reader, writer) = pipe().unwrap();
    let log = std::thread::spawn(move || text(reader));
    let mut keyhold = Unread::start(writer, "info");
    let path = "a".repeat(60_000);
    let mut stream = TcpStream::connect(&keyhold.running.address).unwrap();
    for _ in 0..300 {
        let request = format!(
            "POST /{path} HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 4096];
        let length = stream.read(&mut answer).unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 403"));
    }
    let left_out = keyhold.metric("keyhold_log_lines_left_out_total");
    assert!(left_out >= 200, "{left_out} lines were left out");
    keyhold.stops();
    drop(keyhold);
    let log = log.join().unwrap();
    assert!(log.len() < 50_000, "{} bytes", log.len());
    assert!(log.lines().all(|line| line.len() < 1000), "{log}");
    assert!(log.contains("a cross-site request was rejected"), "{log}");
    let said = format!("more lines of one kind were left out lines={left_out}");
    assert!(log.contains(&said), "{log}");
}

fn text(mut reader: PipeReader) -> String {
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    text
}
