//! Protection from DNS rebinding: on loopback, another site's name may resolve to this server, and its pages would then
//! count as ours. Elsewhere the proxy decides which names lead to Keyhold.
//!
//! `/verify`, `/v1` and `/healthz` answer under any name, for gateways and supervisors.

use app::error::FnError;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::middleware::Next;
use axum::response::IntoResponse;
use shared::loopback::is_loopback_host;

use super::fn_error::json_error;
use crate::config::http::is_loopback_url;
use crate::state::AppState;

/// Answers 421 to a request for another host, with the address to open instead.
pub async fn reject_foreign(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let base_url = &state.site.base_url;
    if !is_loopback_url(base_url) || is_own(&request, base_url) {
        return next.run(request).await;
    }
    let sentence = format!("These pages do not answer at this address. Open {base_url} instead.");
    let mut response = if request.uri().path().starts_with("/fn/") {
        json_error(&FnError::new("forbidden", sentence))
    } else {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        ([(CONTENT_TYPE, plain)], sentence + "\n").into_response()
    };
    *response.status_mut() = StatusCode::MISDIRECTED_REQUEST;
    response
}

/// Returns whether a request names this machine by one of its own names. A request without a name was not sent by a
/// browser.
fn is_own(request: &Request, base_url: &str) -> bool {
    let host = request.headers().get(HOST).map(HeaderValue::as_bytes);
    let host = host.filter(|name| !name.is_empty());
    let target = request.uri().authority().map(Authority::as_str);
    let mut names = host.into_iter().chain(target.map(str::as_bytes));
    names.all(|name| {
        let host = Authority::try_from(name);
        host.is_ok_and(|authority| {
            let host = authority.host();
            is_loopback_host(host) && !is_below_localhost(host)
                || base_url.split_once("://").map(|(_, own)| own) == Some(authority.as_str())
        })
    })
}

/// Returns whether a host is a subdomain of localhost. Browsers keep these on loopback, but a resolver may not.
fn is_below_localhost(host: &str) -> bool {
    host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_own_host(host: &str, base_url: &str) -> bool {
        let request = Request::builder().header("host", host.as_bytes());
        request
            .body(Body::empty())
            .is_ok_and(|request| is_own(&request, base_url))
    }

    #[test]
    fn only_names_of_this_machine_are_accepted() {
        let base = "http://127.0.0.1:3000";
        for own in [
            "127.0.0.1:3000",
            "localhost:3000",
            "LOCALHOST:3000",
            "[::1]:3000",
            "127.0.0.1",
            "",
        ] {
            assert!(is_own_host(own, base), "{own}");
        }
        for foreign in [
            "evil.example:3000",
            "127.0.0.1.evil.example:3000",
            "localhost.evil.example",
            "evil.localhost:3000",
            "192.168.0.1:3000",
            "\u{fc}",
        ] {
            assert!(!is_own_host(foreign, base), "{foreign}");
        }
        assert!(is_own_host(
            "keys.localhost:3000",
            "http://keys.localhost:3000"
        ));
    }
}
