//! The records of the management API, as its answers show them.

use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use shared::status::Status;
use utoipa::ToSchema;

use super::scope::Scope;
use crate::crypto::random;

/// An account.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub struct AccountRecord {
    pub id: String,
    /// The company's own id of the account.
    pub external_id: Option<String>,
    pub name: String,
    /// The address of an account made by sign-up.
    pub email: Option<String>,
    /// Where notices go beside that address.
    pub notice_emails: Vec<String>,
    /// The company's own data about the account.
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// An IANA name. A date without a time means the end of that day there.
    pub time_zone: String,
    /// From how many days before its expiration a key is expiring soon.
    pub warning_days: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// RFC 3339; null: the account is not suspended.
    #[schema(format = DateTime)]
    pub suspended_at: Option<String>,
    pub suspended_reason: Option<String>,
    /// The number of its keys, good and expired.
    pub keys: i64,
}

impl AccountRecord {
    /// The `ETag`.
    pub fn tag(&self) -> String {
        super::tag(&self.version(), self)
    }

    /// The version of all that can be edited.
    pub(super) fn version(&self) -> String {
        let mut digest = Sha256::new();
        let edited = Self {
            keys: 0,
            ..self.clone()
        };
        digest.update(serde_json::to_vec(&edited).unwrap_or_default());
        random::hex(&digest.finalize()[..8])
    }
}

/// A key.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyRecord {
    pub access_key: String,
    /// The id of its account.
    pub account_id: String,
    /// The company's own id of the account.
    pub external_id: Option<String>,
    pub name: String,
    pub description: String,
    #[schema(value_type = String)]
    pub status: Status,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// RFC 3339; null: never.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// RFC 3339; null: no call with it was accepted yet.
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
    /// The person who made it; null where no portal link has named one.
    pub made_by: Option<ActorRecord>,
    /// Of all that can be edited.
    #[serde(skip)]
    pub(super) version: String,
}

impl KeyRecord {
    /// The `ETag`.
    pub fn tag(&self) -> String {
        super::tag(&self.version, self)
    }
}

/// A token of an operator.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Token)]
pub struct TokenRecord {
    pub id: String,
    pub name: String,
    pub scopes: Vec<Scope>,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// RFC 3339, to the minute; null: never used.
    #[schema(format = DateTime)]
    pub last_used_at: Option<String>,
}

/// A person of the company's.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
pub struct ActorRecord {
    /// The company's own id of the person.
    pub external_id: String,
    /// What the customer sees: a name or an address.
    pub label: String,
}

/// How far a portal session is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PortalStatus {
    /// Its link was not used yet.
    Waiting,
    Active,
    /// Its time is over, or its link was not used in time.
    Expired,
    /// It was ended before its time.
    Ended,
}

/// A portal session.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PortalSession)]
pub struct PortalRecord {
    pub id: String,
    pub account_id: String,
    /// The company's own id of the account.
    pub external_id: Option<String>,
    pub actor: Option<ActorRecord>,
    pub capabilities: Vec<String>,
    /// Where its link leads to.
    pub page: String,
    /// Where *Back to …* leads to.
    pub return_url: Option<String>,
    #[schema(inline)]
    pub status: PortalStatus,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// RFC 3339: until when the link works, once.
    #[schema(format = DateTime)]
    pub code_expires_at: String,
    /// RFC 3339: the end of the session, whenever it begins.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// RFC 3339; null: the link was not used.
    #[schema(format = DateTime)]
    pub redeemed_at: Option<String>,
    /// RFC 3339; null: not ended before its time by sign-out or by you.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
}

/// An entry of the audit trail.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditRecord {
    pub id: i64,
    /// RFC 3339.
    #[schema(format = DateTime)]
    pub at: String,
    /// The account concerned; null for an entry about none.
    pub account_id: Option<String>,
    /// The company's own id that the account had, in an entry about the account; null in others.
    pub external_id: Option<String>,
    pub action: String,
    /// The access key, the token or the portal session concerned; null for an entry about an account.
    pub subject: Option<String>,
    pub detail: String,
    /// `account` (its owner), `portal` (a person of the company's, by a portal link), `token` (an operator's) or `system`.
    pub actor_kind: String,
    /// The id of the token, or the company's own id of the person; null for other actors.
    pub actor_id: Option<String>,
    /// What people call the person, as the last portal link had it.
    pub actor_label: Option<String>,
    pub request_id: Option<String>,
    /// The network address of the caller; null where unknown.
    pub address: Option<String>,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub data: Vec<T>,
    /// The cursor of the next page, for `after`; null on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of rows, of which one more than `limit` was read.
    pub(super) fn new(mut rows: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(cursor);
        Self { data: rows, next }
    }

    pub(super) fn map<U>(self, record: impl Fn(T) -> U) -> Page<U> {
        Page {
            data: self.data.into_iter().map(record).collect(),
            next: self.next,
        }
    }
}
