//! The audit trail, as JSON or as lines of JSON.

#![expect(
    unused_qualifications,
    reason = "the macros that describe parameters write their paths out"
)]

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, LINK};
use axum::http::{HeaderMap, HeaderValue, Response, Uri};
use serde::Deserialize;
use utoipa::IntoParams;
use vault::operators::audit::AuditFilter;
use vault::operators::record::{AuditRecord, Page};

use super::answer;
use super::problem::{Problem, Refusal};
use super::query::{PageOf, Query, instant, refused};
use crate::state::AppState;

const NDJSON: &str = "application/x-ndjson";

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// 1 to 200; 50 unless given.
    #[param(minimum = 1, maximum = 200, value_type = Option<u16>)]
    limit: Option<String>,
    /// The `next` of the page before, or the `id` of an entry: what comes after it.
    after: Option<String>,
    /// The account: its id, or `ext:` and the external id, of accounts that had it before too.
    account: Option<String>,
    /// `account`, `portal`, `token` or `system`, the id of a token, or the company's own id of a person.
    actor: Option<String>,
    /// An action, as `key.expired`.
    action: Option<String>,
    /// From this instant on, RFC 3339.
    #[param(format = DateTime)]
    since: Option<String>,
}

/// List the audit trail
///
/// In the order of its writing. With `Accept: application/x-ndjson`, an entry a line.
#[utoipa::path(get, path = "/audit", operation_id = "list_audit_trail", tag = "audit", params(AuditQuery),
    security(("operator_token" = ["audit:read"])),
    responses((status = 200, content((Page<AuditRecord> = "application/json"), (String = "application/x-ndjson"))),
        Refusal))]
pub async fn list(
    State(state): State<AppState>,
    uri: Uri,
    headers: HeaderMap,
    Query(query): Query<AuditQuery>,
) -> Result<Response<Body>, Problem> {
    let page = PageOf::read(query.limit.as_deref(), query.after)?;
    let filter = AuditFilter {
        account: query.account,
        actor: query.actor,
        action: query.action,
        since: instant("since", query.since.as_deref())?,
    };
    let vault = state.vault.of_request();
    let found = vault.audit_trail(filter, page.limit, page.after.as_deref());
    let found = found.await.map_err(refused)?;
    if !answer::prefers(&headers, NDJSON) {
        return Ok(answer::page(&uri, &found));
    }
    let lines = found.data.iter().map(|entry| {
        let mut line = serde_json::to_string(entry).unwrap_or_default();
        line.push('\n');
        line
    });
    let mut response = Response::new(Body::from(lines.collect::<String>()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(NDJSON));
    if let Some(link) = answer::next_link(&uri, found.next.as_deref()) {
        headers.insert(LINK, link);
    }
    Ok(response)
}
