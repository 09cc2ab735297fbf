//! The frame around every page for operators, its style and its policy, and the pages of refusals.

use axum::Extension;
use axum::body::Body;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::{Html, IntoResponse, Redirect};
use maud::{DOCTYPE, Markup, html};
use shared::theme::Theme;
use vault::operators::scope::Scope;
use vault::rfc3339;

use super::access::{SIGN_IN, Visit};
use super::parts::{note, utc};

/// The parts of the site's style that the pages use, and their own.
const STYLE: &str = concat!(
    include_str!("../../../../style/tokens.css"),
    include_str!("../../../../style/elements/base.css"),
    include_str!("../../../../style/elements/type.css"),
    include_str!("../../../../style/elements/forms.css"),
    include_str!("../../../../style/components/skip.css"),
    include_str!("../../../../style/components/button.css"),
    include_str!("../../../../style/components/card.css"),
    include_str!("../../../../style/components/field.css"),
    include_str!("../../../../style/components/note.css"),
    include_str!("../../../../style/components/pill.css"),
    include_str!("../../../../style/components/table.css"),
    include_str!("../../../../style/components/tip.css"),
    include_str!("../../../../style/components/chart.css"),
    include_str!("../../../../style/operator.css"),
);
/// No script at all. The arrow of a select is a picture in the style.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
);

/// A reason not to answer as asked.
#[derive(Debug)]
pub enum Refusal {
    /// The token lacks this scope.
    Missing(Scope),
    Vault(vault::Error),
}

impl From<vault::Error> for Refusal {
    fn from(error: vault::Error) -> Self {
        Self::Vault(error)
    }
}

/// Answers with the style.
pub async fn style() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], STYLE)
}

/// Answers that nothing is at an address.
pub async fn not_found(Extension(visit): Extension<Visit>) -> Response<Body> {
    visit.refuse(Refusal::Vault(vault::Error::NotFound))
}

/// Wraps a page, with its policy.
pub fn response(status: StatusCode, page: Markup) -> Response<Body> {
    let mut response = (status, Html(page.into_string())).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}

fn document(theme: Theme, title: &str, inside: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-theme=[theme.attribute()] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " · Operators" }
                // None: browsers would ask for /favicon.ico, which not every listener has.
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/operator/style.css";
            }
            body.operator { (inside) }
        }
    }
}

/// A page without a session.
pub fn bare(theme: Theme, title: &str, body: &Markup) -> Markup {
    let inside = html! {
        header { p.brand { "Operators" } }
        main.gate #main { (body) }
    };
    document(theme, title, &inside)
}

/// Answers while it cannot be known who asks.
pub fn unavailable(theme: Theme, error: vault::Error) -> Response<Body> {
    let (status, title, detail) = told(&error);
    log(error);
    let body = html! { h1 { (title) } p { (detail) } };
    response(status, bare(theme, title, &body))
}

fn log(error: vault::Error) {
    if let vault::Error::Unavailable(cause) = error {
        tracing::error!(%cause, "the operators' page could not answer");
    }
}

/// Returns what a page says about an error that no form shows.
fn told(error: &vault::Error) -> (StatusCode, &'static str, &'static str) {
    use vault::Error;
    match error {
        Error::NotFound | Error::NoSuchKeys { .. } => (
            StatusCode::NOT_FOUND,
            "Nothing here",
            "There is no such account, key or page. It may have been deleted.",
        ),
        Error::Throttled { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many attempts",
            "Wait a moment and try again.",
        ),
        Error::InDoubt(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Not known",
            "It is not known whether the change was saved. Look at the page again in a moment.",
        ),
        Error::Invalid(_) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "Not understood",
            "A part of the address or of the form is wrong. Nothing was changed.",
        ),
        Error::Conflict(_) | Error::Quota(..) | Error::Suspended(_) => (
            StatusCode::CONFLICT,
            "Not possible",
            "Its state does not allow this. Nothing was changed.",
        ),
        _ => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available",
            "This can't be done right now. Nothing was changed. Try again in a moment.",
        ),
    }
}

impl Visit {
    /// Answers with a page. `q` is in the field of the search.
    pub fn page(&self, status: StatusCode, title: &str, q: &str, body: &Markup) -> Response<Body> {
        let ends = rfc3339(self.session.expires_at);
        let inside = html! {
            a.skip href="#main" { "Skip to content" }
            header {
                p.brand { a href="/operator" { "Operators" } }
                form.search role="search" method="post" action="/operator/search" {
                    label.visually-hidden for="q" { "Search accounts and keys" }
                    input #q type="search" name="q" value=(q) maxlength="2000" autocomplete="off" spellcheck="false"
                        placeholder="External id, name, address, access key or credential";
                    button.button type="submit" { "Search" }
                }
                div.who {
                    p {
                        "Signed in as " strong { bdi { (self.session.name) } } " until "
                        time datetime=(ends) { (utc(&ends)) }
                    }
                    form method="post" action="/operator/sign-out" {
                        button.button.quiet type="submit" { "Sign out" }
                    }
                }
            }
            main #main { (body) }
        };
        response(status, document(self.theme, title, &inside))
    }

    /// Answers with a page, or with that of its refusal.
    pub fn answer(&self, answer: Result<Response<Body>, Refusal>) -> Response<Body> {
        answer.unwrap_or_else(|refusal| self.refuse(refusal))
    }

    pub fn refuse(&self, refusal: Refusal) -> Response<Body> {
        match refusal {
            Refusal::Missing(scope) => {
                let body = html! {
                    h1 { "Not allowed" }
                    (note("warn", &html! {
                        "The token " strong { bdi { (self.session.name) } } " lacks the scope "
                        code { (scope.slug()) } ". Nothing was changed."
                    }))
                };
                self.page(StatusCode::FORBIDDEN, "Not allowed", "", &body)
            }
            Refusal::Vault(vault::Error::SessionOver | vault::Error::TokenOver) => {
                Redirect::to(&format!("{SIGN_IN}?ended=1")).into_response()
            }
            Refusal::Vault(error) => {
                let (status, title, detail) = told(&error);
                let body = html! {
                    h1 { (title) }
                    p { (detail) }
                    p { a href="/operator" { "All accounts and keys" } }
                };
                let mut response = self.page(status, title, "", &body);
                if status == StatusCode::SERVICE_UNAVAILABLE {
                    let soon = HeaderValue::from_static("1");
                    response.headers_mut().insert(RETRY_AFTER, soon);
                }
                log(error);
                response
            }
        }
    }
}
