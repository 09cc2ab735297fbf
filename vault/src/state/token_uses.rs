//! When the use of each operator's token was last written, or tried to be: a call must neither cost a write nor wait for
//! a database that takes none.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// UTC epoch milliseconds by the id of the token.
#[derive(Default)]
pub struct TokenUses(Mutex<HashMap<String, i64>>);

impl TokenUses {
    /// Returns whether the use at `now` is to be written: not within `step` milliseconds of the last attempt.
    pub fn is_due(&self, id: &str, now: i64, step: i64) -> bool {
        let mut tried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match tried.get_mut(id) {
            Some(last) if now - *last < step => false,
            Some(last) => {
                *last = now;
                true
            }
            None => {
                tried.insert(id.to_owned(), now);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_use_is_written_once_a_step() {
        let uses = TokenUses::default();
        let due = [0, 1, 59, 60, 61, 120].map(|now| uses.is_due("tok_1", now, 60));
        assert_eq!(due, [true, false, false, true, false, true]);
        assert!(uses.is_due("tok_2", 61, 60));
    }
}
