//! Random numbers, from the operating system only, and their hexadecimal form.

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

/// Returns the bytes that 64 hexadecimal digits stand for.
pub fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Returns a new id for a row: 128 random bits.
pub fn id(prefix: &str) -> Result<String> {
    Ok(format!("{prefix}{}", hex(&bytes::<16>()?)))
}

/// Returns whether a text has the form of an id. A client's text is looked up only if it has: PostgreSQL rejects a
/// statement with U+0000 in a text, and a rejected statement counts as a fault of the database.
pub fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn only_text_like_a_new_id_is_an_id() {
        assert!(is_id(&id("mail_").unwrap()));
        for text in ["", "\0", "mail_\0", "mail 0", "mail_é", "'--"] {
            assert!(!is_id(text), "{text:?}");
        }
    }
}
