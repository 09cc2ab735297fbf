//! Protection from cross-site requests: a request with a method that may change something must come from our own pages,
//! or from a program that is not a browser.
//!
//! Browsers name the source of a request in `Sec-Fetch-Site` (sent to https and loopback), and in `Origin` otherwise.
//! No current browser sends neither, so such a request carries no session that another site could abuse. See the OWASP
//! CSRF Prevention Cheat Sheet, "Fetch Metadata".

use app::error::FnError;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Method, Response};
use axum::middleware::Next;

use super::fn_error::json_error;
use crate::config::http;
use crate::state::AppState;

pub const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The address of portal links.
pub const ENTER: &str = "/enter";

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
    if safe || is_ours(request.headers(), &state.site.base_url) || is_of_enter(&request) {
        next.run(request).await
    } else {
        tracing::warn!(
            path = request.uri().path(),
            "a cross-site request was rejected"
        );
        json_error(&FnError::new(
            "forbidden",
            rejection_message(request.headers(), &state.site.base_url),
        ))
    }
}

/// Returns whether this may be the form of `/enter`, from a browser without Fetch Metadata: its page has no referrer, so its
/// origin is hidden. That form is safe from other sites by itself: it leaves no session without the name of that session.
fn is_of_enter(request: &Request) -> bool {
    let headers = request.headers();
    let hidden = text(headers, ORIGIN) == Some("null") && text(headers, SEC_FETCH_SITE).is_none();
    hidden && request.uri().path() == ENTER
}

/// Returns the message of a rejection. For a request to another address of this server it names the one to open.
fn rejection_message(headers: &HeaderMap, base_url: &str) -> String {
    let origin = text(headers, ORIGIN).and_then(http::origin);
    if origin.is_some() && origin == addressed("http", headers) {
        return format!("These pages do not answer at this address. Open {base_url} instead.");
    }
    "This request came from another site and was rejected.".to_owned()
}

/// Returns a header's value. An empty one counts as absent.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let value = headers.get(name)?.as_bytes();
    (!value.is_empty()).then(|| std::str::from_utf8(value).unwrap_or("unreadable"))
}

/// Returns the origin that the request itself was sent to.
fn addressed(scheme: &str, headers: &HeaderMap) -> Option<String> {
    http::origin(&format!("{scheme}://{}", text(headers, HOST)?))
}

/// Returns whether a request came from the pages at this base URL, or from no browser.
pub fn is_ours(headers: &HeaderMap, base_url: &str) -> bool {
    if let Some(site) = text(headers, SEC_FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(headers, ORIGIN) else {
        return true;
    };
    let Some(origin) = http::origin(origin) else {
        return false;
    };
    // On loopback one server has several names; elsewhere it has one.
    let by_host = base_url.starts_with("http://")
        && addressed("http", headers).is_some_and(|own| own == origin);
    origin == base_url || by_host
}

/// Returns the same for pages on a listener whose address nothing tells: the host that the request was sent to counts, by http
/// and by https. Another site's pages have another host, or another cookie jar.
pub fn is_from_host(headers: &HeaderMap) -> bool {
    if let Some(site) = text(headers, SEC_FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(headers, ORIGIN) else {
        return true;
    };
    let origin = http::origin(origin);
    let own = ["http", "https"].map(|scheme| addressed(scheme, headers));
    origin.is_some() && own.contains(&origin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

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
    fn the_browsers_headers_decide_whether_a_request_is_ours() {
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
        assert!(ours(&[("origin", ""), ("sec-fetch-site", "")]));
    }

    #[test]
    fn on_a_listener_of_its_own_the_host_decides() {
        let ours = |headers: &[(&'static str, &'static str)]| {
            let map = headers.iter().map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            });
            is_from_host(&map.collect())
        };
        let host = ("host", "10.0.0.5:9000");
        assert!(ours(&[host, ("origin", "http://10.0.0.5:9000")]));
        assert!(ours(&[
            ("host", "operators.example.com"),
            ("origin", "https://operators.example.com")
        ]));
        assert!(ours(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(ours(&[host]), "no browser");
        for origin in ["http://10.0.0.5", "http://evil.example", "null"] {
            assert!(!ours(&[host, ("origin", origin)]), "{origin}");
        }
        let cross = ("sec-fetch-site", "cross-site");
        assert!(!ours(&[host, cross, ("origin", "http://10.0.0.5:9000")]));
    }

    #[test]
    fn origins_are_compared_as_browsers_write_them() {
        for origin in [
            "https://keys.example.com",
            "https://keys.example.com:443",
            "https://keys.example.com.",
        ] {
            assert!(ours(&[("origin", origin)]), "{origin}");
        }
        for origin in [
            "https://keys.example.com:8443",
            "http://keys.example.com",
            "https://keys.example.com.evil.example",
            "keys.example.com",
        ] {
            assert!(!ours(&[("origin", origin)]), "{origin}");
        }
    }

    #[test]
    fn a_request_to_another_address_learns_the_right_one() {
        let message = |headers: &[(&'static str, &'static str)]| {
            let map = headers.iter().map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            });
            rejection_message(&map.collect(), "https://keys.example.com")
        };
        let here = message(&[
            ("origin", "http://10.0.0.5:3000"),
            ("host", "10.0.0.5:3000"),
        ]);
        assert!(here.contains("https://keys.example.com"), "{here}");
        for other in [
            &[
                ("origin", "https://evil.example"),
                ("host", "10.0.0.5:3000"),
            ][..],
            &[("sec-fetch-site", "cross-site"), ("host", "10.0.0.5:3000")],
            &[("origin", "null")],
            &[],
        ] {
            assert!(message(other).contains("another site"), "{other:?}");
        }
    }
}
