//! The size of SQLite's files: the write-ahead log is bounded, and rows take the documented space.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::Connection;
use vault::operators::once::Once;
use vault::test_support::{Fixture, expire};

use crate::operators::portal::{enter, link};
use crate::operators::{named, operator};

/// The log is truncated although pages are read all the while.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_is_bounded_while_reads_overlap() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..6)
        .map(|_| {
            let (vault, account, done) = (
                site.vault.clone(),
                member.actor.account().clone(),
                Arc::clone(&done),
            );
            tokio::spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    vault.overview(&account).await.unwrap();
                }
            })
        })
        .collect();
    for number in 0..50 {
        site.key(&member, &format!("key {number}"), "90d").await;
    }
    assert!(site.vault.log_bytes() > 100_000);
    let mut bounded = false;
    for _ in 0..20 {
        bounded |= site.vault.bound_log(0).await.unwrap();
        if bounded {
            break;
        }
    }
    assert!(bounded, "{} bytes", site.vault.log_bytes());
    site.key(&member, "still writing", "90d").await;
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    site.vault.bound_log(0).await.unwrap();
    assert_eq!(site.vault.log_bytes(), 0);
}

/// The sizes in `docs/growth.md` hold: many rows of each kind are added and measured in the file.
#[tokio::test]
async fn sizes_are_as_documented() {
    const TIMES: i64 = 300;
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let mut database = site.database().await;
    let mut measure = async || {
        let (pages,): (i64,) = sqlx::query_as("PRAGMA page_count")
            .fetch_one(&mut database)
            .await
            .unwrap();
        pages * 4096
    };
    let start = measure().await;
    let mut keys = Vec::new();
    for number in 0..TIMES {
        let name = format!("billing cron {number}");
        keys.push(site.key(&member, &name, "90d").await.access_key.to_string());
    }
    let with_keys = measure().await;
    for key in &keys {
        vault::test_support::restore(&site.vault, &member, key, "100d").await;
    }
    let with_changes = measure().await;
    for key in &keys {
        site.clock.advance(1);
        expire(&site.vault, &member, key).await;
    }
    let with_notices = measure().await;
    let by = operator(&site).await;
    for number in 0..TIMES {
        let fields = named(&format!("customer-{number}"));
        site.vault.create_account(&by, fields, None).await.unwrap();
    }
    let with_accounts = measure().await;
    for number in 0..TIMES {
        let once = Once {
            request: format!("POST /admin/v1/accounts 8b9d0c5e-{number}"),
            body: b"{}".to_vec(),
        };
        let fields = named(&format!("org-{number}"));
        let made = site.vault.create_account(&by, fields, Some(once));
        made.await.unwrap();
    }
    let with_answers = measure().await - (with_accounts - with_notices);
    let before_links = measure().await;
    for _ in 0..TIMES {
        let code = link(&site, &by).await.1;
        enter(&site, &code).await.unwrap();
    }
    let with_links = measure().await;
    let bytes = [
        (with_keys - start) / TIMES,
        (with_changes - with_keys) / TIMES,
        (with_notices - with_changes) / TIMES,
        (with_accounts - with_notices) / TIMES,
        (with_answers - with_accounts) / TIMES,
        (with_links - before_links) / TIMES,
    ];
    for (bytes, documented) in bytes.into_iter().zip([720, 420, 770, 1_050, 500, 1_250]) {
        assert!(
            bytes < documented * 3 / 2,
            "{bytes} rather than {documented}"
        );
    }
}

/// A foreign reader delays the truncation of the log, but holds up no writer, and nothing is lost.
#[tokio::test]
async fn a_long_read_is_left_alone() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let mut other = site.database().await;
    sqlx::query("BEGIN").execute(&mut other).await.unwrap();
    sqlx::query("SELECT COUNT(*) FROM accounts")
        .execute(&mut other)
        .await
        .unwrap();
    let key = site.key(&member, "meanwhile", "90d").await;
    assert!(!site.vault.bound_log(0).await.unwrap());
    site.key(&member, "still writing", "90d").await;
    other.close().await.unwrap();
    assert!(site.vault.bound_log(0).await.unwrap());
    assert_eq!(site.vault.log_bytes(), 0);
    assert_eq!(site.verdict(&key), "good");
}
