//! The decision under load: exact to the instant, and alike for all callers without the secret.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Instant;

use shared::token::{AccessKey, SecretKey};
use vault::clock::Clock;
use vault::test_support::{Fixture, INVALID, NOON, SECOND, carrier, verify};
use vault::verify::Rejection;
use vault::{Caller, NewKey, Vault};

/// A5: a thousand keys expire at one instant during calls. The clock is read before and after each verdict: an accepted
/// call began before the instant, and a rejected one ended at it or later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_keys_expire_at_once() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let instant = NOON + SECOND;
    let mut keys = Vec::new();
    for number in 0..1_000 {
        let name = format!("k{number}");
        keys.push(site.key(&member, &name, &vault::rfc3339(instant)).await);
    }
    let keys = Arc::new(keys);
    // In each round every thread verifies every key once; the clock advances with the calls.
    let asked = Arc::new(AtomicUsize::new(0));
    let ready = Arc::new(Barrier::new(8));
    let askers: Vec<_> = (0..8)
        .map(|_| {
            let (vault, clock) = (site.vault.clone(), site.clock.clone());
            let (keys, asked) = (keys.clone(), asked.clone());
            let ready = ready.clone();
            std::thread::spawn(move || {
                let (mut good, mut expired) = (0, 0);
                ready.wait();
                while expired < keys.len() {
                    expired = 0;
                    for key in keys.iter() {
                        let before = clock.now();
                        let verdict = verify(&vault, key.access_key, &key.secret_key);
                        let after = clock.now();
                        match verdict {
                            Ok(_) => {
                                assert!(before < instant, "let in at {before}");
                                good += 1;
                            }
                            Err(Rejection::Expired { at, .. }) => {
                                assert!(at == instant && after >= instant, "refused at {after}");
                                expired += 1;
                            }
                            Err(other) => panic!("{other:?}"),
                        }
                        // Ten milliseconds pass with every two hundred calls.
                        if asked.fetch_add(1, Ordering::Relaxed) % 200 == 0 {
                            clock.advance(10);
                        }
                    }
                }
                good
            })
        })
        .collect();
    let good: usize = askers.into_iter().map(|asker| asker.join().unwrap()).sum();
    assert!(good > 0, "all began too late");
}

/// A10: an unknown key, a secret wrong in its first character and one wrong in its last get the same answer after the
/// same time. The calls are interleaved, so that a delay of the machine affects all three.
#[tokio::test]
async fn calls_without_the_secret_get_one_answer() {
    const CALLS: usize = 50_000;
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "90d").await;
    let unknown = AccessKey::from_entropy([9; 10]);
    let classes = [
        (unknown, other_secret(&key, 0)),
        (key.access_key, other_secret(&key, 0)),
        (key.access_key, other_secret(&key, 42)),
    ];
    let mut times = [const { Vec::new() }; 3];
    for call in 0..CALLS {
        let class = call % 3;
        let (access_key, secret) = &classes[class];
        times[class].push(nanoseconds(&site.vault, *access_key, secret));
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    assert!(most - least < 2_000, "medians in nanoseconds: {medians:?}");
}

fn nanoseconds(vault: &Vault, access_key: AccessKey, secret: &SecretKey<'_>) -> u128 {
    let (headers, caller) = (carrier(access_key, secret), Caller::default());
    let keys = vault.keys();
    let begun = Instant::now();
    let verdict = keys.verify(&headers, &caller);
    let took = begun.elapsed();
    assert!(matches!(verdict, Err(INVALID)));
    took.as_nanos()
}

/// Returns the key's secret with another character at `place` of its random part, and the checksum that goes with it.
fn other_secret(key: &NewKey, place: usize) -> SecretKey<'static> {
    let secret = key.secret_key.expose();
    let mut body = secret[..secret.len() - 6].to_owned().into_bytes();
    let char = &mut body["khs_".len() + place];
    *char = if *char == b'1' { b'2' } else { b'1' };
    let body = String::from_utf8(body).unwrap();
    let mut crc = crc32fast::hash(body.as_bytes());
    let base62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut check = [b'0'; 6];
    for digit in check.iter_mut().rev() {
        *digit = base62[(crc % 62) as usize];
        crc /= 62;
    }
    let text = body + std::str::from_utf8(&check).unwrap();
    SecretKey::parse(Box::leak(text.into_boxed_str())).unwrap()
}
