//! The fields of a form, and the parameters of an address.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;

use crate::state::AppState;

/// The most bytes of a form: far more than every field together.
const MOST: usize = 64 * 1024;

/// Names with their values.
#[derive(Debug)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// Returns the first value of a name, without blanks around it; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.trim())
    }

    /// Returns a value, or none if it is empty.
    pub fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name)).filter(|value| !value.is_empty())
    }
}

/// The fields of a form that was posted.
pub struct Form(pub Fields);

impl FromRequest<AppState> for Form {
    type Rejection = Response<Body>;

    async fn from_request(request: Request, _: &AppState) -> Result<Self, Self::Rejection> {
        match to_bytes(request.into_body(), MOST).await {
            Ok(bytes) => Ok(Self(Fields::parse(&bytes))),
            Err(_) => {
                Err((StatusCode::PAYLOAD_TOO_LARGE, "The form is too long.\n").into_response())
            }
        }
    }
}

/// The parameters of the address.
pub struct Query(pub Fields);

impl FromRequestParts<AppState> for Query {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Self::Rejection> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self(Fields::parse(query.as_bytes())))
    }
}
