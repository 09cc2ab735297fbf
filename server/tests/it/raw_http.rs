//! HTTP/1.1 written and read manually, for both ends of a gateway: these tests are about details that a client library
//! would normalize.

use std::io::{BufRead, Read, Result};

use serde_json::Value;

/// A request or an answer as it arrived: names and values in their original spelling, the body without its framing.
#[derive(Clone, Debug, Default)]
pub struct Message {
    pub first_line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    /// Reads the next request of a connection; none if it has ended.
    pub fn read_request(from: &mut impl BufRead) -> Result<Option<Self>> {
        let Some(mut message) = Self::read_head(from)? else {
            return Ok(None);
        };
        message.read_framed_body(from)?;
        Ok(Some(message))
    }

    /// Reads the answer to the only request of a connection. One to HEAD has no body, whatever its headers say.
    pub fn read_answer(from: &mut impl BufRead, to_head: bool) -> Result<Self> {
        let ended = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        let mut message = Self::read_head(from)?.ok_or_else(ended)?;
        while message.status() == 100 {
            message = Self::read_head(from)?.ok_or_else(ended)?;
        }
        // The bytes after a change of protocol are no body.
        if !to_head && message.status() != 101 && !message.read_framed_body(from)? {
            from.read_to_end(&mut message.body)?;
        }
        Ok(message)
    }

    fn read_head(from: &mut impl BufRead) -> Result<Option<Self>> {
        let mut message = Self::default();
        loop {
            let mut line = String::new();
            if from.read_line(&mut line)? == 0 {
                return Ok(None);
            }
            let line = line.trim_end_matches(['\r', '\n']);
            if message.first_line.is_empty() {
                line.clone_into(&mut message.first_line);
            } else if let Some((name, value)) = line.split_once(':') {
                message
                    .headers
                    .push((name.to_owned(), value.trim().to_owned()));
            } else {
                return Ok(Some(message));
            }
        }
    }

    /// Reads the body if the headers give its length; returns whether they do.
    fn read_framed_body(&mut self, from: &mut impl BufRead) -> Result<bool> {
        if self.header("transfer-encoding") == "chunked" {
            loop {
                let mut size = String::new();
                from.read_line(&mut size)?;
                let size = u64::from_str_radix(size.trim(), 16).unwrap();
                let before = self.body.len();
                from.take(size).read_to_end(&mut self.body)?;
                assert_eq!(self.body.len() - before, usize::try_from(size).unwrap());
                from.read_line(&mut String::new())?;
                if size == 0 {
                    return Ok(true);
                }
            }
        }
        let Ok(length) = self.header("content-length").parse() else {
            return Ok(false);
        };
        from.take(length).read_to_end(&mut self.body)?;
        Ok(true)
    }

    /// Returns all values of this name, in any case, one after the other.
    pub fn header(&self, name: &str) -> String {
        let values = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let values: Vec<_> = values.map(|(_, value)| value.as_str()).collect();
        values.join(", ")
    }

    pub fn has(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Returns the status of an answer.
    pub fn status(&self) -> u16 {
        let status = self.first_line.split(' ').nth(1);
        status.and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// Returns method and path of a request.
    pub fn target(&self) -> &str {
        self.first_line.trim_end_matches(" HTTP/1.1")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
