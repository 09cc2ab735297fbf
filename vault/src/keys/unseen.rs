//! Answers to sessions that may change keys but not see them: they name no key, and tell nothing that is stored about one.

use shared::capability::Need;
use shared::view::Changed;

use crate::accounts::sessions::Actor;
use crate::error::{Conflict, Error, Result};

/// Stands for the name of a key.
pub(super) const A_KEY: &str = "The key";

/// Returns whether answers to this actor may tell about keys.
pub(super) fn sees(actor: &Actor) -> bool {
    actor.session.may(Need::READ)
}

/// Returns the outcome of a change of one key, for its actor. `done` is the rest of the sentence: "is saved".
pub(super) fn outcome(actor: &Actor, outcome: Result<Changed>, done: &str) -> Result<Changed> {
    if sees(actor) {
        return outcome;
    }
    match outcome {
        Ok(changed) => Ok(Changed {
            // As the request has it.
            access_key: changed.access_key,
            change: changed.change,
            sentence: format!("{A_KEY} {done}."),
            name: String::new(),
            expiry_before: String::new(),
            expiry: String::new(),
            expires: None,
            // By a version one can try out what the key has.
            version: String::new(),
        }),
        Err(Error::Conflict(_)) => {
            let message = "This key has changed since you opened the page, so nothing was saved.";
            Err(Conflict::new(message, String::new()).into())
        }
        Err(error) => Err(error),
    }
}

/// "2 keys", in the place of "staging and 1 other key".
pub(super) fn counted(count: usize) -> String {
    match count {
        ..=1 => A_KEY.to_owned(),
        count => format!("{count} keys"),
    }
}
