//! Recognition of plain requests, and access to their headers in the read buffer.

use std::mem::MaybeUninit;

use axum::http::HeaderName;
use httparse::{Header, Status};
use vault::verify::Headers;

use crate::routes::verify;

/// The most headers of a plain request; gateways add a dozen to those of a client.
const HEADERS: usize = 64;

/// The buffer for the parsed headers of one request.
pub type HeaderBuf<'a> = [MaybeUninit<Header<'a>>; HEADERS];

pub fn header_buf<'a>() -> HeaderBuf<'a> {
    [const { MaybeUninit::uninit() }; HEADERS]
}

/// The beginning of the input.
pub enum Request<'h, 'b> {
    /// A request for the fast path, and its length in bytes.
    Plain(Head<'h, 'b>, usize),
    /// Nothing, or the beginning of a request.
    Unfinished,
    /// A request for hyper.
    Other,
}

/// The head of a plain request.
pub struct Head<'h, 'b> {
    pub query: Option<&'b str>,
    headers: &'h [Header<'b>],
}

impl Headers for Head<'_, '_> {
    fn all(&self, name: HeaderName) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.headers
            .iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name.as_str()))
            .map(|header| header.value)
    }
}

impl<'h, 'b> Request<'h, 'b> {
    /// Parses the input with hyper's parser and hyper's settings.
    pub fn read(input: &'b [u8], buffer: &'h mut HeaderBuf<'b>) -> Self {
        if input.is_empty() {
            return Self::Unfinished;
        }
        let mut request = httparse::Request::new(&mut []);
        match request.parse_with_uninit_headers(input, buffer) {
            Ok(Status::Complete(length)) => match plain(request) {
                Some(head) => Self::Plain(head, length),
                None => Self::Other,
            },
            Ok(Status::Partial) => Self::Unfinished,
            Err(_) => Self::Other,
        }
    }
}

fn plain<'h, 'b>(request: httparse::Request<'h, 'b>) -> Option<Head<'h, 'b>> {
    let httparse::Request {
        method,
        path,
        version,
        headers,
    } = request;
    // Answers to HEAD have no body, and CONNECT names no path.
    if version != Some(1) || matches!(method?, "HEAD" | "CONNECT") {
        return None;
    }
    let target = path?;
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let hosts = headers.iter().filter(|header| is_host(header)).count();
    let plain = hosts == 1
        && verify::is_verify_path(path)
        && target.bytes().all(is_plain)
        && headers.iter().all(is_neutral);
    plain.then_some(Head { query, headers })
}

fn is_host(header: &Header<'_>) -> bool {
    header.name.eq_ignore_ascii_case("host")
}

/// Returns whether a byte may appear in an address (RFC 3986, section 2), and is not the `#` that would end it.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/?".contains(&byte)
}

/// Returns whether a header changes nothing: no body follows the head, and the next request follows this one.
fn is_neutral(header: &Header<'_>) -> bool {
    let name = header.name;
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    if is("connection") {
        header.value.eq_ignore_ascii_case(b"keep-alive")
    } else if is("content-length") {
        header.value == b"0"
    } else {
        !(is("transfer-encoding") || is("expect") || is("upgrade"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

    use super::*;

    fn kind(input: &str) -> &'static str {
        match Request::read(input.as_bytes(), &mut header_buf()) {
            Request::Plain(_, length) if length == input.len() => "plain",
            Request::Plain(..) => "plain, and more",
            Request::Unfinished => "unfinished",
            Request::Other => "other",
        }
    }

    /// Every damaged input gets a result, from one seed: a plain request ends with an empty line, is unfinished before
    /// that, and does not depend on the bytes behind it.
    #[test]
    fn damaged_heads_are_plain_only_as_a_whole() {
        let good = "GET /verify/a?b=c HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\nX-API-Key: a.b\r\n\r\n";
        let config = ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let mut runner = TestRunner::new_with_rng(config, seed);
        let byte = prop_oneof![2 => proptest::sample::select(b" \t\r\n:/?#%0xX".to_vec()), 1 => any::<u8>()];
        let damage = proptest::collection::vec((0..good.len(), byte, 0..3_u8), 0..4);
        let mut plain = 0;
        for _ in 0..20_000 {
            let mut input = good.as_bytes().to_vec();
            for (index, byte, kind) in damage.new_tree(&mut runner).unwrap().current() {
                let index = index.min(input.len() - 1);
                match kind {
                    0 => input[index] = byte,
                    1 => input.insert(index, byte),
                    _ => drop(input.remove(index)),
                }
            }
            let shown = String::from_utf8_lossy(&input).into_owned();
            let mut first = header_buf();
            let Request::Plain(_, length) = Request::read(&input, &mut first) else {
                continue;
            };
            plain += 1;
            let whole = &input[..length];
            assert!(
                whole.ends_with(b"\n\r\n") || whole.ends_with(b"\n\n"),
                "{shown:?}"
            );
            for part in 0..length {
                let mut buffer = header_buf();
                let part = Request::read(&whole[..part], &mut buffer);
                assert!(matches!(part, Request::Unfinished), "{shown:?}");
            }
            let more = [whole, &input].concat();
            let mut buffer = header_buf();
            let again = Request::read(&more, &mut buffer);
            assert!(
                matches!(again, Request::Plain(_, same) if same == length),
                "{shown:?}"
            );
        }
        assert!(
            (1_000..19_000).contains(&plain),
            "{plain} of 20,000 are plain"
        );
    }

    /// The requests of gateways are plain; otherwise the fast path would be of no use.
    #[test]
    fn requests_of_gateways_are_plain() {
        let more = "Host: keys\r\nX-Forwarded-For: 192.0.2.1\r\nAuthorization: Basic eA==\r\n";
        for request in [
            format!("GET /verify?gateway=nginx HTTP/1.1\r\n{more}\r\n"),
            format!("POST /verify/orders?a=b%20c HTTP/1.1\r\n{more}Content-Length: 0\r\n\r\n"),
            format!("DELETE /verify HTTP/1.1\r\n{more}Connection: Keep-Alive\r\n\r\n"),
        ] {
            assert_eq!(kind(&request), "plain", "{request}");
            assert_eq!(kind(&request.repeat(2)), "plain, and more");
            for length in 0..request.len() {
                assert_eq!(kind(&request[..length]), "unfinished", "{length}");
            }
        }
    }

    #[test]
    fn requests_with_bodies_or_connection_changes_are_not_plain() {
        for first in [
            "HEAD /verify HTTP/1.1",
            "CONNECT /verify HTTP/1.1",
            "GET /verify HTTP/1.0",
            "GET /verify#/ HTTP/1.1",
            "GET /verifying HTTP/1.1",
            "GET http://keys/verify HTTP/1.1",
            "GET / HTTP/1.1",
        ] {
            let request = format!("{first}\r\nHost: x\r\n\r\n");
            assert_eq!(kind(&request), "other", "{first}");
        }
        for header in [
            "Content-Length: 1",
            "Content-Length: 0, 0",
            "content-length:",
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: identity",
            "Connection: close",
            "CONNECTION: keep-alive, upgrade",
            "Expect: 100-continue",
            "Upgrade: websocket",
            "Host: y",
        ] {
            let request = format!("GET /verify HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n");
            assert_eq!(kind(&request), "other", "{header}");
        }
        assert_eq!(kind("GET /verify HTTP/1.1\r\nX-A: b\r\n\r\n"), "other");
    }

    #[test]
    fn headers_are_found_in_any_case_and_their_order() {
        let input =
            b"GET /verify?a=b HTTP/1.1\r\nhost: x\r\nx-Api-kEY:  one \r\nX-API-Key: two\r\n\r\n";
        let mut buffer = header_buf();
        let Request::Plain(head, _) = Request::read(input, &mut buffer) else {
            panic!("it is plain");
        };
        assert_eq!(head.query, Some("a=b"));
        let name = HeaderName::from_static("x-api-key");
        let values: Vec<_> = head.all(name.clone()).collect();
        assert_eq!(values, [b"one", b"two"]);
        assert_eq!(head.first(name), Some(b"one".as_slice()));
    }
}
