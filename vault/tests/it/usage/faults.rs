//! Usage under faults: unwritten counts are kept, the times of a clock that jumped are forgotten, and neither affects a
//! key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::AnyConnection;
use vault::clock::ManualClock;
use vault::test_support::{DAY, Fixture, HOUR, NOON, SECOND, expire};

use crate::usage::flush::{account_hours, call, callers, from, headers, hours, used_at};

/// Counts that cannot be written are kept, show as lag, and are written once the database accepts them again.
#[tokio::test]
async fn a_failed_flush_loses_nothing() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "90d").await;
    let mut database = site.database().await;
    assert!(call(&site.vault, &key, 1, "curl"));
    rename(&mut database, "callers", "away").await;
    site.clock.advance(3 * SECOND);
    site.vault.flush_usage().await.unwrap_err();
    assert!(call(&site.vault, &key, 1, "curl"));
    assert_eq!(site.vault.flush_lag().as_secs(), 3);
    assert_eq!(site.vault.flush_failures(), 1);
    assert!(
        hours(&mut database, &key).await.is_empty(),
        "nothing is half written"
    );
    rename(&mut database, "away", "callers").await;
    site.vault.flush_usage().await.unwrap();
    assert_eq!(hours(&mut database, &key).await, [(0, 2, 0)]);
    assert_eq!(callers(&mut database, &key).await.len(), 1);
    assert_eq!(site.vault.flush_lag().as_secs(), 0);
}

async fn rename(database: &mut AnyConnection, from: &str, to: &str) {
    let statement = format!("ALTER TABLE {from} RENAME TO {to}");
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(database)
        .await
        .unwrap();
}

/// A8: writing a key's usage neither changes nor revives the key.
#[tokio::test]
async fn usage_revives_nothing() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let (gone, expired) = (
        site.key(&member, "gone", "90d").await,
        site.key(&member, "expired", "90d").await,
    );
    for key in [&gone, &expired] {
        assert!(call(&site.vault, key, 1, "curl"));
    }
    site.vault
        .delete_key(&member.actor, &gone.access_key.to_string(), "gone")
        .await
        .unwrap();
    expire(&site.vault, &member, &expired.access_key.to_string()).await;
    let mut database = site.database().await;
    let before = keys_of(&mut database).await;
    site.vault.flush_usage().await.unwrap();
    assert_eq!(keys_of(&mut database).await, before);
    assert_eq!(site.verdict(&gone), "invalid");
    assert_eq!(site.verdict(&expired), "expired");
    assert!(callers(&mut database, &gone).await.is_empty());
    assert_eq!(used_at(&mut database, &gone).await, None);
    // The call still counts for the account.
    assert!(hours(&mut database, &gone).await.is_empty());
    assert_eq!(account_hours(&mut database, &member).await, [(0, 2, 0)]);
    let site = site.reopened().await;
    assert_eq!(site.verdict(&gone), "invalid");
    assert_eq!(site.verdict(&expired), "expired");
}

async fn keys_of(database: &mut AnyConnection) -> Vec<(String, String, Option<i64>)> {
    sqlx::query_as("SELECT access_key, name, expires_at FROM api_keys ORDER BY access_key")
        .fetch_all(database)
        .await
        .unwrap()
}

/// D10: times recorded by a clock that jumped ahead are replaced once the clock is right again.
#[tokio::test]
async fn usage_recorded_in_a_clock_jump_is_replaced() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "never").await;
    // Recorded by the clock that jumps.
    let expired = site.key(&member, "expired", "90d").await;
    site.clock.advance(400 * DAY);
    for last in 1..=5 {
        assert!(call(&site.vault, &key, last, "leapt"));
        assert!(!call(&site.vault, &expired, last, "leapt"));
    }
    site.vault.flush_usage().await.unwrap();
    let mut database = site.database().await;
    assert_eq!(used_at(&mut database, &key).await, Some(NOON + 400 * DAY));

    // Only a restart lets the vault's time go back.
    let right = Arc::new(ManualClock::at(NOON + HOUR));
    let site = site.reopened_with(right).await;
    assert!(call(&site.vault, &key, 9, "curl"));
    site.vault.flush_usage().await.unwrap();
    assert_eq!(used_at(&mut database, &key).await, Some(NOON + HOUR));
    let kept = callers(&mut database, &key).await;
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(kept[0].0, "192.0.2.9");

    assert!(call(&site.vault, &expired, 1, "leapt"));
    site.vault.flush_usage().await.unwrap();
    let kept = callers(&mut database, &expired).await;
    let expected = (
        "192.0.2.1".to_owned(),
        "leapt".to_owned(),
        HOUR / 1000,
        None,
    );
    assert_eq!(kept, [expected]);
}

/// A8 under load: keys expire and are deleted during calls and flushes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn usage_revives_nothing_under_load() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let mut keys = Vec::new();
    for number in 0..40 {
        keys.push(site.key(&member, &format!("k{number}"), "90d").await);
    }
    let keys = Arc::new(keys);
    let over = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..4)
        .map(|thread| {
            let (vault, keys, over) = (site.vault.clone(), keys.clone(), over.clone());
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    for key in keys.iter() {
                        let _ = vault.keys().verify(&headers(key, "load"), &from(thread));
                    }
                }
            })
        })
        .collect();
    let flusher = {
        let (vault, over) = (site.vault.clone(), over.clone());
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                vault.flush_usage().await.unwrap();
                tokio::task::yield_now().await;
            }
        })
    };
    for (number, key) in keys.iter().enumerate() {
        let access_key = key.access_key.to_string();
        if number % 2 == 0 {
            expire(&site.vault, &member, &access_key).await;
            assert_eq!(site.verdict(key), "expired");
        } else {
            let name = format!("k{number}");
            let deleted = site.vault.delete_key(&member.actor, &access_key, &name);
            deleted.await.unwrap();
            assert_eq!(site.verdict(key), "invalid");
        }
    }
    over.store(true, Ordering::Relaxed);
    flusher.await.unwrap();
    for caller in callers {
        caller.join().unwrap();
    }
    site.vault.flush_usage().await.unwrap();
    let site = site.reopened().await;
    for (number, key) in keys.iter().enumerate() {
        let expected = ["expired", "invalid"][number % 2];
        assert_eq!(site.verdict(key), expected, "k{number}");
    }
}
