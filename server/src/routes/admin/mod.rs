//! The management API under `/admin/v1`, for the company's own programs and its command line.
//!
//! A request passes the time limit, the token and its scope ([`access`]), then the readers of input ([`input`], [`query`]), and
//! calls one operation of `vault::operators`. Every refusal is a [`problem::Problem`]. The document `/openapi.json` is made
//! from the handlers here ([`document`]), which is why each has its description beside it, and the page `/admin/reference` from
//! the document ([`reference`]).

mod access;
mod accounts;
mod answer;
mod audit;
mod code;
mod decision;
pub mod document;
mod input;
mod keys;
mod member;
mod parameters;
mod portal;
mod problem;
mod query;
mod reference;
mod tokens;

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::{request_log, security_headers};
use crate::routes::operator;
use crate::state::AppState;
use problem::{Answers, Code, Problem};

/// Connections at the same time, on a listener of its own.
pub const CONNECTIONS: usize = 256;
/// The longest for all but a change on a database server, as for pages.
const REST: Duration = Duration::from_secs(30);

/// The operations, with their descriptions. Their paths are without the prefix.
fn operations() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(document::outline())
        .routes(routes!(accounts::list, accounts::create))
        .routes(routes!(accounts::show, accounts::edit, accounts::delete))
        .routes(routes!(accounts::suspend))
        .routes(routes!(accounts::resume))
        .routes(routes!(accounts::end_sessions))
        .routes(routes!(keys::list_of_account, keys::create))
        .routes(routes!(keys::list))
        .routes(routes!(decision::verify))
        .routes(routes!(keys::show, keys::edit, keys::delete))
        .routes(routes!(keys::expire))
        .routes(routes!(keys::restore))
        .routes(routes!(portal::create))
        .routes(routes!(portal::show, portal::end))
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(audit::list))
}

/// The routes, with their prefix.
pub fn routes(state: &AppState) -> Router<AppState> {
    let (operations, _) = operations().split_for_parts();
    let guarded = operations
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(state.clone(), access::admit));
    let open = Router::new().route("/openapi.json", get(document::openapi));
    Router::new()
        .nest("/admin/v1", open.merge(guarded))
        .route("/admin/reference", get(reference::page))
        .route("/admin/reference.css", get(reference::style))
        .route("/admin/v1/", any(not_found))
        .route("/admin", any(not_found))
        .route("/admin/", any(not_found))
        .layer(from_fn_with_state(state.clone(), problem::render))
        .layer(from_fn_with_state(state.clone(), keep_time))
        .layer(CatchPanicLayer::custom(panic_response(state)))
}

/// The router of a listener that serves nothing but the management API and the operators' page.
pub fn alone(state: AppState) -> Router {
    let log = from_fn_with_state(state.clone(), request_log::trace);
    routes(&state)
        .merge(operator::routes(&state))
        .fallback(not_found)
        .layer(from_fn_with_state(state.clone(), problem::render))
        .layer(log)
        .layer(from_fn_with_state(state.clone(), security_headers::protect))
        .with_state(state)
}

/// Answers a request within the limit; a change that is late goes on. No answer may be stored on its way.
async fn keep_time(State(state): State<AppState>, request: Request, next: Next) -> Response<Body> {
    let answers = Answers::of(&state, request.headers());
    let limit = REST + state.vault.longest_change();
    let mut response = match timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => answers.problem(&Problem::new(
            Code::Unavailable,
            "Keyhold took too long. A change may have been made: send it again with the same Idempotency-Key.",
        )),
    };
    let headers = response.headers_mut();
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Returns the answer for a panic. The panic itself is in the log.
fn panic_response(
    state: &AppState,
) -> impl Fn(Box<dyn Any + Send>) -> Response<Body> + Clone + use<> {
    let state = state.clone();
    move |_| {
        let answers = Answers::of(&state, &HeaderMap::new());
        answers.problem(&Problem::new(Code::Internal, "The fault is in the log."))
    }
}

async fn not_found() -> Response<Body> {
    Problem::new(Code::NotFound, "Nothing exists at this address.").into_response()
}

async fn method_not_allowed() -> Response<Body> {
    let detail = "This address does not support this method.";
    Problem::new(Code::MethodNotAllowed, detail).into_response()
}
