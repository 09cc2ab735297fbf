//! The entry point of requests that hyper has read: `/verify` is answered immediately, everything else goes to the
//! router.
//!
//! A route costs more than the decision behind it, and a connection on which a gateway also requests pages has left the
//! [fast path](crate::fast_path).

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use axum::{BoxError, Router};
use futures_util::future::{Either, ready};
use tower::ServiceExt;

use super::starting;
use crate::http::client_ip::{Peer, caller};
use crate::routes::router;
use crate::routes::verify;
use crate::state::AppState;

/// The service that hyper calls. Cheap to clone.
#[derive(Clone, Default)]
pub struct HttpService(Arc<OnceLock<Open>>);

/// The means to answer requests, once the vault is open.
struct Open {
    verify: Option<AppState>,
    router: Router,
}

impl HttpService {
    /// Serves the whole application.
    pub fn new(state: AppState) -> Self {
        let service = Self::starting();
        service.open(state);
        service
    }

    /// Answers that Keyhold is starting, until it is opened.
    pub fn starting() -> Self {
        Self::default()
    }

    /// Serves the whole application from now on.
    pub fn open(&self, state: AppState) {
        let router = router(state.clone());
        let verify = Some(state);
        let _ = self.0.set(Open { verify, router });
    }

    /// Answers every request by `router` from now on.
    pub fn open_router(&self, router: Router) {
        let verify = None;
        let _ = self.0.set(Open { verify, router });
    }

    /// Returns the state from which the fast path answers `/verify`; none where that is not served.
    pub fn verify(&self) -> Option<&AppState> {
        self.0.get()?.verify.as_ref()
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
        let Some(open) = self.0.get() else {
            let uri = request.uri();
            return Either::Left(ready(Ok(starting::answer(uri.path(), uri.query()))));
        };
        if let Some(state) = &open.verify
            && verify::is_verify_path(request.uri().path())
        {
            return Either::Left(ready(Ok(verified(state, &request, peer))));
        }
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        Either::Right(open.router.clone().oneshot(request.map(Body::new)))
    }
}

impl From<Router> for HttpService {
    /// Serves every request by `router`.
    fn from(router: Router) -> Self {
        let service = Self::starting();
        service.open_router(router);
        service
    }
}

fn verified<B>(state: &AppState, request: &Request<B>, peer: Option<Peer>) -> Response<Body> {
    let headers = request.headers();
    let id = state.vault.request_id(headers);
    let caller = caller(peer, headers, &state.trusted_proxies);
    let keys = state.vault.keys();
    match keys.verify(headers, &caller) {
        Ok(verified) => {
            let mut response = Response::new(Body::empty());
            verify::accept(state, &verified, &id, response.headers_mut());
            response
        }
        Err(rejection) => {
            let query = request.uri().query();
            verify::reject(state, rejection, id, query).map(Body::from)
        }
    }
}
