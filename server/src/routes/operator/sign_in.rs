//! Signing in with an operator's token, and out. The token is in the body of one request, and nowhere after it.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{RETRY_AFTER, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::{IntoResponse, Redirect};
use maud::{Markup, html};
use vault::operators::token::Refused;
use vault::{Error, rfc3339};

use super::access::{self, HOME, SIGN_IN, Visit, page_of};
use super::form::{Fields, Form, Query};
use super::frame::{self, bare};
use super::parts::{note, utc};
use crate::http::client_ip::Peer;
use crate::state::AppState;

/// Returns the page that follows the sign-in.
fn next<'a>(state: &AppState, fields: &'a Fields) -> &'a str {
    page_of(fields.get("next"), state.vault.key_prefix())
}

fn form(next: &str, message: &Markup, wrong: Option<&str>) -> Markup {
    html! {
        h1 { "Sign in" }
        (message)
        form.form method="post" action=(SIGN_IN) {
            @if next != HOME { input type="hidden" name="next" value=(next); }
            div.field {
                label for="token" { "Operator token" }
                input #token type="password" name="token" required autocomplete="off" spellcheck="false" autofocus
                    aria-invalid=[wrong.map(|_| "true")] aria-describedby="token-help";
                @match wrong {
                    Some(wrong) => { p.help.wrong #token-help role="alert" { (wrong) } }
                    None => { p.help #token-help { "It begins with kho_. The session lasts 8 hours at most." } }
                }
            }
            button.button.primary type="submit" { "Sign in" }
        }
    }
}

/// Shows the form.
pub async fn page(
    State(state): State<AppState>,
    headers: HeaderMap,
    Query(query): Query,
    peer: Option<Extension<Peer>>,
) -> Response<Body> {
    let peer = peer.map(|Extension(peer)| peer);
    if let Ok(Some(_)) = access::session(&state, &headers, peer).await {
        return Redirect::to(next(&state, &query)).into_response();
    }
    let message = match (query.get("ended"), query.get("out")) {
        ("1", _) => note(
            "warn",
            &html! { "Your session has ended. Nothing was changed." },
        ),
        (_, "1") => note("good", &html! { "You are signed out." }),
        _ => html! {},
    };
    let body = form(next(&state, &query), &message, None);
    frame::response(
        StatusCode::OK,
        bare(access::theme(&headers), "Sign in", &body),
    )
}

/// Starts a session.
pub async fn sign_in(
    State(state): State<AppState>,
    headers: HeaderMap,
    peer: Option<Extension<Peer>>,
    Form(fields): Form,
) -> Response<Body> {
    let (caller, id) = access::origin_of(&state, &headers, peer.map(|Extension(peer)| peer));
    let vault = state.vault.of_request();
    let (status, wrong) = match vault
        .sign_in_operator(&caller, &id, fields.get("token"))
        .await
    {
        Ok(Ok(session)) => {
            let seconds = (session.expires_at - vault.now()).max(0) / 1000;
            let cookie = access::set_cookie(&state, &headers, session.expose(), seconds);
            let mut response = Redirect::to(next(&state, &fields)).into_response();
            response
                .headers_mut()
                .extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
            return response;
        }
        Ok(Err(Refused::Unknown)) | Err(Error::TokenOver) => (
            StatusCode::UNAUTHORIZED,
            "No such token exists, or it was revoked.".to_owned(),
        ),
        Ok(Err(Refused::Expired { at })) => (
            StatusCode::UNAUTHORIZED,
            format!("This token expired on {}.", utc(&rfc3339(at))),
        ),
        Err(Error::Throttled { retry_after }) => {
            let wait = format!("Too many attempts from your network. Wait {retry_after} s.");
            let mut response = refused(
                &state,
                &headers,
                &fields,
                StatusCode::TOO_MANY_REQUESTS,
                &wait,
            );
            let seconds = HeaderValue::from(retry_after);
            response.headers_mut().insert(RETRY_AFTER, seconds);
            return response;
        }
        Err(error) => return frame::unavailable(access::theme(&headers), error),
    };
    refused(&state, &headers, &fields, status, &wrong)
}

fn refused(
    state: &AppState,
    headers: &HeaderMap,
    fields: &Fields,
    status: StatusCode,
    wrong: &str,
) -> Response<Body> {
    let body = form(next(state, fields), &html! {}, Some(wrong));
    frame::response(status, bare(access::theme(headers), "Sign in", &body))
}

/// Ends the session.
pub async fn sign_out(Extension(visit): Extension<Visit>, headers: HeaderMap) -> Response<Body> {
    match visit.vault.sign_out_operator(&visit.session).await {
        Ok(()) | Err(Error::SessionOver | Error::TokenOver) => {}
        Err(error) => return visit.refuse(error.into()),
    }
    let mut response = Redirect::to(&format!("{SIGN_IN}?out=1")).into_response();
    let cookie = access::set_cookie(&visit.state, &headers, "", 0);
    response
        .headers_mut()
        .extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    response
}
