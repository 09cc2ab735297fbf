//! The id of each request to pages, functions and the REST API, in the log and in the response. `/verify` sets its own,
//! at less cost.

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tracing::{Instrument, field};
use vault::verify::X_REQUEST_ID;

use crate::state::AppState;

/// Logs a request's events with its id, method and route, and never with its address, which may hold a token.
pub async fn trace(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let id = state.vault.request_id(request.headers());
    request.headers_mut().insert(X_REQUEST_ID, id.into());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(MatchedPath::as_str);
    let span = tracing::info_span!(
        "request",
        request_id = id.as_str(),
        method = %request.method(),
        route = route.unwrap_or("-"),
        status = field::Empty
    );
    let mut response = next.run(request).instrument(span.clone()).await;
    span.record("status", response.status().as_u16());
    span.in_scope(|| tracing::debug!("answered"));
    response.headers_mut().insert(X_REQUEST_ID, id.into());
    response
}
