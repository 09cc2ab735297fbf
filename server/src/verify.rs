//! `/verify` and any path below it, any method, body unread: where gateways ask whether a key is good.

use std::time::{Duration, UNIX_EPOCH};

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use shared::status::Status;
use vault::Verified;

use crate::guard::admit;
use crate::state::AppState;

const ACCESS_KEY: HeaderName = HeaderName::from_static("x-keyhold-access-key");
const ACCOUNT: HeaderName = HeaderName::from_static("x-keyhold-account");
const KEY_NAME: HeaderName = HeaderName::from_static("x-keyhold-key-name");
const EXPIRES_AT: HeaderName = HeaderName::from_static("x-keyhold-expires-at");
/// RFC 8594.
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// RFC 3986, section 2.3: everything but the unreserved characters is encoded.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Answers 200 with who the key belongs to, or the refusal.
pub async fn verify(State(state): State<AppState>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    match admit(&state, &headers).await {
        Ok(verified) => {
            let mut response = Response::new(Body::empty());
            response
                .headers_mut()
                .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            identify(&verified, response.headers_mut());
            response
        }
        Err(refused) if is_nginx(&uri) => refused.answer_nginx(&state),
        Err(refused) => refused.answer(&state),
    }
}

/// Whether nginx asks: `?gateway=nginx`.
fn is_nginx(uri: &Uri) -> bool {
    uri.query()
        .is_some_and(|query| query.split('&').any(|pair| pair == "gateway=nginx"))
}

/// The headers that say which key it is.
pub fn identify(verified: &Verified, headers: &mut HeaderMap) {
    let entry = &verified.entry;
    let mut put = |name, text: String| {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    };
    put(ACCESS_KEY, verified.access_key.to_string());
    put(ACCOUNT, entry.account.id.to_string());
    put(
        KEY_NAME,
        utf8_percent_encode(&entry.name, RESERVED).to_string(),
    );
    if let Some(at) = entry.expires_at {
        put(EXPIRES_AT, vault::rfc3339(at));
        if verified.status == Status::ExpiringSoon {
            let since = Duration::from_millis(u64::try_from(at).unwrap_or(0));
            put(SUNSET, httpdate::fmt_http_date(UNIX_EPOCH + since));
        }
    }
}
