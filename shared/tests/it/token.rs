//! The credentials' format: fixed for ever, strict, and total.

use proptest::prelude::*;
use shared::token::{AccessKey, Malformed, SecretKey, parse_pair};

fn secret(bits: [u8; 32]) -> String {
    SecretKey::from_entropy(bits).expose().to_owned()
}

/// The format never changes: keys in customers' configurations outlive every release. The checksums were
/// computed apart from this code (zlib's CRC-32).
#[test]
fn the_format_is_fixed() {
    assert_eq!(
        AccessKey::from_entropy([0; 10]).to_string(),
        "kh_0000000000000000"
    );
    assert_eq!(
        AccessKey::from_entropy([255; 10]).to_string(),
        "kh_zzzzzzzzzzzzzzzz"
    );
    assert_eq!(
        AccessKey::from_entropy([0, 68, 50, 20, 199, 66, 84, 182, 53, 207]).to_string(),
        "kh_0123456789abcdef"
    );
    assert_eq!(
        secret([0; 32]),
        "khs_00000000000000000000000000000000000000000004WW9WP"
    );
    assert_eq!(
        secret([255; 32]),
        "khs_yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp11hAALF"
    );
    assert_eq!(
        secret(std::array::from_fn(|place| u8::try_from(place).unwrap_or(0))),
        "khs_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf3zdPMD"
    );
}

/// Access keys are compared byte by byte everywhere, so there is one way to write each: Crockford's
/// leniency (upper case, `o` for 0, `i` and `l` for 1) is not ours.
#[test]
fn an_access_key_is_written_in_one_way() {
    assert!("kh_0123456789abcdef".parse::<AccessKey>().is_ok());
    for text in [
        "",
        "kh_",
        "KH_0123456789abcdef",
        "kh_0123456789ABCDEF",
        "kh_0123456789abcdeF",
        "kh_o123456789abcdef",
        "kh_0i23456789abcdef",
        "kh_0l23456789abcdef",
        "kh_0123456789abcdeu",
        "kh_0123456789abcde",
        "kh_0123456789abcdef0",
        " kh_0123456789abcdef",
        "kh_0123456789abcdef\n",
        "khs_0123456789abcdef",
        "kh_0123456789abcdé",
        "0123456789abcdef",
    ] {
        assert_eq!(text.parse::<AccessKey>(), Err(Malformed), "{text:?}");
    }
}

/// Promise 4: no log line, panic message or trace field prints a secret.
#[test]
fn debug_prints_no_secret() {
    let text = secret([7; 32]);
    let key = SecretKey::from_entropy([7; 32]);
    let pair = format!("{}.{text}", AccessKey::from_entropy([7; 10]));
    let printed = format!(
        "{key:?} {key:#?} {:?} {:?} {:?}",
        key.clone(),
        SecretKey::parse(&text),
        parse_pair(&pair)
    );
    assert!(printed.contains("[secret]"));
    assert!(
        !printed.contains("khs_") && !printed.contains(&text[4..12]),
        "{printed}"
    );
}

/// The one-word form divides at its dot and needs both halves.
#[test]
fn a_pair_needs_both_halves() {
    let (access, secret) = (
        AccessKey::from_entropy([1; 10]).to_string(),
        secret([2; 32]),
    );
    assert!(parse_pair(&format!("{access}.{secret}")).is_ok());
    for text in [
        String::new(),
        ".".to_owned(),
        access.clone(),
        format!("{access}."),
        format!(".{secret}"),
        format!("{access}:{secret}"),
        format!("{secret}.{access}"),
        format!("{access}..{secret}"),
        format!("{access}.{secret}."),
        format!("{access}. {secret}"),
        format!("{}.{secret}", access.to_uppercase()),
    ] {
        assert!(parse_pair(&text).is_err(), "{text:?}");
    }
}

fn digits() -> impl Strategy<Value = char> {
    prop_oneof![8 => proptest::char::range('!', '~'), 1 => any::<char>()]
}

proptest! {
    #![proptest_config(crate::seeded::cases(1000))]

    /// What is issued can be read back, and two different draws never look alike.
    #[test]
    fn an_access_key_survives_its_text(bits: [u8; 10], other: [u8; 10]) {
        let key = AccessKey::from_entropy(bits);
        let text = key.to_string();
        prop_assert_eq!(text.len(), 19);
        prop_assert_eq!(text.parse(), Ok(key));
        prop_assert_eq!(text == AccessKey::from_entropy(other).to_string(), bits == other);
    }

    /// The directory is ordered and looked up by the bits, the database by the text: they must agree.
    #[test]
    fn access_keys_sort_as_their_text(one: [u8; 10], other: [u8; 10]) {
        let (one, other) = (AccessKey::from_entropy(one), AccessKey::from_entropy(other));
        prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
    }

    /// Whatever parses as an access key is printed as exactly what was read.
    #[test]
    fn a_parsed_access_key_prints_as_it_was(text in "kh_[0-9a-z]{16}") {
        if let Ok(key) = text.parse::<AccessKey>() {
            prop_assert_eq!(key.to_string(), text);
        } else {
            prop_assert!(text[3..].contains(['i', 'l', 'o', 'u']));
        }
    }

    /// What is issued is accepted, whole.
    #[test]
    fn a_secret_survives_its_text(bits: [u8; 32]) {
        let text = secret(bits);
        prop_assert_eq!(text.len(), 53);
        prop_assert!(text.starts_with("khs_"));
        let parsed = SecretKey::parse(&text);
        prop_assert_eq!(parsed.as_ref().map(SecretKey::expose), Ok(text.as_str()));
    }

    /// All 256 bits are in the text: a change of one bit gives another secret.
    #[test]
    fn every_bit_of_entropy_counts(bits: [u8; 32], place in 0..256_usize) {
        let mut other = bits;
        other[place / 8] ^= 1 << (place % 8);
        prop_assert_ne!(&secret(bits)[..47], &secret(other)[..47]);
    }

    /// A11: a typing error is refused without a lookup, whichever character it hits.
    #[test]
    fn one_wrong_character_is_refused(bits: [u8; 32], place in 0..53_usize, wrong in digits()) {
        let text = secret(bits);
        let mut chars: Vec<char> = text.chars().collect();
        prop_assume!(chars[place] != wrong);
        chars[place] = wrong;
        let mistyped: String = chars.into_iter().collect();
        prop_assert!(SecretKey::parse(&mistyped).is_err(), "{}", mistyped);
    }

    /// So are two neighbours in the wrong order.
    #[test]
    fn swapped_characters_are_refused(bits: [u8; 32], place in 0..52_usize) {
        let mut bytes = secret(bits).into_bytes();
        prop_assume!(bytes[place] != bytes[place + 1]);
        bytes.swap(place, place + 1);
        prop_assert!(SecretKey::parse(&String::from_utf8_lossy(&bytes)).is_err());
    }

    /// A copy that lost its beginning or end, or gained something, is refused.
    #[test]
    fn a_cut_off_or_padded_copy_is_refused(bits: [u8; 32], cut in 1..=53_usize, extra in digits()) {
        let text = secret(bits);
        prop_assert!(SecretKey::parse(&text[..53 - cut]).is_err());
        prop_assert!(SecretKey::parse(&text[cut..]).is_err());
        let padded = [format!("{text}{extra}"), format!("{extra}{text}")];
        prop_assert!(padded.iter().all(|text| SecretKey::parse(text).is_err()));
    }

    /// The parsers are total: whatever stands in a header, they answer.
    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>(), bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let lossy = String::from_utf8_lossy(&bytes);
        for text in [text.as_str(), &lossy, &format!("kh_{text}"), &format!("khs_{lossy}"), &format!("kh_{lossy}.khs_{text}")] {
            prop_assert!(text.parse::<AccessKey>().is_err());
            prop_assert!(SecretKey::parse(text).is_err());
            prop_assert!(parse_pair(text).is_err());
        }
    }

    /// Multi-byte characters at the places where the text is cut are refused, not cut through.
    #[test]
    fn multi_byte_texts_of_the_right_length_are_refused(text in "khs_[a-zé€🔑]{0,49}") {
        prop_assert!(SecretKey::parse(&text).is_err());
    }

    /// Both halves come out of the pair as they went in.
    #[test]
    fn a_pair_is_read_whole(access: [u8; 10], bits: [u8; 32]) {
        let (access, secret) = (AccessKey::from_entropy(access), secret(bits));
        let text = format!("{access}.{secret}");
        let pair = parse_pair(&text);
        prop_assert_eq!(pair.as_ref().map(|(access, _)| *access), Ok(access));
        prop_assert_eq!(pair.as_ref().map(|(_, secret)| secret.expose()), Ok(secret.as_str()));
    }
}
