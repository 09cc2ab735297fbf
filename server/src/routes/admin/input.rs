//! The input of the management API: paths, preconditions and bodies, each read by one rule; the parameters of an address are in
//! [`super::query`]. What cannot be read is a problem that points at the member; unknown members are refused, because a
//! misspelt one would be ignored in silence.

use std::convert::Infallible;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Path, Request};
use axum::http::header::{CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};
use percent_encoding::percent_decode_str;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _, IgnoredAny};
use vault::operators::Expected;
use vault::operators::once::Once;

use super::member;
use super::problem::{Code, FieldProblem, Problem};
use crate::state::AppState;

/// The most bytes of a body: far more than every field together.
const BODY_MAX: usize = 64 * 1024;
/// The most characters of an idempotency key.
const KEY_MAX: usize = 255;
/// The most digits of a number of days.
const DAYS_MAX: usize = 5;
/// draft-ietf-httpapi-idempotency-key-header, section 2.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The id in the path.
pub struct Id(pub String);

impl FromRequestParts<AppState> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            // Bytes that are no text: nothing has such an id.
            Err(_) => Err(Problem::new(Code::NotFound, "Nothing with this id exists.")),
        }
    }
}

/// An expiration in a body: exactly the grammar, without the blanks that a form may have around it.
pub struct ExpiryText(pub String);

impl<'de> Deserialize<'de> for ExpiryText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let days = text.strip_suffix('d').unwrap_or_default();
        if text.trim() != text {
            Err(D::Error::custom("Leave out the blanks around it."))
        } else if days.len() > DAYS_MAX && days.starts_with('0') {
            Err(D::Error::custom("Leave out the zeros before it."))
        } else {
            Ok(Self(text))
        }
    }
}

/// Reads an optional member: it is absent, or has a value. A null would be taken for one or the other in silence, as in "the
/// sessions of no actor", which are all.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// The precondition of a change of something that has no ETag: whatever If-Match names, this is another, but for `*`
/// (RFC 9110, section 13.1.1).
pub struct NoTag;

impl FromRequestParts<AppState> for NoTag {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        match IfMatch::from_request_parts(parts, state).await? {
            IfMatch(None) => Ok(Self),
            IfMatch(Some(_)) => Err(Problem::new(
                Code::PreconditionFailed,
                "This has no ETag, so If-Match can only be *. Nothing was changed.",
            )),
        }
    }
}

/// The versions of If-Match.
pub struct IfMatch(pub Expected);

impl FromRequestParts<AppState> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let mut versions = Vec::new();
        let mut given = false;
        for value in parts.headers.get_all(IF_MATCH) {
            given = true;
            let text = value.to_str().ok().filter(|text| !text.trim().is_empty());
            let value = text.ok_or_else(|| {
                let detail = "Send If-Match with an ETag, in visible ASCII characters.";
                Problem::new(Code::BadRequest, detail)
            })?;
            if value.trim() == ANY {
                return Ok(Self(None));
            }
            // Weak tags never match (RFC 9110, section 13.1.1).
            versions.extend(value.split(',').filter_map(strong));
        }
        Ok(Self(given.then_some(versions)))
    }
}

/// The tags of If-None-Match: which answers the client has already.
pub struct IfNoneMatch(Vec<String>);

impl FromRequestParts<AppState> for IfNoneMatch {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Infallible> {
        let values = parts.headers.get_all(IF_NONE_MATCH).iter();
        let values = values.filter_map(|value| value.to_str().ok());
        let tags = values.flat_map(|value| value.split(',')).filter_map(|tag| {
            // Weak tags count as well (RFC 9110, section 13.1.2).
            let tag = tag.trim();
            match tag {
                ANY => Some(tag.to_owned()),
                _ => strong(tag.strip_prefix("W/").unwrap_or(tag)),
            }
        });
        Ok(Self(tags.collect()))
    }
}

impl IfNoneMatch {
    pub fn has(&self, tag: &str) -> bool {
        self.0.iter().any(|known| known == tag || known == ANY)
    }
}

/// Stands for every tag.
const ANY: &str = "*";

/// Returns the content of a strong tag.
fn strong(tag: &str) -> Option<String> {
    let tag = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
    Some(tag.to_owned())
}

/// The body of a request that changes something, and its idempotency key.
pub struct Input<T> {
    pub body: T,
    pub once: Option<Once>,
}

impl<T: DeserializeOwned> FromRequest<AppState> for Input<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read(body).await?;
        // A request that needs no members may leave its body out.
        let given = if bytes.is_empty() {
            b"null".as_slice()
        } else {
            &bytes
        };
        if !bytes.is_empty() && !is_json(&parts.headers) {
            return Err(Problem::new(
                Code::UnsupportedMediaType,
                "Send the body with Content-Type: application/json.",
            ));
        }
        let once = once(&parts, &bytes)?;
        let mut reader = serde_json::Deserializer::from_slice(given);
        let body = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let inner = error.inner();
            if bytes.is_empty() {
                Problem::new(Code::BadRequest, "Send a JSON object as the body.")
            } else if inner.is_data() || serde_json::from_slice::<IgnoredAny>(given).is_ok() {
                // serde_json takes a value that is no name of an enum for a mistake of the syntax.
                member::refused(&error)
            } else {
                Problem::new(Code::BadRequest, format!("The body is not JSON: {inner}."))
            }
        })?;
        // serde takes an array for the members in their order, and null for a body that was left out.
        let text = bytes.trim_ascii();
        if text.starts_with(b"[") || text == b"null" {
            let error = FieldProblem {
                pointer: String::new(),
                code: "invalid",
                detail: "The body is a JSON object.".to_owned(),
            };
            return Err(Problem::of_member(Code::Invalid, error));
        }
        reader.end().map_err(|error| {
            Problem::new(Code::BadRequest, format!("The body is not JSON: {error}."))
        })?;
        Ok(Self { body, once })
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    match to_bytes(body, BODY_MAX).await {
        Ok(bytes) => Ok(bytes.into()),
        Err(_) => Err(Problem::new(
            Code::PayloadTooLarge,
            format!("A body has at most {BODY_MAX} bytes."),
        )),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next();
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn once(parts: &Parts, body: &[u8]) -> Result<Option<Once>, Problem> {
    if parts.method != Method::POST {
        return Ok(None);
    }
    let mut keys = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let plain = |key: &str| {
        (1..=KEY_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    match key.to_str() {
        Ok(key) if plain(key) && keys.next().is_none() => Ok(Some(Once {
            request: format!("{} {}\n{key}", parts.method, operation(parts)),
            body: body.to_vec(),
        })),
        _ => Err(Problem::new(
            Code::BadRequest,
            format!("Send one Idempotency-Key of 1 to {KEY_MAX} visible ASCII characters."),
        )),
    }
}

/// Returns the operation that a request means, however its path is spelled.
fn operation(parts: &Parts) -> String {
    let route = parts.extensions.get::<MatchedPath>();
    let route = route.map_or("", MatchedPath::as_str);
    let path = percent_decode_str(parts.uri.path()).decode_utf8_lossy();
    format!("{route} {path}")
}
