//! A commit whose outcome is unknown, as when the connection ends before the answer.

/// An effect of a commit on state of this process only, such as its counters.
pub type Effect = Box<dyn FnOnce() + Send>;

/// A commit that has begun and has no outcome yet.
pub enum Doubt {
    /// The file of SQLite has the outcome: the directory is read again from it.
    File,
    /// A server has the number of the commit if that was made. Until then the effects wait: counts that the commit may have
    /// written are neither given back nor dropped.
    Numbered { number: i64, effects: Vec<Effect> },
}

impl Doubt {
    /// Returns the number by which a server knows the commit.
    pub fn number(&self) -> Option<i64> {
        match self {
            Self::File => None,
            Self::Numbered { number, .. } => Some(*number),
        }
    }

    /// Returns the effects that wait.
    pub fn into_effects(self) -> Vec<Effect> {
        match self {
            Self::File => Vec::new(),
            Self::Numbered { effects, .. } => effects,
        }
    }
}
