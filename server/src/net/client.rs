//! HTTP client of the commands: requests to a server of Keyhold, over TLS with the system's authorities.

use std::error::Error;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

/// The longest that a request may take, with its answer.
pub const LIMIT: Duration = Duration::from_secs(10);

/// The longest that a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

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

/// The reasons why there is no answer, as phrases without the address.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The request was not sent.
    #[error("{0}")]
    NotSent(String),
    /// The server may have acted on the request.
    #[error("{0}")]
    Lost(String),
    /// As [`Self::Lost`], and the time for it is over.
    #[error("{0}")]
    Late(String),
}

/// Connections to servers, which are kept for further requests.
pub struct Client {
    connections: legacy::Client<HttpsConnector<HttpConnector>, Body>,
    limit: Duration,
}

impl Client {
    /// `limit` is for each request with its answer. `with_tls` says whether any server has an https address: only then the system
    /// must have authorities.
    ///
    /// # Errors
    /// [`Unanswered::NotSent`] if the system has none.
    pub fn new(limit: Duration, with_tls: bool) -> Result<Self, Unanswered> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT));
        let tls = HttpsConnectorBuilder::new();
        // The system's authorities include an operator's own, also by SSL_CERT_FILE.
        let tls = if with_tls {
            tls.with_provider_and_native_roots(ring::default_provider())
                .map_err(|error| Unanswered::NotSent(format!("TLS cannot be set up: {error}")))?
        } else {
            let trusting_none =
                ClientConfig::builder_with_provider(ring::default_provider().into())
                    .with_safe_default_protocol_versions()
                    .map_err(|error| Unanswered::NotSent(format!("TLS cannot be set up: {error}")))?
                    .with_root_certificates(RootCertStore::empty())
                    .with_no_client_auth();
            tls.with_tls_config(trusting_none)
        };
        let connector = tls.https_or_http().enable_http1().wrap_connector(http);
        Ok(Self {
            connections: legacy::Client::builder(TokioExecutor::new()).build(connector),
            limit,
        })
    }

    /// Sends a request, and follows no redirect.
    ///
    /// # Errors
    /// An [`Unanswered`].
    pub async fn send(&self, mut request: Request<Body>) -> Result<Answer, Unanswered> {
        let agent = const {
            header::HeaderValue::from_static(concat!("keyhold/", env!("CARGO_PKG_VERSION")))
        };
        request.headers_mut().insert(header::USER_AGENT, agent);
        let exchange = async {
            let answer = self.connections.request(request).await;
            let answer = answer.map_err(|error| {
                let reason = innermost(&error);
                if error.is_connect() {
                    Unanswered::NotSent(reason)
                } else {
                    Unanswered::Lost(reason)
                }
            })?;
            let (parts, body) = answer.into_parts();
            let body = to_bytes(Body::new(body), BODY)
                .await
                .map_err(|error| Unanswered::Lost(innermost(&error)))?;
            Ok(Answer {
                status: parts.status,
                headers: parts.headers,
                body: String::from_utf8_lossy(&body).into_owned(),
            })
        };
        timeout(self.limit, exchange).await.unwrap_or_else(|_| {
            let reason = format!("no answer within {} s", self.limit.as_secs());
            Err(Unanswered::Late(reason))
        })
    }
}

/// Sends one request within [`LIMIT`], and follows no redirect.
///
/// # Errors
/// An [`Unanswered`].
pub async fn send(request: Request<Body>) -> Result<Answer, Unanswered> {
    let with_tls = request.uri().scheme_str() == Some("https");
    Client::new(LIMIT, with_tls)?.send(request).await
}

/// Returns the cause of an error: those around it only say that the request failed.
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
