//! The management API, from outside.

mod access;
mod accounts;
mod audit;
mod input;
mod keys;
mod lists;
mod once;
mod reference;
mod suspension;
mod tokens;
mod versions;

use crate::fixture::Answer;

/// Returns status and code.
fn refusal(answer: &Answer) -> (u16, String) {
    let kind = answer.headers.get("content-type").unwrap();
    assert_eq!(kind, "application/problem+json", "{}", answer.body);
    (answer.status.as_u16(), answer.text("code"))
}

/// Returns the pointers and codes of a refusal's errors.
fn errors(answer: &Answer) -> Vec<(String, String)> {
    let errors = answer.json()["errors"].as_array().cloned();
    let text = |error: &serde_json::Value, member: &str| error[member].as_str().unwrap().to_owned();
    let errors = errors.unwrap_or_default();
    let pairs = errors.iter();
    pairs
        .map(|error| (text(error, "pointer"), text(error, "code")))
        .collect()
}
