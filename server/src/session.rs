//! Finds out who is signed in, once a request, from the session cookie.

use app::request;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, Response};
use axum::middleware::Next;

use crate::address::caller;
use crate::functions::json_error;
use crate::state::AppState;

/// Puts an [`app::request::Request`] into the extensions. When it cannot be known who is signed in, nobody
/// gets any further.
pub async fn identify(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let token = cookie(request.headers(), state.site.session_cookie_name());
    let session = match token {
        None => None,
        Some(token) => match state.vault.session(token).await {
            Ok(session) => session,
            Err(error) => return json_error(&error.into()),
        },
    };
    let caller = caller(
        request.extensions().get().copied(),
        request.headers(),
        &state.trusted_proxies,
    );
    let known = request::Request {
        vault: state.vault.clone(),
        site: state.site.clone(),
        caller,
        session,
    };
    request.extensions_mut().insert(known);
    next.run(request).await
}

/// The first cookie of a name (RFC 6265, section 5.4).
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_static("keyhold_session_old=a; keyhold_session=b"),
        );
        headers.append(COOKIE, HeaderValue::from_static("other=c"));
        assert_eq!(cookie(&headers, "keyhold_session"), Some("b"));
        assert_eq!(cookie(&headers, "other"), Some("c"));
        assert_eq!(cookie(&headers, "session"), None);
    }
}
