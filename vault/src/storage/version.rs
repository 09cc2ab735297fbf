//! Versions of form contents. A form sends the version that it was begun on, and a save is rejected if the stored state
//! has another by now: no save overwrites what its form has not shown, and no form begun while a key was good revives
//! it.
//!
//! A version is derived from the state that it stands for, so it is stored nowhere.

use sha2::{Digest as _, Sha256};
use shared::status::is_good;
use shared::version::with_goodness;

use crate::crypto::random;
use crate::error::{Conflict, Result};

/// Returns the version of a key at `now`: a digest of all that can be edited, and whether the key is good. So the
/// version changes when a key expires by itself.
pub fn of_key(name: &str, description: &str, expires_at: Option<i64>, now: i64) -> String {
    let mut digest = Sha256::new();
    let expiration = expires_at.map_or_else(|| "never".to_owned(), |at| at.to_string());
    for text in [name, description, &expiration] {
        digest.update(text.len().to_be_bytes());
        digest.update(text);
    }
    let digest = random::hex(&digest.finalize()[..8]);
    with_goodness(&digest, is_good(expires_at, now))
}

/// Rejects a form begun on another version than `stored`. A form without a version is accepted: programs need not send
/// one.
pub fn check(sent: &str, stored: &str, conflict: impl FnOnce() -> Conflict) -> Result<()> {
    if sent.is_empty() || sent == stored {
        Ok(())
    } else {
        Err(conflict().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn every_part_of_a_key_counts() {
        let shown = of_key("name", "text", Some(1_000), 0);
        assert_eq!(shown, of_key("name", "text", Some(1_000), 999));
        for other in [
            of_key("nam", "etext", Some(1_000), 0),
            of_key("name", "text", Some(1_001), 0),
            of_key("name", "text", None, 0),
            of_key("name", "text", Some(1_000), 1_000),
            of_key("", "nametext", Some(1_000), 0),
        ] {
            assert_ne!(other, shown);
        }
    }

    #[test]
    fn only_a_version_that_is_sent_is_compared() {
        let conflict = || Conflict::new("changed", "b".to_owned());
        assert!(check("", "b", conflict).is_ok());
        assert!(check("b", "b", conflict).is_ok());
        assert!(matches!(check("a", "b", conflict), Err(Error::Conflict(_))));
    }
}
