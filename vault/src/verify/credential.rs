//! The credential of a request: HTTP Basic, a Bearer token, or X-API-Key. Reading is total: any headers yield a pair or
//! a rejection, and nothing is allocated or looked up on the way.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderName;
use http::header::AUTHORIZATION;
use shared::problem::Code;
use shared::token::{AccessKey, SecretKey, parse_pair};

use super::headers::Headers;
use super::rejection::Rejection;

/// The header that carries `access.secret` by itself.
pub const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Clients disagree about padding; both forms are the same bytes.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Size in bytes of the scratch buffer: a decoded pair (73) and the slack that the decoder needs. Longer credentials
/// are malformed.
pub const DECODE_BUFFER: usize = 128;

const MISSING: Rejection = Rejection::Code(Code::CredentialsMissing);
const MALFORMED: Rejection = Rejection::Code(Code::CredentialsMalformed);

/// Returns the pair that a request presents. A Basic credential is decoded into `buffer`.
///
/// # Errors
/// A [`Rejection`] if there is no credential, if it cannot be a pair, or if there are two: the choice between them would
/// depend on the reader.
pub fn read<'a>(
    headers: &'a impl Headers,
    buffer: &'a mut [u8; DECODE_BUFFER],
) -> Result<(AccessKey, SecretKey<'a>), Rejection> {
    let mut carriers = headers.all(AUTHORIZATION).map(|value| (value, true));
    let mut keys = headers.all(X_API_KEY).map(|value| (value, false));
    let first = carriers.next().or_else(|| keys.next()).ok_or(MISSING)?;
    if carriers.next().is_some() || keys.next().is_some() {
        return Err(Rejection::Ambiguous);
    }
    match first {
        (value, true) => by_scheme(text(value)?, buffer),
        (value, false) => Ok(parse_pair(text(value)?)?),
    }
}

/// Returns a credential as text. It must be ASCII: readers disagree on which other characters are white space.
fn text(value: &[u8]) -> Result<&str, Rejection> {
    let text = std::str::from_utf8(value.trim_ascii()).map_err(|_| MALFORMED)?;
    if text.is_ascii() {
        Ok(text)
    } else {
        Err(MALFORMED)
    }
}

fn by_scheme<'a>(
    value: &'a str,
    buffer: &'a mut [u8; DECODE_BUFFER],
) -> Result<(AccessKey, SecretKey<'a>), Rejection> {
    let (scheme, rest) = value.split_once(' ').ok_or(MALFORMED)?;
    let rest = rest.trim_start();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(parse_pair(rest)?);
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(MALFORMED);
    }
    let length = BASE64.decode_slice(rest, buffer).map_err(|_| MALFORMED)?;
    let pair = std::str::from_utf8(&buffer[..length]).map_err(|_| MALFORMED)?;
    // RFC 7617: the user-id ends at the first colon.
    let (access, secret) = pair.split_once(':').ok_or(MALFORMED)?;
    Ok((access.parse()?, SecretKey::parse(secret)?))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;
    use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

    fn pair() -> (String, String) {
        let access = AccessKey::from_entropy([7; 10]).to_string();
        let secret = SecretKey::from_entropy([9; 32]).expose().to_owned();
        (access, secret)
    }

    fn outcome(headers: &[(&'static str, &[u8])]) -> Result<(String, String), Rejection> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value).map_err(|_| MALFORMED)?;
            map.append(HeaderName::from_static(name), value);
        }
        let mut buffer = [0; DECODE_BUFFER];
        read(&map, &mut buffer)
            .map(|(access, secret)| (access.to_string(), secret.expose().to_owned()))
    }

    fn encoded(text: &str) -> String {
        base64::engine::general_purpose::STANDARD.encode(text)
    }

    #[test]
    fn the_three_carriers_carry_the_same_pair() {
        let (access, secret) = pair();
        let basic = encoded(&format!("{access}:{secret}"));
        let unpadded = basic.trim_end_matches('=');
        let word = format!("{access}.{secret}");
        for (name, value) in [
            ("authorization", format!("Basic {basic}")),
            ("authorization", format!("basic  {unpadded}")),
            ("authorization", format!("BEARER {word}")),
            ("x-api-key", word.clone()),
        ] {
            assert_eq!(
                outcome(&[(name, value.as_bytes())]),
                Ok((access.clone(), secret.clone())),
                "{value}"
            );
        }
    }

    #[test]
    fn two_carriers_are_ambiguous_even_if_they_agree() {
        let (access, secret) = pair();
        let word = format!("{access}.{secret}");
        let bearer = format!("Bearer {word}");
        for headers in [
            [
                ("authorization", bearer.as_bytes()),
                ("x-api-key", word.as_bytes()),
            ],
            [
                ("authorization", bearer.as_bytes()),
                ("authorization", bearer.as_bytes()),
            ],
            [
                ("x-api-key", word.as_bytes()),
                ("x-api-key", word.as_bytes()),
            ],
        ] {
            assert_eq!(outcome(&headers), Err(Rejection::Ambiguous));
        }
    }

    #[test]
    fn other_credentials_than_pairs_are_malformed() {
        let (access, secret) = pair();
        assert_eq!(outcome(&[]), Err(MISSING));
        let long = format!("Basic {}", "A".repeat(60_000));
        let no_colon = format!("Basic {}", encoded(&format!("{access}.{secret}")));
        let no_dot = format!("Bearer {access}:{secret}");
        let cut = format!("Bearer {access}.{}", &secret[..secret.len() - 1]);
        let odd_space = format!("Bearer \u{a0}{access}.{secret}");
        for value in [
            "",
            "Basic",
            "Basic ",
            "Basic ====",
            "Digest abc",
            "Bearer",
            &long,
            &no_colon,
            &no_dot,
            &cut,
            &odd_space,
        ] {
            assert_eq!(
                outcome(&[("authorization", value.as_bytes())]),
                Err(MALFORMED),
                "{value:.60}"
            );
        }
        assert_eq!(
            outcome(&[("authorization", b"Basic \xff\xfe")]),
            Err(MALFORMED)
        );
        assert_eq!(outcome(&[("x-api-key", b"")]), Err(MALFORMED));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_bytes_get_an_answer(authorization in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = outcome(&[("authorization", &authorization)]);
            let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(&authorization));
            prop_assert_eq!(outcome(&[("authorization", basic.as_bytes())]), Err(MALFORMED));
        }
    }

    /// A short, seeded version of the endless run of `vault/fuzz/`: damaged credentials get an answer, and any pair
    /// that is read from one reads the same under every carrier.
    #[test]
    fn damaged_credentials_that_parse_round_trip() {
        let (access, secret) = pair();
        let word = format!("{access}.{secret}");
        let basic = encoded(&format!("{access}:{secret}"));
        let seeds = [
            ("authorization", format!("Basic {basic}")),
            ("authorization", format!("Bearer {word}")),
            ("x-api-key", word),
        ];
        let config = ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let mut runner = TestRunner::new_with_rng(config, seed);
        // Mostly blanks, separators, padding and letters of the other case, which can leave a pair valid.
        let byte =
            prop_oneof![4 => proptest::sample::select(b" \t=.:,AaBb0".to_vec()), 1 => any::<u8>()];
        let damage = proptest::collection::vec((any::<u16>(), byte, 0..5_u8), 0..4);
        let mut read = 0;
        for round in 0..30_000 {
            let (name, seed) = &seeds[round % seeds.len()];
            let mut value = seed.clone().into_bytes();
            for (place, byte, kind) in damage.new_tree(&mut runner).unwrap().current() {
                // More often near the ends than by chance.
                let length = value.len();
                let place = match place % 4 {
                    0 => usize::from(place / 4) % 9,
                    1 => length.saturating_sub(1 + usize::from(place / 4) % 9),
                    _ => usize::from(place / 4),
                } % length.max(1);
                match kind {
                    0 => value.insert(place.min(length), byte),
                    1 => value.push(byte),
                    2 if length > 1 => drop(value.remove(place)),
                    3 if length > 0 => value[place].make_ascii_uppercase(),
                    _ if length > 0 => value[place] = byte,
                    _ => {}
                }
            }
            let found = outcome(&[(name, &value)]);
            let shown = String::from_utf8_lossy(&value);
            assert_ne!(found, Err(MISSING), "{shown}");
            assert_ne!(found, Err(Rejection::Ambiguous), "{shown}");
            let Ok((access, secret)) = &found else {
                continue;
            };
            read += 1;
            let word = format!("{access}.{secret}");
            for (name, value) in [
                (
                    "authorization",
                    format!("Basic {}", encoded(&word.replacen('.', ":", 1))),
                ),
                ("authorization", format!("bearer {word}")),
                ("x-api-key", word.clone()),
            ] {
                assert_eq!(outcome(&[(name, value.as_bytes())]), found, "{shown}");
            }
            let twice: [(&str, &[u8]); 2] = [(name, &value), ("x-api-key", word.as_bytes())];
            assert_eq!(outcome(&twice), Err(Rejection::Ambiguous), "{shown}");
        }
        assert!(
            (1_000..29_000).contains(&read),
            "{read} of 30,000 are pairs"
        );
    }
}
