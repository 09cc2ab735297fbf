//! `/enter`: the way in by a portal link. Opening the link changes nothing, because chats and mail scanners open every link that
//! they see; its page posts a form, and that uses the code up.

use app::pages::enter::{Entrance, Switch, Who};
use app::server_fns::context::RequestContext;
use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{LOCATION, REFERRER_POLICY, SET_COOKIE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use leptos::prelude::provide_context;
use shared::relative::relative;
use vault::{Entered, Error, Opens, Person, Session};

use super::pages::render_with;
use super::way_back;
use crate::http::fn_error::json_error;
use crate::state::AppState;

/// The most bytes of a form: a code and the name of a session.
const BODY_LIMIT: usize = 4 * 1024;
/// The characters of a code.
const CODE_LENGTH: usize = 64;
const X_ROBOTS_TAG: HeaderName = HeaderName::from_static("x-robots-tag");

/// Answers with the form, whatever the code is: only the form finds out.
pub async fn page(State(state): State<AppState>, request: Request) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default();
    let entrance = if query.is_empty() {
        Entrance::Gone
    } else {
        let code = field(query.as_bytes(), "code");
        Entrance::Open { code }
    };
    show(&state, request, entrance).await
}

/// Uses the code up: starts its session, unless the browser has one of another account, of another person or of an own
/// sign-in, and was not asked yet.
pub async fn enter(
    State(state): State<AppState>,
    Extension(context): Extension<RequestContext>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    // A body that is too long has no code.
    let body = to_bytes(body, BODY_LIMIT).await.unwrap_or_default();
    let (code, from) = (field(&body, "code"), field(&body, "from"));
    let request = Request::from_parts(parts, Body::empty());
    let present = context.session.as_ref();
    match decide(&context, &code, &from, present).await {
        Ok(Decision::Enter(entered)) => entered_answer(&state, &entered),
        Ok(Decision::Ask(entrance)) => show(&state, request, entrance).await,
        Err(Error::LinkGone) => show(&state, request, Entrance::Gone).await,
        Err(error) => json_error(&error.into()),
    }
}

enum Decision {
    Enter(Entered),
    Ask(Entrance),
}

async fn decide(
    context: &RequestContext,
    code: &str,
    from: &str,
    present: Option<&Session>,
) -> Result<Decision, Error> {
    if let Some(present) = present {
        let opens = context.vault.opened_by(code).await?;
        // Only our own page knows the name of the session, so no other site can answer the question.
        if !opens.continues(present) && from != present.handle() {
            let ends = relative(opens.ends_at, context.vault.now());
            return Ok(Decision::Ask(question(code, present, opens, ends)));
        }
    }
    let entered = context.vault.enter(&context.caller, code, present);
    entered.await.map(Decision::Enter)
}

/// Returns the question before the present session gives way to that of a link.
fn question(code: &str, present: &Session, opens: Opens, ends: String) -> Entrance {
    let label = |person: &Person| person.label.clone();
    let portal = present.portal.as_ref();
    Entrance::Switch(Box::new(Switch {
        code: code.to_owned(),
        from: present.handle(),
        present: Who {
            account: present.account.label().to_owned(),
            person: portal.and_then(|portal| portal.person.as_ref().map(label)),
        },
        own: portal.is_none(),
        same_account: present.account.id == opens.account_id,
        wanted: Who {
            account: opens.label,
            person: opens.person.as_ref().map(label),
        },
        capabilities: opens.capabilities,
        ends,
    }))
}

fn entered_answer(state: &AppState, entered: &Entered) -> Response<Body> {
    let site = &state.site;
    let name = site.session_cookie_name();
    let cookie = site.cookie(&name, entered.session.expose(), entered.seconds);
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let back = way_back::back_cookie(site, entered.return_url.as_deref(), entered.seconds);
    for (name, value) in [
        (LOCATION, entered.page.as_str()),
        (SET_COOKIE, &cookie),
        (SET_COOKIE, &back),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(name, value);
        }
    }
    protect(&mut response);
    response
}

async fn show(state: &AppState, request: Request, entrance: Entrance) -> Response<Body> {
    let is_gone = matches!(entrance, Entrance::Gone);
    let provide = move || provide_context(entrance.clone());
    let mut response = render_with(state, request, None, provide).await;
    if is_gone {
        *response.status_mut() = StatusCode::GONE;
    }
    protect(&mut response);
    response
}

/// Keeps the code out of other places.
fn protect(response: &mut Response<Body>) {
    let headers = response.headers_mut();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_ROBOTS_TAG, HeaderValue::from_static("noindex"));
}

/// Returns a field of a form, or nothing for one that is no code and no handle.
fn field(form: &[u8], wanted: &str) -> String {
    let mut fields = form_urlencoded::parse(form);
    let found = fields.find(|(name, _)| name == wanted);
    let value = found.map(|(_, value)| value.into_owned());
    let plain = |value: &String| {
        value.len() <= CODE_LENGTH && value.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    value.filter(plain).unwrap_or_default()
}
