//! Who may call the management API: an operator's token as a Bearer token, with the scope that the operation needs. A key of a
//! customer opens nothing here.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Method, Response};
use axum::middleware::Next;
use axum::response::IntoResponse;
use shared::token::OperatorToken;
use vault::operators::scope::Scope;
use vault::operators::token::{Operator, Refused};
use vault::rfc3339;

use super::problem::{Answers, Code, Problem};
use super::query;
use crate::http::client_ip::{Peer, caller};
use crate::state::AppState;

/// Returns the scope that an operation needs; none for one that does not exist. `route` is without the prefix.
pub fn needed(method: &Method, route: &str) -> Option<Scope> {
    let reads = method.is_safe();
    let of_keys = route == "/keys" || route.starts_with("/keys/") || route.ends_with("/keys");
    if of_keys {
        let reads = reads || route == "/keys/verify";
        return Some(if reads {
            Scope::KeysRead
        } else {
            Scope::KeysWrite
        });
    }
    match route.split('/').nth(1)? {
        "accounts" if reads => Some(Scope::AccountsRead),
        "accounts" => Some(Scope::AccountsWrite),
        "portal-sessions" => Some(Scope::PortalCreate),
        "tokens" => Some(Scope::TokensWrite),
        "audit" => Some(Scope::AuditRead),
        _ => None,
    }
}

/// Passes a request on with its [`Operator`], if the token has the scope of the route, and the operation the parameters.
pub async fn admit(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response<Body> {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    let route = route.trim_start_matches("/admin/v1");
    let scope = needed(request.method(), route);
    let peer = request.extensions().get().copied();
    let headers = request.headers().clone();
    match operator(&state, &headers, peer, scope).await {
        Ok(operator) => {
            let parameters = request.uri().query().unwrap_or_default();
            if let Err(problem) = query::check(request.method(), route, parameters) {
                return problem.into_response();
            }
            request.extensions_mut().insert(operator);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Returns the operator of a request, whose token has `scope`.
async fn operator(
    state: &AppState,
    headers: &HeaderMap,
    peer: Option<Peer>,
    scope: Option<Scope>,
) -> Result<Operator, Problem> {
    let text = bearer(headers)?;
    let token = OperatorToken::parse(&text).map_err(|_| {
        Problem::new(
            Code::CredentialsMalformed,
            "This is not an operator's token, or a character is wrong or missing.",
        )
    })?;
    let caller = caller(peer, headers, &state.trusted_proxies);
    let answers = Answers::of(state, headers);
    let vault = state.vault.of_request();
    let operator = match vault
        .operator(&token, &caller, answers.request_id())
        .await?
    {
        Ok(operator) => operator,
        Err(Refused::Unknown) => {
            let detail = "No such token exists, or it was revoked.";
            return Err(Problem::new(Code::TokenInvalid, detail));
        }
        Err(Refused::Expired { at }) => {
            let detail = format!("The token has expired on {}. Create another.", rfc3339(at));
            return Err(Problem::new(Code::TokenExpired, detail));
        }
    };
    match scope {
        Some(scope) if !operator.scopes.0.contains(&scope) => Err(Problem::missing(scope)),
        _ => Ok(operator),
    }
}

/// Returns the one Bearer token of a request (RFC 6750, section 2.1).
fn bearer(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        let detail = "Send an operator's token as a Bearer token.";
        return Err(Problem::new(Code::CredentialsMissing, detail));
    };
    let malformed = || {
        let detail = "Send one Authorization header: Bearer and an operator's token.";
        Problem::new(Code::CredentialsMalformed, detail)
    };
    if values.next().is_some() {
        return Err(malformed());
    }
    let value = value.to_str().map_err(|_| malformed())?;
    let (scheme, token) = value.trim().split_once(' ').ok_or_else(malformed)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim().to_owned())
    } else {
        Err(malformed())
    }
}
