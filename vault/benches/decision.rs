//! The cost of a decision alone: from a request's headers to the verdict, including the counting of the call, as
//! [`vault::verify::Keys::verify`] does it for `/verify`.
//!
//! `cargo bench -p vault --bench decision` prints a table by divan.

#![expect(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on should stop there"
)]

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use divan::{Bencher, black_box};
use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue};
use shared::problem::Code;
use shared::token::{AccessKey, SecretKey};
use vault::clock::SystemClock;
use vault::test_support::{Fixture, expire};
use vault::verify::Rejection;
use vault::{Caller, Vault};

/// A vault with a good key and an expired one.
struct Site {
    vault: Vault,
    good: [String; 2],
    expired: [String; 2],
    _fixture: Fixture<SystemClock>,
}

fn main() {
    divan::main();
}

#[divan::bench]
fn good_by_basic(bencher: Bencher<'_, '_>) {
    bench(bencher, None, |site| basic(&site.good));
}

#[divan::bench]
fn good_by_bearer(bencher: Bencher<'_, '_>) {
    bench(bencher, None, |site| {
        format!("Bearer {}.{}", site.good[0], site.good[1])
    });
}

#[divan::bench]
fn expired(bencher: Bencher<'_, '_>) {
    bench(bencher, Some(Code::KeyExpired), |site| basic(&site.expired));
}

#[divan::bench]
fn wrong_secret(bencher: Bencher<'_, '_>) {
    bench(bencher, Some(Code::KeyInvalid), |site| {
        basic(&[site.good[0].clone(), site.expired[1].clone()])
    });
}

#[divan::bench]
fn unknown_access_key(bencher: Bencher<'_, '_>) {
    bench(bencher, Some(Code::KeyInvalid), |site| {
        let unknown = AccessKey::from_entropy([7; 10]).to_string();
        basic(&[unknown, site.good[1].clone()])
    });
}

#[divan::bench]
fn bad_checksum(bencher: Bencher<'_, '_>) {
    bench(bencher, Some(Code::CredentialsMalformed), |site| {
        let mut secret = SecretKey::from_entropy([9; 32]).expose().to_owned();
        let wrong = if secret.ends_with('0') { "1" } else { "0" };
        secret.replace_range(secret.len() - 1.., wrong);
        basic(&[site.good[0].clone(), secret])
    });
}

fn basic([access_key, secret_key]: &[String; 2]) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{access_key}:{secret_key}"))
    )
}

/// Measures the verdict on an `Authorization` header, and first checks that it is the expected one.
fn bench(bencher: Bencher<'_, '_>, rejected: Option<Code>, authorization: fn(&Site) -> String) {
    let site = Site::new();
    let mut headers = HeaderMap::new();
    let value = HeaderValue::try_from(authorization(&site)).unwrap();
    headers.insert(AUTHORIZATION, value);
    headers.insert(USER_AGENT, HeaderValue::from_static("curl/8.5.0"));
    let caller = Caller {
        address: Some([192, 0, 2, 1].into()),
        ..Caller::default()
    };
    let verify = |headers: &HeaderMap, caller: &Caller| {
        let keys = site.vault.keys();
        black_box(keys.verify(headers, caller)).err()
    };
    let rejection = verify(&headers, &caller);
    assert_eq!(rejection.map(Rejection::code), rejected);
    bencher.bench_local(|| verify(black_box(&headers), black_box(&caller)));
}

impl Site {
    fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            // Reading the machine's clock is part of what is measured.
            let clock = Arc::new(SystemClock::default());
            let fixture = Fixture::on(clock, |_| ()).await;
            fixture.leave_mail();
            let member = fixture.member("a@example.com").await;
            let expired = fixture.key(&member, "expired", "90d").await;
            let access_key = expired.access_key.to_string();
            expire(&fixture.vault, &member, &access_key).await;
            Self {
                good: pair(&member.default_key),
                expired: pair(&expired),
                vault: fixture.vault.clone(),
                _fixture: fixture,
            }
        })
    }
}

fn pair(key: &vault::NewKey) -> [String; 2] {
    [
        key.access_key.to_string(),
        key.secret_key.expose().to_owned(),
    ]
}
