//! Answers as the bytes that go to the client, such as hyper would make of them.

use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::http::Response;
use tokio::time::Instant;

use super::head::Head;
use crate::http::client_ip::Peer;
use crate::routes::verify;
use crate::state::AppState;

/// Bytes that there is room for at first: more than an answer to a good key has.
const ROOM: usize = 512;

/// The date of an answer (RFC 9110, section 6.6.1), written once a second.
pub struct Date {
    text: String,
    /// When the next second begins.
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
            let wall = SystemTime::now();
            let past = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
            let left = 1_000_000_000 - u64::from(past.subsec_nanos());
            self.until = now + Duration::from_nanos(left);
            self.text = httpdate::fmt_http_date(wall);
        }
        &self.text
    }
}

/// Adds the answer to a request to `output`.
pub fn answer(state: &AppState, head: &Head<'_, '_>, peer: Peer, date: &str, output: &mut Vec<u8>) {
    output.reserve(ROOM);
    let begin = output.len();
    output.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    let refusal = verify::refusal(state, head, head.query, Some(peer), |name, value| {
        header(output, name.as_str(), value);
    });
    match refusal {
        None => end(output, 0, date),
        Some(refusal) => {
            output.truncate(begin);
            write(output, &refusal, date);
        }
    }
}

fn write(output: &mut Vec<u8>, response: &Response<Vec<u8>>, date: &str) {
    // Writing to memory cannot fail.
    let _ = write!(output, "HTTP/1.1 {}\r\n", response.status());
    for (name, value) in response.headers() {
        header(output, name.as_str(), value.as_bytes());
    }
    end(output, response.body().len(), date);
    output.extend_from_slice(response.body());
}

fn header(output: &mut Vec<u8>, name: &str, value: &[u8]) {
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b": ");
    output.extend_from_slice(value);
    output.extend_from_slice(b"\r\n");
}

/// The last headers, and the end of the head.
fn end(output: &mut Vec<u8>, length: usize, date: &str) {
    output.extend_from_slice(b"content-length: ");
    if length == 0 {
        output.push(b'0');
    } else {
        let _ = write!(output, "{length}");
    }
    output.extend_from_slice(b"\r\ndate: ");
    output.extend_from_slice(date.as_bytes());
    output.extend_from_slice(b"\r\n\r\n");
}
