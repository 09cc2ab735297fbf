//! Usage of the running binary: counts are written exactly at a graceful stop, and up to the last second at a crash
//! (promise 7), and the operator's figures reveal nothing private.

use std::io::{BufReader, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::{AnyConnection, Connection};
use tempfile::TempDir;

use crate::fixture::process::{Running, refusal, start, start_in};
use crate::fixture::raw_http::Message;

fn word(key: &Value) -> String {
    format!(
        "{}.{}",
        key["access_key"].as_str().unwrap(),
        key["secret_key"].as_str().unwrap()
    )
}

/// A client that keeps its connection.
struct Client {
    stream: BufReader<TcpStream>,
    request: String,
}

impl Client {
    fn new(running: &Running, path: &str, key: &Value) -> Self {
        let stream = TcpStream::connect(&running.address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
            request: format!(
                "GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: counter/1\r\nX-API-Key: {}\r\n\r\n",
                word(key)
            ),
        }
    }

    fn ask(&mut self) -> std::io::Result<Message> {
        self.stream.get_mut().write_all(self.request.as_bytes())?;
        Message::read_answer(&mut self.stream, false)
    }
}

/// Returns accepted and refused calls of all hours, as the database has them.
async fn written(folder: &TempDir) -> (i64, i64) {
    let url = format!(
        "sqlite://{}",
        folder.path().join("data/keyhold.db").display()
    );
    sqlx::any::install_default_drivers();
    let mut database = AnyConnection::connect(&url).await.unwrap();
    sqlx::query_as(
        "SELECT CAST(COALESCE(SUM(accepted), 0) AS BIGINT), CAST(COALESCE(SUM(refused), 0) AS BIGINT)
         FROM account_hours",
    )
    .fetch_one(&mut database)
    .await
    .unwrap()
}

#[tokio::test]
async fn totals_are_exact_after_sigterm() {
    let folder = TempDir::new().unwrap();
    let mut expected = (0, 0);
    for round in 0..2_i64 {
        let mut running = start(folder.path(), &[]);
        let key = running.sign_up_as(&format!("{round}@example.com"));
        let mut client = Client::new(&running, "/verify", &key);
        for _ in 0..300 {
            assert_eq!(client.ask().unwrap().status(), 200);
        }
        let access_key = key["access_key"].as_str().unwrap();
        let cookie = key["cookie"].as_str().unwrap();
        running
            .call("keys/expire", cookie, &[("access_key", access_key)])
            .unwrap();
        for _ in 0..200 {
            assert_eq!(client.ask().unwrap().status(), 401);
        }
        // Calls answered during the stop count too.
        let calls = thread::spawn(move || {
            let mut refused = 0;
            while client.ask().is_ok_and(|answer| answer.status() == 401) {
                refused += 1;
            }
            refused
        });
        assert_eq!(running.terminate(), Some(0));
        expected = (expected.0 + 300, expected.1 + 200 + calls.join().unwrap());
        assert_eq!(written(&folder).await, expected);
    }
}

/// A kill loses only calls of the last second, and the database has no call that was not made.
#[tokio::test]
async fn a_kill_costs_a_second_at_most() {
    const ROUNDS: usize = 3;
    let folder = TempDir::new().unwrap();
    let mut running = start(folder.path(), &[]);
    let key = running.sign_up();
    // Calls of earlier rounds: the least and the most that can be in the database.
    let (mut least, mut most) = (0, 0);
    for round in 0..ROUNDS {
        let (told, answered) = mpsc::channel();
        let mut client = Client::new(&running, "/verify", &key);
        let calls = thread::spawn(move || {
            let mut asked = 0_i64;
            loop {
                asked += 1;
                if client.ask().is_err() || told.send(Instant::now()).is_err() {
                    return asked;
                }
            }
        });
        // Long enough for several flushes, with a different moment between two of them each time.
        let begun = answered.recv().unwrap();
        let kill_at = begun + Duration::from_millis(1700 + 230 * round as u64);
        let mut times = vec![begun];
        let killed = loop {
            let time = answered.recv().unwrap();
            times.push(time);
            if time >= kill_at {
                break Instant::now();
            }
        };
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        times.extend(answered);
        let asked = calls.join().unwrap();
        let safe = times
            .iter()
            .filter(|time| killed.duration_since(**time) >= Duration::from_secs(1));
        least += i64::try_from(safe.count()).unwrap();
        most += asked;
        let (accepted, refused) = written(&folder).await;
        assert!(
            (least..=most).contains(&accepted) && refused == 0,
            "round {round}: {accepted} written, {least} to {most} expected"
        );
        assert!(least > 0 && accepted > 0);
        // Lost calls stay lost; the next round is judged on its own.
        (least, most) = (accepted, accepted);
        running = start(folder.path(), &[]);
    }
}

/// E5: metrics are on their own listener, and are numbers only.
#[test]
fn metrics_are_numbers_on_their_own_listener() {
    let folder = TempDir::new().unwrap();
    let running = start_in(
        folder.path(),
        &[],
        &[("KEYHOLD_METRICS_LISTEN", "127.0.0.1:0")],
    );
    let log = running.log();
    let (_, rest) = log.split_once("metrics at http://").unwrap();
    let address = rest.split('/').next().unwrap().to_owned();
    let key = running.sign_up_as("private@example.com");
    let mut client = Client::new(&running, "/verify", &key);
    for _ in 0..3 {
        assert_eq!(client.ask().unwrap().status(), 200);
    }
    client.request = "GET /verify HTTP/1.1\r\nHost: x\r\n\r\n".to_owned();
    assert_eq!(client.ask().unwrap().status(), 401);

    let ask = |path: &str| {
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        Message::read_answer(&mut BufReader::new(stream), false).unwrap()
    };
    let answer = ask("/metrics");
    assert_eq!(answer.status(), 200);
    assert!(answer.header("content-type").starts_with("text/plain"));
    let text = String::from_utf8(answer.body).unwrap();
    for line in [
        "keyhold_decisions_total{code=\"good\"} 3",
        "keyhold_decisions_total{code=\"credentials_missing\"} 1",
        "keyhold_decisions_total{code=\"key_expired\"} 0",
        "keyhold_decision_duration_seconds_count 4",
        "keyhold_directory_keys 1",
        "keyhold_limited_total{limit=\"sign_ups\"} 0",
        "keyhold_usage_flush_failures_total 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    for gauge in [
        "keyhold_usage_flush_lag_seconds",
        "keyhold_outbox_mails",
        "keyhold_clock_ahead_seconds",
        "keyhold_wal_bytes",
    ] {
        assert!(text.contains(&format!("\n{gauge} ")), "{text}");
    }
    for private in ["kh_", "khs_", "acc_", "example.com", "Default", "127.0.0.1"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
    assert_eq!(ask("/healthz").body, b"ok");
    for path in ["/", "/verify", "/sign-in", "/v1/account"] {
        assert_eq!(ask(path).status(), 404, "{path}");
    }
    let public = running.send("GET /metrics HTTP/1.1", "").unwrap();
    assert!(!public.contains("keyhold_decisions"), "{public}");
}

#[test]
fn a_bad_address_for_metrics_stops_the_start() {
    let folder = TempDir::new().unwrap();
    for (address, expected) in [
        ("9090", "9090"),
        (
            "192.0.2.1:1",
            "KEYHOLD_METRICS_LISTEN: cannot listen on 192.0.2.1:1",
        ),
    ] {
        let said = refusal(
            folder.path(),
            &["--listen", "127.0.0.1:0", "--metrics-listen", address],
        );
        assert!(said.contains(expected), "{said}");
    }
    assert!(!folder.path().join("data").exists(), "nothing was made");
}
