//! Refuses requests that another site made the browser send. Every method that may change something must
//! come from our own pages, or from a program that is no browser.
//!
//! The browser says where a request comes from in `Sec-Fetch-Site` (it sends that to https and loopback), and
//! in `Origin` otherwise. A request with neither was not made by a browser that anyone still uses, and has no
//! session that somebody else could abuse. See the OWASP CSRF Prevention Cheat Sheet, "Fetch Metadata".

use app::error::FnError;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method, Response};
use axum::middleware::Next;

use crate::functions::json_error;
use crate::state::AppState;

/// Answers 403 to a cross-site request with an unsafe method.
pub async fn same_origin(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if safe || is_ours(request.headers(), &state.site.base_url) {
        next.run(request).await
    } else {
        tracing::warn!(
            path = request.uri().path(),
            "a cross-site request was refused"
        );
        json_error(&FnError::new(
            "forbidden",
            "This request came from another site and was refused.",
        ))
    }
}

fn is_ours(headers: &HeaderMap, base_url: &str) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("unreadable"))
    };
    if let Some(site) = text("sec-fetch-site".parse().unwrap_or(ORIGIN)) {
        return matches!(site, "same-origin" | "none");
    }
    match text(ORIGIN) {
        None => true,
        Some(origin) => {
            // On loopback there are several names for the same place; elsewhere there is one.
            let by_host = base_url.starts_with("http://")
                && origin
                    .strip_prefix("http://")
                    .is_some_and(|authority| Some(authority) == text(HOST));
            origin == base_url || by_host
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn ours(headers: &[(&'static str, &'static str)]) -> bool {
        ours_at("https://keys.example.com", headers)
    }

    fn ours_at(base_url: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let map = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        is_ours(&map, base_url)
    }

    #[test]
    fn the_browser_says_who_sent_it() {
        assert!(ours(&[("sec-fetch-site", "same-origin")]));
        assert!(ours(&[("sec-fetch-site", "none")]));
        assert!(
            !ours(&[("sec-fetch-site", "same-site")]),
            "a neighbour's subdomain is another site"
        );
        assert!(!ours(&[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://keys.example.com")
        ]));
        assert!(ours(&[("origin", "https://keys.example.com")]));
        assert!(!ours(&[
            ("origin", "https://evil.example"),
            ("host", "keys.example.com")
        ]));
        assert!(!ours(&[("origin", "null"), ("host", "keys.example.com")]));
        let local = [
            ("origin", "http://localhost:3000"),
            ("host", "localhost:3000"),
        ];
        assert!(ours_at("http://127.0.0.1:3000", &local));
        assert!(!ours(&[
            ("origin", "http://keys.example.com"),
            ("host", "keys.example.com")
        ]));
        assert!(ours(&[]), "no browser");
    }
}
