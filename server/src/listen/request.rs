//! What holds for every request that hyper has read, whatever it asks for: RFC 9112, and how its connection goes on.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONNECTION, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version};
use axum::{BoxError, response::IntoResponse};
use futures_util::future::{Either, ready};

use super::places::Place;
use crate::address::Peer;
use crate::front::Front;

/// Bytes of a head after which a connection is closed, because hyper would keep a buffer for them as long as it
/// lives. The fast path leaves longer ones to hyper.
pub const LARGE_HEAD: usize = 16 * 1024;

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// Answers a request that came over a connection from `peer`.
pub fn answer<B>(
    front: &Front,
    request: Request<B>,
    peer: SocketAddr,
    place: &Arc<Place>,
) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send + use<B>
where
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    place.busy();
    let large = least_bytes(&request) > LARGE_HEAD;
    let answered = match fault(&request) {
        Some(sentence) => Either::Left(ready(Ok(bad_request(sentence)))),
        None => Either::Right(front.answer(request, Some(Peer(peer)))),
    };
    let place = Arc::clone(place);
    async move {
        let mut response = answered.await?;
        if large {
            response.headers_mut().insert(CONNECTION, CLOSE);
        }
        place.idle();
        Ok(response)
    }
}

/// Why a request is none that can be answered, though hyper has read it.
fn fault<B>(request: &Request<B>) -> Option<&'static str> {
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
    let headers = [
        (CONNECTION, CLOSE),
        (
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        ),
    ];
    (StatusCode::BAD_REQUEST, headers, sentence).into_response()
}

/// How long a head was at least: blanks around values are gone by now.
fn least_bytes<B>(request: &Request<B>) -> usize {
    let target = request
        .uri()
        .path_and_query()
        .map_or(1, |target| target.as_str().len());
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| name.as_str().len() + value.len() + 2);
    target + headers.sum::<usize>()
}
