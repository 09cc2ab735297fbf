//! The routes of the pages: which are public, and how a page is rendered.

use app::forms::form_replay::{Plain, Replay};
use app::pages::refused::Refused;
use app::server_fns::context::RequestContext;
use app::server_fns::cookies::THEME_COOKIE;
use app::shell::shell;
use app::site::{SignInAt, SignUpOpen, SiteUrl, WayBack};
use axum::Extension;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, REFRESH};
use axum::http::{HeaderValue, Request, Response, StatusCode, Uri};
use axum::response::{IntoResponse, Redirect};
use leptos::prelude::provide_context;
use percent_encoding::percent_decode_str;
use shared::capability::Need;
use shared::pasted::{Pasted, looks_secret, pasted_secret};
use shared::prefix::Prefix;
use shared::redirect::local_path;
use shared::theme::Theme;

use super::way_back;
use crate::http::cookies::cookie;
use crate::http::csrf;
use crate::http::security_headers::set_content_security_policy;
use crate::state::AppState;

/// The pages that need no session. Every other one redirects to the sign-in page.
pub const PUBLIC: [&str; 8] = [
    "/sign-in",
    "/sign-up",
    "/forgot-password",
    "/reset-password",
    "/confirm",
    ENTER,
    SIGNED_OUT,
    STYLE_GUIDE,
];

/// What the other pages need of a session, by the beginnings of their addresses: the first that fits decides. A page that
/// answers 403 says what is missing.
pub const NEEDS: [(&str, Need); 7] = [
    ("/preferences/api-control/new", Need::CREATE),
    ("/preferences/api-control", Need::READ),
    ("/preferences/notices", Need::NOTICES),
    ("/preferences/account", Need::Session),
    ("/preferences", Need::Session),
    ("/developers", Need::Session),
    ("/", Need::READ),
];

/// Of these, the pages that are opened with or without a session: the targets of links in mails, and the style guide.
const LINKED: [&str; 3] = ["/reset-password", "/confirm", STYLE_GUIDE];

/// The pages that the browser's router does not know: few visit them, so the module would carry them for nothing.
/// Forms there are plain ones, and the script is `app/client/page.js`.
const PLAIN: [&str; 10] = [
    "/preferences/account",
    "/preferences/notices",
    "/preferences/api-control/stagger",
    "/developers",
    "/forgot-password",
    "/reset-password",
    "/confirm",
    ENTER,
    SIGNED_OUT,
    STYLE_GUIDE,
];

/// The way in by a portal link, which [`super::enter`] answers.
pub const ENTER: &str = csrf::ENTER;

/// The end of a session that a portal link began, which [`super::signed_out`] answers.
pub const SIGNED_OUT: &str = "/signed-out";

/// Exists in debug builds only.
const STYLE_GUIDE: &str = "/style";

/// Answers a page of the application.
pub async fn page(
    State(state): State<AppState>,
    Extension(context): Extension<RequestContext>,
    request: Request<Body>,
) -> Response<Body> {
    if let Some(clean) = without_secret(request.uri(), state.vault.key_prefix()) {
        return Redirect::to(&clean).into_response();
    }
    let path = request.uri().path();
    let public = PUBLIC.contains(&path);
    if !public && context.session.is_none() {
        let here = request
            .uri()
            .path_and_query()
            .map_or("/", |whole| whole.as_str());
        return way_back::to_sign_in(&state.site, request.headers(), here);
    }
    if public && context.session.is_some() && !LINKED.contains(&path) {
        return Redirect::to(&next_of(request.uri().query())).into_response();
    }
    let onward = way_back::onward(&state.site, request.uri());
    let leaves = onward.is_some();
    let back = way_back::kept_back(&state.site, request.headers(), request.uri());
    let provide = move || {
        if leaves {
            provide_context(Plain);
        }
        // The module knows no such page.
        if let Some(back) = back.clone() {
            provide_context(Plain);
            provide_context(WayBack(back));
        }
    };
    let mut response = render_with(&state, request, None, provide).await;
    if let Some(onward) = onward {
        response.headers_mut().insert(REFRESH, onward);
    }
    response
}

/// Answers an unknown address with a page and 404.
pub async fn not_found(State(state): State<AppState>, request: Request<Body>) -> Response<Body> {
    // `CONNECT` names a host and no page.
    if request.uri().path_and_query().is_none() {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    if let Some(clean) = without_secret(request.uri(), state.vault.key_prefix()) {
        return Redirect::to(&clean).into_response();
    }
    let mut response = render(&state, request, None).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// Returns the local path in the `next` parameter, or the Dashboard.
fn next_of(query: Option<&str>) -> String {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "next")
        .map_or_else(|| "/".to_owned(), |(_, next)| local_path(&next).to_owned())
}

/// Returns the address without a secret key, if it holds one, as a search without script can. The clean address
/// replaces it in the browser's history, and its page says what happened.
pub(super) fn without_secret(uri: &Uri, own: Prefix) -> Option<String> {
    let held = |text: &str| pasted_secret(text, own).is_some();
    let path = percent_decode_str(uri.path()).decode_utf8_lossy();
    if held(&path) {
        return Some("/preferences/api-control?done=secret".to_owned());
    }
    let query = uri.query()?;
    let fields = || form_urlencoded::parse(query.as_bytes());
    // What a search has that is no key's name is no part of its address either.
    let sought = |name: &str, value: &str| name == "q" && looks_secret(value);
    if !fields().any(|(name, value)| held(&name) || held(&value) || sought(&name, &value)) {
        return None;
    }
    let mut clean = form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields().filter(|(name, _)| name != "done" && !held(name)) {
        let value = match pasted_secret(&value, own) {
            None if sought(&name, &value) => continue,
            None => value.into_owned(),
            // The search then shows the key that the secret belongs to.
            Some(Pasted {
                access_key: Some(key),
            }) if name == "q" => key,
            Some(_) => continue,
        };
        clean.append_pair(&name, &value);
    }
    clean.append_pair("done", "secret");
    // The path of an unknown address may begin with `//`, which browsers read as another site.
    Some(format!("{}?{}", local_path(uri.path()), clean.finish()))
}

/// Returns whether a local path leads to a page that needs a session.
pub fn is_private(path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    // Browsers take these for the folder and the one above it.
    let is_dots = |part: &str| matches!(&*percent_decode_str(part).decode_utf8_lossy(), "." | "..");
    !path.split('/').any(is_dots)
        && (matches!(path, "/" | "/developers") || path.starts_with("/preferences/"))
}

/// Returns what the page at a path needs of a session.
pub fn need(path: &str) -> Need {
    let fits = |start: &str| {
        let rest = path.strip_prefix(start);
        rest.is_some_and(|rest| rest.is_empty() || (start != "/" && rest.starts_with('/')))
    };
    let found = NEEDS.iter().find(|(start, _)| fits(start));
    found.map_or(Need::Session, |(_, need)| *need)
}

/// Renders the page at the request's address, or one that says why the session may not see it. With a [`Replay`] the page
/// answers a form post, and comes without the module, as do those of [`PLAIN`].
pub async fn render(
    state: &AppState,
    request: Request<Body>,
    replay: Option<Replay>,
) -> Response<Body> {
    render_with(state, request, replay, || ()).await
}

/// As [`render`], with what `provide` adds to the context.
pub async fn render_with(
    state: &AppState,
    request: Request<Body>,
    replay: Option<Replay>,
    provide: impl Fn() + Clone + Send + Sync + 'static,
) -> Response<Body> {
    let theme = cookie(request.headers(), THEME_COOKIE).map_or(Theme::System, Theme::from_cookie);
    let known = request.extensions().get::<RequestContext>().cloned();
    let site_url = SiteUrl(state.site.base_url.clone());
    let (shown, head_files) = (state.shown.clone(), state.head_files());
    let sign_up_open = SignUpOpen(state.site.sign_up_open);
    let sign_in_at = SignInAt(state.site.sign_in.clone());
    let options = state.leptos.clone();
    let session = known.as_ref().and_then(|known| known.session.as_ref());
    let need = need(request.uri().path());
    let refused = session.is_some_and(|session| !session.may(need));
    let plain = replay.is_some() || refused || PLAIN.contains(&request.uri().path());
    let context = move || {
        provide_context(theme);
        provide_context(site_url.clone());
        provide_context(sign_up_open);
        provide_context(shown.clone());
        provide_context(head_files.clone());
        provide_context(sign_in_at.clone());
        if let Some(known) = known.clone() {
            provide_context(known);
        }
        if let Some(replay) = replay.clone() {
            provide_context(replay);
        }
        if plain {
            provide_context(Plain);
        }
        provide();
        if refused {
            provide_context(Refused(need));
        }
    };
    let document = move || {
        set_content_security_policy();
        shell(options.clone())
    };
    let response = leptos_axum::render_app_async_with_context(context, document)(request).await;
    let mut response = with_element_count(response).await;
    if refused {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Writes the number of the body's elements into the page, so that the browser can tell whether the page is still as
/// it was sent (`app/client/boot.rs`).
async fn with_element_count(response: Response<Body>) -> Response<Body> {
    const BODY: &str = "<body";
    let (parts, body) = response.into_parts();
    let Ok(html) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let html = String::from_utf8_lossy(&html);
    let Some((head, body)) = html.split_once(BODY) else {
        return Response::from_parts(parts, Body::from(html.into_owned()));
    };
    // Text is escaped, so each match begins a tag.
    let elements = body
        .as_bytes()
        .windows(2)
        .filter(|pair| pair[0] == b'<' && pair[1].is_ascii_alphabetic())
        .count();
    let html = format!("{head}{BODY} data-elements=\"{elements}\"{body}");
    Response::from_parts(parts, Body::from(html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_its_secret_stays_on_this_server() {
        let secret = "khs_0123456789ABCDEF";
        let clean =
            |address: String| without_secret(&address.parse().unwrap_or_default(), Prefix::KEYHOLD);
        for (address, expected) in [
            (format!("/a?q={secret}&b=1"), Some("/a?b=1&done=secret")),
            (
                format!("/a/{secret}"),
                Some("/preferences/api-control?done=secret"),
            ),
            (format!("//evil.example/?q={secret}"), Some("/?done=secret")),
            (
                format!("/\\evil.example/?q={secret}"),
                Some("/?done=secret"),
            ),
            ("/a?q=b".to_owned(), None),
        ] {
            assert_eq!(clean(address.clone()).as_deref(), expected, "{address}");
        }
    }
}
