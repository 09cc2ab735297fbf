//! `/unsubscribe`: the one-click end of notices to a second recipient (RFC 8058). A mail provider's servers send it,
//! without a session and from any address. The token in the URL is the credential, and can only end notices.

use axum::extract::{Query, Request, State};
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use vault::Error;

use crate::http::client_ip::caller;
use crate::state::AppState;

/// The most bytes of the body, which holds two words.
const BODY_LIMIT: usize = 1024;
const ALWAYS: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

#[derive(Deserialize)]
pub struct Link {
    #[serde(default)]
    token: String,
}

/// Redirects to the page with the button: GET changes nothing.
pub async fn page(Query(link): Query<Link>) -> Redirect {
    let token = utf8_percent_encode(&link.token, NON_ALPHANUMERIC);
    Redirect::to(&format!("/confirm?token={token}"))
}

/// Ends the notices.
pub async fn one_click(
    State(state): State<AppState>,
    Query(link): Query<Link>,
    request: Request,
) -> Response {
    let caller = caller(
        request.extensions().get().copied(),
        request.headers(),
        &state.trusted_proxies,
    );
    let body = axum::body::to_bytes(request.into_body(), BODY_LIMIT).await;
    // As a form of either kind.
    let is_one_click = body.is_ok_and(|body| {
        let body = String::from_utf8_lossy(&body);
        body.contains("List-Unsubscribe") && body.contains("One-Click")
    });
    if !is_one_click {
        let sentence = "The body must be List-Unsubscribe=One-Click.\n";
        return (StatusCode::BAD_REQUEST, ALWAYS, sentence).into_response();
    }
    match state.vault.unsubscribe(&caller, &link.token).await {
        Ok(()) => (ALWAYS, "No more notices will be sent to this address.\n").into_response(),
        Err(Error::LinkGone) => {
            let sentence = "This link no longer works.\n";
            (StatusCode::GONE, ALWAYS, sentence).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "notices could not be stopped");
            let wait = [(RETRY_AFTER, "60")];
            let sentence = "This can't be done right now. Try again in a moment.\n";
            (StatusCode::SERVICE_UNAVAILABLE, ALWAYS, wait, sentence).into_response()
        }
    }
}
