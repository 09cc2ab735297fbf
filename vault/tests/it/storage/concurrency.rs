//! Concurrency: writers do not lock each other out, clients that hang up leave no half-done change, and the directory
//! always equals the database.

use std::collections::BTreeMap;

use sqlx::Connection;
use vault::NewKey;
use vault::test_support::{Fixture, INVALID, Member, edit, restoration, verify};
use vault::verify::Rejection;

/// Asserts that verification agrees with the database about every key.
async fn assert_directory_is_the_database(site: &Fixture, keys: &[NewKey]) {
    let mut database = site.database().await;
    let rows: Vec<(String, Option<i64>, String)> =
        sqlx::query_as("SELECT access_key, expires_at, name FROM api_keys")
            .fetch_all(&mut database)
            .await
            .unwrap();
    database.close().await.unwrap();
    assert_eq!(site.vault.key_count(), rows.len());
    let rows: BTreeMap<_, _> = rows
        .into_iter()
        .map(|(key, at, name)| (key, (at, name)))
        .collect();
    for key in keys {
        let stored = rows.get(&key.access_key.to_string());
        let verdict = verify(&site.vault, key.access_key, &key.secret_key);
        match (verdict, stored) {
            (Ok(verified), Some((at, name))) => {
                assert_eq!((verified.expires_at, &*verified.name), (*at, name.as_str()));
            }
            (Err(Rejection::Expired { at, .. }), Some((stored, _))) => {
                assert_eq!(Some(at), *stored);
            }
            (Err(INVALID), None) => {}
            (verdict, stored) => {
                panic!(
                    "{}: the directory says {:?}, the database {stored:?}",
                    key.access_key,
                    verdict.err()
                );
            }
        }
    }
}

async fn some_keys(site: &Fixture, member: &Member, count: usize) -> Vec<NewKey> {
    let mut keys = Vec::new();
    for number in 0..count {
        keys.push(site.key(member, &format!("key {number}"), "90d").await);
    }
    keys
}

/// A7: dropping the client's future at any moment leaves a change whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disconnecting_client_separates_no_commit_from_its_publication() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let keys = some_keys(&site, &member, 10).await;
    let actor = &member.actor;
    for round in 0..1_000_usize {
        let access_key = keys[round % keys.len()].access_key.to_string();
        let change = async {
            match round % 3 {
                0 => drop(site.vault.expire_key(actor, &access_key).await),
                1 => drop(
                    site.vault
                        .restore_key(actor, restoration(&access_key, "never"))
                        .await,
                ),
                _ => {
                    let name = format!("round {round}");
                    drop(
                        site.vault
                            .edit_key(actor, edit(&access_key, &name, "", "90d"))
                            .await,
                    );
                }
            }
        };
        tokio::select! {
            biased;
            () = change => {}
            // Polled a few more times each round, then dropped.
            () = async { for _ in 0..round % 7 { tokio::task::yield_now().await; } } => {}
        }
    }
    // This change waits behind the abandoned ones, so they are all done after it.
    site.key(&member, "last", "1d").await;
    assert_directory_is_the_database(&site, &keys).await;
}

/// D1: fifty writers take turns, and none gets "database is locked". On a server, where each change takes several round
/// trips, ten do: fifty changes would reach the time limit of a turn on a busy machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_take_turns() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let count = if site.folder.database().is_postgres() {
        10
    } else {
        50
    };
    let keys = some_keys(&site, &member, count).await;
    let writers: Vec<_> = keys
        .iter()
        .map(|key| {
            let (vault, actor) = (site.vault.clone(), member.actor.clone());
            let access_key = key.access_key.to_string();
            tokio::spawn(async move {
                for _ in 0..5 {
                    vault.expire_key(&actor, &access_key).await?;
                    vault.show_key(actor.account(), &access_key).await?;
                    vault
                        .restore_key(&actor, restoration(&access_key, "never"))
                        .await?;
                }
                vault
                    .delete_key(&actor, &access_key, "no such name")
                    .await
                    .err();
                Ok::<(), vault::Error>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    assert_directory_is_the_database(&site, &keys).await;
    let mut database = site.database().await;
    let (rows, last): (i64, i64) = sqlx::query_as("SELECT COUNT(*), MAX(id) FROM audit")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(rows, last, "the audit trail has no gap");
}

/// A6: once an expire is acknowledged, no concurrent call with the key succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_success_starts_after_an_acknowledged_expire() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = Arc::new(site.key(&member, "k", "90d").await);
    let access_key = key.access_key.to_string();
    // Odd while the key is acknowledged as expired; each such period has its own number.
    let epoch = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let verifiers: Vec<_> = (0..16)
        .map(|_| {
            let (vault, key, epoch, stop) =
                (site.vault.clone(), key.clone(), epoch.clone(), stop.clone());
            std::thread::spawn(move || {
                let mut violations = 0;
                while !stop.load(SeqCst) {
                    let before = epoch.load(SeqCst);
                    let good = verify(&vault, key.access_key, &key.secret_key).is_ok();
                    if good && before % 2 == 1 && epoch.load(SeqCst) == before {
                        violations += 1;
                    }
                    std::thread::yield_now();
                }
                violations
            })
        })
        .collect();
    for _ in 0..1_000 {
        site.vault
            .expire_key(&member.actor, &access_key)
            .await
            .unwrap();
        epoch.fetch_add(1, SeqCst);
        tokio::task::yield_now().await;
        epoch.fetch_add(1, SeqCst);
        site.vault
            .restore_key(&member.actor, restoration(&access_key, "never"))
            .await
            .unwrap();
    }
    stop.store(true, SeqCst);
    let violations: i32 = verifiers
        .into_iter()
        .map(|verifier| verifier.join().unwrap())
        .sum();
    assert_eq!(violations, 0);
}
