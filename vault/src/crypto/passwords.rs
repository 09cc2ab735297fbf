//! Passwords: the queue that bounds their hashing, and the list of common ones.

mod queue;

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};

use crate::caller::Caller;
use crate::error::{Error, OpenError, Result};
use crate::limits::origin::network;
use crate::text::composed;
use queue::Queue;
pub use queue::{Priority, Slot};

/// OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// The most frequent of the common passwords of zxcvbn (MIT) and of Django (BSD): at least eight characters each, in
/// lower case, sorted.
static COMMON: &str = include_str!("common_passwords.txt");

/// Hashes and checks passwords, a bounded number at a time.
pub struct Passwords {
    argon2: Argon2<'static>,
    /// Stands in for a missing account's hash, so that both answers take the same time.
    dummy: Arc<str>,
    queue: Queue,
}

impl Passwords {
    pub fn new() -> Result<Self, OpenError> {
        let failed = |error: &dyn std::fmt::Display| OpenError::Passwords(error.to_string());
        let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| failed(&error))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = argon2
            .hash_password(b"a dummy password")
            .map_err(|error| failed(&error))?;
        // One processor stays free for verification.
        let threads = std::thread::available_parallelism()
            .map_or(1, |cores| cores.get().saturating_sub(1).max(1));
        Ok(Self {
            argon2,
            dummy: dummy.to_string().into(),
            queue: Queue::start(threads).map_err(|error| failed(&error))?,
        })
    }

    /// Takes a slot in the queue for one password of this caller. It is taken before any database query, so a request
    /// without one costs nothing.
    ///
    /// # Errors
    /// [`Error::Busy`] at once if too many are waiting, in total or from the caller's network.
    ///
    /// [`Error::Busy`]: crate::error::Error::Busy
    pub fn reserve(&self, priority: Priority, caller: &Caller) -> Result<Slot> {
        self.queue.reserve(priority, caller.address.map(network))
    }

    /// Returns the PHC string to store for a new password. Keyboards spell "ä" in two ways: one of them is hashed (NIST
    /// SP 800-63B, section 5.1.1.2).
    pub async fn hash(&self, slot: Slot, password: &str) -> Result<String> {
        let argon2 = self.argon2.clone();
        let password = composed(password);
        self.queue
            .run(slot, move || {
                argon2
                    .hash_password(password.as_bytes())
                    .map(|hash| hash.to_string())
                    .map_err(|error| Error::Unavailable(error.to_string()))
            })
            .await?
    }

    /// Returns whether the password is the stored one; without a stored one, the check takes as long.
    pub async fn verify(&self, slot: Slot, password: &str, stored: Option<String>) -> Result<bool> {
        let argon2 = self.argon2.clone();
        // As it is set today; else as typed, which is how it was set before there was one spelling.
        let mut spellings = vec![composed(password), password.to_owned()];
        spellings.dedup();
        let dummy = Arc::clone(&self.dummy);
        self.queue
            .run(slot, move || {
                let known = stored.is_some();
                let phc = stored.as_deref().unwrap_or(&dummy);
                spellings
                    .iter()
                    .any(|password| argon2.verify_password(password.as_bytes(), phc).is_ok())
                    && known
            })
            .await
    }
}

/// Returns whether a password is among the most common ones, whatever its case.
pub fn is_common(password: &str) -> bool {
    let password = password.to_lowercase();
    let common: Vec<&str> = COMMON.lines().collect();
    common.binary_search(&password.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_passwords_are_recognised_in_any_case() {
        assert!(COMMON.lines().count() >= 3000);
        assert!(COMMON.lines().is_sorted(), "the list is searched by halves");
        for common in ["password", "Password1", "12345678", "QWERTY123", "iloveyou"] {
            assert!(is_common(common), "{common}");
        }
        assert!(!is_common("a calm lake at dawn"));
    }

    /// A password that was hashed as typed, before there was one spelling, continues to work.
    #[tokio::test]
    async fn a_password_is_the_same_in_every_spelling() -> Result<()> {
        let passwords = Passwords::new().map_err(|error| Error::Unavailable(error.to_string()))?;
        let slot = || passwords.reserve(Priority::High, &Caller::default());
        let short = "Pässwort für Möwen 9";
        let long = "Pa\u{308}sswort fu\u{308}r Mo\u{308}wen 9";
        for set in [short, long] {
            let stored = passwords.hash(slot()?, set).await?;
            for typed in [short, long] {
                let right = passwords.verify(slot()?, typed, Some(stored.clone()));
                assert!(right.await?, "{set:?} {typed:?}");
            }
        }
        let old = passwords.argon2.hash_password(long.as_bytes());
        let old = old.map_err(|error| Error::Unavailable(error.to_string()))?;
        let right = passwords.verify(slot()?, long, Some(old.to_string()));
        assert!(right.await?);
        Ok(())
    }

    #[tokio::test]
    async fn a_hash_says_argon2id_and_verifies() -> Result<()> {
        let passwords = Passwords::new().map_err(|error| Error::Unavailable(error.to_string()))?;
        let slot = || passwords.reserve(Priority::High, &Caller::default());
        let stored = passwords.hash(slot()?, "correct horse").await?;
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        let right = passwords.verify(slot()?, "correct horse", Some(stored.clone()));
        assert!(right.await?);
        assert!(
            !passwords
                .verify(slot()?, "wrong horse", Some(stored))
                .await?
        );
        assert!(
            !passwords.verify(slot()?, "a dummy password", None).await?,
            "the dummy hash accepts no password"
        );
        Ok(())
    }
}
