//! The site's files, read into memory at the start: who takes one slowly holds a connection and no open file, so
//! the connections are all that has to be counted.
//!
//! Beside a file may stand its copies in Brotli and gzip, made when the site was built.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, IF_MODIFIED_SINCE,
    LAST_MODIFIED, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;

use crate::state::AppState;

/// Files at the root of the site, beside `/pkg`.
pub const AT_ROOT: [&str; 2] = ["/favicon.svg", "/robots.txt"];

/// By address.
pub struct Files(HashMap<String, File>);

struct File {
    kind: HeaderValue,
    /// To the second, as HTTP says it.
    modified: Option<SystemTime>,
    cache: HeaderValue,
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

impl Files {
    /// Reads what is there. Where the names under `/pkg` change with their content (`hashed`), browsers may keep
    /// these files for ever.
    pub fn read(root: &Path, hashed: bool) -> Self {
        let mut files = Self(HashMap::new());
        let mut package = Vec::new();
        for entry in std::fs::read_dir(root.join("pkg")).into_iter().flatten() {
            if let Some(name) = entry
                .ok()
                .and_then(|entry| entry.file_name().into_string().ok())
            {
                package.push(format!("/pkg/{name}"));
            }
        }
        let kept = if hashed {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        for address in package {
            files.add(root, address, kept);
        }
        for address in AT_ROOT {
            files.add(root, address.to_owned(), "no-cache");
        }
        files
    }

    fn add(&mut self, root: &Path, address: String, cache: &'static str) {
        let path = root.join(address.trim_start_matches('/'));
        let Ok(content) = std::fs::read(&path) else {
            return;
        };
        let copy = |ending: &str| {
            let mut path = path.clone().into_os_string();
            path.push(ending);
            std::fs::read(path).ok().map(Bytes::from)
        };
        let kind = mime_guess::from_path(&path).first_or_octet_stream();
        let file = File {
            kind: HeaderValue::from_str(kind.as_ref())
                .unwrap_or(HeaderValue::from_static("application/octet-stream")),
            modified: path.metadata().and_then(|data| data.modified()).ok(),
            cache: HeaderValue::from_static(cache),
            brotli: copy(".br"),
            gzip: copy(".gz"),
            plain: content.into(),
        };
        self.0.insert(address, file);
    }
}

/// Answers with the file at the request's address.
pub async fn file(State(state): State<AppState>, request: Request) -> Response<Body> {
    match state.files.0.get(request.uri().path()) {
        Some(file) => file.answer(request.headers()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl File {
    fn answer(&self, headers: &HeaderMap) -> Response<Body> {
        let mut response = if self.is_known(headers) {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let (content, coding) = self.content(headers);
            let mut response = Response::new(Body::from(content));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, self.kind.clone());
            if let Some(coding) = coding {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
            }
            response
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, self.cache.clone());
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(modified) = self.modified
            && let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(modified))
        {
            headers.insert(LAST_MODIFIED, date);
        }
        response
    }

    /// Whether the browser has it as it is (RFC 9110, section 13.1.3).
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let since = headers
            .get(IF_MODIFIED_SINCE)
            .and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
        let (Some(since), Some(modified)) = (since, self.modified) else {
            return false;
        };
        let date = httpdate::fmt_http_date(modified);
        httpdate::parse_http_date(&date).is_ok_and(|modified| modified <= since)
    }

    /// The smallest form that the client takes, and how it is coded.
    fn content(&self, headers: &HeaderMap) -> (Bytes, Option<&'static str>) {
        let copies = [("br", &self.brotli), ("gzip", &self.gzip)];
        let best = copies
            .into_iter()
            .filter_map(|(coding, copy)| Some((weight(headers, coding), coding, copy.as_ref()?)))
            .filter(|(weight, _, _)| *weight > 0)
            // The first of those with the greatest weight.
            .rev()
            .max_by_key(|(weight, _, _)| *weight);
        match best {
            Some((_, coding, copy)) => (copy.clone(), Some(coding)),
            None => (self.plain.clone(), None),
        }
    }
}

/// How welcome a coding is, in thousandths (RFC 9110, section 12.5.3).
fn weight(headers: &HeaderMap, coding: &str) -> u16 {
    let mut other = 0;
    for value in headers.get_all(ACCEPT_ENCODING) {
        for entry in value.as_bytes().split(|byte| *byte == b',') {
            let entry = String::from_utf8_lossy(entry);
            let (name, weight) = entry.split_once(';').unwrap_or((&entry, ""));
            let weight = weight.trim().strip_prefix("q=").map_or(1000, thousandths);
            let name = name.trim();
            if name.eq_ignore_ascii_case(coding) {
                return weight;
            }
            if name == "*" {
                other = weight;
            }
        }
    }
    other
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to 1000"
)]
fn thousandths(weight: &str) -> u16 {
    let weight: f32 = weight.trim().parse().unwrap_or(0.0);
    (weight.clamp(0.0, 1.0) * 1000.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(copies: bool) -> File {
        let copy = |text: &'static str| copies.then_some(Bytes::from_static(text.as_bytes()));
        File {
            kind: HeaderValue::from_static("text/css"),
            modified: httpdate::parse_http_date("Mon, 23 Nov 2026 12:00:00 GMT").ok(),
            cache: HeaderValue::from_static("no-cache"),
            plain: Bytes::from_static(b"plain"),
            brotli: copy("brotli"),
            gzip: copy("gzip"),
        }
    }

    fn asking(name: &'static str, value: &'static str) -> HeaderMap {
        [(name, value)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.parse().ok()?, HeaderValue::from_static(value))))
            .collect()
    }

    #[test]
    fn the_smallest_form_that_is_taken() {
        for (accepted, content) in [
            ("", "plain"),
            ("identity", "plain"),
            ("gzip, deflate, br", "brotli"),
            ("gzip", "gzip"),
            ("GZIP;q=0.5, br;q=0", "gzip"),
            ("br;q=0.1, gzip;q=0.9", "gzip"),
            ("*", "brotli"),
            ("*;q=0", "plain"),
            ("br;q=nonsense", "plain"),
        ] {
            let headers = asking("accept-encoding", accepted);
            assert_eq!(file(true).content(&headers).0, content, "{accepted:?}");
            assert_eq!(file(false).content(&headers).0, "plain");
        }
    }

    #[test]
    fn what_a_browser_has_is_not_sent_again() {
        for (since, status) in [
            ("Mon, 23 Nov 2026 12:00:00 GMT", 304),
            ("Mon, 23 Nov 2026 11:59:59 GMT", 200),
            ("yesterday", 200),
        ] {
            let answer = file(true).answer(&asking("if-modified-since", since));
            assert_eq!(answer.status(), status, "{since}");
            assert_eq!(answer.headers()[CACHE_CONTROL], "no-cache");
        }
    }
}
