//! The REST API under `/v1`: read-only, for programs, behind the same guard as `/verify`. The owner is the
//! account of the verified key and nothing else.

use std::any::Any;
use std::collections::HashMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, Response};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use axum::{Extension, Json, Router};
use serde::Serialize;
use shared::list::ListQuery;
use shared::problem::Code;
use shared::status::Status;
use shared::view::{Counts, KeyView};
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;
use vault::verify::Rejection;
use vault::{Account, Vault, Verified};

use crate::http::client_ip::caller;
use crate::state::AppState;

/// The limit of a response, as for pages; a late one becomes a problem response.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The routes, without the prefix.
pub fn routes(state: &AppState) -> Router<AppState> {
    let routes = Router::new()
        .route("/account", get(account))
        .route("/keys", get(keys))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    guarded(routes, state)
}

/// `/v1/` itself, which the prefix does not cover.
pub fn root(state: &AppState) -> Router<AppState> {
    guarded(Router::new().route("/v1/", any(not_found)), state)
}

/// Puts routes behind the guard. Read from the bottom: the caller, its key, and the key's account.
fn guarded(routes: Router<AppState>, state: &AppState) -> Router<AppState> {
    routes
        .layer(from_fn_with_state(state.clone(), with_account))
        .layer(state.vault.guard())
        .layer(from_fn_with_state(state.clone(), with_caller))
        .layer(CatchPanicLayer::custom(panic_response(state)))
}

async fn with_caller(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let caller = caller(
        request.extensions().get().copied(),
        request.headers(),
        &state.trusted_proxies,
    );
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Passes a request on with the account of its key.
async fn with_account(
    State(state): State<AppState>,
    Extension(key): Extension<Verified>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let headers = request.headers().clone();
    let answered = async {
        let vault = state.vault.of_request();
        let account = vault.account(&key.account_id).await?;
        request.extensions_mut().insert(account);
        request.extensions_mut().insert(vault);
        Ok(next.run(request).await)
    };
    match timeout(TIMEOUT, answered).await {
        Ok(Ok(mut response)) => {
            key.identify(response.headers_mut());
            response
                .headers_mut()
                .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Ok(Err(error)) => unavailable(&state, &headers, &error),
        Err(_) => reject(Code::Unavailable, &state, &headers),
    }
}

/// Returns the answer for a panic of the API. The panic itself is in the log.
fn panic_response(
    state: &AppState,
) -> impl Fn(Box<dyn Any + Send>) -> Response<Body> + Clone + use<> {
    let state = state.clone();
    move |_| reject(Code::Unavailable, &state, &HeaderMap::new())
}

#[derive(Serialize)]
struct AccountBody {
    id: String,
    /// The company's own id of the account, if it has one.
    external_id: Option<String>,
    /// None for an account that the company manages without one.
    email: Option<String>,
    time_zone: String,
    warning_days: i64,
}

async fn account(Extension(account): Extension<Account>) -> Json<AccountBody> {
    Json(AccountBody {
        time_zone: account.time_zone.name().to_owned(),
        warning_days: account.warning_days,
        email: account.address().map(str::to_owned),
        external_id: account.external_id,
        id: account.id,
    })
}

#[derive(Serialize)]
struct KeyBody {
    access_key: String,
    name: String,
    description: String,
    status: Status,
    /// RFC 3339.
    created_at: String,
    /// RFC 3339; null: never.
    expires_at: Option<String>,
    /// RFC 3339; null: no call with it was accepted yet.
    last_used_at: Option<String>,
}

impl From<KeyView> for KeyBody {
    fn from(key: KeyView) -> Self {
        // Without `..`, so that a new field has to be used or left out deliberately.
        let KeyView {
            access_key,
            name,
            description,
            status,
            created,
            expires,
            used,
            calls: _,
            version: _,
            offers: _,
        } = key;
        Self {
            access_key,
            name,
            description,
            status,
            created_at: created.rfc3339,
            expires_at: expires.map(|moment| moment.rfc3339),
            last_used_at: used.map(|moment| moment.rfc3339),
        }
    }
}

#[derive(Serialize)]
struct KeysBody {
    keys: Vec<KeyBody>,
    counts: Counts,
    page: u32,
    pages: u32,
}

/// Lists keys. `q`, `status`, `show`, `sort` and `page` mean the same as in the address of API Control, but an unknown value
/// is an error, and a page behind the last one is empty. A page has 50 keys whatever the account has chosen for its own.
async fn keys(
    State(state): State<AppState>,
    Extension(vault): Extension<Vault>,
    Extension(account): Extension<Account>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response<Body> {
    let text = |name: &str| query.get(name).map_or("", String::as_str);
    let query = ListQuery::parse_strictly(
        text("q"),
        text("status"),
        text("show"),
        text("sort"),
        text("page"),
    );
    let query = match query {
        Ok(query) => query,
        Err(detail) => {
            let id = state.vault.request_id(&headers);
            return Rejection::Parameter(detail).response(&state.vault, id);
        }
    };
    match vault.list_keys_for_program(&account, &query).await {
        Ok(list) => Json(KeysBody {
            keys: list.keys.into_iter().map(KeyBody::from).collect(),
            counts: list.counts,
            page: list.page,
            pages: list.pages,
        })
        .into_response(),
        Err(error) => unavailable(&state, &headers, &error),
    }
}

async fn not_found(State(state): State<AppState>, headers: HeaderMap) -> Response<Body> {
    reject(Code::NotFound, &state, &headers)
}

async fn method_not_allowed(State(state): State<AppState>, headers: HeaderMap) -> Response<Body> {
    reject(Code::MethodNotAllowed, &state, &headers)
}

fn unavailable(state: &AppState, headers: &HeaderMap, error: &vault::Error) -> Response<Body> {
    tracing::error!(%error, "the REST API could not answer");
    reject(Code::Unavailable, state, headers)
}

fn reject(code: Code, state: &AppState, headers: &HeaderMap) -> Response<Body> {
    Rejection::Code(code).response(&state.vault, state.vault.request_id(headers))
}
