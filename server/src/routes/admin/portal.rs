//! Portal sessions.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::pasted::pasted_secret;
use shared::prefix::Prefix;
use shared::redirect::local_path;
use shared::validation::FieldErrors;
use utoipa::ToSchema;
use vault::operators::portal::PortalFields;
use vault::operators::record::PortalRecord;
use vault::operators::token::Operator;
use vault::{ManagedFields, Setting};

use super::answer;
use super::input::{Id, Input, NoTag, given};
use super::parameters::IdempotencyKey;
use super::problem::{Problem, Refusal};
use crate::routes::pages::is_private;
use crate::state::AppState;

/// A link to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalInput {
    account: PortalAccount,
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = PortalActor)]
    actor: Option<PortalActor>,
    /// `keys.read`, `keys.create`, `keys.edit`, `keys.expire`, `keys.delete`, `notices`; all unless given.
    #[serde(default, deserialize_with = "given")]
    #[schema(min_items = 1, value_type = Vec<PortalCapability>)]
    capabilities: Option<Vec<String>>,
    /// How long the session lasts, from now on; 3,600 unless given.
    #[serde(default, deserialize_with = "given")]
    #[schema(minimum = 300, maximum = 86400, value_type = i64)]
    session_seconds: Option<i64>,
    /// Where the link leads: the path of a page that needs a session. Unless given, the first that its capabilities
    /// allow, of `/preferences/api-control`, `/preferences/notices`, `/preferences/api-control/new` and `/developers`.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 2000, pattern = "^/[!-~]*$", value_type = String)]
    page: Option<String>,
    /// Where *Back to …* leads: an address on one of the hosts in `KEYHOLD_RETURN_HOSTS`.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 2000, value_type = String)]
    return_url: Option<String>,
}

/// The account, which is created if it does not exist. Members that are absent stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalAccount {
    /// Your own id: 1 to 200 visible ASCII characters.
    #[schema(min_length = 1, max_length = 200, pattern = "^[!-~]+$")]
    external_id: String,
    /// At most 200 characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_length = 200, value_type = String)]
    name: Option<String>,
    /// Where notices go: at most 5 addresses, which need no confirmation.
    #[serde(default, deserialize_with = "given")]
    #[schema(max_items = 5, value_type = Vec<String>)]
    notice_emails: Option<Vec<String>>,
    /// An IANA name; UTC unless given.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = String)]
    time_zone: Option<String>,
    /// The company's own data: a JSON object of at most 1,024 bytes.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Object)]
    metadata: Option<Map<String, Value>>,
}

/// The person who is signed in to your app.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortalActor {
    /// Your own id of the person: 1 to 200 visible ASCII characters.
    #[schema(min_length = 1, max_length = 200, pattern = "^[!-~]+$")]
    external_id: String,
    /// What the account's history shows: a name or an address, at most 200 characters.
    #[schema(min_length = 1, max_length = 200)]
    label: String,
}

/// What a session may do.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the names that the vault checks")]
pub enum PortalCapability {
    #[schema(rename = "keys.read")]
    Read,
    #[schema(rename = "keys.create")]
    Create,
    #[schema(rename = "keys.edit")]
    Edit,
    #[schema(rename = "keys.expire")]
    Expire,
    #[schema(rename = "keys.delete")]
    Delete,
    #[schema(rename = "notices")]
    Notices,
}

/// A new link, which cannot be read again.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes an answer that the vault builds")]
pub struct CreatedPortalSession {
    id: String,
    /// Send the customer's browser here, by a redirect. It works once.
    url: String,
    /// RFC 3339: until when it works.
    #[schema(format = DateTime)]
    code_expires_at: String,
    /// RFC 3339: the end of the session, whenever it begins.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Create a portal session
///
/// Creates or changes the account, and answers with a link that signs one browser in to it, once.
#[utoipa::path(post, path = "/portal-sessions", operation_id = "create_portal_session", tag = "portal", request_body = PortalInput,
    params(IdempotencyKey),
    security(("operator_token" = ["portal:create"])),
    responses((status = 201, body = CreatedPortalSession), Refusal))]
pub async fn create(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    _: NoTag,
    input: Input<PortalInput>,
) -> Result<Response<Body>, Problem> {
    let PortalInput {
        account,
        actor,
        capabilities,
        session_seconds,
        page,
        return_url,
    } = input.body;
    let mut errors = FieldErrors::default();
    let prefix = state.vault.key_prefix();
    let page = page.map(|page| {
        errors
            .check("page", private_page(&page, prefix))
            .unwrap_or_default()
    });
    let hosts = &state.site.return_hosts;
    let return_url = return_url.and_then(|url| errors.check("return_url", hosts.allow(&url)));
    let fields = PortalFields {
        account: ManagedFields {
            external_id: Setting::Set(account.external_id),
            name: account.name,
            notice_emails: account.notice_emails,
            metadata: account.metadata,
            time_zone: account.time_zone,
            warning_days: None,
        },
        actor: actor.map(|actor| (actor.external_id, actor.label)),
        capabilities,
        session_seconds,
        page,
        return_url: return_url.map(String::from),
    };
    let vault = state.vault.of_request();
    let made = vault.create_portal_session(&operator, fields.check(errors)?, input.once);
    Ok(answer::made(made.await?))
}

/// Show a portal session
///
/// For a week after its end.
#[utoipa::path(get, path = "/portal-sessions/{id}", operation_id = "show_portal_session", tag = "portal",
    params(("id" = String, Path)),
    security(("operator_token" = ["portal:create"])),
    responses((status = 200, body = PortalRecord), Refusal))]
pub async fn show(State(state): State<AppState>, Id(id): Id) -> Result<Response<Body>, Problem> {
    let record = state.vault.of_request().portal_session(&id).await?;
    Ok(axum::Json(record).into_response())
}

/// End a portal session
///
/// At once, on every node. A link that was not used yet no longer works.
#[utoipa::path(delete, path = "/portal-sessions/{id}", operation_id = "end_portal_session", tag = "portal",
    params(("id" = String, Path)),
    security(("operator_token" = ["portal:create"])),
    responses((status = 204, description = "The session is over."), Refusal))]
pub async fn end(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    _: NoTag,
    Id(id): Id,
) -> Result<Response<Body>, Problem> {
    let vault = state.vault.of_request();
    vault.end_portal_session(&operator, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Checks the path of a page that needs a session.
fn private_page(page: &str, own: Prefix) -> Result<String, &'static str> {
    let plain = page.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain || local_path(page) != page || pasted_secret(page, own).is_some() {
        return Err("The path of a page here in ASCII, as /preferences/api-control.");
    }
    if is_private(page) {
        Ok(page.to_owned())
    } else {
        Err("A page that needs a session: /, /developers, or one below /preferences.")
    }
}
