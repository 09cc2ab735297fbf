//! Keyhold with an account, an API, and a gateway between the API and its clients.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::process::{Gateway, Kind, free_port, own_address};
use super::recorder::Recorder;
use crate::fixture::home::Home;
use crate::fixture::process::{Running, start_in, word};
use crate::fixture::raw_http::Message;

/// Where the holder of a suspended account finds help.
pub const SUPPORT: &str = "https://support.example.com/";
const CHALLENGE: &str = "Basic realm=\"Keyhold\", charset=\"UTF-8\"";

pub struct Site {
    pub gateway: Gateway,
    pub api: Recorder,
    pub keyhold: Running,
    pub key: Value,
    cookie: String,
    pub place: SocketAddr,
    pub home: Home,
}

impl Site {
    pub fn new(kind: Kind) -> Self {
        let api = Recorder::api(own_address());
        let place = free_port(api.address.ip());
        let home = Home::new();
        let settings = [("KEYHOLD_SUPPORT_URL", SUPPORT)];
        let keyhold = start_in(&home, &["--listen", &place.to_string()], &settings);
        let key = keyhold.sign_up();
        let cookie = key["cookie"].as_str().unwrap().to_owned();
        Self {
            gateway: Gateway::start(kind, place, api.address),
            api,
            keyhold,
            key,
            cookie,
            place,
            home,
        }
    }

    /// Makes another key of the account.
    pub fn key(&self, name: &str, expiry: &str) -> Value {
        self.change("create", &[("name", name), ("expiry", expiry)])
    }

    pub fn change(&self, function: &str, fields: &[(&str, &str)]) -> Value {
        self.keyhold
            .call(&format!("keys/{function}"), &self.cookie, fields)
            .unwrap()
    }

    /// Posts to the management API, with the first operator's token. Returns the answer's body.
    pub fn manage(&self, path: &str, body: &Value) -> Value {
        let token = self.home.path().join("data/operator-token");
        let token = std::fs::read_to_string(token).unwrap();
        let head = format!(
            "POST /admin/v1{path} HTTP/1.1\r\nAuthorization: Bearer {}\r\nContent-Type: application/json",
            token.trim()
        );
        let answer = self.keyhold.send(&head, &body.to_string()).unwrap();
        assert!(answer.starts_with("HTTP/1.1 20"), "{path}: {answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// Makes an account by the management API, with a key. Returns its id and the key.
    pub fn managed(&self, account: &Value) -> (String, Value) {
        let made = self.manage("/accounts", account);
        let id = made["id"].as_str().unwrap().to_owned();
        let key = json!({ "name": "of the company", "expiry": "90d" });
        let key = self.manage(&format!("/accounts/{id}/keys"), &key);
        (id, key)
    }

    pub fn ask(&self, head: &str, body: &[u8]) -> Message {
        self.gateway.answer(head, body)
    }

    /// Sends a request with this key, asserts that it reached the API, and returns the request that the API got.
    pub fn passes(&self, key: &Value) -> Message {
        let answer = self.ask(&with("GET /x HTTP/1.1", key), b"");
        assert_eq!(answer.status(), 200, "{answer:?}");
        assert_eq!(answer.body, b"done");
        let mut seen = self.api.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    /// Sends a request, asserts that Keyhold rejected it before the API, and returns the problem.
    pub fn is_refused(&self, head: &str, status: u16, code: &str) -> Value {
        let answer = self.ask(head, b"");
        assert_eq!(answer.status(), status, "{head}: {answer:?}");
        let problem = problem(&answer);
        assert_eq!(problem["code"], code, "{head}");
        assert_eq!(problem["status"], status, "{head}");
        assert_eq!(answer.header("www-authenticate"), CHALLENGE, "{head}");
        assert_eq!(
            answer.header("x-request-id"),
            problem["request_id"],
            "{head}"
        );
        assert_eq!(self.api.take().len(), 0, "{head}: the API was reached");
        problem
    }
}

pub fn problem(answer: &Message) -> Value {
    assert_eq!(
        answer.header("content-type"),
        "application/problem+json",
        "{answer:?}"
    );
    answer.json()
}

pub fn text<'a>(key: &'a Value, half: &str) -> &'a str {
    key[half].as_str().unwrap()
}

pub fn with(line: &str, key: &Value) -> String {
    format!("{line}\r\nX-API-Key: {}", word(key))
}
