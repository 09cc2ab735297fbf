//! The prefix of a company's credentials: `acme` of the access key `acme_…` and the secret key `acmes_…`.

use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

/// The most characters of a prefix.
pub const LONGEST: usize = 10;
/// The fewest.
const SHORTEST: usize = 2;
/// Endings that would make one kind of credential look like another: the default prefix, that of its secret keys, and that of
/// operators' tokens.
const RESERVED: [&[u8]; 3] = [b"kh", b"khs", b"kho"];

/// A prefix: 2 to 10 lower-case letters and digits, a letter first. It compares as the text of its access keys does.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Prefix(
    /// With the underscore of an access key, and zeros after it.
    [u8; LONGEST + 1],
);

/// The most characters of a prefix in base64: four for three bytes.
const BASIC_MOST: usize = (LONGEST + 1) * 8 / 6;

/// The beginning of a pair in base64.
#[derive(Clone, Copy)]
pub struct Basic {
    bytes: [u8; BASIC_MOST],
    length: usize,
}

impl Deref for Basic {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

/// A text that can be no prefix.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PrefixError;

impl fmt::Display for PrefixError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "it must be 2 to 10 lower-case letters and digits, beginning with a letter and not ending in kh, khs or kho, \
             which are Keyhold's own",
        )
    }
}

impl std::error::Error for PrefixError {}

impl Prefix {
    /// The prefix where the company has none of its own.
    pub const KEYHOLD: Self = Self(*b"kh_\0\0\0\0\0\0\0\0");

    /// Reads the prefix, of any company, at the beginning of an access key, and returns it with the rest.
    pub(crate) fn of_access(text: &str) -> Option<(Self, &str)> {
        let bytes = text.as_bytes();
        let mut prefix = Self([0; LONGEST + 1]);
        for (at, byte) in bytes.iter().copied().enumerate().take(LONGEST + 1) {
            let fits = match byte {
                b'a'..=b'z' => at < LONGEST,
                b'0'..=b'9' => at > 0 && at < LONGEST,
                b'_' if at >= SHORTEST && !is_reserved(&bytes[..at]) => {
                    prefix.0[at] = b'_';
                    return Some((prefix, &text[at + 1..]));
                }
                _ => false,
            };
            if !fits {
                return None;
            }
            prefix.0[at] = byte;
        }
        None
    }

    /// Reads the prefix, of any company, at the beginning of a secret key, and returns it with the rest.
    pub(crate) fn of_secret(text: &str) -> Option<(Self, &str)> {
        let at = text
            .bytes()
            .take(LONGEST + 2)
            .position(|byte| byte == b'_')?;
        let name = text[..at].strip_suffix('s')?;
        let mut bytes = [0; LONGEST + 1];
        bytes
            .get_mut(..name.len())?
            .copy_from_slice(name.as_bytes());
        *bytes.get_mut(name.len())? = b'_';
        let access = std::str::from_utf8(&bytes[..=name.len()]).ok()?;
        let (prefix, _) = Self::of_access(access)?;
        Some((prefix, &text[at + 1..]))
    }

    /// Returns the beginning of an access key: `acme_`.
    pub fn access(&self) -> &str {
        let length = self
            .0
            .iter()
            .position(|byte| *byte == b'_')
            .unwrap_or(LONGEST);
        std::str::from_utf8(&self.0[..=length]).unwrap_or_default()
    }

    /// Returns the beginning of a secret key: `acmes_`.
    pub fn secret(&self) -> String {
        self.name().to_owned() + "s_"
    }

    /// Returns the prefix alone: `acme`.
    pub fn name(&self) -> &str {
        self.access().trim_end_matches('_')
    }

    /// Returns the beginning of a pair in base64, as HTTP Basic carries it: `a2hf`. The last character, which depends on what
    /// follows, is left out unless it is certain.
    pub fn basic(&self) -> Basic {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut basic = Basic {
            bytes: [0; BASIC_MOST],
            length: 0,
        };
        let (mut bits, mut count) = (0_u32, 0);
        for byte in self.access().bytes() {
            bits = bits << 8 | u32::from(byte);
            count += 8;
            while count >= 6 {
                count -= 6;
                basic.bytes[basic.length] = DIGITS[(bits >> count & 63) as usize];
                basic.length += 1;
            }
        }
        basic
    }

    /// Returns whether keys of this prefix can exist where `own` is the company's: those made before have Keyhold's.
    pub fn is_in_use(self, own: Self) -> bool {
        self == own || self == Self::KEYHOLD
    }
}

/// Returns whether a name would make one kind of credential look like another.
fn is_reserved(name: &[u8]) -> bool {
    name != RESERVED[0] && RESERVED.iter().any(|ending| name.ends_with(ending))
}

impl Default for Prefix {
    fn default() -> Self {
        Self::KEYHOLD
    }
}

/// As a setting.
impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        match Self::of_access(&format!("{text}_")) {
            Some((prefix, "")) => Ok(prefix),
            _ => Err(PrefixError),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_short_word() -> Result<(), PrefixError> {
        for (name, access, secret, basic) in [
            ("kh", "kh_", "khs_", "a2hf"),
            ("acme", "acme_", "acmes_", "YWNtZV"),
            ("a1", "a1_", "a1s_", "YTFf"),
            (
                "abcdefghij",
                "abcdefghij_",
                "abcdefghijs_",
                "YWJjZGVmZ2hpal",
            ),
        ] {
            let prefix: Prefix = name.parse()?;
            assert_eq!(prefix.name(), name);
            assert_eq!(prefix.access(), access);
            assert_eq!(prefix.secret(), secret);
            assert_eq!(&*prefix.basic(), basic);
            assert_eq!(
                Prefix::of_access(&format!("{access}0")),
                Some((prefix, "0"))
            );
            assert_eq!(
                Prefix::of_secret(&format!("{secret}0")),
                Some((prefix, "0"))
            );
        }
        Ok(())
    }

    #[test]
    fn what_looks_like_another_credential_is_no_prefix() {
        for bad in [
            "",
            "a",
            "abcdefghijk",
            "1a",
            "Acme",
            "ac-me",
            "ac_me",
            "acmé",
            "kho",
            "khs",
            "xkh",
            "mykhs",
            "akho",
            "a ",
        ] {
            assert!(bad.parse::<Prefix>().is_err(), "{bad:?}");
        }
        for bad in ["", "_", "a_", "abcdefghijk_", "1a_0", "é_", "kh"] {
            assert_eq!(Prefix::of_access(bad), None, "{bad:?}");
        }
        for bad in [
            "",
            "s_",
            "as_",
            "kh_",
            "kho_",
            "abcdefghijks_",
            "és_",
            "khs",
        ] {
            assert_eq!(Prefix::of_secret(bad), None, "{bad:?}");
        }
    }
}
