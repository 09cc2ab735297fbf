//! `/verify` and any path below it, any method, body unread: where gateways ask whether a key is good.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, Response, Uri};
use vault::gate::X_REQUEST_ID;

use crate::address::caller;
use crate::state::AppState;

/// Answers 200 with who the key belongs to, or the refusal.
pub async fn verify(State(state): State<AppState>, request: Request) -> Response<Body> {
    answer(&state, &request)
}

fn answer(state: &AppState, request: &Request) -> Response<Body> {
    let vault = &state.vault;
    let headers = request.headers();
    let id = vault.request_id(headers);
    match vault.admit(
        headers,
        &caller(request.extensions(), headers, &state.trusted_proxies),
    ) {
        Ok(verified) => {
            let mut answer = HeaderMap::with_capacity(8);
            answer.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            answer.insert(X_REQUEST_ID, id);
            verified.identify(&mut answer);
            let mut response = Response::new(Body::empty());
            *response.headers_mut() = answer;
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
