//! Detection of secret keys that were pasted where they do not belong, such as a search.

use crate::prefix::Prefix;
use crate::token::{ACCESS_CHARS, SECRET_CHARS, SecretKey, find_secret};

/// Fewer characters than this may be the beginning of another word.
const LEAST: usize = 12;

/// The message about a secret in a search.
pub const NOT_SEARCHED: &str = "That was a secret key. We didn't search for it or store it. Search for its access key instead.";

/// A secret key was pasted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pasted {
    /// The public half, if it was pasted too.
    pub access_key: Option<String>,
}

/// Finds a secret key or a good part of one in a text: alone, in a pair of any form, in the value of a header, with
/// blanks or line breaks in it. `own` is the company's prefix; Keyhold's own is found too.
pub fn pasted_secret(text: &str, own: Prefix) -> Option<Pasted> {
    let text: String = text.chars().filter(char::is_ascii_graphic).collect();
    let found = [
        find_secret(text.as_bytes(), own),
        find_secret(text.to_ascii_lowercase().as_bytes(), own),
    ];
    found
        .into_iter()
        .flatten()
        .find(|found| found.len() >= LEAST)?;
    let access_key = prefixes(own).into_iter().find_map(|prefix| {
        access_key(&text, prefix).or_else(|| access_key(&decoded(&text, prefix)?, prefix))
    });
    Some(Pasted { access_key })
}

/// Returns the whole secret key in a pasted text, in any of those forms. Its checksum is right.
pub fn whole_secret(text: &str, own: Prefix) -> Option<String> {
    let text: String = text.chars().filter(char::is_ascii_graphic).collect();
    prefixes(own).into_iter().find_map(|prefix| {
        let begin = prefix.secret();
        let length = begin.len() + SECRET_CHARS;
        [Some(text.clone()), decoded(&text, prefix)]
            .into_iter()
            .flatten()
            .find_map(|text| {
                let mut starts = text.match_indices(&begin);
                starts.find_map(|(at, _)| {
                    let secret = text.get(at..at + length)?;
                    SecretKey::parse(secret).is_ok().then(|| secret.to_owned())
                })
            })
    })
}

/// The prefixes that credentials can have.
fn prefixes(own: Prefix) -> Vec<Prefix> {
    let mut prefixes = vec![own, Prefix::KEYHOLD];
    prefixes.dedup();
    prefixes
}

fn access_key(text: &str, prefix: Prefix) -> Option<String> {
    let (_, after) = text.split_once(prefix.access())?;
    let chars = after.get(..ACCESS_CHARS)?;
    chars
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        .then(|| format!("{}{chars}", prefix.access()))
}

/// Returns a pair as HTTP Basic carries it, from its beginning.
fn decoded(text: &str, prefix: Prefix) -> Option<String> {
    let at = text.find(&*prefix.basic())?;
    Some(decode(&text[at..]))
}

/// Decodes base64, up to the first character that is not.
fn decode(base64: &str) -> String {
    let (mut bits, mut count, mut text) = (0_u32, 0, String::new());
    for byte in base64.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            text.push(char::from((bits >> count & 0xff) as u8));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCESS: &str = "kh_0123456789abcdef";
    const SECRET: &str = "khs_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklm";

    #[test]
    fn a_secret_is_recognised_in_any_form() {
        let with = Some(ACCESS.to_owned());
        let basic = "Basic a2hfMDEyMzQ1Njc4OWFiY2RlZjpraHNfMDEyMzQ1Njc4OUFCQ0RFRg==";
        for (text, access_key) in [
            (SECRET.to_owned(), None),
            (format!("  {SECRET}\n"), None),
            (SECRET[..20].to_owned(), None),
            (SECRET.to_ascii_uppercase(), None),
            (format!("{} {}", &SECRET[..10], &SECRET[10..]), None),
            (format!("{ACCESS}.{SECRET}"), with.clone()),
            (format!("{ACCESS}:{SECRET}"), with.clone()),
            (format!("{ACCESS} {SECRET}"), with.clone()),
            (format!("{ACCESS}\t\u{200b}{SECRET}"), with.clone()),
            (
                format!("Authorization: Bearer {ACCESS}.{SECRET}"),
                with.clone(),
            ),
            (format!("X-API-Key: {ACCESS}.{SECRET}"), with.clone()),
            (format!("-u '{ACCESS}:{SECRET}'"), with.clone()),
            (
                format!("KEYHOLD_ACCESS_KEY={ACCESS}\nKEYHOLD_SECRET_KEY={SECRET}"),
                with.clone(),
            ),
            (basic.to_owned(), with.clone()),
            (basic["Basic ".len()..].to_owned(), with),
        ] {
            assert_eq!(
                pasted_secret(&text, Prefix::KEYHOLD),
                Some(Pasted { access_key }),
                "{text}"
            );
        }
    }

    #[test]
    fn a_whole_secret_is_found_in_any_form() {
        let secret = SecretKey::from_entropy([7; 32]).expose().to_owned();
        let (begin, end) = secret.split_at(20);
        for text in [
            secret.clone(),
            format!("  {begin}\n {end}\r\n"),
            format!("{ACCESS}.{secret}"),
            format!("-u '{ACCESS}:{secret}' -i"),
            format!("KEYHOLD_SECRET_KEY={secret}\nA=khs_x"),
            format!("khs_x {secret}"),
            format!(
                "Authorization: Basic {}",
                base64(&format!("{ACCESS}:{secret}"))
            ),
        ] {
            assert_eq!(
                whole_secret(&text, Prefix::KEYHOLD).as_ref(),
                Some(&secret),
                "{text}"
            );
        }
        for text in [
            "",
            begin,
            &secret.to_ascii_uppercase(),
            SECRET,
            ACCESS,
            "khs_\u{e9}",
        ] {
            assert_eq!(whole_secret(text, Prefix::KEYHOLD), None, "{text}");
        }
    }

    fn base64(text: &str) -> String {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut base64 = String::new();
        for bytes in text.as_bytes().chunks(3) {
            let bits = bytes
                .iter()
                .fold(0, |bits, byte| bits << 8 | u32::from(*byte));
            let bits = bits << (8 * (3 - bytes.len()));
            for place in 0..=bytes.len() {
                base64.push(char::from(DIGITS[(bits >> (18 - 6 * place) & 63) as usize]));
            }
        }
        base64
    }

    #[test]
    fn other_texts_are_searched_for() {
        for text in [
            "",
            "billing",
            ACCESS,
            "khs_",
            "khs_1",
            "keys_of_the_house",
            "a2hf",
            "kh",
            "ключ",
        ] {
            assert_eq!(pasted_secret(text, Prefix::KEYHOLD), None, "{text}");
        }
    }
}
