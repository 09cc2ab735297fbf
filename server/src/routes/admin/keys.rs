//! Keys of all accounts.

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
use shared::status::Status;
use utoipa::{IntoParams, ToSchema};
use vault::EditKey;
use vault::operators::Meant;
use vault::operators::list_keys::KeyFilter;
use vault::operators::record::{KeyRecord, Page};
use vault::operators::token::Operator;

use super::answer;
use super::input::{ExpiryText, Id, IfMatch, IfNoneMatch, Input, NoTag, given};
use super::parameters::{IdempotencyKey, KeyStatus, Known, Named, NotModified, Precondition};
use super::problem::{Problem, Refusal};
use super::query::{PageOf, Query, instant, one_of, refused, search};
use crate::state::AppState;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyQuery {
    /// 1 to 200; 50 unless given.
    #[param(minimum = 1, maximum = 200, value_type = Option<u16>)]
    limit: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// The account: its id, or `ext:` and the external id.
    owner: Option<String>,
    /// By the warning days of each key's account.
    #[param(inline, value_type = Option<KeyStatus>)]
    status: Option<String>,
    /// Keys that expire before this instant, RFC 3339; expired ones too.
    #[param(format = DateTime)]
    expires_before: Option<String>,
    /// Keys of which no call was accepted since this instant, RFC 3339.
    #[param(format = DateTime)]
    unused_since: Option<String>,
    /// The person who made them: the company's own id.
    made_by: Option<String>,
    /// Words, each a part of name, description or access key.
    #[param(max_length = 200)]
    q: Option<String>,
}

async fn page(
    state: &AppState,
    uri: &Uri,
    query: KeyQuery,
    owner: Option<String>,
) -> Result<Response<Body>, Problem> {
    let page = PageOf::read(query.limit.as_deref(), query.after)?;
    let statuses = [
        ("active", Status::Active),
        ("expiring_soon", Status::ExpiringSoon),
        ("expired", Status::Expired),
    ];
    let filter = KeyFilter {
        owner: owner.or(query.owner),
        status: one_of("status", query.status.as_deref(), &statuses)?,
        expires_before: instant("expires_before", query.expires_before.as_deref())?,
        unused_since: instant("unused_since", query.unused_since.as_deref())?,
        made_by: query.made_by,
        search: search(query.q)?,
    };
    let vault = state.vault.of_request();
    let found = vault.list_all_keys(filter, page.limit, page.after.as_deref());
    Ok(answer::page(uri, &found.await.map_err(refused)?))
}

/// List keys
///
/// Of all accounts, the oldest first.
#[utoipa::path(get, path = "/keys", operation_id = "list_keys", tag = "keys", params(KeyQuery),
    security(("operator_token" = ["keys:read"])),
    responses((status = 200, body = Page<KeyRecord>), Refusal))]
pub async fn list(
    State(state): State<AppState>,
    uri: Uri,
    Query(query): Query<KeyQuery>,
) -> Result<Response<Body>, Problem> {
    page(&state, &uri, query, None).await
}

/// List the keys of an account
#[utoipa::path(get, path = "/accounts/{id}/keys", operation_id = "list_keys_of_account", tag = "keys",
    params(Named, KeyQuery),
    security(("operator_token" = ["keys:read"])),
    responses((status = 200, body = Page<KeyRecord>), Refusal))]
pub async fn list_of_account(
    State(state): State<AppState>,
    uri: Uri,
    Id(id): Id,
    Query(query): Query<KeyQuery>,
) -> Result<Response<Body>, Problem> {
    page(&state, &uri, query, Some(id)).await
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyInput {
    /// 1 to 80 characters.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// At most 500 characters.
    #[serde(default)]
    #[schema(max_length = 500)]
    description: String,
    /// `never`, `90d`, a date (its end in the account's zone), a date and time there, or an instant in RFC 3339.
    #[schema(value_type = String, pattern = "^(never|[0-9]{1,5}d|[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].+)?)$")]
    expiry: ExpiryText,
}

/// A new key with its secret, which cannot be read again.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes an answer that the vault builds")]
pub struct NewKey {
    #[schema(inline)]
    #[serde(flatten)]
    key: KeyRecord,
    secret_key: String,
}

/// Create a key of an account
///
/// The answer alone has the secret. With an `Idempotency-Key`, the same answer comes for 24 hours.
#[utoipa::path(post, path = "/accounts/{id}/keys", operation_id = "create_key", tag = "keys", request_body = KeyInput,
    params(Named, IdempotencyKey),
    security(("operator_token" = ["keys:write"])),
    responses((status = 201, body = NewKey), Refusal))]
pub async fn create(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    _: NoTag,
    Id(id): Id,
    input: Input<KeyInput>,
) -> Result<Response<Body>, Problem> {
    let vault = state.vault.of_request();
    let KeyInput {
        name,
        description,
        expiry,
    } = &input.body;
    let made = vault.create_key_for(&operator, &id, (name, description, &expiry.0), input.once);
    Ok(answer::made(made.await?))
}

/// Show a key
#[utoipa::path(get, path = "/keys/{access_key}", operation_id = "show_key", tag = "keys",
    params(("access_key" = String, Path), Known),
    security(("operator_token" = ["keys:read"])),
    responses((status = 200, body = KeyRecord), NotModified, Refusal))]
pub async fn show(
    State(state): State<AppState>,
    Id(id): Id,
    known: IfNoneMatch,
) -> Result<Response<Body>, Problem> {
    let record = state.vault.of_request().key_record(&id).await?;
    Ok(answer::record(&known, &record.tag(), &record))
}

/// Changes of a key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    /// 1 to 80 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 80, value_type = String)]
    name: Option<String>,
    /// At most 500 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 500, value_type = String)]
    description: Option<String>,
    /// As for a new key. A later one restores an expired key.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String, pattern = "^(never|[0-9]{1,5}d|[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].+)?)$")]
    expiry: Option<ExpiryText>,
}

/// Change a key
///
/// Members that are absent stay as they are.
#[utoipa::path(patch, path = "/keys/{access_key}", operation_id = "edit_key", tag = "keys", request_body = KeyChange,
    params(("access_key" = String, Path),
        Precondition),
    security(("operator_token" = ["keys:write"])),
    responses((status = 200, body = KeyRecord), Refusal))]
pub async fn edit(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    Id(id): Id,
    IfMatch(expected): IfMatch,
    input: Input<KeyChange>,
) -> Result<Response<Body>, Problem> {
    let vault = state.vault.of_request();
    let edit = EditKey {
        access_key: &id,
        name: input.body.name.as_deref(),
        description: input.body.description.as_deref(),
        expiry: input.body.expiry.as_ref().map(|text| text.0.as_str()),
        version: "",
    };
    let made = vault.edit_any_key(&operator, edit, expected);
    Ok(answer::made(made.await?))
}

/// Delete a key
///
/// Permanently. Expiring keeps it in the inventory.
#[utoipa::path(delete, path = "/keys/{access_key}", operation_id = "delete_key", tag = "keys",
    params(("access_key" = String, Path),
        Precondition),
    security(("operator_token" = ["keys:write"])),
    responses((status = 204, description = "The key is gone."), Refusal))]
pub async fn delete(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    Id(id): Id,
    IfMatch(expected): IfMatch,
) -> Result<Response<Body>, Problem> {
    let vault = state.vault.of_request();
    vault
        .delete_any_key(&operator, Meant::new(id, expected))
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Why a key is expired.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireInput {
    /// 1 to 500 characters. The owner of the key reads it.
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 500, value_type = String)]
    reason: Option<String>,
}

/// Expire a key now
///
/// Its owner reads who did it and the reason in the key's history, and the reason in the email about it.
#[utoipa::path(post, path = "/keys/{access_key}/expire", operation_id = "expire_key", tag = "keys", request_body(content = Option<ExpireInput>),
    params(("access_key" = String, Path),
        IdempotencyKey, Precondition),
    security(("operator_token" = ["keys:write"])),
    responses((status = 200, body = KeyRecord), Refusal))]
pub async fn expire(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    Id(id): Id,
    IfMatch(expected): IfMatch,
    input: Input<Option<ExpireInput>>,
) -> Result<Response<Body>, Problem> {
    let vault = state.vault.of_request();
    let ExpireInput { reason } = input.body.unwrap_or_default();
    let meant = Meant::new(id, expected);
    let made = vault.expire_any_key(&operator, meant, reason.as_deref(), input.once);
    Ok(answer::made(made.await?))
}

/// A later expiration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RestoreInput {
    /// As for a new key; later than the present expiration.
    #[schema(value_type = String, pattern = "^(never|[0-9]{1,5}d|[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ].+)?)$")]
    expiry: ExpiryText,
}

/// Restore or extend a key
#[utoipa::path(post, path = "/keys/{access_key}/restore", operation_id = "restore_key", tag = "keys", request_body = RestoreInput,
    params(("access_key" = String, Path),
        IdempotencyKey, Precondition),
    security(("operator_token" = ["keys:write"])),
    responses((status = 200, body = KeyRecord), Refusal))]
pub async fn restore(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    Id(id): Id,
    IfMatch(expected): IfMatch,
    input: Input<RestoreInput>,
) -> Result<Response<Body>, Problem> {
    let vault = state.vault.of_request();
    let meant = Meant::new(id, expected);
    let made = vault.restore_any_key(&operator, meant, &input.body.expiry.0, input.once);
    Ok(answer::made(made.await?))
}
