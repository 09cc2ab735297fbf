//! The decision of `/verify` as data, for services that are not behind a gateway.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response};
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vault::operators::token::Operator;
use vault::verify::Rejection;
use vault::{Caller, rfc3339};

use super::answer;
use super::input::{Input, NoTag};
use super::parameters::IdempotencyKey;
use super::problem::{Code, Problem, Refusal};
use crate::state::AppState;

/// A credential to decide on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// `access_key.secret_key`, or the value of an Authorization header: `Basic …` or `Bearer …`.
    credential: String,
}

/// The decision, with what `/verify` says in headers.
#[derive(Serialize, ToSchema)]
pub struct Decision {
    /// Whether the key is good.
    valid: bool,
    /// `valid`, or the code of `/verify`: `key_invalid`, `key_expired`, `account_suspended`, `credentials_malformed`.
    code: &'static str,
    /// The rest is known of a good key, and the access key and `expired_at` of an expired one.
    access_key: Option<String>,
    account_id: Option<String>,
    external_id: Option<String>,
    name: Option<String>,
    /// RFC 3339; null: never, or not known.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    expired_at: Option<String>,
    /// Where help is found, of a suspended account.
    support_url: Option<String>,
}

/// Verify a credential
///
/// For services that are not behind a gateway: the decision of `/verify` as data, made again each time. It counts as a call
/// of the key.
#[utoipa::path(post, path = "/keys/verify", operation_id = "verify_credential", tag = "keys", request_body = Credential,
    params(IdempotencyKey),
    security(("operator_token" = ["keys:read"])),
    responses((status = 200, body = Decision), Refusal))]
pub async fn verify(
    State(state): State<AppState>,
    Extension(operator): Extension<Operator>,
    _: NoTag,
    input: Input<Credential>,
) -> Result<Response<Body>, Problem> {
    let decision = decision(&state, &carrier(&input.body.credential))?;
    let Some(once) = input.once else {
        return Ok(axum::Json(decision).into_response());
    };
    let decided = serde_json::to_value(&decision).unwrap_or_default();
    let vault = state.vault.of_request();
    let made = vault.keep_answer(&operator, once, decided.clone()).await?;
    // An earlier answer is no longer given once it is no longer true.
    if made.body == decided {
        Ok(answer::made(made))
    } else {
        Ok(axum::Json(decision).into_response())
    }
}

/// Returns the headers of a request that carries this credential.
fn carrier(credential: &str) -> HeaderMap {
    const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
    let is_authorization = credential.contains(' ');
    let name = if is_authorization {
        AUTHORIZATION
    } else {
        API_KEY
    };
    // Bytes that no header can have are in no credential either.
    let value = HeaderValue::from_str(credential).unwrap_or(HeaderValue::from_static("-"));
    HeaderMap::from_iter([(name, value)])
}

/// # Errors
/// A problem while nothing can be decided.
fn decision(state: &AppState, headers: &HeaderMap) -> Result<Decision, Problem> {
    let none = Decision {
        valid: false,
        code: "valid",
        access_key: None,
        account_id: None,
        external_id: None,
        name: None,
        expires_at: None,
        expired_at: None,
        support_url: None,
    };
    let decided = match state.vault.keys().verify(headers, &Caller::default()) {
        Ok(key) => Decision {
            valid: true,
            access_key: Some(key.access_key.to_string()),
            account_id: Some(key.account_id.to_owned()),
            external_id: key.external_id.map(|id| id.as_ref().to_owned()),
            name: Some(key.name.to_owned()),
            expires_at: key.expires_at.map(rfc3339),
            ..none
        },
        Err(rejection) if rejection.code() == shared::problem::Code::Unavailable => {
            let detail = "Keyhold cannot check the key right now. Try again.";
            return Err(Problem::new(Code::Unavailable, detail));
        }
        Err(rejection) => Decision {
            support_url: (rejection.code() == shared::problem::Code::AccountSuspended)
                .then(|| state.vault.support_url().map(str::to_owned))
                .flatten(),
            code: rejection.code().slug(),
            access_key: match rejection {
                Rejection::Expired { access_key, .. } => Some(access_key.to_string()),
                _ => None,
            },
            expired_at: match rejection {
                Rejection::Expired { at, .. } => Some(rfc3339(at)),
                _ => None,
            },
            ..none
        },
    };
    Ok(decided)
}
