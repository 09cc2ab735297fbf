//! Random numbers, from the operating system only.

use std::fmt::Write;

use crate::error::{Error, Result};

/// Returns `N` random bytes.
pub fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Unavailable(error.to_string()))?;
    Ok(bytes)
}

/// Returns lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Returns a new id for a row: 128 random bits.
pub fn id(prefix: &str) -> Result<String> {
    Ok(format!("{prefix}{}", hex(&bytes::<16>()?)))
}
