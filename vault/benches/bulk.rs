//! The time of one press on 5,000 keys: extend, expire, undo and delete.
//!
//! `cargo bench -p vault --bench bulk` prints the medians in milliseconds, by SQLite; with `KEYHOLD_TEST_POSTGRES`, by that
//! server.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a measurement that stops is one that failed, and its result is what it prints"
)]

use std::time::{Duration, Instant};

use shared::token::AccessKey;
use vault::BulkChange;
use vault::test_support::{Fixture, Member};

const KEYS: u64 = 5_000;
const ROUNDS: usize = 5;

#[tokio::main]
async fn main() {
    let fixture = Fixture::limited(|settings| (settings.keys, settings.changes) = (0, 0)).await;
    fixture.leave_mail();
    let member = fixture.member("first@example.com").await;
    fill(&fixture, &member).await;
    let fixture = fixture.reopened().await;
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        times[0].push(press(&fixture, &member, "extend").await.0);
        let (expired, change) = press(&fixture, &member, "expire").await;
        times[1].push(expired);
        let begun = Instant::now();
        fixture.vault.undo(&member.actor, &change).await.unwrap();
        times[2].push(begun.elapsed());
    }
    times[3].push(press(&fixture, &member, "delete").await.0);
    for (what, mut times) in ["extend", "expire", "undo", "delete"]
        .into_iter()
        .zip(times)
    {
        times.sort_unstable();
        let median = times[times.len() / 2].as_secs_f64() * 1000.0;
        println!("{what} {KEYS} keys: {median:7.1} ms");
    }
    fixture.vault.close().await;
}

/// Changes all keys. Returns the time that took, and the handle of the change.
async fn press(fixture: &Fixture, member: &Member, action: &str) -> (Duration, String) {
    fixture.clock.advance(1);
    let count = KEYS + 1;
    let change = BulkChange {
        action,
        access_keys: "all",
        expiry: "30d",
        confirm_count: &count.to_string(),
        ..BulkChange::default()
    };
    let begun = Instant::now();
    let changed = fixture.vault.change_keys(&member.actor, change).await;
    (begun.elapsed(), changed.unwrap().change)
}

/// Gives the account copies of its key.
async fn fill(fixture: &Fixture, member: &Member) {
    let mut database = fixture.database().await;
    sqlx::query("BEGIN").execute(&mut database).await.unwrap();
    for number in 0..KEYS {
        let mut entropy = [0; 10];
        entropy[2..].copy_from_slice(&number.to_be_bytes());
        let access_key = AccessKey::from_entropy(entropy).to_string();
        sqlx::query(
            "INSERT INTO api_keys (access_key, account_id, name, description, folded, digest, pepper_id, created_at,
                                   expires_at, expiration_set_at)
             SELECT $1, account_id, $1, 'A key of the bench.', $1, digest, pepper_id, created_at, $2, created_at
             FROM api_keys WHERE access_key = $3",
        )
        .bind(access_key)
        .bind(vault::test_support::NOON + 30 * vault::test_support::DAY)
        .bind(member.default_key.access_key.to_string())
        .execute(&mut database)
        .await
        .unwrap();
    }
    sqlx::query("COMMIT").execute(&mut database).await.unwrap();
}
