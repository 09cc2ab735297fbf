//! What a request meets first that hyper has read: `/verify` is answered on the spot, everything else goes to the
//! router.
//!
//! A route costs more than the decision behind it, and connections on which a gateway asks for pages too have left
//! the [fast path](crate::fast_path).

use std::convert::Infallible;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Request, Response};
use axum::{BoxError, Router};
use futures_util::future::{Either, ready};
use tower::ServiceExt;

use crate::address::Peer;
use crate::router::router;
use crate::state::AppState;
use crate::verify;

/// Cheap to clone.
#[derive(Clone)]
pub struct Front {
    verify: Option<AppState>,
    router: Router,
}

impl Front {
    /// The whole application.
    pub fn new(state: AppState) -> Self {
        Self {
            router: router(state.clone()),
            verify: Some(state),
        }
    }

    /// What the fast path needs to answer `/verify`; none where that is not served.
    pub fn verify(&self) -> Option<&AppState> {
        self.verify.as_ref()
    }

    /// Answers a request. Its sender is unknown in tests that open no connection.
    pub fn answer<B>(
        &self,
        mut request: Request<B>,
        peer: Option<Peer>,
    ) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send + use<B>
    where
        B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        if let Some(state) = &self.verify
            && verify::is_meant(request.uri().path())
        {
            return Either::Left(ready(Ok(verified(state, &request, peer))));
        }
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        Either::Right(self.router.clone().oneshot(request.map(Body::new)))
    }
}

impl From<Router> for Front {
    /// Everything by `router`.
    fn from(router: Router) -> Self {
        Self {
            verify: None,
            router,
        }
    }
}

fn verified<B>(state: &AppState, request: &Request<B>, peer: Option<Peer>) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    let query = request.uri().query();
    let refusal = verify::refusal(state, request.headers(), query, peer, |name, value| {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(name, value);
        }
    });
    refusal.map_or(response, |refusal| refusal.map(Body::from))
}
