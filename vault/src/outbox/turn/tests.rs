//! Selection of the next mail: its cost, and how mails wait while clocks disagree.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sqlite;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use shared::DAY_MS;
use sqlx::{Connection, SqliteConnection};

use super::*;
use crate::mailer::delivery::InFlight;
use crate::test_support::{Fixture, MINUTE, Mailbox, Member, NOON, expire};
use crate::vault::Vault;

/// Counted in the steps of SQLite's virtual machine: waiting mails add nothing to the search for the next one.
#[tokio::test]
async fn the_next_mail_is_found_however_many_wait() {
    let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
    sqlx::migrate!("./migrations")
        .run(&mut database)
        .await
        .unwrap();
    for statement in [
        "INSERT INTO accounts (id, email, password, time_zone, warning_days, created_at)
         VALUES ('a', 'a@example.com', '', 'UTC', 30, 0)",
        "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO outbox (id, account_id, kind, recipient, created_at, next_at)
         SELECT 'mail_' || i, 'a', 'notice', 'a@example.com', 0, 0 FROM n",
    ] {
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
    let thousands = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&thousands);
    let mut handle = database.lock_handle().await.unwrap();
    handle.set_progress_handler(1_000, move || {
        counted.fetch_add(1, Ordering::Relaxed);
        true
    });
    drop(handle);
    for wanted in [Wanted::Any, Wanted::Links] {
        let turn = Turn {
            wanted,
            now: NOON,
            clock_ahead: false,
            lease: DAY_MS,
        };
        let found: (Option<i64>,) = sqlx::query_as(AssertSqlSafe(turn.next_try()))
            .fetch_one(&mut database)
            .await
            .unwrap();
        assert_eq!(found.0.is_some(), wanted == Wanted::Any);
        let leased = sqlx::query(AssertSqlSafe(turn.lease()))
            .bind(turn.now)
            .bind(turn.now + turn.lease)
            .fetch_optional(&mut database)
            .await
            .unwrap();
        assert_eq!(leased.is_some(), wanted == Wanted::Any);
        let thousands = thousands.swap(0, Ordering::Relaxed);
        assert!(thousands < 2, "{wanted:?}: {thousands},000 steps");
    }
}

/// A vault whose notices wait a minute, and a member whose link is sent.
async fn open() -> (Fixture, Member) {
    let fixture = Fixture::new().await;
    let member = fixture.member("a@example.com").await;
    let sent = Mailbox::of(&fixture).delivered(&fixture.vault).await;
    assert_eq!(sent.len(), 1, "the link");
    fixture.vault.set_notice_wait(Duration::from_mins(1));
    (fixture, member)
}

/// Expires a new key.
async fn expire_one(fixture: &Fixture, member: &Member) {
    let key = fixture.key(member, "k", "never").await;
    expire(&fixture.vault, member, &key.access_key.to_string()).await;
}

async fn take(vault: &Vault, now: i64) -> bool {
    let taken = vault.take(Wanted::Any, now, &InFlight::default()).await;
    taken.unwrap().is_some()
}

/// A round that began before a key was expired does not take its mail.
#[tokio::test]
async fn a_notice_waits_for_others_while_a_round_goes_on() {
    let (fixture, member) = open().await;
    let (vault, clock) = (&fixture.vault, &fixture.clock);
    clock.advance(MINUTE);
    expire_one(&fixture, &member).await;
    assert!(!take(vault, NOON).await);
    assert!(!take(vault, NOON + 2 * MINUTE - 1).await);
    assert!(take(vault, NOON + 2 * MINUTE).await);
}
