//! Tokens of operators.

#![expect(
    unused_qualifications,
    reason = "the macros that describe parameters write their paths out"
)]

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode, Uri};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use vault::operators::record::{Page, TokenRecord};
use vault::operators::scope::{Scope, Scopes};
use vault::operators::token::{NewToken, Operator};

use super::answer;
use super::input::{ExpiryText, Id, Input, NoTag};
use super::parameters::IdempotencyKey;
use super::problem::{Problem, Refusal};
use super::query::{PageOf, Query, refused};
use crate::state::AppState;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TokenQuery {
    /// 1 to 200; 50 unless given.
    #[param(minimum = 1, maximum = 200, value_type = Option<u16>)]
    limit: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
}

/// List tokens
///
/// Those that were not revoked, the oldest first.
#[utoipa::path(get, path = "/tokens", operation_id = "list_tokens", tag = "tokens", params(TokenQuery),
    security(("operator_token" = ["tokens:write"])),
    responses((status = 200, body = Page<TokenRecord>), Refusal))]
pub async fn list(
    State(state): State<AppState>,
    uri: Uri,
    Query(query): Query<TokenQuery>,
) -> Result<Response<Body>, Problem> {
    let page = PageOf::read(query.limit.as_deref(), query.after)?;
    let vault = state.vault.of_request();
    let found = vault.list_tokens(page.limit, page.after.as_deref());
    Ok(answer::page(&uri, &found.await.map_err(refused)?))
}

/// A new token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenInput {
    /// 1 to 80 characters.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// Scopes that your own token has.
    #[schema(min_items = 1)]
    scopes: Vec<Scope>,
    /// As for keys, at most 366 days ahead; dates end in UTC.
    #[schema(value_type = String, pattern = "^(never|[0-9]{1,5}d|[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].+)?)$")]
    expiry: ExpiryText,
}

/// A new token, which cannot be read again.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes an answer that the vault builds")]
pub struct CreatedToken {
    #[schema(inline)]
    #[serde(flatten)]
    record: TokenRecord,
    token: String,
}

/// Create a token
///
/// The answer alone has the token itself.
#[utoipa::path(post, path = "/tokens", operation_id = "create_token", tag = "tokens", request_body = TokenInput,
    params(IdempotencyKey),
    security(("operator_token" = ["tokens:write"])),
    responses((status = 201, body = CreatedToken), Refusal))]
pub async fn create(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    _: NoTag,
    input: Input<TokenInput>,
) -> Result<Response<Body>, Problem> {
    let TokenInput {
        name,
        scopes,
        expiry,
    } = input.body;
    let wanted = Scopes(scopes.iter().copied().collect());
    if let Some(scope) = wanted.missing_in(&operator.scopes).first() {
        return Err(Problem::missing(*scope));
    }
    let new = NewToken {
        name,
        scopes,
        expiry: expiry.0,
    };
    let made = state.vault.of_request();
    let made = made.create_token(&operator, new, input.once);
    Ok(answer::made(made.await?))
}

/// Revoke a token
///
/// From when this is answered. It may be your own.
#[utoipa::path(delete, path = "/tokens/{id}", operation_id = "revoke_token", tag = "tokens",
    params(("id" = String, Path)),
    security(("operator_token" = ["tokens:write"])),
    responses((status = 204, description = "The token is revoked."), Refusal))]
pub async fn revoke(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    _: NoTag,
    Id(id): Id,
) -> Result<Response<Body>, Problem> {
    state
        .vault
        .of_request()
        .revoke_token(&operator, &id)
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
