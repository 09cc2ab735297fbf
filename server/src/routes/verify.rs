//! Answers to `/verify` and every path below it, for any method, with the body unread: gateways verify keys there.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Response};
use vault::verify::{HeaderSink, Held, Rejection, RequestId, X_REQUEST_ID};

use crate::http::security_headers::{HTTPS_ONLY, NOTHING};
use crate::state::AppState;

/// Returns whether a path is `/verify` or below it.
pub fn is_verify_path(path: &str) -> bool {
    path.strip_prefix("/verify")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Writes the headers of the empty 200 for a good key.
pub fn accept(
    state: &AppState,
    verified: &Held<'_>,
    id: &RequestId,
    headers: &mut impl HeaderSink,
) {
    verified.identify(headers);
    headers.put(&CACHE_CONTROL, b"no-store");
    headers.put(&X_REQUEST_ID, id.as_bytes());
    for (name, value) in protection(state) {
        headers.put(&name, value.as_bytes());
    }
}

/// Returns the answer for a rejected request.
pub fn reject(
    state: &AppState,
    rejection: Rejection,
    id: RequestId,
    query: Option<&str>,
) -> Response<Vec<u8>> {
    let mut response = if is_nginx(query) {
        rejection.nginx_response(&state.vault, id)
    } else {
        rejection.response(&state.vault, id)
    };
    for (name, value) in protection(state) {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// Returns the headers for a browser that opens `/verify` as a page.
fn protection(state: &AppState) -> impl Iterator<Item = (HeaderName, &'static str)> {
    let https = state.site.base_url.starts_with("https://");
    let https_only = https.then_some((STRICT_TRANSPORT_SECURITY, HTTPS_ONLY));
    [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, NOTHING),
    ]
    .into_iter()
    .chain(https_only)
}

/// Returns whether the request comes from nginx: `?gateway=nginx`.
pub fn is_nginx(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|pair| pair == "gateway=nginx"))
}
