//! `GET /calendar/<token>.ics`: the calendar feed. There is no session, because calendar programs have none;
//! the token is the credential, and every wrong one looks like an address that does not exist.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use vault::Error;

use crate::state::AppState;

/// Headers of every response here: no cache on the way stores it, and clients revalidate each time.
const ALWAYS: [(HeaderName, &str); 2] = [
    (CACHE_CONTROL, "private, no-cache"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Answers with the calendar.
pub async fn calendar(
    State(state): State<AppState>,
    file: Result<Path<String>, PathRejection>,
) -> Response {
    let Some(token) = file
        .as_ref()
        .ok()
        .and_then(|Path(file)| file.strip_suffix(".ics"))
    else {
        return not_found();
    };
    match state.vault.of_request().calendar(token).await {
        Ok(calendar) => {
            let file = state.site.brand.slug();
            let disposition = format!("inline; filename=\"{file}.ics\"");
            let headers = [
                (CONTENT_TYPE, "text/calendar; charset=utf-8"),
                (CONTENT_DISPOSITION, disposition.as_str()),
            ];
            let pieces = stream::iter(calendar.map(Ok::<_, Infallible>));
            (ALWAYS, headers, Body::from_stream(pieces)).into_response()
        }
        Err(error) => error_response(&error),
    }
}

/// Answers 404 only for an address that does not exist, because a program may then drop the calendar for good.
fn error_response(error: &Error) -> Response {
    if matches!(error, Error::NotFound) {
        return not_found();
    }
    if error.is_news() {
        tracing::error!(%error, "the calendar cannot be read");
    }
    let sentence = "The calendar can't be read right now. Try again in a moment.\n";
    let wait = [(RETRY_AFTER, "60")];
    (StatusCode::SERVICE_UNAVAILABLE, ALWAYS, wait, sentence).into_response()
}

fn not_found() -> Response {
    let sentence = "This calendar doesn't exist. Its address may have been reset.\n";
    (StatusCode::NOT_FOUND, ALWAYS, sentence).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_calendar_is_not_found() {
        let status = |error| error_response(&error).status();
        assert_eq!(status(Error::NotFound), StatusCode::NOT_FOUND);
        for error in [Error::Busy, Error::Unavailable("no answer".to_owned())] {
            assert_eq!(status(error), StatusCode::SERVICE_UNAVAILABLE);
        }
    }
}
