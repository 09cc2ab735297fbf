//! The rules for every request that hyper has read: RFC 9112, and the state of its connection afterwards.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::BoxError;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version};
use axum::response::IntoResponse;
use futures_util::future::{Either, ready};

use super::service::HttpService;
use crate::http::client_ip::Peer;
use crate::net::permits::Permit;

/// Bytes of a head that fit into hyper's first buffers. A longer one makes them grow, and they never shrink.
const LARGE: usize = 12 * 1024;

/// Answers a request on a connection from `peer`. If `closing` is true by the time the response is ready, it is the
/// connection's last.
pub fn answer<B>(
    service: &HttpService,
    request: Request<B>,
    peer: SocketAddr,
    permit: &Arc<Permit>,
    closing: &Arc<AtomicBool>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send + use<B>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    permit.busy();
    let large = is_large(&request);
    let answered = match fault(&request) {
        Some(sentence) => Either::Left(ready(Ok(bad_request(sentence)))),
        None => Either::Right(service.answer(request, Some(Peer(peer)))),
    };
    let (permit, closing) = (Arc::clone(permit), Arc::clone(closing));
    async move {
        let mut response = answered.await?;
        if response.status() == StatusCode::NOT_MODIFIED {
            // The length would be that of the content left out (RFC 9110, section 8.6); for HEAD axum gives that of the
            // empty body.
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        if closing.load(Ordering::Relaxed) {
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        } else if large && !response.headers().contains_key(CONNECTION) {
            permit.buffers_are_large();
        }
        permit.idle();
        Ok(response)
    }
}

/// Returns why a request is invalid, though hyper has read it.
pub(super) fn fault<B>(request: &Request<B>) -> Option<&'static str> {
    let headers = request.headers();
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        // RFC 9112, section 3.2.
        (None, _) if request.version() >= Version::HTTP_11 => Some("The request has no Host.\n"),
        (_, Some(_)) => Some("The request has more than one Host.\n"),
        // RFC 9112, section 6.1.
        _ if is_chunked_twice(headers) => Some("The body is chunked more than once.\n"),
        _ => None,
    }
}

fn is_chunked_twice(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(TRANSFER_ENCODING);
    let codings = codings
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let chunked = codings.filter(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"));
    chunked.count() > 1
}

fn bad_request(sentence: &'static str) -> Response<Body> {
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    let headers = [
        (CONNECTION, HeaderValue::from_static("close")),
        (CONTENT_TYPE, plain),
    ];
    (StatusCode::BAD_REQUEST, headers, sentence).into_response()
}

/// Returns whether a request has a large head and its connection stays open after it.
fn is_large<B: HttpBody>(request: &Request<B>) -> bool {
    let target = request.uri().path_and_query();
    let target = target.map_or(0, |target| target.as_str().len());
    let headers = request.headers();
    let lengths = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len());
    target + lengths.sum::<usize>() > LARGE
        && request.version() == Version::HTTP_11
        && request.body().is_end_stream()
        && !headers.contains_key(CONNECTION)
}
