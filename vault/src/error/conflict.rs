//! The conflict of a save with a later change.

use shared::validation::FieldErrors;

/// A save that was begun on an earlier version, with what is stored now.
#[derive(Debug)]
pub struct Conflict {
    /// A sentence for the whole form.
    pub message: String,
    /// What is stored now, by field, where it is not what was typed.
    pub fields: FieldErrors,
    /// The version of what is stored now. Saving again with it is deliberate.
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
