//! A refusal as an answer: RFC 9457 `application/problem+json` with the headers that go with it.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use shared::problem::{Code, Problem};
use shared::token::AccessKey;

use crate::headers::X_REQUEST_ID;
use crate::state::AppState;

/// RFC 7617, section 2.1: the charset says that user name and password are UTF-8.
const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Basic realm=\"Keyhold\", charset=\"UTF-8\"");

/// Seconds after which it makes sense to ask again when the truth cannot be known.
const RETRY_AFTER_S: HeaderValue = HeaderValue::from_static("5");

/// Why a request is refused, with what the answer adds to the code.
#[derive(Clone, Copy, Debug)]
pub enum Refused {
    Plainly(Code),
    /// Two carriers: the request itself is wrong, so 400 rather than 401.
    Ambiguous,
    Expired {
        access_key: AccessKey,
        at: i64,
    },
}

impl Refused {
    fn code(self) -> Code {
        match self {
            Self::Plainly(code) => code,
            Self::Ambiguous => Code::CredentialsMalformed,
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

    /// The answer to the caller itself.
    pub fn answer(self, state: &AppState) -> Response<Body> {
        self.answer_with(self.status(), state)
    }

    /// The answer by way of nginx, whose `auth_request` turns everything but 401 and 403 into its own 500.
    pub fn answer_nginx(self, state: &AppState) -> Response<Body> {
        match self.status() {
            StatusCode::UNAUTHORIZED => self.answer(state),
            _ => self.answer_with(StatusCode::FORBIDDEN, state),
        }
    }

    fn answer_with(self, status: StatusCode, state: &AppState) -> Response<Body> {
        let code = self.code();
        let base = &state.site.base_url;
        let (expired_at, restore_url) = match self {
            Self::Expired { access_key, at } => (
                Some(vault::rfc3339(at)),
                Some(format!("{base}/preferences/api-control/{access_key}")),
            ),
            _ => (None, None),
        };
        let request_id = state.request_ids.next();
        tracing::debug!(code = code.slug(), request_id, "refused");
        let problem = Problem {
            kind: format!("{base}/developers#{}", code.slug()),
            title: code.title(),
            status: status.as_u16(),
            detail: code.detail(),
            code: code.slug(),
            request_id: request_id.clone(),
            expired_at,
            restore_url,
        };
        let mut response =
            Response::new(Body::from(serde_json::to_vec(&problem).unwrap_or_default()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Ok(id) = HeaderValue::from_str(&request_id) {
            headers.insert(X_REQUEST_ID, id);
        }
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST) {
            headers.insert(WWW_AUTHENTICATE, CHALLENGE);
        }
        if matches!(code, Code::Unavailable | Code::RateLimited) {
            headers.insert(RETRY_AFTER, RETRY_AFTER_S);
        }
        response
    }
}
