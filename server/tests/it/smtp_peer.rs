//! The mail server that misbehaves as it is told: `tests/smtp/peer.py`, in a process of its own. What it is
//! told and what it tells is described there.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::installed::python;

/// How long anything may take to happen. It takes milliseconds; this is for a machine that is very busy.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Peer {
    child: Child,
    orders: ChildStdin,
    told: Arc<Told>,
    /// How many of the events were waited for, and how many orders were given.
    seen: usize,
    given: usize,
    pub port: u64,
}

/// What the peer has told so far.
#[derive(Default)]
struct Told {
    events: Mutex<Events>,
    more: Condvar,
}

#[derive(Default)]
struct Events {
    happened: Vec<Value>,
    obeyed: usize,
    ended: bool,
}

impl Told {
    fn read(&self, line: &str) {
        let event: Value = serde_json::from_str(line).unwrap();
        let mut events = self.events.lock().unwrap();
        if event["event"] == "obeyed" {
            events.obeyed += 1;
        } else {
            events.happened.push(event);
        }
        self.more.notify_all();
    }

    fn wait<T>(&self, what: &str, mut found: impl FnMut(&Events) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut events = self.events.lock().unwrap();
        loop {
            if let Some(found) = found(&events) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero() && !events.ended,
                "the mail server never told {what}, but {:?}",
                summary(&events.happened)
            );
            events = self.more.wait_timeout(events, left).unwrap().0;
        }
    }
}

fn summary(events: &[Value]) -> Vec<String> {
    events
        .iter()
        .map(|event| format!("{} on {}", event["event"], event["connection"]))
        .collect()
}

impl Peer {
    /// One that takes every mail.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// One that offers STARTTLS with a certificate that nobody may believe.
    pub fn start_self_signed() -> Self {
        let certificate = folder().join("selfsigned.pem");
        Self::start_with(&["--tls", certificate.to_str().unwrap()])
    }

    pub fn start_with(arguments: &[&str]) -> Self {
        let mut child = Command::new(python())
            .arg(folder().join("peer.py"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let told = Arc::new(Told::default());
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn({
            let told = Arc::clone(&told);
            move || {
                for line in output.lines() {
                    told.read(&line.unwrap());
                }
                told.events.lock().unwrap().ended = true;
                told.more.notify_all();
            }
        });
        let mut peer = Self {
            orders: child.stdin.take().unwrap(),
            child,
            told,
            seen: 0,
            given: 0,
            port: 0,
        };
        peer.port = peer.wait("listening")["port"].as_u64().unwrap();
        peer
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// What to do with the next connections, one each; the last plan stays. What happened before is not
    /// waited for any more.
    pub fn plan(&mut self, plans: &[Value]) {
        self.order(&json!({ "plans": plans }));
        self.seen = self.told.events.lock().unwrap().happened.len();
    }

    pub fn listen(&mut self, listen: bool) {
        self.order(&json!({ "listen": listen }));
    }

    /// Lets go of what is held.
    pub fn go(&mut self) {
        self.order(&json!({ "go": true }));
    }

    /// Closes all connections.
    pub fn drop_connections(&mut self) {
        self.order(&json!({ "drop": true }));
    }

    /// Waits until everything that has happened to it so far is known here.
    pub fn catch_up(&mut self) {
        self.order(&json!({}));
    }

    fn order(&mut self, order: &Value) {
        writeln!(self.orders, "{order}").unwrap();
        self.given += 1;
        let given = self.given;
        self.told
            .wait(&format!("that it obeyed {order}"), |events| {
                (events.obeyed >= given).then_some(())
            });
    }

    /// The next event of this kind, after the one that was waited for last.
    pub fn wait(&mut self, kind: &str) -> Value {
        let seen = self.seen;
        let (index, event) = self.told.wait(kind, |events| {
            let mut rest = events.happened.iter().enumerate().skip(seen);
            rest.find(|(_, event)| event["event"] == kind)
                .map(|(index, event)| (index, event.clone()))
        });
        self.seen = index + 1;
        event
    }

    /// Everything of this kind that has happened so far.
    pub fn events(&mut self, kind: &str) -> Vec<Value> {
        self.catch_up();
        let events = self.told.events.lock().unwrap();
        let mut found = events.happened.clone();
        found.retain(|event| event["event"] == kind);
        found
    }

    /// The mails that this server has got so far: those of which it heard the final dot and which it did not
    /// refuse.
    pub fn mails(&mut self) -> Vec<Value> {
        let mut mails = self.events("dot");
        mails.retain(|event| event["taken"] == true);
        mails
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smtp")
}
