//! The credentials' format: a public access key and a secret key with a checksum.
//!
//! - access key: `kh_`, or the company's own [`Prefix`], and 16 characters of lower-case Crockford base32 (80 random bits);
//! - operator token: `kho_` and the same as in a secret key;
//! - secret key: `khs_`, or the company's, 43 base62 characters (256 random bits), and 6 base62 characters of the CRC-32
//!   of everything before them. A typing error or a cut-off copy is rejected without any lookup, and secret
//!   scanners recognise the prefix.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Deref, Range};
use std::str::FromStr;

use crate::prefix::{LONGEST, Prefix};

pub(crate) const ACCESS_CHARS: usize = 16;
/// The most bytes of an access key.
const ACCESS_MOST: usize = LONGEST + 1 + ACCESS_CHARS;
const OPERATOR_PREFIX: &str = "kho_";
const SECRET_RANDOM_CHARS: usize = 43;
const SECRET_CHECK_CHARS: usize = 6;
/// The characters of a secret after its prefix.
pub(crate) const SECRET_CHARS: usize = SECRET_RANDOM_CHARS + SECRET_CHECK_CHARS;

/// <https://www.crockford.com/base32.html>, lower case.
const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A text that is not a credential of ours: wrong prefix, length, alphabet or checksum.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Malformed;

/// The public half of a key: it names the key and may be shown anywhere.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct AccessKey {
    prefix: Prefix,
    bits: [u8; 10],
}

/// The random bits tell keys apart; the prefix would only take time.
impl Hash for AccessKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits.hash(state);
    }
}

/// An access key as it is written.
#[derive(Clone, Copy)]
pub struct AccessText {
    bytes: [u8; ACCESS_MOST],
    length: usize,
}

impl Deref for AccessText {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl AccessKey {
    /// The access key made of 80 random bits, with Keyhold's own prefix.
    pub fn from_entropy(bits: [u8; 10]) -> Self {
        Self::with_prefix(Prefix::KEYHOLD, bits)
    }

    /// The access key made of 80 random bits.
    pub fn with_prefix(prefix: Prefix, bits: [u8; 10]) -> Self {
        Self { prefix, bits }
    }

    pub fn prefix(&self) -> Prefix {
        self.prefix
    }

    /// The access key as it is written.
    pub fn text(&self) -> AccessText {
        let mut wide = [0; 16];
        wide[6..].copy_from_slice(&self.bits);
        let bits = u128::from_be_bytes(wide);
        let prefix = self.prefix.access().as_bytes();
        let mut text = AccessText {
            bytes: [0; ACCESS_MOST],
            length: prefix.len() + ACCESS_CHARS,
        };
        let (begin, chars) = text.bytes[..text.length].split_at_mut(prefix.len());
        begin.copy_from_slice(prefix);
        for (place, char) in chars.iter_mut().rev().enumerate() {
            *char = CROCKFORD[(bits >> (5 * place) & 31) as usize];
        }
        text
    }
}

impl FromStr for AccessKey {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let (prefix, chars) = Prefix::of_access(text).ok_or(Malformed)?;
        let chars = chars.as_bytes();
        if chars.len() != ACCESS_CHARS {
            return Err(Malformed);
        }
        let mut bits: u128 = 0;
        for &char in chars {
            bits = bits << 5 | u128::from(crockford_value(char).ok_or(Malformed)?);
        }
        let mut bytes = [0; 10];
        bytes.copy_from_slice(&bits.to_be_bytes()[6..]);
        Ok(Self::with_prefix(prefix, bytes))
    }
}

impl fmt::Display for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Finds a secret key, an operator's token or the beginning of one in a text from outside, plain or in the pair of HTTP
/// Basic: such a text must not be stored or logged as it is. `own` is the company's prefix.
pub fn find_secret(text: &[u8], own: Prefix) -> Option<Range<usize>> {
    let (name, basic) = (own.name().as_bytes(), own.basic());
    let begins = |at: &usize| {
        let rest = &text[*at..];
        let of_own = |rest: &[u8]| {
            let after = rest.strip_prefix(name);
            after.is_some_and(|after| after.starts_with(b"s_"))
                || rest.starts_with(basic.as_bytes())
        };
        let of_keyhold = [KHS, OPERATOR_PREFIX.as_bytes(), KH_BASIC];
        of_keyhold.iter().any(|begin| rest.starts_with(begin)) || of_own(rest)
    };
    let start = (0..text.len()).find(begins)?;
    // With the underscore: otherwise the prefix of a second key right behind would count as the end of the first.
    let length = text[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_+/=-".contains(byte))
        .count();
    Some(start..start + length)
}

/// Keyhold's own: the beginning of a secret key, and that of a pair in base64.
const KHS: &[u8] = b"khs_";
const KH_BASIC: &[u8] = b"a2hf";

fn crockford_value(char: u8) -> Option<u8> {
    match char {
        b'0'..=b'9' => Some(char - b'0'),
        b'a'..=b'h' => Some(char - b'a' + 10),
        b'j' | b'k' => Some(char - b'j' + 18),
        b'm' | b'n' => Some(char - b'm' + 20),
        b'p'..=b't' => Some(char - b'p' + 22),
        b'v'..=b'z' => Some(char - b'v' + 27),
        _ => None,
    }
}

/// The secret half of a key, with a checksum that was right when it was made or parsed.
///
/// It prints as `[secret]`; only [`SecretKey::expose`] gives the text.
#[derive(Clone)]
pub struct SecretKey<'a>(Cow<'a, str>);

impl SecretKey<'static> {
    /// The secret key made of 256 random bits, with Keyhold's own prefix.
    pub fn from_entropy(bits: [u8; 32]) -> Self {
        Self::with_prefix(Prefix::KEYHOLD, bits)
    }

    /// The secret key made of 256 random bits.
    pub fn with_prefix(prefix: Prefix, bits: [u8; 32]) -> Self {
        Self(Cow::Owned(written(&prefix.secret(), bits)))
    }
}

impl<'a> SecretKey<'a> {
    /// Parses a secret key that a caller presents.
    ///
    /// # Errors
    /// [`Malformed`] if prefix, length, alphabet or checksum are wrong.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let (_, chars) = Prefix::of_secret(text).ok_or(Malformed)?;
        checked(text, chars).map(|text| Self(Cow::Borrowed(text)))
    }

    /// Returns the prefix of the key.
    pub fn prefix(&self) -> Option<Prefix> {
        Prefix::of_secret(&self.0).map(|(prefix, _)| prefix)
    }

    /// The secret itself: for its digest, and for the one response that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// An operator's token, with a checksum that was right when it was made or parsed. It prints as `[token]`.
#[derive(Clone)]
pub struct OperatorToken<'a>(Cow<'a, str>);

impl OperatorToken<'static> {
    /// The token made of 256 random bits.
    pub fn from_entropy(bits: [u8; 32]) -> Self {
        Self(Cow::Owned(written(OPERATOR_PREFIX, bits)))
    }
}

impl<'a> OperatorToken<'a> {
    /// Parses a token that a caller presents.
    ///
    /// # Errors
    /// [`Malformed`] if prefix, length, alphabet or checksum are wrong.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let chars = text.strip_prefix(OPERATOR_PREFIX).ok_or(Malformed)?;
        checked(text, chars).map(|text| Self(Cow::Borrowed(text)))
    }

    /// The token itself: for its digest, its file, and the one response that shows it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OperatorToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[token]")
    }
}

/// Writes 256 bits with their prefix and their checksum.
fn written(prefix: &str, bits: [u8; 32]) -> String {
    let mut text = String::with_capacity(prefix.len() + SECRET_CHARS);
    text.push_str(prefix);
    push_base62(&mut text, bits);
    let check = checksum(&text);
    text.push_str(std::str::from_utf8(&check).unwrap_or_default());
    text
}

/// Returns a text whose characters after the prefix have the length and the alphabet of a secret, and its right checksum.
fn checked<'a>(text: &'a str, chars: &str) -> Result<&'a str, Malformed> {
    if chars.len() != SECRET_CHARS || !chars.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Malformed);
    }
    let (body, check) = text.split_at(text.len() - SECRET_CHECK_CHARS);
    if checksum(body) != check.as_bytes() {
        return Err(Malformed);
    }
    Ok(text)
}

/// Writes a 256-bit number as exactly 43 base62 digits: 62^43 is just above 2^256.
fn push_base62(text: &mut String, mut number: [u8; 32]) {
    let mut digits = [0; SECRET_RANDOM_CHARS];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0;
        for byte in &mut number {
            let value = remainder << 8 | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        *digit = BASE62[remainder as usize];
    }
    text.extend(digits.map(char::from));
}

/// CRC-32 (IEEE) of `body` as six base62 digits, zero-padded.
fn checksum(body: &str) -> [u8; SECRET_CHECK_CHARS] {
    let mut crc = crc32fast::hash(body.as_bytes());
    let mut digits = [b'0'; SECRET_CHECK_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(crc % 62) as usize];
        crc /= 62;
    }
    digits
}

/// Splits the one-word form of a pair, `access.secret`, as Bearer and `X-API-Key` carry it.
///
/// # Errors
/// [`Malformed`] if there is no dot or either half is not of our format.
pub fn parse_pair(text: &str) -> Result<(AccessKey, SecretKey<'_>), Malformed> {
    let (access, secret) = text.split_once('.').ok_or(Malformed)?;
    Ok((access.parse()?, SecretKey::parse(secret)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each digit of the access key has a value of its own, so no two keys share a name.
    #[test]
    fn every_crockford_digit_has_its_value() {
        for (value, digit) in (0..).zip(*CROCKFORD) {
            assert_eq!(crockford_value(digit), Some(value));
        }
        let known = (0..=u8::MAX)
            .filter(|&byte| crockford_value(byte).is_some())
            .count();
        assert_eq!(known, CROCKFORD.len());
    }
}
