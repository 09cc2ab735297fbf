//! The content of the page *Account* beyond its settings.

use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// A browser that is signed in to the account.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SessionView {
    /// The handle that ends it. It is no secret.
    pub session: String,
    /// "Firefox on Linux", as the browser says.
    pub browser: String,
    /// The start of the User-Agent header; empty where unknown.
    pub agent: String,
    /// The network address that signed in; empty where unknown.
    pub address: String,
    pub started: Moment,
    /// The last use, exact to an hour.
    pub seen: Moment,
    /// Whether it is the session that asks.
    pub here: bool,
}

/// What a deletion of the account would end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DeletionView {
    /// The number of keys, good and expired.
    pub keys: i64,
    /// Some of them, the last used first.
    pub first: Vec<DoomedKey>,
}

/// A key that a deletion of the account would end.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DoomedKey {
    pub name: String,
    /// The last call that was accepted; none: there was none yet.
    pub used: Option<Moment>,
}
