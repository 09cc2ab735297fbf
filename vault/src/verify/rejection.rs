//! Rejections and their responses: RFC 9457 `application/problem+json` with its headers.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use shared::problem::{Code, Problem};
use shared::token::{AccessKey, Malformed};

use super::request_id::{RequestId, X_REQUEST_ID};
use crate::time::format::rfc3339;
use crate::vault::Vault;

/// For nginx: the status of the response that `auth_request` cannot carry.
pub const STATUS_MEANT: HeaderName = HeaderName::from_static("x-keyhold-status");
/// For nginx: the body of the response that `auth_request` cannot carry.
pub const PROBLEM_MEANT: HeaderName = HeaderName::from_static("x-keyhold-problem");

const TWO_CARRIERS: &str = "The request has credentials in more than one header. Send either Authorization or X-API-Key, once.";

/// Seconds after which a retry makes sense when the verdict cannot be known.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("5");

/// The reason for rejecting a request, with the facts that the response adds to the code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rejection {
    /// A code and nothing else.
    Code(Code),
    /// Two carriers: the request itself is wrong, so 400 rather than 401.
    Ambiguous,
    /// A parameter that an address does not know, with the sentence about it.
    Parameter(&'static str),
    /// The right secret of a key that has expired.
    Expired {
        access_key: AccessKey,
        /// UTC epoch milliseconds.
        at: i64,
    },
}

impl From<Malformed> for Rejection {
    fn from(_: Malformed) -> Self {
        Self::Code(Code::CredentialsMalformed)
    }
}

impl Rejection {
    pub fn code(self) -> Code {
        match self {
            Self::Code(code) => code,
            Self::Ambiguous => Code::CredentialsMalformed,
            Self::Parameter(_) => Code::BadRequest,
            Self::Expired { .. } => Code::KeyExpired,
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Ambiguous => StatusCode::BAD_REQUEST,
            _ => {
                StatusCode::from_u16(self.code().http_status()).unwrap_or(StatusCode::UNAUTHORIZED)
            }
        }
    }

    fn detail(self) -> &'static str {
        match self {
            Self::Ambiguous => TWO_CARRIERS,
            Self::Parameter(detail) => detail,
            _ => self.code().detail(),
        }
    }

    /// Returns the response for the caller itself.
    pub fn response<B: From<Vec<u8>>>(self, vault: &Vault, request_id: RequestId) -> Response<B> {
        let body = self.problem(self.status(), vault, &request_id);
        self.response_with(self.status(), body, vault, request_id)
    }

    /// Returns the response for nginx, whose `auth_request` turns every status but 401 and 403 into its own 500, and
    /// keeps only the headers of a rejection. Two of them carry the status and body of [`Rejection::response`].
    pub fn nginx_response<B: From<Vec<u8>>>(
        self,
        vault: &Vault,
        request_id: RequestId,
    ) -> Response<B> {
        let meant = self.status();
        let problem = self.problem(meant, vault, &request_id);
        let header = HeaderValue::from_bytes(&problem);
        let mut response = if meant == StatusCode::UNAUTHORIZED {
            self.response_with(meant, problem, vault, request_id)
        } else {
            let body = self.problem(StatusCode::FORBIDDEN, vault, &request_id);
            self.response_with(StatusCode::FORBIDDEN, body, vault, request_id)
        };
        let headers = response.headers_mut();
        headers.insert(STATUS_MEANT, HeaderValue::from(meant.as_u16()));
        if let Ok(problem) = header {
            headers.insert(PROBLEM_MEANT, problem);
        }
        response
    }

    /// Returns the body of a response with this status.
    fn problem(self, status: StatusCode, vault: &Vault, request_id: &RequestId) -> Vec<u8> {
        let code = self.code();
        let base = &vault.0.base_url;
        let (expired_at, restore_url) = match self {
            Self::Expired { access_key, at } => (
                Some(rfc3339(at)),
                Some(format!("{base}/preferences/api-control/{access_key}")),
            ),
            _ => (None, None),
        };
        let problem = Problem {
            kind: format!("{base}/developers#{}", code.slug()),
            title: code.title(),
            status: status.as_u16(),
            detail: self.detail(),
            code: code.slug(),
            request_id: request_id.as_str().to_owned(),
            expired_at,
            restore_url,
            support_url: match code {
                Code::AccountSuspended => vault.0.support_url.clone(),
                _ => None,
            },
        };
        serde_json::to_vec(&problem).unwrap_or_default()
    }

    fn response_with<B: From<Vec<u8>>>(
        self,
        status: StatusCode,
        body: Vec<u8>,
        vault: &Vault,
        request_id: RequestId,
    ) -> Response<B> {
        let code = self.code();
        tracing::debug!(
            code = code.slug(),
            request_id = request_id.as_str(),
            "rejected"
        );
        let mut response = Response::new(B::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.reserve(7);
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(X_REQUEST_ID, request_id.into());
        // Depends on the status meant for the client: nginx gets the challenge of a 400 too.
        if self.status() == StatusCode::UNAUTHORIZED || self == Self::Ambiguous {
            headers.insert(WWW_AUTHENTICATE, vault.0.challenge.clone());
        }
        if matches!(code, Code::Unavailable | Code::RateLimited) {
            headers.insert(RETRY_AFTER, RETRY_AFTER_S);
        }
        response
    }
}
