//! Requests to the management API: retries and problems.
//!
//! A request is sent again only where that makes no second change: reading, changes to given values, and posts, which have an
//! idempotency key. A deletion is sent once, because a second one would not find what the first has deleted.

use std::time::Duration;

use axum::body::Body;
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Method, Request, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use shared::prefix::Prefix;
use shared::token::find_secret;
use tokio::time::sleep;

use super::access::Access;
use super::error::{ClientError, Problem};
use crate::config::client::Target;
use crate::net::client::{Answer, Client, Unanswered};

/// Longer than the server gives itself for a change that waits for all nodes.
const LIMIT: Duration = Duration::from_secs(75);
/// How often a request is sent at most.
const ATTEMPTS: u32 = 4;
/// The longest wait before a request is sent again.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Entries on a page of a list.
const PAGE: &str = "200";

/// A segment of a path: all but the characters that are never special (RFC 3986, section 2.3), and the dot, of which two are a
/// segment with a meaning.
const SEGMENT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// Parameters of a list; those without a value are left out.
pub type Parameters<'a> = [(&'static str, Option<&'a str>)];

/// A management API, and the token for it.
pub struct Api {
    client: Client,
    access: Access,
}

impl Api {
    /// Reads the token. Nothing is sent yet.
    ///
    /// # Errors
    /// As [`Access::of`].
    pub fn of(target: &Target) -> Result<Self, ClientError> {
        let access = Access::of(target)?;
        let client =
            Client::new(LIMIT, access.server.with_tls()).map_err(|error| ClientError::Request {
                url: access.server.url.clone(),
                reason: error.to_string(),
            })?;
        Ok(Self { client, access })
    }

    pub async fn get(&self, path: &str, query: &Parameters<'_>) -> Result<Value, ClientError> {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        for (name, value) in query {
            if let Some(value) = value {
                pairs.append_pair(name, value);
            }
        }
        let pairs = pairs.finish();
        let path = if pairs.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{pairs}")
        };
        self.send(&Method::GET, &path, None).await
    }

    /// Returns all entries of a list.
    pub async fn list(
        &self,
        path: &str,
        query: &Parameters<'_>,
    ) -> Result<Vec<Value>, ClientError> {
        let mut entries = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let page = [("limit", Some(PAGE)), ("after", after.as_deref())];
            let mut page = self.get(path, &[query, &page].concat()).await?;
            if let Value::Array(data) = page["data"].take() {
                entries.extend(data);
            }
            match page["next"].take() {
                Value::String(next) => after = Some(next),
                _ => return Ok(entries),
            }
        }
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.send(&Method::POST, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        self.send(&Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.send(&Method::DELETE, path, None).await.map(drop)
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ClientError> {
        let key = idempotency_key()?;
        let mut attempt = 1;
        loop {
            let request = self.request(method, path, body, &key)?;
            let outcome = self.client.send(request).await;
            let may_repeat = attempt < ATTEMPTS && method != Method::DELETE;
            let wait = match &outcome {
                Err(Unanswered::Lost(_)) if may_repeat => Some(Duration::from_secs(1)),
                Ok(answer) if may_repeat => wait_asked_for(answer, attempt),
                _ => None,
            };
            match wait {
                Some(wait) => sleep(wait).await,
                None => return self.judged(method, outcome),
            }
            attempt += 1;
        }
    }

    fn request(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        key: &str,
    ) -> Result<Request<Body>, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}/admin/v1{path}", self.access.server.url))
            .header(AUTHORIZATION, &self.access.authorization)
            .header(ACCEPT, "application/json");
        if method == Method::POST {
            request = request.header("idempotency-key", key);
        }
        let body = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        request.body(body).map_err(|error| ClientError::Request {
            url: self.access.server.url.clone(),
            reason: error.to_string(),
        })
    }

    fn judged(
        &self,
        method: &Method,
        outcome: Result<Answer, Unanswered>,
    ) -> Result<Value, ClientError> {
        let server = &self.access.server;
        let url = server.url.clone();
        let answer = outcome.map_err(|error| match error {
            Unanswered::NotSent(reason) => {
                let server = server.to_string();
                ClientError::Unreachable { server, reason }
            }
            Unanswered::Lost(reason) | Unanswered::Late(reason) if method.is_safe() => {
                ClientError::Lost { url, reason }
            }
            Unanswered::Lost(reason) | Unanswered::Late(reason) => {
                ClientError::Uncertain { url, reason }
            }
        })?;
        let elsewhere = || {
            let status = answer.status.as_u16();
            if answer.status.is_server_error() {
                // A proxy's answer, or that of a server that is starting or stopping.
                let url = server.url.clone();
                ClientError::Away { url, status }
            } else {
                let server = server.to_string();
                ClientError::Elsewhere { server, status }
            }
        };
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(Value::Null);
        }
        if answer.status.is_success() {
            return serde_json::from_str(&answer.body).map_err(|_| elsewhere());
        }
        let Some(problem) = problem(&answer) else {
            return Err(elsewhere());
        };
        if answer.status != StatusCode::UNAUTHORIZED {
            return Err(ClientError::Refused(problem));
        }
        Err(ClientError::TokenRefused {
            server: server.to_string(),
            token_file: self.access.token_file.clone(),
            problem: Box::new(problem),
        })
    }
}

/// Returns the problem that an answer is, if it is one of the management API.
fn problem(answer: &Answer) -> Option<Problem> {
    serde_json::from_str(&answer.body).ok()
}

/// Returns how long to wait before the request is sent again; none if the answer is final.
fn wait_asked_for(answer: &Answer, attempt: u32) -> Option<Duration> {
    match answer.status {
        StatusCode::SERVICE_UNAVAILABLE => {
            let seconds = answer.headers.get(RETRY_AFTER)?.to_str().ok()?;
            Some(Duration::from_secs(seconds.parse().ok()?).min(LONGEST_WAIT))
        }
        // An earlier attempt, whose answer was lost, is still running.
        StatusCode::CONFLICT if attempt > 1 => problem(answer)
            .filter(|problem| problem.code == "idempotency_key_in_use")
            .map(|_| Duration::from_secs(1)),
        _ => None,
    }
}

fn idempotency_key() -> Result<String, ClientError> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| ClientError::Random(error.to_string()))?;
    Ok(format!("cli-{:032x}", u128::from_be_bytes(bits)))
}

/// Returns a text as a segment of a path.
///
/// # Errors
/// [`ClientError::SecretInArgument`]: addresses get into logs.
pub fn segment(text: &str) -> Result<String, ClientError> {
    // The beginning of a pair in base64 may be a part of an external id.
    if find_secret(text.as_bytes(), Prefix::KEYHOLD)
        .is_some_and(|found| text[found].starts_with("kh"))
    {
        return Err(ClientError::SecretInArgument);
    }
    Ok(utf8_percent_encode(text, &SEGMENT).to_string())
}

/// Returns how the API names an account that an argument names: `acc_` and 32 hex digits are an id, anything else is an external
/// id.
pub fn account_name(argument: &str) -> String {
    let is_id = argument.strip_prefix("acc_").is_some_and(|digits| {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        digits.len() == 32 && digits.bytes().all(is_digit)
    });
    if is_id || argument.starts_with("ext:") {
        argument.to_owned()
    } else {
        format!("ext:{argument}")
    }
}

/// Returns the path of an account that an argument names.
///
/// # Errors
/// As [`segment`].
pub fn account_path(argument: &str) -> Result<String, ClientError> {
    segment(&account_name(argument)).map(|segment| format!("/accounts/{segment}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_named_by_its_id_or_external_id() -> Result<(), ClientError> {
        let id = "acc_0123456789abcdef0123456789abcdef";
        for (argument, expected) in [
            (id, format!("/accounts/{id}")),
            ("cust_1", "/accounts/ext%3Acust_1".to_owned()),
            ("a/../b?c", "/accounts/ext%3Aa%2F%2E%2E%2Fb%3Fc".to_owned()),
            ("ext:..", "/accounts/ext%3A%2E%2E".to_owned()),
            ("acc_12", "/accounts/ext%3Aacc_12".to_owned()),
            (&format!("ext:{id}"), format!("/accounts/ext%3A{id}")),
        ] {
            assert_eq!(account_path(argument)?, expected);
        }
        Ok(())
    }
}
