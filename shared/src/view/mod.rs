//! The shapes of the answers of server functions, which the pages show. Every date comes formatted in the account's
//! zone, because the zone tables stay out of the browser, and every answer that holds dates holds the server's `now`
//! beside them, so that server and browser compute the same words.

pub mod account;
mod changes;
pub mod notices;
pub mod overview;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use self::changes::{BulkChanged, Change, Changed, Said};
use crate::DAY_MS;
use crate::moment::Moment;
use crate::status::Status;
use crate::usage::{CallerView, DayCalls, Failing, Sparkline};

/// The account that is signed in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AccountView {
    /// The address; of an account without one, what people call it.
    pub email: String,
    /// As the company calls it; may be empty.
    pub name: String,
    /// The way back to the app that the session came from.
    pub back: Option<Link>,
    /// The account's id, and the person's whose session it is: what was typed is kept for both alone.
    pub owner: String,
    /// IANA name.
    pub time_zone: String,
    pub warning_days: i64,
    /// The date in the account's zone when this was read: `2026-11-26`.
    pub today: String,
}

/// A link to a page outside.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Link {
    pub href: String,
    pub text: String,
}

/// The standing of the account that is signed in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Standing {
    /// The notice on its suspension, as HTML; empty unless it is suspended.
    pub notice: String,
}

impl AccountView {
    /// The warning window in milliseconds.
    pub fn window(&self) -> i64 {
        self.warning_days * DAY_MS
    }
}

/// A key as its owner sees it, without the secret.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyView {
    pub access_key: String,
    pub name: String,
    pub description: String,
    /// At the answer's `now`.
    pub status: Status,
    pub created: Moment,
    /// None: the key never expires.
    pub expires: Option<Moment>,
    /// The last call that was accepted; none: there was none yet.
    pub used: Option<Moment>,
    /// The calls of the last [`crate::usage::KEY_DAYS`] days; empty where a page does not show them.
    pub calls: Sparkline,
    /// The version of this state, at the answer's `now`: a save that carries it is rejected if the key has changed
    /// since.
    pub version: String,
    /// Where the server renders the key: the later expirations that it offers.
    #[serde(skip)]
    pub offers: Vec<Offer>,
}

/// A later expiration that a page offers for a key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Offer {
    /// In the expiry grammar: an instant, or days from now.
    pub expiry: String,
    /// "+90 days", which counts from the key's expiration, or "In 90 days".
    pub label: String,
    /// Its day in the account's zone: "26 Feb 2027".
    pub day: String,
}

impl KeyView {
    /// The expiration in UTC epoch milliseconds.
    pub fn expires_at(&self) -> Option<i64> {
        self.expires.as_ref().map(|moment| moment.at)
    }
}

/// The numbers of keys of an account, or of a search in it, by status.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Counts {
    pub active: i64,
    pub expiring_soon: i64,
    pub expired: i64,
}

impl Counts {
    pub fn total(self) -> i64 {
        self.active + self.expiring_soon + self.expired
    }

    pub fn of(self, status: Status) -> i64 {
        match status {
            Status::Active => self.active,
            Status::ExpiringSoon => self.expiring_soon,
            Status::Expired => self.expired,
        }
    }
}

/// The columns of the table of keys that an account can switch on.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Columns {
    pub created: bool,
}

/// One page of the table of keys.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyPage {
    pub now: i64,
    /// The account's warning window in milliseconds.
    pub window: i64,
    pub time_zone: String,
    pub keys: Vec<KeyView>,
    /// Of the search and [`crate::list::Show`], before the filter by status.
    pub counts: Counts,
    /// From 1; the last page if a later one was requested.
    pub page: u32,
    /// At least 1.
    pub pages: u32,
    /// Rows on a full page, one of [`crate::list::PAGE_SIZES`]; the account's choice.
    pub size: u32,
    /// The account's choice.
    pub columns: Columns,
}

/// A key that a pasted secret belongs to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FoundKey {
    pub access_key: String,
    pub name: String,
    pub status: Status,
}

/// The answer to a pasted secret key: the key of the account that it belongs to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Which {
    /// None: it belongs to no key of the account.
    pub key: Option<FoundKey>,
    /// The same as a sentence.
    pub sentence: String,
}

impl Which {
    pub fn new(key: Option<FoundKey>) -> Self {
        let sentence = match &key {
            Some(key) => format!("That is the secret key of {}.", key.name),
            None => "That secret key belongs to no key of this account.".to_owned(),
        };
        Self { key, sentence }
    }
}

/// One event of a key's life, from the audit trail.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct HistoryEntry {
    pub when: Moment,
    /// A sentence: "Expired manually".
    pub what: String,
    /// The network address of the request, if known.
    pub address: String,
    /// What it changed, as far as the trail knows.
    pub changes: Vec<Change>,
    /// Who did it: "you", "user_7@acme.example", "the link in an email", "the operator".
    pub who: String,
}

/// One key with its use and its history, newest first.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KeyDetail {
    pub now: i64,
    pub window: i64,
    pub time_zone: String,
    pub key: KeyView,
    /// What people call the person who made it; empty where no portal link has named one.
    pub made_by: String,
    /// The later expirations that the page offers.
    pub offers: Vec<Offer>,
    /// "Expired by support-anna: leaked on GitHub."; empty unless its present expiration is an operator's act.
    pub expired_by: String,
    pub failing: Option<Failing>,
    /// Of the last [`crate::usage::KEY_DAYS`] days, oldest first.
    pub calls: Vec<DayCalls>,
    /// The last ones, newest first.
    pub callers: Vec<CallerView>,
    pub history: Vec<HistoryEntry>,
}

/// The address of an account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AddressView {
    pub email: String,
    /// Whether a link that was sent there has been opened.
    pub confirmed: bool,
    /// The pending new address, until the link sent there is opened.
    pub pending: Option<String>,
}

/// A password reset that confirmed the account's address, and with that expired the keys created before.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ClaimView {
    pub at: Moment,
    /// The number of keys that it expired.
    pub expired: i64,
}

/// A new key with its secret: the one answer that holds it.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
pub struct IssuedKey {
    pub access_key: String,
    pub secret_key: String,
    pub name: String,
    /// RFC 3339; none: never.
    pub expires_at: Option<String>,
    /// Where the `curl` line calls: the company's API if its address is known, otherwise `http://127.0.0.1:3000/verify`.
    pub verify_url: String,
    /// The name of a file for the key, after its name: `billing-service.env`.
    pub file: String,
    /// What the names of the key's variables begin with: `KEYHOLD`.
    pub variable: String,
    pub version: String,
}

impl fmt::Debug for IssuedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedKey")
            .field("access_key", &self.access_key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
