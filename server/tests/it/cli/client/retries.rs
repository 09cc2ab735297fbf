//! Requests that are sent again, to a server that misbehaves.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use tempfile::TempDir;

use super::{Ran, run};

const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
/// The connection is closed without an answer.
const LOST: &str = "";

/// Answers one connection after another, and returns the heads of the requests.
fn server(answers: &'static [&'static str]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heads = thread::spawn(move || {
        let mut heads = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert_ne!(request.read_line(&mut head).unwrap(), 0, "{head}");
            }
            let length =
                header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            request.read_exact(&mut vec![0; length]).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            heads.push(head);
        }
        heads
    });
    (url, heads)
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// Runs a command, and returns it with the heads of its requests.
fn asked(answers: &'static [&'static str], arguments: &[&str]) -> (Ran, Vec<String>) {
    let folder = TempDir::new().unwrap();
    let token = shared::token::OperatorToken::from_entropy([7; 32]);
    fs::write(folder.path().join("token"), token.expose()).unwrap();
    let (url, heads) = server(answers);
    let settings = [("KEYHOLD_URL", &*url), ("KEYHOLD_TOKEN_FILE", "token")];
    let ran = run(folder.path(), arguments, &settings, "");
    assert!(!format!("{}{}", ran.data, ran.notes).contains(token.expose()));
    (ran, heads.join().unwrap())
}

/// The same idempotency key goes with each, so that the server makes one account.
#[test]
fn a_post_is_sent_again_as_the_same_request() {
    const RUNNING: &str = "HTTP/1.1 409 Conflict\r\nConnection: close\r\n\r\n\
        {\"status\": 409, \"code\": \"idempotency_key_in_use\", \"title\": \"t\", \"detail\": \"d\"}";
    const MADE: &str = "HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n{\"id\": \"acc_1\"}";
    let create = ["account", "create", "--json"];
    let (ran, heads) = asked(&[BUSY, LOST, RUNNING, MADE], &create);
    assert_eq!(ran.code, Some(0), "{}", ran.notes);
    let keys: Vec<_> = heads
        .iter()
        .map(|head| header(head, "idempotency-key").unwrap())
        .collect();
    assert_eq!(keys, [keys[0]; 4]);
    let (_, others) = asked(&[MADE], &create);
    assert_ne!(header(&others[0], "idempotency-key"), Some(keys[0]));
}

#[test]
fn retries_are_bounded() {
    let (ran, _) = asked(&[BUSY, BUSY, BUSY, BUSY], &["account", "list"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.notes.contains("answers 503"), "{}", ran.notes);
    let (ran, _) = asked(&[BUSY, BUSY, LOST, LOST], &["key", "expire", "kh_1"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.notes.contains("It is not known"), "{}", ran.notes);
}

/// A second deletion would not find what the first has deleted.
#[test]
fn a_deletion_is_sent_once() {
    let (ran, _) = asked(&[LOST], &["key", "delete", "kh_1", "--yes"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.notes.contains("It is not known"), "{}", ran.notes);
}

#[test]
fn another_program_is_recognised() {
    const PAGE: &str = "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n<html>";
    const OTHER: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>";
    const MOVED: &str = "HTTP/1.1 301 Moved\r\nLocation: https://x/\r\nConnection: close\r\n\r\n";
    for answers in [&[PAGE], &[OTHER], &[MOVED]] {
        let (ran, _) = asked(answers, &["account", "list"]);
        assert_eq!(ran.code, Some(2), "{}", ran.notes);
        assert!(
            ran.notes.contains("is not the management API"),
            "{}",
            ran.notes
        );
    }
}
