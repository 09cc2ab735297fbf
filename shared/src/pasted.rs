//! Detection of secret keys that were pasted where they do not belong, such as a search.

mod spellings;

use self::spellings::spellings;
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
/// blanks or line breaks in it, and in the spellings of addresses, mails, HTML, programs and base64; without its prefix if
/// it is whole. `own` is the company's prefix; Keyhold's own is found too.
pub fn pasted_secret(text: &str, own: Prefix) -> Option<Pasted> {
    let spellings = spellings(text);
    spellings.iter().find(|text| {
        let lower = text.to_ascii_lowercase();
        holds_part(text, own)
            || holds_part(&lower, own)
            || without_prefix(text, own).is_some()
            || holds_pair(&lower, own)
    })?;
    let access_key = spellings.iter().find_map(|text| {
        let mut prefixes = prefixes(own).into_iter();
        prefixes.find_map(|prefix| access_key(text, prefix))
    });
    Some(Pasted { access_key })
}

/// Returns the whole secret key in a pasted text, in any of those forms. Its checksum is right.
pub fn whole_secret(text: &str, own: Prefix) -> Option<String> {
    let spellings = spellings(text);
    let with_prefix = |text: &String| {
        prefixes(own).into_iter().find_map(|prefix| {
            let begin = prefix.secret();
            let mut starts = text.match_indices(&begin);
            starts.find_map(|(at, _)| {
                let secret = text.get(at..at + begin.len() + SECRET_CHARS)?;
                SecretKey::parse(secret).is_ok().then(|| secret.to_owned())
            })
        })
    };
    let mut all = spellings.iter();
    let found = all.find_map(with_prefix);
    found.or_else(|| spellings.iter().find_map(|text| without_prefix(text, own)))
}

/// Returns whether a text has a part that only programs make, long enough to guard something: a part of a secret key without
/// its prefix, the code of a link, another service's token.
pub fn looks_secret(text: &str) -> bool {
    runs(text).any(|run| run.len() >= CODE || (run.len() >= RANDOM && is_mixed(run)))
}

/// Returns whether a search may stand in an address, which browsers, proxies and other people keep: a short text of plain
/// characters that does not look like a secret. Other texts are searched for as well, but in the body of a request.
pub fn fits_address(text: &str, own: Prefix) -> bool {
    let count = text.chars().count();
    // Letters that are written otherwise elsewhere could spell a secret.
    let is_plain = |char: char| {
        (char.is_alphanumeric() && !COMPATIBLE.iter().any(|range| range.contains(&char)))
            || " @.-_".contains(char)
    };
    count <= SHORT
        && text.chars().all(is_plain)
        && (count < RANDOM / 2 || !is_mixed(text))
        && pasted_secret(text, own).is_none()
}

/// The most characters of a search in an address.
const SHORT: usize = 40;
/// The fewest letters and digits of which a mixture is none that people write.
const RANDOM: usize = 32;
/// The fewest of which any is none: a number of 256 bits in hexadecimal digits.
const CODE: usize = 64;

/// Letters and digits in circles, in the styles of mathematics, and in the width of ideographs.
const COMPATIBLE: [std::ops::RangeInclusive<char>; 3] = [
    '\u{2460}'..='\u{24ff}',
    '\u{ff00}'..='\u{ffef}',
    '\u{1d400}'..='\u{1d7ff}',
];

/// Returns whether a text has capitals, small letters and digits.
fn is_mixed(text: &str) -> bool {
    let has = |is: fn(&u8) -> bool| text.bytes().any(|byte| is(&byte));
    has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
}

/// Returns the runs of letters and digits in a text.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_ascii_alphanumeric())
}

/// Returns whether a text has a secret or its beginning.
fn holds_part(text: &str, own: Prefix) -> bool {
    let mut rest = text.as_bytes();
    while let Some(found) = find_secret(rest, own) {
        if found.len() >= LEAST {
            return true;
        }
        rest = &rest[found.end..];
    }
    false
}

/// Returns whether a text has an access key and behind it the beginning of a secret, however short.
fn holds_pair(text: &str, own: Prefix) -> bool {
    prefixes(own).into_iter().any(|prefix| {
        let mut starts = text.match_indices(prefix.access());
        starts.any(|(at, begin)| {
            let after = text.get(at + begin.len() + ACCESS_CHARS..);
            let after = after.unwrap_or_default();
            let after = after.trim_start_matches(|char: char| !char.is_ascii_alphanumeric());
            after.starts_with(&prefix.secret())
        })
    })
}

/// Returns the secret whose characters are in a text without the prefix before them. The checksum tells.
fn without_prefix(text: &str, own: Prefix) -> Option<String> {
    let begins = prefixes(own).into_iter().map(|prefix| prefix.secret());
    let begins: Vec<String> = begins.collect();
    let windows = runs(text).flat_map(|run| {
        let last = (run.len() + 1).saturating_sub(SECRET_CHARS);
        (0..last).map(move |at| &run[at..at + SECRET_CHARS])
    });
    let mut all = windows.flat_map(|chars| begins.iter().map(move |begin| [begin, chars].concat()));
    all.find(|secret| SecretKey::parse(secret).is_ok())
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
            (format!("{ACCESS}.khs_wrong"), with.clone()),
            (format!("{ACCESS}: khs_"), with.clone()),
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
            (basic["Basic ".len()..].to_owned(), with.clone()),
            (format!("khs_, {SECRET}"), None),
            (format!("khs%5F{}", &SECRET[4..]), None),
            (format!("khs%255f{}", &SECRET[4..]), None),
            (format!("%6b%68%73%5f{}", &SECRET[4..]), None),
            (format!("khs&#95;{}", &SECRET[4..]), None),
            (format!("khs&#x005F;{}", &SECRET[4..]), None),
            (
                format!("khs&amp;#95;{}", &SECRET[4..]).replace("&amp;", "%26"),
                None,
            ),
            (format!("khs&lowbar;{}", &SECRET[4..]), None),
            (format!("khs\\_{}", &SECRET[4..]), None),
            (format!("khs\\u005f{}", &SECRET[4..]), None),
            (
                format!("khs=5F{}=\n{}", &SECRET[4..30], &SECRET[30..]),
                None,
            ),
            (wide(SECRET), None),
            (wide(&format!("{ACCESS}.{SECRET}")), with.clone()),
            (
                format!("kh%5F{}%3Akhs%5F{}", &ACCESS[3..], &SECRET[4..]),
                with.clone(),
            ),
            (base64(SECRET), None),
            (base64(&format!("x{SECRET}")), None),
            (format!("Token {}", base64(SECRET)), None),
            (
                base64(&format!("{{\"id\":\"{ACCESS}\",\"key\":\"{SECRET}\"}}")),
                with,
            ),
        ] {
            assert_eq!(
                pasted_secret(&text, Prefix::KEYHOLD),
                Some(Pasted { access_key }),
                "{text}"
            );
        }
    }

    /// In the width of ideographs.
    fn wide(text: &str) -> String {
        let wide = |char| char::from_u32(u32::from(char) + 0xfee0);
        text.chars().filter_map(wide).collect()
    }

    #[test]
    fn the_companys_own_prefix_is_found_too() {
        let own: Prefix = "acme".parse().unwrap_or(Prefix::KEYHOLD);
        let secret = SecretKey::with_prefix(own, [7; 32]).expose().to_owned();
        let access = "acme_0123456789abcdef";
        for text in [
            secret.clone(),
            secret.replace('_', "%5f"),
            secret.replace('_', "&#95;"),
            wide(&secret),
            base64(&secret),
            base64(&format!("{access}:{secret}")),
            secret["acmes_".len()..].to_owned(),
        ] {
            assert!(pasted_secret(&text, own).is_some(), "{text}");
            assert_eq!(whole_secret(&text, own).as_ref(), Some(&secret), "{text}");
            assert!(!fits_address(&text, own), "{text}");
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
            secret["khs_".len()..].to_owned(),
            secret["khs".len()..].to_owned(),
            secret["kh".len()..].to_owned(),
            secret["k".len()..].to_owned(),
            format!("(secret: {})", &secret["khs_".len()..]),
            secret.replace('_', "%5F"),
            wide(&secret),
            base64(&secret),
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
    fn an_address_takes_short_plain_texts_alone() {
        let secret = SecretKey::from_entropy([7; 32]).expose().to_owned();
        let bare = &secret["khs_".len()..];
        let id = "9f8c2d1e-4b7a-4c3d-8e9f-0a1b2c3d4e5f";
        for text in [
            "",
            "acme",
            "org_1",
            "OPS@acme.example",
            ACCESS,
            id,
            "\u{c4}rzte und S\u{f6}hne",
            "\u{43a}\u{43b}\u{44e}\u{447}",
            "Acme Corp 2024",
        ] {
            assert!(fits_address(text, Prefix::KEYHOLD), "{text}");
        }
        for text in [
            &secret,
            bare,
            &bare[..45],
            &bare[4..20],
            &wide(&bare[..12]),
            &base64(bare),
            "Authorization: Basic x",
            "/enter?code=0",
            "https://keys.example.com",
            "a%b",
            &"a".repeat(41),
        ] {
            assert!(!fits_address(text, Prefix::KEYHOLD), "{text}");
        }
        assert!(looks_secret(&bare[..45]) && looks_secret(&"0a".repeat(32)));
        for text in [
            "checkout-service-production-eu-west-1-replica-2",
            id,
            &id.replace('-', ""),
        ] {
            assert!(!looks_secret(text), "{text}");
        }
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
