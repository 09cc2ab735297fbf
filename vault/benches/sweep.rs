//! The cost of a sweep when 100 keys are due: among 1,000 keys, and among 1,000,000. The two should be alike.
//!
//! `cargo bench -p vault --bench sweep` prints the medians of 21 sweeps each, in milliseconds, and their ratio.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that stops is one that failed, and its result is what it prints"
)]

use std::time::{Duration, Instant};

use shared::{DAY_MS, HOUR_MS};
use sqlx::AnyConnection;
use vault::test_support::{Fixture, NOON};

const ROUNDS: i64 = 21;
/// Each has an account of its own, so that each makes a mail.
const DUE: i64 = 100;

#[tokio::main]
async fn main() {
    let few = median(1_000).await;
    let many = median(1_000_000).await;
    println!(
        "sweep, {DUE} due of     1,000 keys: {:7.2} ms",
        milliseconds(few)
    );
    println!(
        "sweep, {DUE} due of 1,000,000 keys: {:7.2} ms",
        milliseconds(many)
    );
    println!("ratio: {:.2}", many.as_secs_f64() / few.as_secs_f64());
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Returns the median time of a sweep among `keys` keys; in every round [`DUE`] more have expired.
async fn median(keys: i64) -> Duration {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    // The other keys are copies of this account's key.
    fixture.member("first@example.com").await;
    fill(&mut fixture.database().await, keys).await;
    let fixture = fixture.reopened().await;
    let (vault, clock) = (&fixture.vault, &fixture.clock);
    let mut times = Vec::new();
    for round in 1..=ROUNDS {
        clock.set(NOON + round * HOUR_MS + 1);
        #[expect(clippy::disallowed_methods, reason = "a benchmark measures")]
        let begun = Instant::now();
        let mails = vault.sweep().await.unwrap();
        times.push(begun.elapsed());
        assert_eq!(mails, usize::try_from(DUE).unwrap());
    }
    vault.close().await;
    times.sort_unstable();
    times[times.len() / 2]
}

/// Adds accounts, [`DUE`] keys that expire in each round, and others that expire between one and two years ahead.
async fn fill(database: &mut AnyConnection, keys: i64) {
    let rows = "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < $1 - 1)";
    let accounts = format!(
        "{rows} INSERT INTO accounts (id, email, password, time_zone, warning_days, created_at)
         SELECT 'acc_' || n, n || '@example.com', '', 'UTC', 14, $2 FROM numbers"
    );
    sqlx::query(sqlx::AssertSqlSafe(accounts))
        .bind(DUE)
        .bind(NOON)
        .execute(&mut *database)
        .await
        .unwrap();
    let all = format!(
        "{rows} INSERT INTO api_keys (access_key, account_id, name, description, folded, digest, pepper_id,
                                     created_at, expires_at, expiration_set_at)
         SELECT 'kh_' || printf('%016d', n), 'acc_' || (n % {DUE}), 'key ' || n, '', '', zeroblob(32),
                (SELECT pepper_id FROM api_keys LIMIT 1), $2,
                CASE WHEN n < {ROUNDS} * {DUE} THEN $2 + (n / {DUE} + 1) * {HOUR_MS}
                ELSE $2 + 365 * {DAY_MS} + n * 31536 END, $2 FROM numbers"
    );
    sqlx::query(sqlx::AssertSqlSafe(all))
        .bind(keys.max(ROUNDS * DUE))
        .bind(NOON)
        .execute(&mut *database)
        .await
        .unwrap();
}
