//! The errors of the management API: RFC 9457 problems, with an entry for each wrong member of the request.

use app::site::Site;
use axum::body::Body;
use axum::extract::{FromRequestParts, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;
use shared::validation::FieldErrors;
use utoipa::{IntoResponses, ToSchema};
use vault::operators::scope::Scope;
use vault::verify::X_REQUEST_ID;

pub use super::code::Code;
use crate::state::AppState;

/// What is wrong with one member of a request.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// A JSON Pointer (RFC 6901) into the body; for a parameter of the address, `/` and its name.
    pub pointer: String,
    /// `invalid`, `unknown` or `missing`.
    pub code: &'static str,
    pub detail: String,
}

/// A refusal.
#[derive(Clone, Debug)]
pub struct Problem {
    pub code: Code,
    detail: String,
    errors: Vec<FieldProblem>,
    missing_scopes: Vec<Scope>,
    retry_after: Option<u64>,
}

/// The body of a refusal, RFC 9457 `application/problem+json`.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The entry of the code in the API reference; relative to the address of the request with `KEYHOLD_ADMIN_LISTEN`.
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: String,
    code: Code,
    request_id: String,
    /// By member of the request, with `invalid` and `bad_request`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldProblem>,
    /// With `forbidden`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    missing_scopes: Vec<Scope>,
}

/// A refusal: `code` says why.
#[derive(IntoResponses)]
#[response(status = "default", content_type = "application/problem+json")]
#[expect(dead_code, reason = "describes the answers of Problem")]
pub struct Refusal(ProblemBody);

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            missing_scopes: Vec::new(),
            retry_after: None,
        }
    }

    /// One wrong member.
    pub fn of_member(code: Code, error: FieldProblem) -> Self {
        Self::of_members(code, vec![error])
    }

    pub fn of_members(code: Code, errors: Vec<FieldProblem>) -> Self {
        Self {
            errors,
            ..Self::new(code, "See errors for what is wrong with which member.")
        }
    }

    pub fn missing(scope: Scope) -> Self {
        let detail = format!("The token lacks the scope {}.", scope.slug());
        Self {
            missing_scopes: vec![scope],
            ..Self::new(Code::Forbidden, detail)
        }
    }

    /// Builds the response. The middleware adds the id of the request to headers, and gives it here.
    fn response(&self, state: &AppState, request_id: &str) -> Response<Body> {
        let body = ProblemBody {
            kind: kind(&state.site, self.code),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            detail: self.detail.clone(),
            code: self.code,
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
            missing_scopes: self.missing_scopes.clone(),
        };
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.code.status();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(CONTENT_TYPE, problem);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.code.status() == StatusCode::UNAUTHORIZED {
            // RFC 6750, section 3.
            let challenge = HeaderValue::from_static("Bearer realm=\"Keyhold management\"");
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Returns the address of a code's row in the API reference. The reference is on the listener of the management API: where
/// that is not the one of the pages, the address is relative to the request (RFC 9457, section 3.1.1).
pub fn kind(site: &Site, code: Code) -> String {
    let base = if site.admin_apart { "" } else { &site.base_url };
    format!("{base}/admin/reference#{}", code.slug())
}

impl From<FieldErrors> for Problem {
    fn from(errors: FieldErrors) -> Self {
        let errors = errors.0.into_iter().map(|(field, detail)| FieldProblem {
            pointer: format!("/{field}"),
            code: "invalid",
            detail,
        });
        Self::of_members(Code::Invalid, errors.collect())
    }
}

impl From<vault::Error> for Problem {
    fn from(error: vault::Error) -> Self {
        use vault::Error;
        let soon = |detail: &str| Self {
            retry_after: Some(1),
            ..Self::new(Code::Unavailable, detail)
        };
        match error {
            Error::Invalid(errors) => errors.into(),
            Error::NotFound | Error::NoSuchKeys { .. } => {
                Self::new(Code::NotFound, "Nothing with this id exists.")
            }
            Error::Taken => Self {
                errors: vec![FieldProblem {
                    pointer: "/external_id".to_owned(),
                    code: "taken",
                    detail: "Another account has this external id.".to_owned(),
                }],
                ..Self::new(Code::Conflict, "Another account has this external id.")
            },
            Error::TooManyKeys(most) => Self::new(
                Code::Conflict,
                format!("The account has more than {most} keys. Delete keys first."),
            ),
            Error::Outdated => Self::new(
                Code::PreconditionFailed,
                "It is no longer what If-Match says, so nothing was changed. Read it again.",
            ),
            Error::Reused => Self::new(
                Code::IdempotencyKeyReused,
                "The Idempotency-Key was used for a request with another body. Nothing was changed.",
            ),
            Error::Running => Self::new(
                Code::IdempotencyKeyInUse,
                "The first request with this Idempotency-Key is still running. Send it again in a moment.",
            ),
            Error::TokenOver => Self::new(
                Code::TokenInvalid,
                "The token was just revoked, or has just expired.",
            ),
            Error::Quota(limit, most) => Self::new(
                Code::QuotaExceeded,
                format!("The limit of {most} {} is reached.", limit.slug()),
            ),
            Error::Throttled { retry_after } => Self {
                retry_after: Some(retry_after),
                ..Self::new(Code::QuotaExceeded, "Too many requests.")
            },
            Error::Busy | Error::Deadlock => soon("Keyhold is busy. Nothing was changed."),
            Error::NotSaved(_) => {
                soon("Keyhold can't save changes right now. Nothing was changed.")
            }
            Error::InDoubt(_) => soon(
                "It is not known whether the change was saved. Send it again with the same Idempotency-Key.",
            ),
            Error::Conflict(_)
            | Error::Suspended(_)
            | Error::NotAllowed(_)
            | Error::WrongCredentials
            | Error::SessionOver
            | Error::SignUpRefused
            | Error::LinkGone => Self::new(Code::Conflict, "The state does not allow this."),
            Error::Unavailable(cause) => {
                tracing::error!(%cause, "the management API could not answer");
                soon("Keyhold can't do this right now.")
            }
        }
    }
}

/// Answers with problems, with the facts that their bodies need.
#[derive(Clone)]
pub struct Answers {
    state: AppState,
    request_id: String,
}

impl Answers {
    pub fn of(state: &AppState, headers: &axum::http::HeaderMap) -> Self {
        let id = headers.get(X_REQUEST_ID).and_then(|id| id.to_str().ok());
        Self {
            state: state.clone(),
            request_id: id.unwrap_or_default().to_owned(),
        }
    }

    pub fn problem(&self, problem: &Problem) -> Response<Body> {
        problem.response(&self.state, &self.request_id)
    }

    pub fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl FromRequestParts<AppState> for Answers {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self::of(state, &parts.headers))
    }
}

/// Carries a problem out of a handler to the middleware, which knows the id of the request.
impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.code.status();
        response.extensions_mut().insert(self);
        response
    }
}

/// Turns the problem that a handler has returned into its body.
pub async fn render(
    State(state): State<AppState>,
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> Response<Body> {
    let answers = Answers::of(&state, request.headers());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => answers.problem(&problem),
        None => response,
    }
}
