//! The outcomes of changes: what a page says after one, and the handle that undoes it.

use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// The outcome of an edit, expire, restore or delete.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Changed {
    pub access_key: String,
    pub name: String,
    /// The expiration before, in the expiry grammar.
    pub expiry_before: String,
    /// The expiration now, in the expiry grammar.
    pub expiry: String,
    /// The expiration now, with its text in the account's zone; none: never.
    pub expires: Option<Moment>,
    pub version: String,
    /// The handle that undoes the change; empty if nothing changed, or if it cannot be undone.
    pub change: String,
    /// What has changed and to when: "staging now expires 26 Feb 2027, 20:20 UTC (in 90 days)."
    pub sentence: String,
}

impl Changed {
    /// Returns the sentence for the page's message.
    pub fn sentence(&self) -> String {
        self.sentence.clone()
    }
}

/// The outcome of a change of several keys, or of an undo.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BulkChanged {
    /// The number of keys that were changed.
    pub count: i64,
    /// "59 keys now expire on 26 Feb 2027."
    pub sentence: String,
    /// As [`Changed::change`].
    pub change: String,
}

/// What a page reads of the outcome of a form that it only reports.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Said {
    pub sentence: String,
    /// As [`Changed::change`]; none if the form changes nothing.
    pub change: Option<String>,
}

/// A field that an event in a key's history changed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Change {
    /// "Name", "Description" or "Expiration".
    pub field: String,
    /// Empty where the text was empty.
    pub from: String,
    pub to: String,
}
