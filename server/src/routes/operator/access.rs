//! Who may see the operators' page: a browser with the cookie of an operator's session. Forms must come from these pages.
//!
//! The cookie is none of a customer's session, and neither opens the other's pages. On a listener of its own the address is not
//! the base URL, and may be plain http in a private network: there the origin that the browser names decides whether the cookie
//! is for https alone.

use app::server_fns::cookies::THEME_COOKIE;
use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect};
use maud::html;
use shared::pasted::{fits_address, pasted_secret};
use shared::prefix::Prefix;
use shared::redirect::local_path;
use shared::theme::Theme;
use vault::operators::scope::Scope;
use vault::operators::sessions::OperatorSession;
use vault::verify::X_REQUEST_ID;
use vault::{Caller, Vault};

use super::frame::{self, Refusal};
use crate::http::client_ip::{Peer, caller};
use crate::http::cookies::cookie;
use crate::http::csrf;
use crate::routes::pages::without_secret;
use crate::state::AppState;

const SECURE_COOKIE: &str = "__Host-keyhold_operator";
const COOKIE: &str = "keyhold_operator";
/// The port of the default address.
const USUAL_PORT: &str = "3000";

/// The start page.
pub const HOME: &str = "/operator";
/// The ends of the addresses of acts.
const ACTS: [&str; 4] = ["/suspend", "/resume", "/expire", "/restore"];

/// The page that asks for the token.
pub const SIGN_IN: &str = "/operator/sign-in";

/// A request of an operator who is signed in.
#[derive(Clone)]
pub struct Visit {
    pub state: AppState,
    pub vault: Vault,
    pub session: OperatorSession,
    pub theme: Theme,
}

impl Visit {
    /// # Errors
    /// [`Refusal::Missing`] if the token lacks the scope.
    pub fn needs(&self, scope: Scope) -> Result<(), Refusal> {
        if self.session.may(scope) {
            Ok(())
        } else {
            Err(Refusal::Missing(scope))
        }
    }
}

pub fn theme(headers: &HeaderMap) -> Theme {
    cookie(headers, THEME_COOKIE).map_or(Theme::System, Theme::from_cookie)
}

/// Returns the caller of a request, and the id of the request.
pub fn origin_of(state: &AppState, headers: &HeaderMap, peer: Option<Peer>) -> (Caller, String) {
    let id = headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
    (
        caller(peer, headers, &state.trusted_proxies),
        id.unwrap_or_default().to_owned(),
    )
}

/// Answers 403 to a form from another site.
pub async fn same_origin(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response<Body> {
    let headers = request.headers();
    let is_ours = if state.site.admin_apart {
        csrf::is_from_host(headers)
    } else {
        csrf::is_ours(headers, &state.site.base_url)
    };
    if request.method().is_safe() || is_ours {
        return next.run(request).await;
    }
    tracing::warn!("a cross-site request to the operators' page was rejected");
    let body = html! {
        h1 { "Request from another site" }
        p { "This request came from another site and was rejected. Nothing was changed." }
        p { a href="/operator" { "Go to the operators' page" } }
    };
    let shown = frame::bare(theme(headers), "Request from another site", &body);
    frame::response(StatusCode::FORBIDDEN, shown)
}

/// Passes a request on with its [`Visit`], or leads to the page that asks for the token.
pub async fn admit(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    // Not the request itself: its body cannot be shared between threads while the session is read.
    let headers = request.headers().clone();
    let peer = request.extensions().get().copied();
    match session(&state, &headers, peer).await {
        Ok(Some((vault, session))) => {
            request.extensions_mut().insert(Visit {
                theme: theme(&headers),
                state,
                vault,
                session,
            });
            next.run(request).await
        }
        Ok(None) => to_sign_in(&request, state.vault.key_prefix()),
        Err(error) => frame::unavailable(theme(&headers), error),
    }
}

/// Returns the session of a request.
pub async fn session(
    state: &AppState,
    headers: &HeaderMap,
    peer: Option<Peer>,
) -> vault::Result<Option<(Vault, OperatorSession)>> {
    let vault = state.vault.of_request();
    let (caller, id) = origin_of(state, headers, peer);
    for name in names(state, headers) {
        if let Some(text) = cookie(headers, &name)
            && let Some(session) = vault.operator_session(text, &caller, &id).await?
        {
            return Ok(Some((vault, session)));
        }
    }
    Ok(None)
}

fn to_sign_in(request: &Request, own: Prefix) -> Response<Body> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let here = request
        .uri()
        .path_and_query()
        .map_or("", |uri| uri.as_str());
    let next = if safe {
        page_of(here, own)
    } else {
        page_of(request.uri().path(), own)
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !safe {
        query.append_pair("ended", "1");
    }
    if next != HOME {
        query.append_pair("next", next);
    }
    let query = query.finish();
    let to = match &*query {
        "" => SIGN_IN.to_owned(),
        query => format!("{SIGN_IN}?{query}"),
    };
    Redirect::to(&to).into_response()
}

/// Returns the page of this room that an address leads to, or the start page. An act is that of its page, and a search that had
/// better not stand in an address is left out.
pub fn page_of(address: &str, own: Prefix) -> &str {
    let address = local_path(address);
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let ours = path == HOME || path.starts_with("/operator/");
    if !ours || matches!(path, SIGN_IN | "/operator/search" | "/operator/sign-out") {
        return HOME;
    }
    if pasted_secret(address, own).is_some() {
        return HOME;
    }
    for act in ACTS {
        if let Some(page) = path.strip_suffix(act) {
            return page;
        }
    }
    let mut fields = form_urlencoded::parse(query.as_bytes());
    if fields.all(|(name, value)| name != "q" || fits_address(&value, own)) {
        address
    } else {
        path
    }
}

/// Answers a method that an address does not have. The answer to a form stands at the form's address, where one may load it again:
/// that leads to the page.
pub async fn page_instead(Extension(visit): Extension<Visit>, request: Request) -> Response<Body> {
    let path = request.uri().path();
    let page = page_of(path, visit.vault.key_prefix());
    if request.method().is_safe() && page != path {
        return Redirect::to(page).into_response();
    }
    visit.refuse(Refusal::Vault(vault::Error::NotFound))
}

/// Leads an address that holds a credential to one without it, so that no history keeps it and no page and no referrer repeats it.
pub async fn no_credential(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response<Body> {
    if without_secret(request.uri(), state.vault.key_prefix()).is_some() {
        return Redirect::to("/operator?held=1").into_response();
    }
    next.run(request).await
}

/// Returns the names that the cookie of a request may have.
fn names(state: &AppState, headers: &HeaderMap) -> Vec<String> {
    if state.site.admin_apart {
        [true, false]
            .map(|secure| name(port(headers), secure))
            .into()
    } else {
        let base = &state.site.base_url;
        let port = base.rsplit_once(':').map(|(_, port)| port);
        vec![name(port, base.starts_with("https://"))]
    }
}

/// Browsers keep one jar for all ports of a host, so the name ends with the port, unless that is the default.
fn name(port: Option<&str>, secure: bool) -> String {
    let plain = if secure { SECURE_COOKIE } else { COOKIE };
    match port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit())) {
        None | Some("" | USUAL_PORT) => plain.to_owned(),
        Some(port) => format!("{plain}_{port}"),
    }
}

fn port(headers: &HeaderMap) -> Option<&str> {
    let host = headers.get(HOST)?.to_str().ok()?;
    host.rsplit_once(':').map(|(_, port)| port)
}

/// Returns the cookie of a new session, which lasts `seconds`; with an empty text and none, what removes it.
pub fn set_cookie(
    state: &AppState,
    headers: &HeaderMap,
    text: &str,
    seconds: i64,
) -> Option<HeaderValue> {
    let secure = is_https(state, headers);
    let all = names(state, headers);
    let prefix = if secure { SECURE_COOKIE } else { COOKIE };
    let name = all.into_iter().find(|name| name.starts_with(prefix))?;
    let secure = if secure { "; Secure" } else { "" };
    let cookie =
        format!("{name}={text}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    HeaderValue::from_str(&cookie).ok()
}

fn is_https(state: &AppState, headers: &HeaderMap) -> bool {
    if !state.site.admin_apart {
        return state.site.base_url.starts_with("https://");
    }
    let origin = headers.get(ORIGIN).map(HeaderValue::as_bytes);
    origin.is_some_and(|origin| origin.starts_with(b"https://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_a_page_of_this_room() {
        for (address, page) in [
            ("/operator", "/operator"),
            ("/operator?q=org_1", "/operator?q=org_1"),
            (
                "/operator?q=org_1&keys_after=x",
                "/operator?q=org_1&keys_after=x",
            ),
            (
                "/operator/accounts/acc_0?page=2",
                "/operator/accounts/acc_0?page=2",
            ),
            (
                "/operator/accounts/acc_0/suspend",
                "/operator/accounts/acc_0",
            ),
            ("/operator/keys/kh_0/restore?x", "/operator/keys/kh_0"),
            ("/operator?q=a%2Fb%3Fcode%3D1", "/operator"),
            ("/operator/none?q=khs_0123456789AB", "/operator"),
            ("/operator/khs_0123456789AB", "/operator"),
            ("/operator/khs%5F0123456789AB", "/operator"),
            ("/operator/sign-in?next=/operator/x", "/operator"),
            ("/operator/search", "/operator"),
            ("/operator/../x", "/operator"),
            ("/operator/%2e%2e/x", "/operator"),
            ("/operator/..\\x", "/operator"),
            ("//operator/x", "/operator"),
            ("/operators", "/operator"),
            ("https://evil.example/operator", "/operator"),
            ("", "/operator"),
        ] {
            assert_eq!(page_of(address, Prefix::KEYHOLD), page, "{address}");
        }
    }
}
