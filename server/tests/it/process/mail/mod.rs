//! Mails of the running process.
//!
//! A mail server, the folder of a Keyhold and its database outlive the process, so a test can kill it, stop it and start it again.

mod agreement;
mod kill;
mod operators;
mod silent_server;
mod stop;

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::Value;
use vault::test_support::PATIENCE;
use vault::test_support::peer::{Action, Peer, Script, Step};

use crate::fixture::home::Home;
use crate::fixture::process::{Running, start_in};

const OPERATORS: &str = "operators@example.com";

/// A mail server, and the folder and database of a Keyhold that sends to it.
struct Setup {
    home: Home,
    peer: Peer,
}

impl Setup {
    fn new() -> Self {
        Self {
            home: Home::new(),
            peer: Peer::start(),
        }
    }

    fn start(&self) -> Running {
        let settings = [
            ("KEYHOLD_SMTP_URL", &*self.peer.url()),
            ("KEYHOLD_MAIL_FROM", "Keyhold <keyhold@example.com>"),
            // A notice leaves at once, so that a kill can hit its delivery.
            ("KEYHOLD_NOTICE_WAIT", "0"),
            ("KEYHOLD_OPERATOR_EMAIL", OPERATORS),
        ];
        start_in(&self.home, &[], &settings)
    }

    /// Returns how many copies of each mail the server has got, by Message-ID.
    fn copies(&self) -> BTreeMap<String, usize> {
        let mut copies = BTreeMap::new();
        for got in self.peer.mails() {
            *copies.entry(got.mail.message_id).or_default() += 1;
        }
        copies
    }
}

/// A mail server that goes silent at this step.
fn holding(step: Step) -> Script {
    Script::at(step, Action::Hold)
}

fn cookie(signed_up: &Value) -> String {
    signed_up["cookie"].as_str().unwrap().to_owned()
}

/// Signs up, waits for the first mail to arrive, and returns the cookie.
fn member(running: &Running) -> String {
    let cookie = cookie(&running.sign_up());
    assert_eq!(settled(running, &cookie, 1).len(), 1);
    cookie
}

fn message_id(delivery: &Value) -> String {
    format!("{}@[127.0.0.1]", delivery["id"].as_str().unwrap())
}

fn deliveries(running: &Running, cookie: &str) -> Vec<Value> {
    let log = running.call("notices/show", cookie, &[]).unwrap();
    log["deliveries"].as_array().unwrap().clone()
}

/// Returns the delivery log once it has at least `count` mails and all of them are sent.
fn settled(running: &Running, cookie: &str, count: usize) -> Vec<Value> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let log = deliveries(running, cookie);
        if log.len() >= count && log.iter().all(|delivery| delivery["state"] == "sent") {
            return log;
        }
        assert!(Instant::now() < deadline, "not all has left: {log:?}");
    }
}

/// Makes a key and expires it manually, which makes a mail.
fn expired_key(running: &Running, cookie: &str, name: &str) -> String {
    let key = running.create(cookie, name);
    running.expire(cookie, &key);
    key["access_key"].as_str().unwrap().to_owned()
}
