//! The rendering of a leased mail.

use crate::mail::Content;
use crate::outbox::LeftOut;

/// What a leased mail has to say.
#[derive(Default)]
pub struct Checked {
    /// None: nothing any more.
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
