//! Answers of the management API.

use axum::Json;
use axum::body::Body;
use axum::http::header::{ACCEPT, ETAG, LINK};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri};
use axum::response::IntoResponse;
use serde::Serialize;
use vault::operators::once::Made;
use vault::operators::record::Page;

use super::input::IfNoneMatch;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Answers with a record and its tag; without the record if the client has it.
pub fn record(known: &IfNoneMatch, etag: &str, body: &impl Serialize) -> Response<Body> {
    let mut response = if known.has(etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Json(body).into_response()
    };
    tag(&mut response, etag);
    response
}

fn tag(response: &mut Response<Body>, version: &str) {
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
}

/// Answers with the outcome of a change.
pub fn made(made: Made) -> Response<Body> {
    let mut response = Json(made.body).into_response();
    *response.status_mut() = StatusCode::from_u16(made.status).unwrap_or(StatusCode::OK);
    if let Some(version) = made.version {
        tag(&mut response, &version);
    }
    if made.replayed {
        let replayed = HeaderValue::from_static("true");
        response.headers_mut().insert(REPLAYED, replayed);
    }
    response
}

/// Returns the header that leads to the next page (RFC 8288), of the address of this one.
pub fn next_link(uri: &Uri, next: Option<&str>) -> Option<HeaderValue> {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in pairs.filter(|(name, _)| name != "after") {
        query.append_pair(&name, &value);
    }
    query.append_pair("after", next?);
    let link = format!("</admin/v1{}?{}>; rel=\"next\"", uri.path(), query.finish());
    HeaderValue::from_str(&link).ok()
}

/// Answers with a page of a list. `uri` is the address asked for, without the prefix.
pub fn page<T: Serialize>(uri: &Uri, page: &Page<T>) -> Response<Body> {
    let mut response = Json(page).into_response();
    if let Some(link) = next_link(uri, page.next.as_deref()) {
        response.headers_mut().insert(LINK, link);
    }
    response
}

/// Returns whether a request prefers this type to JSON (RFC 9110, section 12.5.1). It must name it: `*/*` means JSON.
pub fn prefers(headers: &HeaderMap, kind: &str) -> bool {
    let accepted = headers.get_all(ACCEPT).iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    let ranges: Vec<(String, f32)> = accepted
        .flat_map(|value| value.split(','))
        .map(range)
        .collect();
    let quality = |kind: &str| {
        let found = ranges.iter().find(|(range, _)| range == kind);
        found.map(|(_, quality)| *quality)
    };
    let Some(wanted) = quality(kind).filter(|quality| *quality > 0.0) else {
        return false;
    };
    match quality("application/json") {
        Some(json) => wanted > json,
        None => {
            wanted
                >= quality("application/*")
                    .or(quality("*/*"))
                    .unwrap_or_default()
        }
    }
}

/// Returns a media range of `Accept`, and its quality.
fn range(text: &str) -> (String, f32) {
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    let kind = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| part.strip_prefix("q=").map(str::parse::<f32>));
    // What is no quality asks for nothing.
    let quality = quality.map_or(1.0, Result::unwrap_or_default);
    (kind, quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sent_to_those_who_prefer_them() {
        const LINES: &str = "application/x-ndjson";
        for (accept, expected) in [
            ("application/x-ndjson", true),
            ("Application/X-NDJSON ; Q=0.5", true),
            ("application/x-ndjson, */*;q=0.1", true),
            ("application/x-ndjson, */*", true),
            ("application/json;q=0.5, application/x-ndjson", true),
            ("application/json, application/x-ndjson", false),
            ("application/x-ndjson;q=0.5, */*", false),
            ("application/x-ndjson;q=0", false),
            ("application/x-ndjson;q=0.0, */*", false),
            ("application/x-ndjson;q=x", false),
            ("application/x-ndjson-like", false),
            ("*/*", false),
            ("", false),
        ] {
            let value = HeaderValue::from_static(accept);
            let headers = HeaderMap::from_iter([(ACCEPT, value)]);
            assert_eq!(prefers(&headers, LINES), expected, "{accept}");
        }
        assert!(!prefers(&HeaderMap::new(), LINES));
    }
}
