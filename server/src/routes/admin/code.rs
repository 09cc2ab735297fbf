//! The reasons why the management API refuses a request.

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! codes {
    ($($code:ident = $slug:literal, $status:ident, $title:literal, $advice:literal;)+) => {
        /// The reasons to refuse a request. The names are a contract and never change.
        #[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $($code,)+
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$code,)+];

            pub fn slug(self) -> &'static str {
                match self { $(Self::$code => $slug,)+ }
            }

            pub fn status(self) -> StatusCode {
                match self { $(Self::$code => StatusCode::$status,)+ }
            }

            pub fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)+ }
            }

            /// What its caller can do about it.
            pub fn advice(self) -> &'static str {
                match self { $(Self::$code => $advice,)+ }
            }
        }
    };
}

// The table of codes: name, status, title, and the advice of the API reference.
codes! {
    BadRequest = "bad_request", BAD_REQUEST, "The request cannot be read",
        "Correct the request: `errors` names each wrong parameter of the address, or `detail` says what else cannot be read.";
    CredentialsMissing = "credentials_missing", UNAUTHORIZED, "The token is missing",
        "Send `Authorization: Bearer` and an operator's token.";
    CredentialsMalformed = "credentials_malformed", UNAUTHORIZED, "The token cannot be read",
        "Compare the token with its file: a character is wrong or missing, or it is a customer's key.";
    TokenInvalid = "token_invalid", UNAUTHORIZED, "The token is not valid",
        "The token does not exist or was revoked. Use another.";
    TokenExpired = "token_expired", UNAUTHORIZED, "The token has expired",
        "Create another token.";
    Forbidden = "forbidden", FORBIDDEN, "A scope is missing",
        "Use a token that has the scopes in `missing_scopes`.";
    NotFound = "not_found", NOT_FOUND, "Not found",
        "Check the id and the path. It may be deleted.";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "Use a method that this page lists for the path.";
    Conflict = "conflict", CONFLICT, "This exists already",
        "Use the account that has this `external_id`, or another one.";
    IdempotencyKeyInUse = "idempotency_key_in_use", CONFLICT, "The first request with this key is still running",
        "Send the same request again in a moment.";
    PreconditionFailed = "precondition_failed", PRECONDITION_FAILED, "It has changed since",
        "Read it again and decide on its present state.";
    PayloadTooLarge = "payload_too_large", PAYLOAD_TOO_LARGE, "The body is too large",
        "Send at most 64 KiB.";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be JSON",
        "Send `Content-Type: application/json`.";
    Invalid = "invalid", UNPROCESSABLE_ENTITY, "The input is not valid",
        "Correct the members of the body that `errors` names.";
    IdempotencyKeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY, "The idempotency key belongs to another request",
        "Use a new `Idempotency-Key` for each request that differs.";
    QuotaExceeded = "quota_exceeded", TOO_MANY_REQUESTS, "A limit is reached",
        "`detail` names the limit. Wait for `Retry-After` seconds if there is one; otherwise delete what is no longer needed, or raise the limit.";
    Internal = "internal", INTERNAL_SERVER_ERROR, "Something went wrong",
        "The log of Keyhold has the fault, by `request_id`.";
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "Temporarily unavailable",
        "Send the same request again after `Retry-After` seconds, with the same `Idempotency-Key`.";
}
