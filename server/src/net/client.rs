//! HTTP client of the commands: one request to a server of Keyhold, over TLS with the system's authorities.

use std::error::Error;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use tokio::time::timeout;

/// The longest that a request may take, with its answer.
pub const LIMIT: Duration = Duration::from_secs(10);

/// The most bytes of an answer.
const BODY: usize = 16 * 1024 * 1024;

/// An answer, whatever its status.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Bytes that are no UTF-8 are replaced.
    pub body: String,
}

/// Sends a request, and follows no redirect.
///
/// # Errors
/// A sentence about the connection, without the address.
pub async fn send(mut request: Request<Body>) -> Result<Answer, String> {
    let agent =
        const { header::HeaderValue::from_static(concat!("keyhold/", env!("CARGO_PKG_VERSION"))) };
    request.headers_mut().insert(header::USER_AGENT, agent);
    // The system's authorities include an operator's own, also by SSL_CERT_FILE.
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(ring::default_provider())
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .https_or_http()
        .enable_http1()
        .build();
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build(connector);
    let exchange = async {
        let answer = client
            .request(request)
            .await
            .map_err(|error| innermost(&error))?;
        let (parts, body) = answer.into_parts();
        let body = to_bytes(Body::new(body), BODY)
            .await
            .map_err(|error| innermost(&error))?;
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        })
    };
    timeout(LIMIT, exchange)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", LIMIT.as_secs())))
}

/// Returns the cause of an error: those around it only say that the request failed.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
