//! The operators' page, `/operator`: the company's support staff find an account or a key, see what its owner sees, suspend and
//! expire. The server alone renders it, as the API reference: nothing of it is in the customers' module or style, and it needs
//! no script.
//!
//! A request passes the check of its origin and of its address, then the session of an operator ([`access`]); each page and each act asks for its
//! scope. What is read and done is the vault's: the queries of the owner's own pages, and `vault::operators`. It is served where
//! the management API is.

mod access;
mod account;
mod acts;
mod form;
mod frame;
mod key;
mod mails;
mod parts;
mod search;
mod sign_in;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get, post};
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;

use super::{panic_response, time_limit};
use crate::http::host;
use crate::state::AppState;

/// The routes, with their prefix.
pub fn routes(state: &AppState) -> Router<AppState> {
    let guarded = Router::new()
        .route("/operator", get(search::home))
        .route("/operator/search", post(search::search))
        .route("/operator/accounts/{id}", get(account::page))
        .route("/operator/accounts/{id}/suspend", post(account::suspend))
        .route("/operator/accounts/{id}/resume", post(account::resume))
        .route("/operator/keys/{access_key}", get(key::page))
        .route("/operator/keys/{access_key}/expire", post(key::expire))
        .route("/operator/keys/{access_key}/restore", post(key::restore))
        .route("/operator/sign-out", post(sign_in::sign_out))
        .route("/operator/", any(frame::not_found))
        .route("/operator/{*rest}", any(frame::not_found))
        .method_not_allowed_fallback(access::page_instead)
        .layer(from_fn_with_state(state.clone(), access::admit));
    let open = Router::new()
        .route(
            "/operator/sign-in",
            get(sign_in::page).post(sign_in::sign_in),
        )
        .route("/operator/style.css", get(frame::style));
    let routes = guarded.merge(open).layer(
        ServiceBuilder::new()
            .layer(CatchPanicLayer::custom(panic_response))
            .layer(from_fn_with_state(state.clone(), time_limit::keep))
            .layer(from_fn_with_state(state.clone(), access::same_origin))
            .layer(from_fn_with_state(state.clone(), access::no_credential)),
    );
    // A listener of its own has other names than the base URL.
    if state.site.admin_apart {
        routes
    } else {
        routes.layer(from_fn_with_state(state.clone(), host::reject_foreign))
    }
}
