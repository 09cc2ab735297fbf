//! Why a call with a key is refused: the codes of the verification contract, which programs match on, and
//! the words beside them, which people read.

use serde::Serialize;

/// The reason of a refusal. The names are a contract and never change.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    CredentialsMissing,
    CredentialsMalformed,
    KeyInvalid,
    KeyExpired,
    Forbidden,
    NotFound,
    RateLimited,
    Unavailable,
}

impl Code {
    /// The codes a caller of a guarded endpoint can meet, for the documentation.
    pub const ALL: [Self; 7] = [
        Self::CredentialsMissing,
        Self::CredentialsMalformed,
        Self::KeyInvalid,
        Self::KeyExpired,
        Self::Forbidden,
        Self::RateLimited,
        Self::Unavailable,
    ];

    pub fn slug(self) -> &'static str {
        match self {
            Self::CredentialsMissing => "credentials_missing",
            Self::CredentialsMalformed => "credentials_malformed",
            Self::KeyInvalid => "key_invalid",
            Self::KeyExpired => "key_expired",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
        }
    }

    /// The HTTP status that goes with the code.
    pub fn http_status(self) -> u16 {
        match self {
            Self::CredentialsMissing | Self::CredentialsMalformed | Self::KeyInvalid | Self::KeyExpired => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::RateLimited => 429,
            Self::Unavailable => 503,
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::CredentialsMissing => "Credentials are missing",
            Self::CredentialsMalformed => "Credentials cannot be read",
            Self::KeyInvalid => "The API key is not valid",
            Self::KeyExpired => "The API key has expired",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::RateLimited => "Too many requests",
            Self::Unavailable => "Temporarily unavailable",
        }
    }

    pub fn detail(self) -> &'static str {
        match self {
            Self::CredentialsMissing => {
                "Send the access key and secret key with HTTP Basic, as a Bearer token, or in X-API-Key."
            }
            Self::CredentialsMalformed => {
                "The credentials are not a pair of access key and secret key, or a character is wrong or missing."
            }
            Self::KeyInvalid => "There is no key with this access key and secret key.",
            Self::KeyExpired => "The credentials are right, but the key has expired. Extend it to use it again.",
            Self::Forbidden => "The key is good, but it may not do this.",
            Self::NotFound => "There is nothing at this address.",
            Self::RateLimited => "Wait for the time given in Retry-After, then try again.",
            Self::Unavailable => "Whether the key is good cannot be decided right now, so it is refused. Try again.",
        }
    }
}

/// A refusal as RFC 9457 `application/problem+json`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    pub kind: String,
    pub title: &'static str,
    pub status: u16,
    pub detail: &'static str,
    pub code: &'static str,
    pub request_id: String,
    /// RFC 3339; with `key_expired` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired_at: Option<String>,
    /// Where the account holder extends the key; with `key_expired` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_url: Option<String>,
}
