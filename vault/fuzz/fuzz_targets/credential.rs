//! Fuzz target for the reader of credentials: it returns for all headers, and a pair that it accepts is accepted in every
//! carrier.
//!
//! Each line of the input is a header, selected by its first letter: `a` is Authorization with the rest as its value, `b`
//! is Authorization with the rest as user and password of HTTP Basic, anything else is X-API-Key.

#![no_main]

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use shared::problem::Code;
use vault::verify::Rejection;
use vault::verify::credential::{DECODE_BUFFER, X_API_KEY, read};

const MISSING: Rejection = Rejection::Code(Code::CredentialsMissing);

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let (letter, rest) = line.split_first()?;
    let (name, value) = match letter {
        b'a' => (AUTHORIZATION, rest.to_vec()),
        b'b' => (
            AUTHORIZATION,
            format!("Basic {}", STANDARD.encode(rest)).into_bytes(),
        ),
        _ => (X_API_KEY, rest.to_vec()),
    };
    Some((name, HeaderValue::from_bytes(&value).ok()?))
}

/// Both parts of the pair as text.
fn pair(headers: &HeaderMap) -> Result<(String, String), Rejection> {
    read(headers, &mut [0; DECODE_BUFFER])
        .map(|(access, secret)| (access.to_string(), secret.expose().to_owned()))
}

fuzz_target!(|input: &[u8]| {
    let mut headers = HeaderMap::new();
    for (name, value) in input.split(|byte| *byte == b'\n').filter_map(header) {
        headers.append(name, value);
    }
    let found = pair(&headers);
    match headers.len() {
        0 => assert_eq!(found, Err(MISSING)),
        1 => assert!(!matches!(found, Err(MISSING | Rejection::Ambiguous))),
        _ => assert_eq!(found, Err(Rejection::Ambiguous)),
    }
    if let Ok((access, secret)) = &found {
        let basic = STANDARD.encode(format!("{access}:{secret}"));
        for (name, value) in [
            (AUTHORIZATION, format!("Basic {basic}")),
            (AUTHORIZATION, format!("bearer {access}.{secret}")),
            (X_API_KEY, format!("{access}.{secret}")),
        ] {
            let value = HeaderValue::try_from(value).expect("a pair is printable");
            assert_eq!(pair(&HeaderMap::from_iter([(name, value)])), found);
        }
    }
});
