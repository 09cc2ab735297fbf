//! The rendering of a leased mail.

use crate::mail::Content;
use crate::outbox::LeftOut;

/// The content of a leased mail, from what is true now.
#[derive(Default)]
pub struct Checked {
    /// None if nothing is left to report.
    pub content: Option<Content>,
    pub left_out: Vec<LeftOut>,
}

impl From<Content> for Checked {
    fn from(content: Content) -> Self {
        Self {
            content: Some(content),
            left_out: Vec::new(),
        }
    }
}
