//! Redirects from addresses with a trailing slash to those without. People type the slash, and programs join paths with
//! it.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, Response, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::IntoResponse;
use shared::redirect::LONGEST;

/// Answers 308, which keeps the method. The query is kept too.
pub async fn trim(request: Request, next: Next) -> Response<Body> {
    match trimmed(request.uri()) {
        Some(to) => (StatusCode::PERMANENT_REDIRECT, [(LOCATION, to)]).into_response(),
        None => next.run(request).await,
    }
}

fn trimmed(uri: &Uri) -> Option<HeaderValue> {
    let path = uri.path();
    let short = path.trim_end_matches('/');
    // The root of the API is behind its guard; and `//host` would be another site's address.
    if short == path || path == "/v1/" || !short.starts_with('/') || short.starts_with("//") {
        return None;
    }
    let to = match uri.query() {
        Some(query) => format!("{short}?{query}"),
        None => short.to_owned(),
    };
    let plain = !to.contains('\\') && to.len() <= LONGEST;
    plain.then(|| HeaderValue::from_str(&to).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_redirect_removes_only_the_slash() {
        for (from, to) in [
            ("/sign-in/", Some("/sign-in")),
            ("/sign-in/?next=/a/", Some("/sign-in?next=/a/")),
            (
                "/preferences/api-control//",
                Some("/preferences/api-control"),
            ),
            ("/v1/keys/?q=a", Some("/v1/keys?q=a")),
            ("/", None),
            ("//", None),
            ("/v1/", None),
            ("/sign-in", None),
            ("//evil.example/", None),
            ("///evil.example/", None),
            ("/\\evil.example/", None),
            ("*", None),
        ] {
            let uri = Uri::from_maybe_shared(from);
            let trimmed = uri.ok().as_ref().and_then(trimmed);
            assert_eq!(
                trimmed.as_ref().map(HeaderValue::as_bytes),
                to.map(str::as_bytes),
                "{from}"
            );
        }
    }
}
