//! What a request meets first: `/verify` is answered on the spot, everything else goes to the router.
//!
//! The router has `/verify` too, with the same answer; but a route costs more than the decision behind it, and
//! this one is asked a thousand times for each click on a page.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use futures_util::future::{Either, ready};
use hyper::body::Incoming;
use tower::ServiceExt;

use crate::address::Peer;
use crate::state::AppState;
use crate::verify;

/// Cheap to clone.
#[derive(Clone)]
pub struct Front {
    verify: Option<AppState>,
    router: Router,
}

impl Front {
    /// Answers `/verify` by itself, and the rest by `router`.
    pub fn new(state: AppState, router: Router) -> Self {
        Self {
            verify: Some(state),
            router,
        }
    }

    pub fn answer(
        &self,
        mut request: Request<Incoming>,
        peer: Peer,
    ) -> impl Future<Output = Result<Response<Body>, Infallible>> + Send + use<> {
        if let Some(state) = &self.verify
            && verify::is_meant(request.uri().path())
        {
            return Either::Left(ready(Ok(verify::answer(state, &request, Some(peer)))));
        }
        request.extensions_mut().insert(peer);
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
