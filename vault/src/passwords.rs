//! Passwords: hashing on a bounded pool, and the list of common ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use crate::error::{Error, OpenError, Result};

/// OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// How many may wait for each that is being hashed. A hash takes about 20 ms, so whoever is let in waits
/// at most about a third of a second; the rest is told to come back.
const WAITING_PER_WORKER: usize = 16;

/// At least eight characters each, in lower case, sorted: the common passwords of zxcvbn (MIT) and of
/// Django (BSD), the most frequent ones of both.
static COMMON: &str = include_str!("common_passwords.txt");

/// Hashes and checks passwords, a bounded number at a time.
pub struct Passwords {
    argon2: Argon2<'static>,
    /// Compared with when there is no account, so that both answers take the same time.
    dummy: Arc<str>,
    workers: Arc<Semaphore>,
    admitted: Arc<AtomicUsize>,
    most_admitted: usize,
}

impl Passwords {
    pub fn new() -> Result<Self, OpenError> {
        let failed = |error: &dyn std::fmt::Display| OpenError::Passwords(error.to_string());
        let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| failed(&error))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let dummy = argon2
            .hash_password(b"nobody's password")
            .map_err(|error| failed(&error))?;
        // One processor stays free for verification.
        let workers = std::thread::available_parallelism()
            .map_or(1, |cores| cores.get().saturating_sub(1).max(1));
        Ok(Self {
            argon2,
            dummy: dummy.to_string().into(),
            workers: Arc::new(Semaphore::new(workers)),
            admitted: Arc::default(),
            most_admitted: workers * (1 + WAITING_PER_WORKER),
        })
    }

    /// The PHC string to store for a new password.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let argon2 = self.argon2.clone();
        let password = password.to_owned();
        self.work(move || {
            argon2
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|error| Error::Unavailable(error.to_string()))
        })
        .await?
    }

    /// Whether the password is the stored one; without a stored one it takes as long to say no.
    pub async fn verify(&self, password: &str, stored: Option<String>) -> Result<bool> {
        let argon2 = self.argon2.clone();
        let password = password.to_owned();
        let dummy = Arc::clone(&self.dummy);
        self.work(move || {
            let known = stored.is_some();
            let phc = stored.as_deref().unwrap_or(&dummy);
            argon2.verify_password(password.as_bytes(), phc).is_ok() && known
        })
        .await
    }

    /// Runs one hash when a worker is free.
    ///
    /// # Errors
    /// [`Error::Busy`] at once when too many are waiting.
    async fn work<T: Send + 'static>(
        &self,
        hash: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _place = Place::take(&self.admitted, self.most_admitted)?;
        let permit = Arc::clone(&self.workers)
            .acquire_owned()
            .await
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        tokio::task::spawn_blocking(move || {
            // Kept until the hash is done, even if whoever asked has hung up.
            let _permit = permit;
            hash()
        })
        .await
        .map_err(|error| Error::Unavailable(error.to_string()))
    }
}

/// A place in the queue, given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(admitted: &Arc<AtomicUsize>, most: usize) -> Result<Self> {
        admitted
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |count| {
                (count < most).then_some(count + 1)
            })
            .map(|_| Self(Arc::clone(admitted)))
            .map_err(|_| Error::Busy)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Whether a password is among the most common ones, whatever its case.
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

    #[tokio::test]
    async fn a_hash_says_argon2id_and_verifies() -> Result<()> {
        let passwords = Passwords::new().map_err(|error| Error::Unavailable(error.to_string()))?;
        let stored = passwords.hash("correct horse").await?;
        assert!(
            stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{stored}"
        );
        assert!(
            passwords
                .verify("correct horse", Some(stored.clone()))
                .await?
        );
        assert!(!passwords.verify("wrong horse", Some(stored)).await?);
        assert!(
            !passwords.verify("nobody's password", None).await?,
            "the dummy lets nobody in"
        );
        Ok(())
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() -> Result<()> {
        let mut passwords =
            Passwords::new().map_err(|error| Error::Unavailable(error.to_string()))?;
        passwords.most_admitted = 1;
        let place = Place::take(&passwords.admitted, 1)?;
        assert!(matches!(
            passwords.verify("any", None).await,
            Err(Error::Busy)
        ));
        drop(place);
        assert!(!passwords.verify("any", None).await?);
        Ok(())
    }
}
