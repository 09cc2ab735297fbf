//! `/verify` and any path below it, any method, body unread: where gateways ask whether a key is good.

use axum::body::Body;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, Request, Response, Uri};
use vault::gate::X_REQUEST_ID;

use crate::address::{Peer, caller};
use crate::state::AppState;

/// Whether an address is this one or below it.
pub fn is_meant(path: &str) -> bool {
    path.strip_prefix("/verify")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers 200 with who the key belongs to, or the refusal.
pub fn answer<B>(state: &AppState, request: &Request<B>, peer: Option<Peer>) -> Response<Body> {
    let vault = &state.vault;
    let headers = request.headers();
    let id = vault.request_id(headers);
    let caller = caller(peer, headers, &state.trusted_proxies);
    let mut response = Response::new(Body::empty());
    let identity = response.headers_mut();
    match vault.admit_onto(headers, &caller, identity) {
        Ok(()) => {
            identity.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            identity.insert(X_REQUEST_ID, id);
            response
        }
        Err(refused) if is_nginx(request.uri()) => refused.answer_nginx(vault, id),
        Err(refused) => refused.answer(vault, id),
    }
}

/// Whether nginx asks: `?gateway=nginx`.
fn is_nginx(uri: &Uri) -> bool {
    uri.query()
        .is_some_and(|query| query.split('&').any(|pair| pair == "gateway=nginx"))
}
