//! The routes, and the middleware in front of each. An address is private unless it is named here or in
//! [`crate::routes::pages::PUBLIC`], or is a function whose registry entry says [`Access::Public`]. What a private one needs
//! of a session is in [`crate::routes::pages::NEEDS`] or in the registry.
//!
//! [`Access::Public`]: app::server_fns::registry::Access::Public

pub mod admin;
mod api_v1;
mod calendar;
pub mod enter;
mod export;
mod health;
pub mod metrics;
mod no_script_answer;
pub mod operator;
mod pages;
mod server_fns;
mod signed_out;
mod time_limit;
mod unsubscribe;
pub mod verify;
mod way_back;

use app::error::FnError;
use app::shell::App;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use leptos_axum::generate_route_list;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

use crate::http::{csrf, host, request_log, security_headers, session, trailing_slash};
use crate::state::AppState;
use crate::state::site_files;

/// Everything but `/verify`, which [`HttpService`](crate::serve::service::HttpService) answers.
pub fn router(state: AppState) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .merge(site())
        .merge(traced(&state))
        .layer(from_fn(trailing_slash::trim))
        .layer(from_fn_with_state(state.clone(), security_headers::protect))
        .with_state(state)
}

/// The routes with a request id: those that can wait, fail, or reach the database.
fn traced(state: &AppState) -> Router<AppState> {
    Router::new()
        .route(
            "/calendar/{file}",
            get(calendar::calendar).layer(from_fn_with_state(state.clone(), time_limit::keep)),
        )
        .route(
            "/unsubscribe",
            get(unsubscribe::page)
                .post(unsubscribe::one_click)
                .layer(from_fn_with_state(state.clone(), time_limit::keep)),
        )
        .nest("/v1", api_v1::routes(state))
        .merge(api_v1::root(state))
        .merge(if state.site.admin_apart {
            Router::new()
        } else {
            admin::routes(state).merge(operator::routes(state))
        })
        .merge(browser(state))
        .layer(from_fn_with_state(state.clone(), request_log::trace))
}

/// The routes for browsers: pages and the functions behind them.
fn browser(state: &AppState) -> Router<AppState> {
    let mut routes = Router::new();
    for listing in generate_route_list(App) {
        if ![pages::ENTER, pages::SIGNED_OUT].contains(&listing.path()) {
            routes = routes.route(listing.path(), get(pages::page));
        }
    }
    routes
        // Only pages are compressed: a response with a secret must not be (BREACH), and those come from functions.
        .route_layer(CompressionLayer::new())
        .route(pages::ENTER, get(enter::page).post(enter::enter))
        .route(pages::SIGNED_OUT, get(signed_out::page))
        .route("/fn/{*path}", any(server_fns::call))
        .route("/preferences/api-control/export.csv", get(export::csv_file))
        .route(
            "/preferences/api-control/export.json",
            get(export::json_file),
        )
        .fallback(pages::not_found)
        .layer(
            ServiceBuilder::new()
                .layer(CatchPanicLayer::custom(panic_response))
                .layer(from_fn_with_state(state.clone(), time_limit::keep))
                .layer(from_fn_with_state(state.clone(), csrf::same_origin))
                .layer(from_fn_with_state(state.clone(), host::reject_foreign))
                .layer(from_fn_with_state(state.clone(), session::identify)),
        )
}

/// Answers with a sentence when a page panics, rather than close the connection. The panic itself is in the log.
fn panic_response(_: Box<dyn std::any::Any + Send>) -> Response {
    let sentence = FnError::inside().message + "\n";
    (StatusCode::INTERNAL_SERVER_ERROR, sentence).into_response()
}

/// The site's files.
fn site() -> Router<AppState> {
    let mut routes = Router::new()
        .route("/pkg/{*file}", get(site_file))
        .route("/brand/{file}", get(site_file));
    for address in site_files::AT_ROOT {
        routes = routes.route(address, get(site_file));
    }
    routes
}

async fn site_file(State(state): State<AppState>, request: Request) -> Response {
    state.files.answer(&request)
}
