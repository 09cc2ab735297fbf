//! Failing writes: each costs one write and no other, the database accepts changes again as soon as it can, and
//! verification continues throughout.

use std::io::{Seek, SeekFrom, Write};
use std::time::{Duration, Instant};

use sqlx::{AnyConnection, Connection};
use vault::readiness::Cause;
use vault::test_support::{Fixture, Member, PASSWORD, creation, expire};
use vault::{Caller, Error};

use crate::usage::flush::{account_hours, call};

/// The limit within which writes work again after the fault, with time for a busy machine.
const SOON: Duration = Duration::from_secs(20);

async fn execute(database: &mut AnyConnection, statement: &str) {
    sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
        .execute(database)
        .await
        .unwrap();
}

async fn create(site: &Fixture, member: &Member, name: &str) -> Result<(), Error> {
    site.vault
        .create_key(&member.actor, creation(name, "", "90d"))
        .await
        .map(drop)
}

async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < SOON, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn refused<T>(result: Result<T, Error>) {
    match result {
        Err(Error::NotSaved(_) | Error::Busy) => {}
        Err(other) => panic!("another error: {other}"),
        Ok(_) => panic!("it was accepted"),
    }
}

/// Behind another process's lock, a rejected change is never applied, and each of many waits at most two seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_rejected_behind_a_foreign_lock_is_not_applied() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "90d").await;
    assert!(call(&site.vault, &key, 1, "curl"));
    let mut other = site.database().await;
    execute(&mut other, "BEGIN EXCLUSIVE").await;
    let begun = Instant::now();
    let tries: Vec<_> = (0..8)
        .map(|number| {
            let (vault, actor) = (site.vault.clone(), member.actor.clone());
            tokio::spawn(async move {
                let name = format!("refused {number}");
                vault
                    .create_key(&actor, creation(&name, "", "90d"))
                    .await
                    .map(drop)
            })
        })
        .collect();
    for one in tries {
        refused(one.await.unwrap());
    }
    let waited = begun.elapsed();
    // In turn they would take sixteen.
    assert!(waited < Duration::from_secs(8), "in turn: {waited:?}");
    refused(site.vault.flush_usage().await);
    assert_eq!(site.verdict(&key), "good");
    // A check that the machine was too busy for says that the database does not respond, until the next one.
    until("the lock is reported", || {
        let sentence = site.vault.readiness().fault(Cause::Writes);
        sentence.is_some_and(|sentence| sentence.contains("database is locked"))
    })
    .await;
    assert!(site.vault.write_failures() > 0);
    assert!(site.vault.is_trusted(), "verification does not need it");

    execute(&mut other, "ROLLBACK").await;
    until("ready again", || site.vault.readiness().report().is_empty()).await;
    expire(&site.vault, &member, &key.access_key.to_string()).await;
    assert_eq!(site.verdict(&key), "expired");
    site.vault.flush_usage().await.unwrap();
    // The call before the lock, and the two verdicts.
    assert_eq!(account_hours(&mut other, &member).await, [(0, 2, 1)]);
    let (keys,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM api_keys WHERE name LIKE 'refused%'")
            .fetch_one(&mut other)
            .await
            .unwrap();
    assert_eq!(keys, 0, "what was refused is not done later");
}

/// A failed statement affects no other: the next one works as soon as the cause is gone, without a wait.
#[tokio::test]
async fn a_failed_statement_affects_no_other() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let mut other = site.database().await;
    for _ in 0..3 {
        execute(&mut other, "ALTER TABLE audit RENAME TO away").await;
        refused(create(&site, &member, "refused").await);
        let signed_in = site
            .vault
            .sign_in(&Caller::default(), "a@example.com", PASSWORD)
            .await;
        refused(signed_in);
        execute(&mut other, "ALTER TABLE away RENAME TO audit").await;
        create(&site, &member, "made").await.unwrap();
    }
    assert_eq!(site.vault.key_count(), 4);
    until("ready again", || site.vault.readiness().report().is_empty()).await;
}

/// A damaged page is reported for as long as it is damaged, although other pages can be written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn damage_is_reported_until_it_is_gone() {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "k", "90d").await;
    let mut other = site.database().await;
    execute(&mut other, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    let (root, page_size): (i64, i64) =
        sqlx::query_as("SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master WHERE name = 'audit'")
            .fetch_one(&mut other)
            .await
            .unwrap();
    other.close().await.unwrap();
    let path = site.folder.path().join("keyhold.db");
    let whole = std::fs::read(&path).unwrap();
    let (offset, length) = (
        u64::try_from((root - 1) * page_size).unwrap(),
        usize::try_from(page_size).unwrap(),
    );
    let put = |content: &[u8]| {
        let mut file = std::fs::File::options().write(true).open(&path).unwrap();
        file.seek(SeekFrom::Start(offset)).unwrap();
        file.write_all(content).unwrap();
    };
    put(&vec![0x5a; length]);
    // A change by another connection makes SQLite read the pages again.
    let mut other = site.database().await;
    execute(&mut other, "PRAGMA user_version = 1").await;
    refused(create(&site, &member, "refused").await);
    until("damage", || {
        let sentence = site.vault.readiness().fault(Cause::Writes);
        sentence.is_some_and(|sentence| sentence.contains("damaged"))
    })
    .await;
    assert_eq!(site.verdict(&key), "good");
    let from = usize::try_from(offset).unwrap();
    put(&whole[from..from + length]);
    until("ready again", || site.vault.readiness().report().is_empty()).await;
    create(&site, &member, "made").await.unwrap();
}
