//! Accounts.

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
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use vault::operators::Meant;
use vault::operators::accounts::{AccountFilter, Standing};
use vault::operators::record::{AccountRecord, Page};
use vault::operators::token::Operator;
use vault::{ManagedFields, Setting};

use super::answer;
use super::input::{Id, IfMatch, IfNoneMatch, Input, NoTag, given};
use super::parameters::{AccountStatus, IdempotencyKey, Known, Named, NotModified, Precondition};
use super::problem::{Problem, Refusal};
use super::query::{PageOf, Query, one_of, refused, search};
use crate::state::AppState;

/// What the company sets of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountInput {
    /// The company's own id: 1 to 200 visible ASCII characters. Null removes it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 200, pattern = "^[!-~]+$", value_type = Option<String>)]
    external_id: Setting<String>,
    /// At most 200 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200, value_type = String)]
    name: Option<String>,
    /// Where notices go: at most 5 addresses, which need no confirmation.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_items = 5, value_type = Vec<String>)]
    notice_emails: Option<Vec<String>>,
    /// The company's own data: a JSON object of at most 1,024 bytes.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Object)]
    metadata: Option<Map<String, Value>>,
    /// An IANA name; UTC unless given.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String)]
    time_zone: Option<String>,
    /// From how many days before its expiration a key is expiring soon; 14 unless given.
    #[serde(default, deserialize_with = "given")]
    #[schema(minimum = 1, maximum = 90, value_type = i64)]
    warning_days: Option<i64>,
}

impl From<AccountInput> for ManagedFields {
    fn from(input: AccountInput) -> Self {
        Self {
            external_id: input.external_id,
            name: input.name,
            notice_emails: input.notice_emails,
            metadata: input.metadata,
            time_zone: input.time_zone,
            warning_days: input.warning_days,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AccountQuery {
    /// 1 to 200; 50 unless given.
    #[param(minimum = 1, maximum = 200, value_type = Option<u16>)]
    limit: Option<String>,
    /// The `next` of the page before.
    after: Option<String>,
    /// A part of id, external id, name or address, of sign-in or of notices; case and accents do not matter.
    #[param(max_length = 200)]
    q: Option<String>,
    #[param(inline, value_type = Option<AccountStatus>)]
    status: Option<String>,
}

/// List accounts
///
/// The oldest first.
#[utoipa::path(get, path = "/accounts", operation_id = "list_accounts", tag = "accounts", params(AccountQuery),
    security(("operator_token" = ["accounts:read"])),
    responses((status = 200, body = Page<AccountRecord>), Refusal))]
pub async fn list(
    State(state): State<AppState>,
    uri: Uri,
    Query(query): Query<AccountQuery>,
) -> Result<Response<Body>, Problem> {
    let page = PageOf::read(query.limit.as_deref(), query.after)?;
    let standings = [
        ("active", Standing::Active),
        ("suspended", Standing::Suspended),
    ];
    let filter = AccountFilter {
        search: search(query.q)?,
        standing: one_of("status", query.status.as_deref(), &standings)?,
    };
    let vault = state.vault.of_request();
    let found = vault.list_accounts(filter, page.limit, page.after.as_deref());
    Ok(answer::page(&uri, &found.await.map_err(refused)?))
}

/// Create an account
///
/// It needs no address and no password, and has no key yet.
#[utoipa::path(post, path = "/accounts", operation_id = "create_account", tag = "accounts", request_body = AccountInput,
    params(IdempotencyKey),
    security(("operator_token" = ["accounts:write"])),
    responses((status = 201, body = AccountRecord), Refusal))]
pub async fn create(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    _: NoTag,
    input: Input<AccountInput>,
) -> Result<Response<Body>, Problem> {
    let vault = state.vault.of_request();
    let made = vault.create_account(&operator, input.body.into(), input.once);
    Ok(answer::made(made.await?))
}

/// Show an account
#[utoipa::path(get, path = "/accounts/{id}", operation_id = "show_account", tag = "accounts",
    params(Named, Known),
    security(("operator_token" = ["accounts:read"])),
    responses((status = 200, body = AccountRecord), NotModified, Refusal))]
pub async fn show(
    State(state): State<AppState>,
    Id(id): Id,
    known: IfNoneMatch,
) -> Result<Response<Body>, Problem> {
    let record = state.vault.of_request().account_record(&id).await?;
    Ok(answer::record(&known, &record.tag(), &record))
}

/// Change an account
///
/// Members that are absent stay as they are. `""` removes a name, `{}` the metadata, `[]` the addresses.
#[utoipa::path(patch, path = "/accounts/{id}", operation_id = "edit_account", tag = "accounts", request_body = AccountInput,
    params(Named, Precondition),
    security(("operator_token" = ["accounts:write"])),
    responses((status = 200, body = AccountRecord), Refusal))]
pub async fn edit(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    Id(id): Id,
    IfMatch(expected): IfMatch,
    input: Input<AccountInput>,
) -> Result<Response<Body>, Problem> {
    let vault = state.vault.of_request();
    let made = vault.edit_account(&operator, Meant::new(id, expected), input.body.into());
    Ok(answer::made(made.await?))
}

/// Delete an account
///
/// With all its keys, permanently. Its entries in the audit trail stay.
#[utoipa::path(delete, path = "/accounts/{id}", operation_id = "delete_account", tag = "accounts",
    params(Named, Precondition),
    security(("operator_token" = ["accounts:write"])),
    responses((status = 204, description = "The account is gone."), Refusal))]
pub async fn delete(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    Id(id): Id,
    IfMatch(expected): IfMatch,
) -> Result<Response<Body>, Problem> {
    let vault = state.vault.of_request();
    vault
        .delete_managed_account(&operator, Meant::new(id, expected))
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Why an account is suspended.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendInput {
    /// Shown to the account's owner; 1 to 500 characters on one line.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// No members.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// Suspend an account
///
/// Its keys are refused from when this is answered, and its pages only read. Nothing is lost.
#[utoipa::path(post, path = "/accounts/{id}/suspend", operation_id = "suspend_account", tag = "accounts", request_body = SuspendInput,
    params(Named, IdempotencyKey, Precondition),
    security(("operator_token" = ["accounts:write"])),
    responses((status = 200, body = AccountRecord), Refusal))]
pub async fn suspend(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    Id(id): Id,
    IfMatch(expected): IfMatch,
    input: Input<SuspendInput>,
) -> Result<Response<Body>, Problem> {
    let vault = state.vault.of_request();
    let made = vault.suspend(
        &operator,
        Meant::new(id, expected),
        &input.body.reason,
        input.once,
    );
    Ok(answer::made(made.await?))
}

/// Let a suspended account go on
#[utoipa::path(post, path = "/accounts/{id}/resume", operation_id = "resume_account", tag = "accounts", request_body(content = Option<Nothing>),
    params(Named, IdempotencyKey, Precondition),
    security(("operator_token" = ["accounts:write"])),
    responses((status = 200, body = AccountRecord), Refusal))]
pub async fn resume(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    Id(id): Id,
    IfMatch(expected): IfMatch,
    input: Input<Option<Nothing>>,
) -> Result<Response<Body>, Problem> {
    let vault = state.vault.of_request();
    let made = vault.resume(&operator, Meant::new(id, expected), input.once);
    Ok(answer::made(made.await?))
}

/// The sessions that were ended.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes an answer that the vault builds")]
pub struct Ended {
    ended: u64,
}

/// Whose sessions to end.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndInput {
    /// Your own id of a person: only the portal sessions of this actor. Absent: every session.
    #[serde(default, deserialize_with = "given")]
    #[schema(min_length = 1, max_length = 200, pattern = "^[!-~]+$", value_type = String)]
    actor: Option<String>,
}

/// End sessions of an account
///
/// At once, on every node: all of them, or those of one person. Links that were not used yet no longer work. With all of them,
/// the address of the account's calendar changes too, because sessions that may see keys have seen it: calendar programs have
/// to subscribe again. With an `actor` it stays, because it belongs to the account and not to a person.
#[utoipa::path(post, path = "/accounts/{id}/end-sessions", operation_id = "end_sessions", tag = "accounts", request_body(content = Option<EndInput>),
    params(Named, IdempotencyKey, Precondition),
    security(("operator_token" = ["accounts:write"])),
    responses((status = 200, body = Ended), Refusal))]
pub async fn end_sessions(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    Id(id): Id,
    IfMatch(expected): IfMatch,
    input: Input<Option<EndInput>>,
) -> Result<Response<Body>, Problem> {
    let vault = state.vault.of_request();
    let actor = input.body.unwrap_or_default().actor;
    let meant = Meant::new(id, expected);
    let made = vault.end_sessions(&operator, meant, actor.as_deref(), input.once);
    Ok(answer::made(made.await?))
}
