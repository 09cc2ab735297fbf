//! The way to the server functions: who may call them, what a call may hold, and what a browser without
//! JavaScript is answered.
//!
//! A program or our own script asks for JSON and gets JSON. A plain form asks for HTML: it is redirected when
//! the call succeeded, and answered with its own page, what was typed and what is wrong, when it failed.

use std::time::Duration;

use app::error::FnError;
use app::forms::form_replay::{Replay, SecretJson};
use app::server_fns::context::Request as AppRequest;
use app::server_fns::registry::{Access, Done, Function};
use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::{
    ACCEPT, ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HOST, REFERER, RETRY_AFTER, SET_COOKIE,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect};
use leptos::prelude::provide_context;
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use percent_encoding::percent_decode;
use shared::token::AccessKey;

use super::pages::{local_path, render, sign_in_address};
use crate::config::http;
use crate::state::AppState;

/// The longest body, in bytes. The longest honest one, a description of 500 characters that each take twelve
/// bytes when encoded, has a tenth of it.
const BODY_LIMIT: usize = 64 * 1024;

/// The longest that a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

type Fields = Vec<(String, String)>;

/// Answers `/fn/…`.
pub async fn call(
    State(state): State<AppState>,
    Extension(known): Extension<AppRequest>,
    request: Request<Body>,
) -> Response<Body> {
    let wants_page = wants_page(request.headers());
    let Some(function) = state
        .functions
        .iter()
        .find(|function| function.path == request.uri().path())
    else {
        return json_error(&FnError::new(
            FnError::NOT_FOUND,
            "There is no such function.",
        ));
    };
    if request.method() != Method::POST {
        let mut response = json_error(&FnError::new(
            "method_not_allowed",
            "Functions are called by POST.",
        ));
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    if function.access == Access::SignedIn && known.session.is_none() {
        return if wants_page {
            session_has_ended(&back(request.headers(), &state.site.base_url))
        } else {
            json_error(&FnError::unauthenticated())
        };
    }
    let (parts, body) = request.into_parts();
    let fields = match read_fields(function, &parts.headers, body).await {
        Ok(fields) => fields,
        Err((status, error)) => {
            let mut response = json_error(&error);
            *response.status_mut() = status;
            return response;
        }
    };
    let outcome = run(function, &parts.headers, &known, &fields).await;
    if wants_page {
        as_page(&state, function, parts, known, fields, outcome).await
    } else {
        as_json(outcome)
    }
}

fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).is_some_and(|accept| {
        let accept = String::from_utf8_lossy(accept.as_bytes());
        accept.contains("text/html") && !accept.contains("application/json")
    })
}

/// The form's fields: each known, each at most once.
async fn read_fields(
    function: &Function,
    headers: &HeaderMap,
    body: Body,
) -> Result<Fields, (StatusCode, FnError)> {
    let bad = |status, message: String| (status, FnError::new("bad_request", message));
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        // Parameters say nothing here, not even if they are no text.
        let mut parts = kind.as_bytes().split(|byte| *byte == b';');
        let kind = parts.next().unwrap_or_default().trim_ascii();
        if !kind.is_empty() && !kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            let message = "Send the fields as application/x-www-form-urlencoded.".to_owned();
            return Err(bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
    }
    let too_large = || {
        bad(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The request is larger than {BODY_LIMIT} bytes."),
        )
    };
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_LIMIT) {
        return Err(too_large());
    }
    let bytes = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, BODY_LIMIT))
        .await
        .map_err(|_| {
            let message = "The request did not arrive in time.".to_owned();
            bad(StatusCode::REQUEST_TIMEOUT, message)
        })?
        .map_err(|_| too_large())?;
    if percent_decode(&bytes).decode_utf8().is_err() {
        return Err(bad(
            StatusCode::BAD_REQUEST,
            "The fields are not UTF-8.".to_owned(),
        ));
    }
    let mut fields = Fields::new();
    for (name, value) in form_urlencoded::parse(&bytes) {
        if !function.fields.contains(&name.as_ref()) {
            let name: String = name.chars().take(40).collect();
            return Err(bad(
                StatusCode::BAD_REQUEST,
                format!("There is no field named {name:?} here."),
            ));
        }
        if fields.iter().any(|(known, _)| *known == name) {
            return Err(bad(
                StatusCode::BAD_REQUEST,
                format!("The field {name:?} is given twice."),
            ));
        }
        fields.push((name.into_owned(), value.into_owned()));
    }
    Ok(fields)
}

/// What came of a call: its JSON or its error, and the cookies it set.
struct Outcome {
    result: Result<Vec<u8>, FnError>,
    cookies: Vec<HeaderValue>,
}

async fn run(
    function: &Function,
    headers: &HeaderMap,
    known: &AppRequest,
    fields: &Fields,
) -> Outcome {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static(function.path);
    *request.headers_mut() = headers.clone();
    request.headers_mut().remove(CONTENT_LENGTH);
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, form);
    // Always JSON, so that no redirect is made here: what a plain form is answered is decided above.
    request
        .headers_mut()
        .insert(ACCEPT, HeaderValue::from_static("application/json"));
    let known = known.clone();
    let response = leptos_axum::handle_server_fns_with_context(
        move || provide_context(known.clone()),
        request,
    )
    .await
    .into_response();
    let failed =
        response.headers().contains_key(SERVER_FN_ERROR_HEADER) || !response.status().is_success();
    let cookies = response
        .headers()
        .get_all(SET_COOKIE)
        .iter()
        .cloned()
        .collect();
    let inside = || {
        FnError::new(
            "internal",
            "Something went wrong inside Keyhold. Try again.",
        )
    };
    let result = match to_bytes(response.into_body(), usize::MAX).await {
        Ok(bytes) if failed => Err(serde_json::from_slice(&bytes).unwrap_or_else(|_| inside())),
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(_) => Err(inside()),
    };
    Outcome { result, cookies }
}

fn as_json(outcome: Outcome) -> Response<Body> {
    let mut response = match outcome.result {
        Ok(json) => ([(CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => json_error(&error),
    };
    append_cookies(&mut response, outcome.cookies);
    response
}

/// An error of a function, as JSON.
pub fn json_error(error: &FnError) -> Response<Body> {
    let mut response = axum::Json(error).into_response();
    finish_error(&mut response, error);
    response
}

fn finish_error(response: &mut Response<Body>, error: &FnError) {
    *response.status_mut() =
        StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = error.retry_after {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
}

fn append_cookies(response: &mut Response<Body>, cookies: Vec<HeaderValue>) {
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// Answers a plain form.
async fn as_page(
    state: &AppState,
    function: &Function,
    parts: axum::http::request::Parts,
    known: AppRequest,
    fields: Fields,
    outcome: Outcome,
) -> Response<Body> {
    let back = back(&parts.headers, &state.site.base_url);
    let field = |name: &str| {
        fields
            .iter()
            .find(|(field, _)| field == name)
            .map_or("", |(_, value)| value.as_str())
    };
    let mut response = match (&outcome.result, function.done) {
        (Ok(_), Done::Redirect(to)) => Redirect::to(&fill(to, field)).into_response(),
        (Ok(_), Done::Back) => Redirect::to(&back).into_response(),
        _ => {
            let address = function.page.map_or(back, |page| fill(page, field));
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = address.parse().unwrap_or_default();
            *request.headers_mut() = parts.headers;
            request.extensions_mut().insert(known);
            let replay = Replay {
                path: function.path.to_owned(),
                fields: fields
                    .into_iter()
                    .filter(|(name, _)| !name.contains("password"))
                    .collect(),
                outcome: outcome
                    .result
                    .clone()
                    .map(|json| SecretJson(String::from_utf8_lossy(&json).into_owned())),
            };
            let mut response = render(state, request, Some(replay)).await;
            if let Err(error) = &outcome.result {
                finish_error(&mut response, error);
            }
            response
        }
    };
    append_cookies(&mut response, outcome.cookies);
    response
}

/// Sends a form without JavaScript to sign in, and says there why nothing came of it.
fn session_has_ended(back: &str) -> Response<Body> {
    let address = sign_in_address(back);
    let more = if address.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{address}{more}done=ended")).into_response()
}

/// Puts a form's fields into the address of a page. What does not fit there is left out.
fn fill<'a>(pattern: &str, field: impl Fn(&str) -> &'a str) -> String {
    if pattern == "{next}" {
        return local_path(field("next")).to_owned();
    }
    let access_key = field("access_key")
        .parse::<AccessKey>()
        .map(|key| key.to_string())
        .unwrap_or_default();
    pattern.replace("{access_key}", &access_key)
}

/// The page of ours that a form was sent from, or the Dashboard.
fn back(headers: &HeaderMap, base_url: &str) -> String {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| std::str::from_utf8(value.as_bytes()).ok())
    };
    let referer: Option<Uri> = text(REFERER).and_then(|referer| referer.parse().ok());
    let Some(referer) = referer else {
        return "/".to_owned();
    };
    let own = text(REFERER).and_then(http::origin);
    let ours = own.is_some_and(|own| {
        let host = text(HOST).unwrap_or_default();
        own == base_url
            || ["http", "https"]
                .iter()
                .any(|scheme| http::origin(&format!("{scheme}://{host}")).as_ref() == Some(&own))
    });
    let path = referer
        .path_and_query()
        .filter(|_| ours)
        .map_or("/", |whole| whole.as_str());
    // A page that answered a post stands at the function's address, where there is nothing to go back to.
    if path.starts_with("/fn/") {
        "/".to_owned()
    } else {
        local_path(path).to_owned()
    }
}
