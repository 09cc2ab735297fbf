//! `/verify` and any path below it, any method, body unread: where gateways ask whether a key is good.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Response};
use vault::verify::{Headers, X_REQUEST_ID};

use crate::http::client_ip::{Peer, caller};
use crate::http::security_headers::{HTTPS_ONLY, NOTHING};
use crate::state::AppState;

/// Whether an address is this one or below it.
pub fn is_meant(path: &str) -> bool {
    path.strip_prefix("/verify")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The refusal of a request, as it is to be answered. None if the key is good: then, and only then, `say` is given
/// the headers of the empty 200, name and value.
pub fn refusal(
    state: &AppState,
    headers: &impl Headers,
    query: Option<&str>,
    peer: Option<Peer>,
    mut say: impl FnMut(&HeaderName, &[u8]),
) -> Option<Response<Vec<u8>>> {
    let vault = &state.vault;
    let id = vault.request_id(headers);
    let caller = caller(peer, headers, &state.trusted_proxies);
    match vault.admit_saying(headers, &caller, &mut say) {
        Ok(()) => {
            say(&CACHE_CONTROL, b"no-store");
            say(&X_REQUEST_ID, id.as_bytes());
            for (name, value) in protection(state) {
                say(&name, value.as_bytes());
            }
            None
        }
        Err(refused) => {
            let mut response = if is_nginx(query) {
                refused.answer_nginx(vault, id)
            } else {
                refused.answer(vault, id)
            };
            for (name, value) in protection(state) {
                let value = HeaderValue::from_static(value);
                response.headers_mut().insert(name, value);
            }
            Some(response)
        }
    }
}

/// What a browser is told that opens `/verify` as a page.
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

/// Whether nginx asks: `?gateway=nginx`.
pub fn is_nginx(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.split('&').any(|pair| pair == "gateway=nginx"))
}
