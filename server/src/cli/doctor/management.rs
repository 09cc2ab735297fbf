//! The checks of the management API and of the operator's token that the command line uses.

use std::path::PathBuf;

use axum::body::Body;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderValue, Request};
use serde_json::Value;
use shared::token::OperatorToken;
use vault::{Examined, TokenFound, rfc3339};

use super::{Finding, Status};
use crate::config::Config;
use crate::config::commands::Doctor;
use crate::config::http::reached_here;
use crate::net::client::{self, Answer};

const CHECK: &str = "management";
const TOKEN: &str = "token";

/// The file of the token, and its text.
pub struct TokenFile {
    path: PathBuf,
    text: std::io::Result<String>,
}

impl TokenFile {
    pub fn read(command: &Doctor) -> Self {
        let config = &command.config;
        let path = command
            .token_file
            .clone()
            .unwrap_or_else(|| config.token.resolved(&config.files.pepper_file));
        Self {
            text: std::fs::read_to_string(&path),
            path,
        }
    }

    /// Returns the token, if the file has one.
    pub fn parsed(&self) -> Option<OperatorToken<'_>> {
        OperatorToken::parse(self.text.as_ref().ok()?.trim()).ok()
    }
}

/// Asks the management API with the token, or without one.
pub async fn of_management(config: &Config, token: Option<&OperatorToken<'_>>) -> Finding {
    let listen = config.admin_listen.0.unwrap_or(config.http.listen);
    let url = format!("http://{}", reached_here(listen));
    if listen.port() == 0 {
        return Finding::not_checked(CHECK, "its port is any free one");
    }
    let mut request = Request::get(format!("{url}/admin/v1/accounts?limit=1"));
    let sent =
        token.and_then(|token| HeaderValue::from_str(&format!("Bearer {}", token.expose())).ok());
    if let Some(mut value) = sent {
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let answer = match request.body(Body::empty()) {
        Ok(request) => client::send(request)
            .await
            .map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    Finding::of(CHECK, judged(&url, answer))
}

/// Judges an answer. A refusal of the token is one of the API too; what is wrong with the token is another finding.
fn judged(url: &str, answer: Result<Answer, String>) -> Result<String, String> {
    let setting = "Check KEYHOLD_ADMIN_LISTEN and KEYHOLD_LISTEN: they must be those of the server";
    let answer = answer.map_err(|reason| {
        format!("{url} cannot be reached: {reason}. Is `keyhold serve` running? {setting}")
    })?;
    let status = answer.status.as_u16();
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    let refused = || body["code"].as_str().is_some_and(|code| !code.is_empty());
    match status {
        200 if body["data"].is_array() => Ok(format!("{url}/admin/v1 answers")),
        401 | 403 if refused() => Ok(format!("{url}/admin/v1 answers")),
        _ => Err(format!(
            "{url} answers {status} and is not the management API. {setting}"
        )),
    }
}

/// Judges the token by the database. `examined` is none if the database could not be read.
pub fn of_token(file: &TokenFile, examined: Option<&Examined>) -> Finding {
    let path = file.path.display();
    let create = "Create another with `keyhold token create`";
    if let Err(error) = &file.text {
        let sentence = match examined {
            // Not before the first start, which makes it.
            Some(_) if error.kind() == std::io::ErrorKind::NotFound => format!(
                "there is no operator's token at {path}: the first start makes one, and KEYHOLD_TOKEN_FILE names another"
            ),
            _ => format!("{path}: {error}"),
        };
        return Finding::new(TOKEN, Status::Warning, sentence);
    }
    if file.parsed().is_none() {
        let sentence =
            format!("{path} holds no operator's token, kho_ and 49 characters. {create}");
        return Finding::new(TOKEN, Status::Failed, sentence);
    }
    match examined.and_then(|examined| examined.token) {
        Some(TokenFound::Good { until }) => {
            let sentence = format!("{path} is good until {}", rfc3339(until));
            Finding::new(TOKEN, Status::Ok, sentence)
        }
        Some(TokenFound::Expired { at }) => {
            let sentence = format!("{path} has expired on {}. {create}", rfc3339(at));
            Finding::new(TOKEN, Status::Failed, sentence)
        }
        Some(TokenFound::Unknown) => {
            let sentence =
                format!("{path} was revoked, or is the token of another database. {create}");
            Finding::new(TOKEN, Status::Failed, sentence)
        }
        None => Finding::not_checked(TOKEN, "the database has nothing to compare it with"),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, StatusCode};

    use super::*;

    #[test]
    fn a_refusal_is_an_answer_of_the_management_api() {
        for (status, body, is_it) in [
            (200, r#"{"data":[],"next":null}"#, true),
            (401, r#"{"code":"token_invalid"}"#, true),
            (403, r#"{"code":"scope_missing"}"#, true),
            (404, r#"{"code":"not_found"}"#, false),
            (200, "<html>", false),
            (401, "", false),
            (503, "starting", false),
        ] {
            let answer = Answer {
                status: StatusCode::from_u16(status).unwrap_or_default(),
                headers: HeaderMap::new(),
                body: body.to_owned(),
            };
            let verdict = judged("http://127.0.0.1:3000", Ok(answer));
            assert_eq!(verdict.is_ok(), is_it, "{status} {body}: {verdict:?}");
        }
    }
}
