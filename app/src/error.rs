//! The error that every server function answers with, in JSON: `{"code", "message", "fields"}`.

use std::collections::BTreeMap;

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};
use shared::validation::FieldErrors;

/// The failure of a call: a message for a person and a code for a program. Nothing internal gets in here: an internal
/// fault is logged where it happens.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FnError {
    pub code: Cow,
    pub message: String,
    /// Messages by the name of the form's field.
    pub fields: BTreeMap<String, String>,
    /// Seconds to wait before another attempt can succeed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The stored version, if the form was begun on an earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

type Cow = std::borrow::Cow<'static, str>;

impl FnError {
    pub const UNAUTHENTICATED: &str = "unauthenticated";
    pub const INVALID: &str = "invalid";
    pub const NOT_FOUND: &str = "not_found";
    pub const CONFLICT: &str = "conflict";
    pub const LINK_GONE: &str = "link_gone";
    pub const SUSPENDED: &str = "account_suspended";
    pub const NOT_ALLOWED: &str = "not_allowed";

    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            fields: BTreeMap::new(),
            retry_after: None,
            version: None,
        }
    }

    pub fn unauthenticated() -> Self {
        Self::new(Self::UNAUTHENTICATED, "Sign in to continue.")
    }

    /// The session that a portal link began lacks what this needs.
    #[cfg(feature = "ssr")]
    pub fn not_allowed(need: shared::capability::Need) -> Self {
        Self::new(Self::NOT_ALLOWED, need.refusal())
    }

    pub fn offline() -> Self {
        Self::new(
            "offline",
            "We can't reach the server. Check your connection and try again.",
        )
    }

    /// Returns whether a message is that of [`FnError::offline`].
    pub fn is_offline(message: &str) -> bool {
        message == Self::offline().message
    }

    /// An internal fault, whose cause is in the log.
    pub fn inside() -> Self {
        Self::new("internal", "Something went wrong. Try again.")
    }

    /// A request that took too long, and whether it may have changed something.
    pub fn late(changes: bool) -> Self {
        let message = if changes {
            "That took too long. The change may have been made: check before you try again."
        } else {
            "That took too long. Try again."
        };
        Self {
            retry_after: Some(5),
            ..Self::new("unavailable", message)
        }
    }

    /// The HTTP status that goes with the code.
    pub fn http_status(&self) -> u16 {
        match self.code.as_ref() {
            "bad_request" => 400,
            Self::UNAUTHENTICATED | "sign_in_failed" => 401,
            "forbidden" | Self::SUSPENDED | Self::NOT_ALLOWED => 403,
            Self::NOT_FOUND => 404,
            "method_not_allowed" => 405,
            "sign_up_refused" | Self::CONFLICT => 409,
            Self::LINK_GONE => 410,
            Self::INVALID => 422,
            "throttled" | "quota_exceeded" => 429,
            "unavailable" => 503,
            _ => 500,
        }
    }

    /// Returns whether the subject of the change has changed meanwhile.
    pub fn is_conflict(&self) -> bool {
        self.code == Self::CONFLICT
    }

    /// Returns whether the page shows a state that is no longer stored: its subject has changed or is gone, or the account was
    /// suspended.
    pub fn is_outdated(&self) -> bool {
        [Self::CONFLICT, Self::NOT_FOUND, Self::SUSPENDED].contains(&&*self.code)
    }

    /// Returns the message for the whole form: that of a conflict, or of an error that concerns no single field.
    pub fn alert(&self) -> Option<String> {
        (self.fields.is_empty() || self.is_conflict()).then(|| self.message.clone())
    }

    /// Returns whether the session has ended, so that only signing in again helps.
    pub fn is_unauthenticated(&self) -> bool {
        self.code == Self::UNAUTHENTICATED
    }
}

impl std::fmt::Display for FnError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FnError {}

impl From<FieldErrors> for FnError {
    fn from(errors: FieldErrors) -> Self {
        Self {
            fields: errors.0,
            ..Self::new(Self::INVALID, "Check the marked fields.")
        }
    }
}

impl FromServerFnError for FnError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::offline(),
            ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::Deserialization(_) => {
                Self::new("bad_request", "We can't read this request.")
            }
            _ => Self::inside(),
        }
    }
}

#[cfg(feature = "ssr")]
impl From<vault::Error> for FnError {
    fn from(error: vault::Error) -> Self {
        match error {
            vault::Error::Invalid(fields) => fields.into(),
            vault::Error::NotFound => Self::new(Self::NOT_FOUND, "This key doesn't exist."),
            vault::Error::NoSuchKeys { first, count } => {
                let others = match count {
                    ..=1 => "is not one of your keys",
                    _ => "and others are not among your keys",
                };
                let message = format!("{first} {others}. Nothing was changed.");
                Self::new(Self::NOT_FOUND, message)
            }
            vault::Error::Suspended(reason) => Self::new(Self::SUSPENDED, suspended(&reason)),
            vault::Error::NotAllowed(need) => Self::not_allowed(need),
            vault::Error::SessionOver => Self::unauthenticated(),
            vault::Error::Conflict(conflict) => Self {
                fields: conflict.fields.0,
                version: Some(conflict.version),
                ..Self::new(Self::CONFLICT, conflict.message)
            },
            vault::Error::WrongCredentials => {
                Self::new("sign_in_failed", "The email address or password is wrong.")
            }
            vault::Error::SignUpRefused => Self::new(
                "sign_up_refused",
                "This address can't be used to sign up. If you already have an account, sign in.",
            ),
            vault::Error::TooManyKeys(most) => FieldErrors::one(
                "confirm_email",
                format!("This account has more than {most} keys. Delete keys first."),
            )
            .into(),
            // Requests of operators alone end like this; no page makes any.
            vault::Error::Taken
            | vault::Error::Outdated
            | vault::Error::Reused
            | vault::Error::Running
            | vault::Error::TokenOver => {
                Self::new(Self::CONFLICT, "This has changed. Reload the page.")
            }
            vault::Error::LinkGone => Self::new(
                Self::LINK_GONE,
                "This link was already used or has expired. Request a new one.",
            ),
            vault::Error::Throttled { retry_after } => Self {
                retry_after: Some(retry_after),
                ..Self::new(
                    "throttled",
                    format!(
                        "Too many attempts. Try again in {}.",
                        numbered(retry_after, "second")
                    ),
                )
            },
            // Only a deletion makes room, so any wait is a guess; an hour is as good as any.
            vault::Error::Quota(limit, most) => Self {
                retry_after: Some(60 * 60),
                ..Self::new("quota_exceeded", quota(limit, most))
            },
            vault::Error::Busy | vault::Error::Deadlock => Self {
                retry_after: Some(1),
                ..Self::new(
                    "unavailable",
                    "We're busy right now. Try again in a moment.",
                )
            },
            vault::Error::NotSaved(_) => Self {
                retry_after: Some(5),
                ..Self::new(
                    "unavailable",
                    "Changes can't be saved right now. Nothing was changed. Try again in a moment.",
                )
            },
            vault::Error::InDoubt(_) => Self {
                retry_after: Some(5),
                ..Self::new(
                    "unavailable",
                    "We don't know whether your change was saved, and it may still go through. Reload in a minute to check.",
                )
            },
            vault::Error::Unavailable(cause) => {
                tracing::error!(%cause, "a server function failed");
                Self {
                    retry_after: Some(5),
                    ..Self::new(
                        "unavailable",
                        "This can't be done right now. Try again in a moment.",
                    )
                }
            }
        }
    }
}

/// Returns the sentence for the owner of a suspended account. `reason` is the operator's, and may be empty.
#[cfg(feature = "ssr")]
fn suspended(reason: &str) -> String {
    let because = if reason.is_empty() {
        String::new()
    } else {
        format!(" The reason given: {reason}")
    };
    format!(
        "Your account is suspended, so nothing can be changed and its keys are refused.{because}"
    )
}

#[cfg(feature = "ssr")]
fn quota(limit: vault::limits::Limit, most: u32) -> String {
    if limit == vault::limits::Limit::Accounts {
        return "This site isn't accepting new accounts. Contact its operator.".to_owned();
    }
    format!(
        "This account has reached its limit of {}, not counting its first one. Delete keys you no longer need, or contact the operator.",
        numbered(most.into(), "key")
    )
}

#[cfg(feature = "ssr")]
fn numbered(number: u64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests;
