//! The conflict of a save with a later change.

use shared::validation::FieldErrors;

/// A save that was begun on an earlier version, with the values stored now.
#[derive(Debug)]
pub struct Conflict {
    /// A sentence for the whole form.
    pub message: String,
    /// The values stored now, by field, where they differ from the input.
    pub fields: FieldErrors,
    /// The version stored now. Saving again with it is deliberate.
    pub version: String,
}

impl Conflict {
    /// A conflict without fields of its own.
    pub fn new(message: impl Into<String>, version: String) -> Self {
        Self {
            message: message.into(),
            fields: FieldErrors::default(),
            version,
        }
    }
}
