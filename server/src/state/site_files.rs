//! The site's files, read into memory at the start: a slow client holds a connection and no open file, so only
//! connections need a limit.
//!
//! The build puts copies in Brotli and gzip beside a file.

use std::collections::HashMap;
use std::path::Path;
use std::time::SystemTime;

use app::brand;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;

/// Files at the root of the site, beside `/pkg`.
pub const AT_ROOT: [&str; 2] = ["/favicon.svg", "/robots.txt"];

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// The policy of a picture that is opened as a page. A drawing (SVG) may hold scripts and references, and none of them may
/// act in the name of this site; its own style is harmless.
const PICTURE: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox",
);

/// By address.
pub struct Files(HashMap<String, File>);

struct File {
    kind: HeaderValue,
    /// To the second, as in HTTP.
    modified: Option<SystemTime>,
    cache: HeaderValue,
    /// Its own content security policy; none: that of every other response.
    policy: Option<HeaderValue>,
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

impl Files {
    /// Reads the files that exist. If the names under `/pkg` change with their content (`hashed`), browsers may keep
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
        let kept = if hashed { FOR_EVER } else { "no-cache" };
        for address in package {
            files.add(root, address, kept);
        }
        for address in AT_ROOT {
            files.add(root, address.to_owned(), "no-cache");
        }
        files
    }

    /// Adds the company's files. Their addresses change with their content.
    #[must_use]
    pub fn with<'a>(mut self, company: impl Iterator<Item = &'a brand::File>) -> Self {
        for file in company {
            let served = File {
                kind: HeaderValue::from_static(file.kind),
                modified: None,
                cache: HeaderValue::from_static(FOR_EVER),
                policy: Some(PICTURE),
                plain: Bytes::from_owner(file.content.clone()),
                brotli: None,
                gzip: None,
            };
            self.0.insert(file.address.clone(), served);
        }
        self
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
            policy: None,
            brotli: copy(".br"),
            gzip: copy(".gz"),
            plain: content.into(),
        };
        self.0.insert(address, file);
    }

    /// Answers a request with the file at its address.
    pub fn answer(&self, request: &Request) -> Response<Body> {
        match self.0.get(request.uri().path()) {
            Some(file) => file.answer(request.headers()),
            None => StatusCode::NOT_FOUND.into_response(),
        }
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
        if let Some(policy) = &self.policy {
            headers.insert(CONTENT_SECURITY_POLICY, policy.clone());
        }
        if let Some(modified) = self.modified
            && let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(modified))
        {
            headers.insert(LAST_MODIFIED, date);
        }
        response
    }

    /// Returns whether the browser has the current file (RFC 9110, section 13.2.2). Files have no tags, so only `*`
    /// matches; a date counts only if the request names no tag.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let mut tags = headers.get_all(IF_NONE_MATCH).iter().peekable();
        if tags.peek().is_some() {
            return tags.any(|tag| tag.as_bytes().trim_ascii() == b"*");
        }
        let since = headers
            .get(IF_MODIFIED_SINCE)
            .and_then(|value| httpdate::parse_http_date(value.to_str().ok()?).ok());
        let (Some(since), Some(modified)) = (since, self.modified) else {
            return false;
        };
        let date = httpdate::fmt_http_date(modified);
        httpdate::parse_http_date(&date).is_ok_and(|modified| modified <= since)
    }

    /// Returns the smallest form among those that the client prefers, and its coding. A client that accepts none gets
    /// the plain one (RFC 9110, section 12.5.3).
    fn content(&self, headers: &HeaderMap) -> (Bytes, Option<&'static str>) {
        let copies = [("br", &self.brotli), ("gzip", &self.gzip)];
        let plain = named_weight(headers, "identity").unwrap_or(0);
        let best = copies
            .into_iter()
            .filter_map(|(coding, copy)| Some((weight(headers, coding), coding, copy.as_ref()?)))
            .filter(|(weight, _, _)| *weight > 0 && *weight >= plain)
            // The first of those with the greatest weight.
            .rev()
            .max_by_key(|(weight, _, _)| *weight);
        match best {
            Some((_, coding, copy)) => (copy.clone(), Some(coding)),
            None => (self.plain.clone(), None),
        }
    }
}

/// Returns the weight of a coding, in thousandths (RFC 9110, section 12.5.3).
fn weight(headers: &HeaderMap, coding: &str) -> u16 {
    named_weight(headers, coding)
        .or_else(|| named_weight(headers, "*"))
        .unwrap_or(0)
}

/// Returns the weight that a request gives a coding by name, if any.
fn named_weight(headers: &HeaderMap, coding: &str) -> Option<u16> {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    let mut entries = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    entries.find_map(|entry| {
        let mut parts = entry.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case(coding) {
            return None;
        }
        let weight = parts.find_map(|part| {
            let (name, weight) = part.split_once('=')?;
            name.trim_end().eq_ignore_ascii_case("q").then_some(weight)
        });
        Some(weight.map_or(1000, |weight| thousandths(weight.trim_start())))
    })
}

/// Parses a weight into thousandths (RFC 9110, section 12.4.2). An invalid one is 0, so that the coding is not used.
fn thousandths(weight: &str) -> u16 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "0" if digits && fraction.len() <= 3 => format!("{fraction:0<3}").parse().unwrap_or(0),
        "1" if fraction.len() <= 3 && fraction.bytes().all(|byte| byte == b'0') => 1000,
        _ => 0,
    }
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
            policy: None,
            plain: Bytes::from_static(b"plain"),
            brotli: copy("brotli"),
            gzip: copy("gzip"),
        }
    }

    fn request_headers(name: &'static str, value: &'static str) -> HeaderMap {
        [(name, value)]
            .into_iter()
            .filter_map(|(name, value)| Some((name.parse().ok()?, HeaderValue::from_static(value))))
            .collect()
    }

    #[test]
    fn the_smallest_accepted_encoding_is_served() {
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
            ("br;Q=0", "plain"),
            ("br ; Q=0 , gzip ; q=1", "gzip"),
            ("br;q=0.000, gzip;q=0.001", "gzip"),
            ("br;q=0., gzip;q=1.", "gzip"),
            ("br;q=1.5", "plain"),
            ("br;q=-1", "plain"),
            ("br;q=inf", "plain"),
            ("br;level=5;q=0", "plain"),
            ("*;q=0, br", "brotli"),
            ("*, br;q=0", "gzip"),
            ("*;Q=0.5, gzip", "gzip"),
            ("identity;q=0", "plain"),
            ("identity;q=0, gzip", "gzip"),
            ("identity, br;q=0.5", "plain"),
            ("identity;q=0.5, br;q=0.5", "brotli"),
        ] {
            let headers = request_headers("accept-encoding", accepted);
            assert_eq!(file(true).content(&headers).0, content, "{accepted:?}");
            assert_eq!(file(false).content(&headers).0, "plain");
        }
    }

    #[test]
    fn a_cached_file_is_not_sent_again() {
        for (since, status) in [
            ("Mon, 23 Nov 2026 12:00:00 GMT", 304),
            ("Mon, 23 Nov 2026 11:59:59 GMT", 200),
            ("yesterday", 200),
        ] {
            let answer = file(true).answer(&request_headers("if-modified-since", since));
            assert_eq!(answer.status(), status, "{since}");
            assert_eq!(answer.headers()[CACHE_CONTROL], "no-cache");
        }
    }

    /// RFC 9110, section 13.2.2: a tag, where one is named, and no date.
    #[test]
    fn a_tag_counts_before_a_date() {
        for (tag, status) in [("\"other\"", 200), ("W/\"a\", \"b\"", 200), ("*", 304)] {
            for since in [
                "Mon, 23 Nov 2026 12:00:00 GMT",
                "Mon, 23 Nov 2026 11:59:59 GMT",
            ] {
                let mut headers = request_headers("if-modified-since", since);
                headers.extend(request_headers("if-none-match", tag));
                assert_eq!(
                    file(true).answer(&headers).status(),
                    status,
                    "{tag} {since}"
                );
            }
        }
    }
}
