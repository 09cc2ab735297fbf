//! Errors of server functions as responses.

use app::error::FnError;
use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;

/// Answers with an error as JSON.
pub fn json_error(error: &FnError) -> Response<Body> {
    let mut response = axum::Json(error).into_response();
    finish_error(&mut response, error);
    response
}

/// Gives a response the status of an error, and says when to try again.
pub fn finish_error(response: &mut Response<Body>, error: &FnError) {
    *response.status_mut() =
        StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = error.retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}
