//! The rejections of a call with a key: the codes of the verification contract, which programs match on, and their
//! sentences for people.

use serde::Serialize;

/// The reason of a rejection. The names are a contract and never change.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    CredentialsMissing,
    CredentialsMalformed,
    KeyInvalid,
    KeyExpired,
    AccountSuspended,
    Forbidden,
    BadRequest,
    NotFound,
    MethodNotAllowed,
    RateLimited,
    Unavailable,
}

impl Code {
    /// Every code, for the documentation, whose rows are the targets of [`Problem::kind`].
    pub const ALL: [Self; 11] = [
        Self::CredentialsMissing,
        Self::CredentialsMalformed,
        Self::KeyInvalid,
        Self::KeyExpired,
        Self::AccountSuspended,
        Self::Forbidden,
        Self::BadRequest,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RateLimited,
        Self::Unavailable,
    ];

    pub fn slug(self) -> &'static str {
        match self {
            Self::CredentialsMissing => "credentials_missing",
            Self::CredentialsMalformed => "credentials_malformed",
            Self::KeyInvalid => "key_invalid",
            Self::KeyExpired => "key_expired",
            Self::AccountSuspended => "account_suspended",
            Self::Forbidden => "forbidden",
            Self::BadRequest => "bad_request",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
        }
    }

    /// The HTTP status that goes with the code.
    pub fn http_status(self) -> u16 {
        match self {
            Self::CredentialsMissing
            | Self::CredentialsMalformed
            | Self::KeyInvalid
            | Self::KeyExpired => 401,
            Self::AccountSuspended | Self::Forbidden => 403,
            Self::BadRequest => 400,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
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
            Self::AccountSuspended => "The account is suspended",
            Self::Forbidden => "Not allowed",
            Self::BadRequest => "A parameter is wrong",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "Method not allowed",
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
            Self::KeyInvalid => "No key has this access key and secret key.",
            Self::KeyExpired => {
                "The credentials are right, but the key has expired. Extend it to use it again."
            }
            Self::AccountSuspended => {
                "The credentials are right, but the account of the key is suspended. Ask the company's support."
            }
            Self::Forbidden => "The key is good, but is not allowed to do this.",
            Self::BadRequest => "A parameter of the address has a value that does not exist.",
            Self::NotFound => "Nothing exists at this address.",
            Self::MethodNotAllowed => {
                "This address does not support this method. The API is read-only."
            }
            Self::RateLimited => "Wait for the time given in Retry-After, then try again.",
            Self::Unavailable => {
                "The key cannot be checked right now, so the request is rejected. Try again."
            }
        }
    }
}

/// A rejection as RFC 9457 `application/problem+json`.
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
    /// The page that extends the key; with `key_expired` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_url: Option<String>,
    /// Where help is found; with `account_suspended` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub support_url: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Codes and statuses are a contract with programs and gateways: a published table, and those of the REST API.
    #[test]
    fn codes_and_statuses_are_a_contract() {
        let contract: Vec<_> = Code::ALL
            .into_iter()
            .map(|code| (code.slug(), code.http_status()))
            .collect();
        assert_eq!(
            contract,
            [
                ("credentials_missing", 401),
                ("credentials_malformed", 401),
                ("key_invalid", 401),
                ("key_expired", 401),
                ("account_suspended", 403),
                ("forbidden", 403),
                ("bad_request", 400),
                ("not_found", 404),
                ("method_not_allowed", 405),
                ("rate_limited", 429),
                ("unavailable", 503),
            ]
        );
    }

    /// A code has the same name in every format, and a sentence for people.
    #[test]
    fn every_code_is_named_alike_and_explained() -> Result<(), serde_json::Error> {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code)?, code.slug());
            assert!(
                !code.title().is_empty() && !code.title().ends_with('.'),
                "{code:?}"
            );
            assert!(code.detail().ends_with('.'), "{code:?}");
        }
        Ok(())
    }

    fn problem(code: Code) -> Problem {
        Problem {
            kind: "https://keyhold.example/developers#code".to_owned(),
            title: code.title(),
            status: code.http_status(),
            detail: code.detail(),
            code: code.slug(),
            request_id: "r1".to_owned(),
            expired_at: None,
            restore_url: None,
            support_url: None,
        }
    }

    /// A problem has the members of RFC 9457 under their names, and extensions only if they have a value.
    #[test]
    fn a_problem_has_the_members_of_rfc_9457() -> Result<(), serde_json::Error> {
        assert_eq!(
            serde_json::to_value(problem(Code::KeyInvalid))?,
            json!({
                "type": "https://keyhold.example/developers#code",
                "title": "The API key is not valid",
                "status": 401,
                "detail": "No key has this access key and secret key.",
                "code": "key_invalid",
                "request_id": "r1",
            })
        );
        let expired = Problem {
            expired_at: Some("2026-11-26T23:59:59.999Z".to_owned()),
            restore_url: Some("https://keyhold.example/preferences/api-control/kh_0".to_owned()),
            ..problem(Code::KeyExpired)
        };
        let value = serde_json::to_value(expired)?;
        assert_eq!(value["expired_at"], "2026-11-26T23:59:59.999Z");
        assert_eq!(
            value["restore_url"],
            "https://keyhold.example/preferences/api-control/kh_0"
        );
        Ok(())
    }
}
