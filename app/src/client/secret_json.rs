//! The answer of a server function as JSON, not yet read.

use super::shape::Shape;
use crate::error::FnError;

/// An answer that may hold a secret, and so prints without it.
#[derive(Clone)]
pub struct SecretJson(pub String);

impl SecretJson {
    /// Parses the answer.
    pub fn read<T: Shape>(&self) -> Result<T, FnError> {
        #[cfg(feature = "ssr")]
        let read = serde_json::from_str(&self.0).ok();
        #[cfg(not(feature = "ssr"))]
        let read = super::json::read(&self.0);
        read.ok_or_else(FnError::inside)
    }
}

impl std::fmt::Debug for SecretJson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[json]")
    }
}
