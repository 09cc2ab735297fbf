//! Which address leads where, and through which middleware. Everything is private unless it is named here or
//! in [`crate::pages::PUBLIC`] or is a function whose registry entry says [`Access::Public`].
//!
//! [`Access::Public`]: app::functions::registry::Access::Public

use std::time::Duration;

use app::shell::App;
use axum::Router;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use leptos_axum::generate_route_list;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;

use crate::state::AppState;
use crate::{api, calendar, functions, headers, origin, pages, session, trace};

/// The longest that a page or a function may take. Verification has no clock on it: it waits for nothing.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Files at the root of the site, beside `/pkg`.
const FILES: [&str; 2] = ["/favicon.svg", "/robots.txt"];

fn timeout() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIMEOUT)
}

/// Everything but `/verify`, which [`Front`](crate::front::Front) answers.
pub fn router(state: AppState) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .merge(files(&state))
        .merge(traced(&state))
        .with_state(state)
}

/// What a request id is worth while for: everything that can wait, fail, or go on to the database.
fn traced(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/calendar/{file}", get(calendar::calendar).layer(timeout()))
        .nest("/v1", api::routes(state))
        .merge(api::root(state))
        .merge(browser(state))
        .layer(from_fn_with_state(state.clone(), trace::trace))
}

/// What people see: pages and the functions behind them.
fn browser(state: &AppState) -> Router<AppState> {
    let mut routes = Router::new();
    for listing in generate_route_list(App) {
        routes = routes.route(listing.path(), get(pages::page));
    }
    routes
        // Only what comes from here is compressed: an answer that holds a secret is not (BREACH), and such an
        // answer comes from a function.
        .route_layer(CompressionLayer::new())
        .route("/fn/{*path}", any(functions::call))
        .fallback(pages::not_found)
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(state.clone(), headers::protect))
                .layer(CatchPanicLayer::custom(fault))
                .layer(timeout())
                .layer(from_fn_with_state(state.clone(), origin::same_origin))
                .layer(from_fn_with_state(state.clone(), session::identify)),
        )
}

/// What is answered when a page panics: a sentence, rather than a connection that closes. The panic itself is
/// in the log, where the runtime writes it.
fn fault(_: Box<dyn std::any::Any + Send>) -> Response {
    let sentence = "Something went wrong inside Keyhold. Try again.\n";
    (StatusCode::INTERNAL_SERVER_ERROR, sentence).into_response()
}

/// The site's files, compressed ahead of time. Where names under `/pkg` change with their content, browsers
/// may keep them for ever.
fn files(state: &AppState) -> Router<AppState> {
    let compressed = |name: &str| {
        ServeFile::new(state.site_root.join(name.trim_start_matches('/')))
            .precompressed_br()
            .precompressed_gzip()
    };
    let package = ServeDir::new(state.site_root.join("pkg"))
        .precompressed_br()
        .precompressed_gzip();
    let keep = if state.leptos.hash_files {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let kept = SetResponseHeaderLayer::overriding(
        CACHE_CONTROL,
        move |response: &axum::http::Response<_>| -> Option<HeaderValue> {
            response
                .status()
                .is_success()
                .then_some(HeaderValue::from_static(keep))
        },
    );
    let mut routes =
        Router::new().nest_service("/pkg", ServiceBuilder::new().layer(kept).service(package));
    for name in FILES {
        routes = routes.route_service(name, compressed(name));
    }
    routes.layer(SetResponseHeaderLayer::if_not_present(
        axum::http::header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ))
}

/// 200 `ok` while verification can be trusted, whether or not changes can be made.
pub(crate) async fn healthz(State(state): State<AppState>) -> impl IntoResponse {
    if state.vault.is_trusted() {
        (StatusCode::OK, "ok")
    } else {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "verification cannot be trusted",
        )
    }
}

/// 200 `ready` when all of Keyhold works; else 503 with a line for each fault.
pub(crate) async fn readyz(State(state): State<AppState>) -> impl IntoResponse {
    let faults = state.vault.readiness().report();
    if faults.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    let lines = faults
        .iter()
        .map(|(cause, sentence)| format!("{}: {sentence}\n", cause.slug()));
    (StatusCode::SERVICE_UNAVAILABLE, lines.collect())
}
