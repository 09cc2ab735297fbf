//! Answers of the management API.

use axum::Json;
use axum::body::Body;
use axum::http::header::{ETAG, LINK};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, Uri};
use axum::response::IntoResponse;
use serde::Serialize;
use vault::operators::once::Made;
use vault::operators::record::Page;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Answers with a record and its version.
pub fn record(version: &str, body: &impl Serialize) -> Response<Body> {
    let mut response = Json(body).into_response();
    tag(&mut response, version);
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
