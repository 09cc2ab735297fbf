//! The input of the management API: paths, parameters and bodies, each read by one rule. What cannot be read is a problem that
//! points at the member; unknown members are refused, because a misspelt one would be ignored in silence.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, Path, Request};
use axum::http::header::{CONTENT_TYPE, IF_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use vault::operators::Expected;
use vault::operators::once::Once;

use super::problem::{Code, FieldProblem, Problem};
use crate::state::AppState;

/// The most bytes of a body: far more than every field together.
const BODY_MAX: usize = 64 * 1024;
/// The most characters of an idempotency key.
const KEY_MAX: usize = 255;
/// draft-ietf-httpapi-idempotency-key-header, section 2.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The number of entries on a page.
const LIMITS: std::ops::RangeInclusive<u16> = 1..=200;
const DEFAULT_LIMIT: u16 = 50;
/// The most characters of a search.
const SEARCH_MAX: usize = 200;

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

/// The parameters of an address.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        let mut members = serde_json::Map::new();
        for (name, value) in pairs {
            let twice = members.insert(name.to_string(), value.to_string().into());
            if twice.is_some() {
                let detail = "This parameter is given twice.".to_owned();
                return Err(wrong(&name, "invalid", detail));
            }
        }
        let members = serde_json::Value::Object(members);
        serde_path_to_error::deserialize(members)
            .map(Self)
            .map_err(|error| of_path(&error.path().to_string(), error.inner()))
    }
}

fn wrong(member: &str, code: &'static str, detail: String) -> Problem {
    let error = FieldProblem {
        pointer: format!("/{}", member.replace('~', "~0").replace('/', "~1")),
        code,
        detail,
    };
    Problem::of_member(Code::BadRequest, error)
}

/// A page of a list, as asked for.
pub struct PageOf {
    pub limit: usize,
    pub after: Option<String>,
}

impl PageOf {
    /// Reads the parameters `limit` and `after`.
    pub fn read(limit: Option<&str>, after: Option<String>) -> Result<Self, Problem> {
        let limit = match limit {
            None => DEFAULT_LIMIT,
            Some(text) => {
                let number = text.parse().ok().filter(|limit| LIMITS.contains(limit));
                let range = || {
                    let detail = format!("A number from {} to {}.", LIMITS.start(), LIMITS.end());
                    wrong("limit", "invalid", detail)
                };
                number.ok_or_else(range)?
            }
        };
        Ok(Self {
            limit: usize::from(limit),
            after,
        })
    }
}

/// Reads a parameter that is an instant, RFC 3339. Returns UTC epoch milliseconds.
pub fn instant(name: &str, text: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    let known = match text.parse() {
        Ok(shared::expiry::Expiry::At(at)) => Some(at),
        _ => None,
    };
    let detail = || "An instant in RFC 3339, as 2026-11-30T12:00:00Z.".to_owned();
    known
        .map(Some)
        .ok_or_else(|| wrong(name, "invalid", detail()))
}

/// Reads a parameter that is searched for.
pub fn search(text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.chars().count() > SEARCH_MAX => {
            let detail = format!("At most {SEARCH_MAX} characters.");
            Err(wrong("q", "invalid", detail))
        }
        text => Ok(text),
    }
}

/// Reads a parameter by the names of its values.
pub fn one_of<T: Copy>(
    name: &str,
    text: Option<&str>,
    values: &[(&str, T)],
) -> Result<Option<T>, Problem> {
    let Some(text) = text else {
        return Ok(None);
    };
    let found = values.iter().find(|(slug, _)| *slug == text);
    let names: Vec<_> = values.iter().map(|(slug, _)| *slug).collect();
    let detail = || format!("One of {}.", names.join(", "));
    found
        .map(|(_, value)| Some(*value))
        .ok_or_else(|| wrong(name, "invalid", detail()))
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
            let value = value.to_str().unwrap_or_default();
            if value.trim() == "*" {
                return Ok(Self(None));
            }
            // Weak tags never match (RFC 9110, section 13.1.1).
            let strong = value.split(',').filter_map(|tag| {
                let tag = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
                Some(tag.to_owned())
            });
            versions.extend(strong);
        }
        Ok(Self(given.then_some(versions)))
    }
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
            } else if inner.is_data() {
                of_path(&error.path().to_string(), inner)
            } else {
                Problem::new(Code::BadRequest, format!("The body is not JSON: {inner}."))
            }
        })?;
        // serde takes an array for the members in their order.
        if given.trim_ascii_start().starts_with(b"[") {
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

/// Returns the problem with a member that serde refuses, by its path, as `metadata.a[0]`.
fn of_path(path: &str, error: &serde_json::Error) -> Problem {
    let text = error.to_string();
    // What follows is the place in the text, which the pointer says better.
    let detail = text.split(" at line ").next().unwrap_or(&text);
    let quoted = detail.split('`').nth(1);
    let (code, name) = match quoted {
        Some(name) if detail.starts_with("unknown field") => ("unknown", Some(name)),
        Some(name) if detail.starts_with("missing field") => ("missing", Some(name)),
        Some(name) if detail.starts_with("duplicate field") => ("invalid", Some(name)),
        _ => ("invalid", None),
    };
    let mut pointer = String::new();
    for part in path.split(['.', '[', ']']) {
        if !part.is_empty() && part != "?" {
            pointer.push('/');
            pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
        }
    }
    if let Some(name) = name
        && !pointer.ends_with(&format!("/{name}"))
    {
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
    }
    let error = FieldProblem {
        pointer,
        code,
        detail: format!("{detail}."),
    };
    Problem::of_member(Code::Invalid, error)
}
