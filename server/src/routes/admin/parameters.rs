//! Parameters that several operations share, as the document describes them. [`super::input`] reads them.

#![expect(dead_code, reason = "these types describe parameters")]

use utoipa::{IntoParams, IntoResponses, ToSchema};

/// The account in the path.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct Named {
    /// The id, or `ext:` and the external id.
    id: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotencyKey {
    /// Makes the change once: for 24 hours, the same request gets the same answer, with `Idempotency-Replayed: true`.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    key: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Precondition {
    /// The `ETag` that this must still have; else 412.
    #[param(rename = "If-Match", min_length = 1, pattern = "^[ -~]+$")]
    tag: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Known {
    /// An `ETag` that you have read: 304 without a body if nothing has changed since.
    #[param(rename = "If-None-Match")]
    tag: Option<String>,
}

/// The record is as the client has it.
#[derive(IntoResponses)]
#[response(
    status = 304,
    description = "Nothing has changed since the `ETag` of `If-None-Match`."
)]
pub struct NotModified;

/// The state of a key.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum KeyStatus {
    Active,
    ExpiringSoon,
    Expired,
}

/// Whether an account is suspended.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum AccountStatus {
    Active,
    Suspended,
}
