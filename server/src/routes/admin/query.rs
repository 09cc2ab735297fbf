//! The parameters of addresses. What is wrong with one is a bad request (400) that points at it; one that the operation does
//! not have is refused, because a misspelt filter would show everything.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::ParameterIn;

use super::document::document;
use super::member::step;
use super::problem::{Code, FieldProblem, Problem};
use crate::state::AppState;

/// The number of entries on a page.
const LIMITS: RangeInclusive<u16> = 1..=200;
const DEFAULT_LIMIT: u16 = 50;
/// The most characters of a search.
const SEARCH_MAX: usize = 200;

/// Refuses parameters that the document does not have for an operation. `route` is without the prefix.
pub fn check(method: &Method, route: &str, query: &str) -> Result<(), Problem> {
    let Some(item) = document().paths.paths.get(route) else {
        return Ok(());
    };
    let operation = match *method {
        Method::GET | Method::HEAD => &item.get,
        Method::POST => &item.post,
        Method::PATCH => &item.patch,
        Method::DELETE => &item.delete,
        _ => return Ok(()),
    };
    let Some(operation) = operation else {
        return Ok(());
    };
    let parameters = operation.parameters.iter().flatten();
    let known: BTreeSet<&str> = parameters
        .filter_map(|parameter| match parameter {
            RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => {
                Some(parameter.name.as_str())
            }
            _ => None,
        })
        .collect();
    let given: BTreeSet<_> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, _)| name)
        .collect();
    let unknown = given.iter().filter(|name| !known.contains(&***name));
    let listed: Vec<&str> = known.iter().copied().collect();
    let detail = if listed.is_empty() {
        "This operation has no parameters in the query.".to_owned()
    } else {
        format!(
            "There is no such parameter. Known are {}.",
            listed.join(", ")
        )
    };
    let errors: Vec<_> = unknown
        .map(|name| FieldProblem {
            pointer: step(name),
            code: "unknown",
            detail: detail.clone(),
        })
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(Problem::of_members(Code::BadRequest, errors))
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
                return Err(wrong(&name, detail));
            }
        }
        // Each is an optional text, and unknown ones were refused before.
        serde_json::from_value(serde_json::Value::Object(members))
            .map(Self)
            .map_err(|error| Problem::new(Code::BadRequest, format!("{error}.")))
    }
}

fn wrong(name: &str, detail: String) -> Problem {
    let error = FieldProblem {
        pointer: step(name),
        code: "invalid",
        detail,
    };
    Problem::of_member(Code::BadRequest, error)
}

/// Returns the problem of a list that could not be read: what is wrong are its parameters.
pub fn refused(error: vault::Error) -> Problem {
    let mut problem = Problem::from(error);
    if problem.code == Code::Invalid {
        problem.code = Code::BadRequest;
    }
    problem
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
                // As JSON writes a number: without a sign and without zeros before it.
                let number = number.filter(|number| number.to_string() == text);
                let range = || {
                    let detail = format!("A number from {} to {}.", LIMITS.start(), LIMITS.end());
                    wrong("limit", detail)
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
        Ok(shared::expiry::Expiry::At(at)) if text.trim() == text => Some(at),
        _ => None,
    };
    let detail = || "An instant in RFC 3339, as 2026-11-30T12:00:00Z.".to_owned();
    known.map(Some).ok_or_else(|| wrong(name, detail()))
}

/// Reads a parameter that is searched for.
pub fn search(text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.chars().count() > SEARCH_MAX => {
            let detail = format!("At most {SEARCH_MAX} characters.");
            Err(wrong("q", detail))
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
        .ok_or_else(|| wrong(name, detail()))
}
