//! Answers as the bytes that go to the client, equal to hyper's.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::{HeaderName, Response};
use tokio::time::Instant;
use vault::verify::HeaderSink;

use super::head::Head;
use crate::http::client_ip::{Peer, caller};
use crate::routes::verify;
use crate::state::AppState;

/// Bytes reserved for an answer: more than the answer for a good key has.
const RESERVED: usize = 512;

/// The date of an answer (RFC 9110, section 6.6.1), written once a second.
pub struct Date {
    text: String,
    /// The beginning of the next second.
    until: Instant,
}

impl Date {
    pub fn new(now: Instant) -> Self {
        Self {
            text: String::new(),
            until: now,
        }
    }

    pub fn at(&mut self, now: Instant) -> &str {
        if now >= self.until {
            #[expect(
                clippy::disallowed_methods,
                reason = "the Date header is the wall clock (RFC 9110, section 6.6.1)"
            )]
            let wall = SystemTime::now();
            let past = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
            let left = 1_000_000_000 - u64::from(past.subsec_nanos());
            self.until = now + Duration::from_nanos(left);
            self.text = httpdate::fmt_http_date(wall);
        }
        &self.text
    }
}

/// Appends the answer to a request to `output`.
pub fn answer(state: &AppState, head: &Head<'_, '_>, peer: Peer, date: &str, output: &mut Vec<u8>) {
    output.reserve(RESERVED);
    let mut output = Output(output);
    let id = state.vault.request_id(head);
    let caller = caller(Some(peer), head, &state.trusted_proxies);
    let keys = state.vault.keys();
    match keys.verify(head, &caller) {
        Ok(verified) => {
            output.text(b"HTTP/1.1 200 OK\r\n");
            verify::accept(state, &verified, &id, &mut output);
            output.end(0, date);
        }
        Err(rejection) => {
            let response = verify::reject(state, rejection, id, head.query);
            output.response(&response, date);
        }
    }
}

/// The buffer of answers, in the form in which they are sent.
struct Output<'a>(&'a mut Vec<u8>);

impl HeaderSink for Output<'_> {
    fn put(&mut self, name: &HeaderName, value: &[u8]) {
        self.text(name.as_str().as_bytes());
        self.text(b": ");
        self.text(value);
        self.text(b"\r\n");
    }
}

impl Output<'_> {
    fn text(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }

    fn response(&mut self, response: &Response<Vec<u8>>, date: &str) {
        // Writing to memory cannot fail.
        let _ = write!(self.0, "HTTP/1.1 {}\r\n", response.status());
        for (name, value) in response.headers() {
            self.put(name, value.as_bytes());
        }
        self.end(response.body().len(), date);
        self.text(response.body());
    }

    /// Writes the last headers and the end of the head.
    fn end(&mut self, length: usize, date: &str) {
        self.text(b"content-length: ");
        if length == 0 {
            self.text(b"0");
        } else {
            let _ = write!(self.0, "{length}");
        }
        self.text(b"\r\ndate: ");
        self.text(date.as_bytes());
        self.text(b"\r\n\r\n");
    }
}
