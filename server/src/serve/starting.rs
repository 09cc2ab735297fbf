//! Responses while the vault opens: Keyhold reports at once that it is starting, rather than let connections hang. Each
//! response closes its connection, so that none outlives the start.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use shared::problem::{Code, Problem};
use vault::readiness::Cause;
use vault::verify::{PROBLEM_MEANT, STATUS_MEANT};

use crate::routes::verify;

/// In seconds. A start takes less, except with a very large database.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Answers a request for any `path`.
pub fn answer(path: &str, query: Option<&str>) -> Response<Body> {
    let slug = Cause::Starting.slug();
    let mut response = match path {
        "/healthz" => plain(format!("{slug}\n")),
        "/readyz" => plain(format!("{slug}: the database is being opened\n")),
        _ if verify::is_verify_path(path) => rejection(verify::is_nginx(query)),
        _ => plain("The service is starting. Try again in a moment.\n".to_owned()),
    };
    let headers = response.headers_mut();
    headers.insert(RETRY_AFTER, RETRY_SECONDS);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn plain(sentence: String) -> Response<Body> {
    with(
        StatusCode::SERVICE_UNAVAILABLE,
        "text/plain; charset=utf-8",
        sentence.into(),
    )
}

/// Rejects a verification: no key is known yet.
fn rejection(nginx: bool) -> Response<Body> {
    const JSON: &str = "application/problem+json";
    let meant = StatusCode::SERVICE_UNAVAILABLE;
    if !nginx {
        return with(meant, JSON, problem(meant));
    }
    let mut response = with(StatusCode::FORBIDDEN, JSON, problem(StatusCode::FORBIDDEN));
    let headers = response.headers_mut();
    headers.insert(STATUS_MEANT, HeaderValue::from(meant.as_u16()));
    if let Ok(problem) = HeaderValue::from_bytes(&problem(meant)) {
        headers.insert(PROBLEM_MEANT, problem);
    }
    response
}

fn problem(status: StatusCode) -> Vec<u8> {
    let code = Code::Unavailable;
    let problem = Problem {
        kind: "about:blank".to_owned(),
        title: code.title(),
        status: status.as_u16(),
        detail: code.detail(),
        code: code.slug(),
        request_id: Cause::Starting.slug().to_owned(),
        expired_at: None,
        restore_url: None,
        support_url: None,
    };
    serde_json::to_vec(&problem).unwrap_or_default()
}

fn with(status: StatusCode, kind: &'static str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
