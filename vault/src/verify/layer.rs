//! Verification as a tower layer, for axum services that open the vault themselves.

use std::task::{Context, Poll};

use futures_util::future::{Either, Ready, ready};
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::identity::Verified;
use crate::caller::Caller;
use crate::vault::Vault;

impl Vault {
    /// Returns a layer that forwards requests with a good key and answers all others as `/verify` does. The inner
    /// service finds a [`Verified`](crate::Verified) in the request's extensions.
    ///
    /// To show the caller's address with the key's usage, put a [`Caller`] into the extensions before the layer. Calls
    /// are counted in memory: start [`Vault::start_flushing`] too, and stop it at the end.
    ///
    /// ```
    /// use axum::{Extension, Router, routing::get};
    /// use vault::{Vault, Verified};
    ///
    /// async fn orders(Extension(key): Extension<Verified>) -> String {
    ///     format!("the orders of {}, asked for by {}", key.account_id, key.name)
    /// }
    ///
    /// fn service(vault: &Vault) -> Router {
    ///     Router::new().route("/orders", get(orders)).layer(vault.guard())
    /// }
    /// ```
    pub fn guard(&self) -> GuardLayer {
        GuardLayer(self.clone())
    }
}

/// Builds [`Guard`]s; see [`Vault::guard`].
#[derive(Clone)]
pub struct GuardLayer(Vault);

impl<S> Layer<S> for GuardLayer {
    type Service = Guard<S>;

    fn layer(&self, inner: S) -> Guard<S> {
        Guard {
            vault: self.0.clone(),
            inner,
        }
    }
}

/// A service that forwards only requests with a good key; see [`Vault::guard`].
#[derive(Clone)]
pub struct Guard<S> {
    vault: Vault,
    inner: S,
}

impl<S, Sent, Answer> Service<Request<Sent>> for Guard<S>
where
    S: Service<Request<Sent>, Response = Response<Answer>>,
    Answer: From<Vec<u8>>,
{
    type Response = Response<Answer>;
    type Error = S::Error;
    type Future = Either<Ready<Result<Response<Answer>, S::Error>>, S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Sent>) -> Self::Future {
        let unknown = Caller::default();
        let caller = request.extensions().get::<Caller>().unwrap_or(&unknown);
        let headers = request.headers();
        let keys = self.vault.keys();
        let verdict = keys.verify(headers, caller).map(Verified::into_owned);
        drop(keys);
        match verdict {
            Ok(verified) => {
                request.extensions_mut().insert(verified);
                Either::Right(self.inner.call(request))
            }
            Err(rejection) => {
                let id = self.vault.request_id(headers);
                Either::Left(ready(Ok(rejection.response(&self.vault, id))))
            }
        }
    }
}
