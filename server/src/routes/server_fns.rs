//! The route to the server functions: access, limits and fields of a call.
//!
//! A program or our own script asks for JSON and gets JSON. A plain form asks for HTML: see [`super::no_script_answer`].

use std::sync::PoisonError;
use std::time::Duration;

use app::client::call::{FormFields, Reply};
use app::error::FnError;
use app::server_fns::context::RequestContext;
use app::server_fns::registry::{Access, Function};
use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::{ACCEPT, ALLOW, CONTENT_LENGTH, CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use axum::response::IntoResponse;
use leptos::prelude::{Owner, ScopedFuture, provide_context};
use leptos_axum::ResponseOptions;
use percent_encoding::percent_decode;

use super::no_script_answer::{as_page, session_has_ended, to_form};
use crate::http::fn_error::json_error;
use crate::state::AppState;

/// The longest body, in bytes. The longest legitimate one, a description of 500 characters that each take twelve bytes
/// when encoded, is a tenth of it.
const BODY_LIMIT: usize = 64 * 1024;

/// The longest body that names keys: ten thousand of them, each as a field of its own.
const KEYS_LIMIT: usize = 256 * 1024;

/// The longest that a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers `/fn/…`.
pub async fn call(
    State(state): State<AppState>,
    Extension(context): Extension<RequestContext>,
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
    // The address remains in the browser after a form, where it can be opened again.
    if request.method() == Method::GET
        && wants_page
        && let Some(page) = function.page
    {
        return to_form(page);
    }
    if request.method() != Method::POST {
        let mut response = json_error(&FnError::new(
            "method_not_allowed",
            "Call functions with POST.",
        ));
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    if function.access != Access::Public && context.session.is_none() {
        return if wants_page {
            session_has_ended(request.headers(), &state.site)
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
    let (reply, cookies) = run(function, context.clone(), fields.clone()).await;
    let mut response = if wants_page {
        as_page(&state, function, parts, context, fields, reply).await
    } else {
        as_json(reply)
    };
    for cookie in cookies {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

pub(super) fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).is_some_and(|accept| {
        let accept = String::from_utf8_lossy(accept.as_bytes());
        accept.contains("text/html") && !accept.contains("application/json")
    })
}

/// Reads the form's fields. Each must be known and may appear once, except `key`, a checkbox: it adds to `access_keys`.
async fn read_fields(
    function: &Function,
    headers: &HeaderMap,
    body: Body,
) -> Result<FormFields, (StatusCode, FnError)> {
    let bad = |status, message: String| (status, FnError::new("bad_request", message));
    if let Some(kind) = headers.get(CONTENT_TYPE) {
        // Parameters are ignored, even if they are not text.
        let mut parts = kind.as_bytes().split(|byte| *byte == b';');
        let kind = parts.next().unwrap_or_default().trim_ascii();
        if !kind.is_empty() && !kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            let message = "Send the fields as application/x-www-form-urlencoded.".to_owned();
            return Err(bad(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
    }
    let names_keys = function.fields.contains(&"access_keys");
    let limit = if names_keys { KEYS_LIMIT } else { BODY_LIMIT };
    let too_large = || {
        bad(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The request is larger than {limit} bytes."),
        )
    };
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let bytes = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, limit))
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
    let mut fields = FormFields::new();
    let mut keys = String::new();
    for (name, value) in form_urlencoded::parse(&bytes) {
        if names_keys && name == "key" {
            keys = keys + " " + &value;
            continue;
        }
        if !function.fields.contains(&name.as_ref()) {
            let name: String = name.chars().take(40).collect();
            return Err(bad(
                StatusCode::BAD_REQUEST,
                format!("This function has no field {name:?}."),
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
    if !keys.is_empty() {
        match fields.iter_mut().find(|(name, _)| name == "access_keys") {
            Some((_, named)) => named.push_str(&keys),
            None => fields.push(("access_keys".to_owned(), keys.trim_start().to_owned())),
        }
    }
    Ok(fields)
}

/// Calls a function with the context of its request, and collects the cookies that it sets.
async fn run(
    function: &Function,
    context: RequestContext,
    fields: FormFields,
) -> (Reply, Vec<HeaderValue>) {
    let options = ResponseOptions::default();
    let answer = options.clone();
    let owner = Owner::new();
    let reply = owner
        .with(|| {
            provide_context(context);
            provide_context(options);
            ScopedFuture::new((function.run)(fields))
        })
        .await;
    let parts = answer.0.read().unwrap_or_else(PoisonError::into_inner);
    let cookies = parts.headers.get_all(SET_COOKIE).iter().cloned().collect();
    (reply, cookies)
}

fn as_json(reply: Reply) -> Response<Body> {
    match reply {
        Ok(json) => ([(CONTENT_TYPE, "application/json")], json.0).into_response(),
        Err(error) => json_error(&error),
    }
}
