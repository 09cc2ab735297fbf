//! Restores into a PostgreSQL database: what nodes find afterwards, and what is in the way of one.

use std::sync::Arc;

use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use tempfile::TempDir;
use vault::clock::ManualClock;
use vault::test_support::{Fixture, Folder, HOUR, NOON, expire, options, verify};
use vault::{Present, Vault, Wanted};

use crate::restore::revocation::{content, lose_database, restore, restore_by, stop, wanted};
use crate::storage::backups::{back_up, backup_file, start};

/// Returns a stopped vault with an account, and a backup of it.
async fn backed_up() -> Folder {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    back_up(&site, &backup_file(&site)).await.unwrap();
    stop(site).await
}

fn backup(folder: &Folder) -> Wanted {
    wanted(&folder.path().join("backup.db"))
}

async fn run(folder: &Folder, statements: &str) {
    let mut database = folder.database().connect().await.unwrap();
    let run = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut database);
    run.await.unwrap();
    database.close().await.unwrap();
}

/// Returns the entries of the change log, and the number of nodes.
async fn of_nodes(folder: &Folder) -> (Vec<(i64, String)>, i64) {
    let mut database = folder.database().connect().await.unwrap();
    let log = sqlx::query_as("SELECT seq, tag FROM key_changes ORDER BY seq")
        .fetch_all(&mut database)
        .await
        .unwrap();
    let (nodes,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM nodes")
        .fetch_one(&mut database)
        .await
        .unwrap();
    (log, nodes)
}

fn node(id: &str, lease_until: &str) -> String {
    format!(
        "INSERT INTO nodes (id, version, address, pepper_id, seen, renewals, lease_ms, lease_until, joined_at, skew_ms)
         VALUES ('{id}', '0', '192.0.2.1:3000', '', 0, 9, 30000, {lease_until}, 0, 0)"
    )
}

/// A sweep that ended before it had written anything has reported nothing.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn what_a_sweep_only_announced_is_swept_after_a_restore() {
    let folder = backed_up().await;
    let swept_to = "SELECT swept_to FROM sweeps WHERE id = 1";
    let position = async || {
        let mut database = folder.database().connect().await.unwrap();
        let (position,): (i64,) = sqlx::query_as(swept_to)
            .fetch_one(&mut database)
            .await
            .unwrap();
        database.close().await.unwrap();
        position
    };
    let before = position().await;
    let announce = format!(
        "INSERT INTO sweeps (id, swept_to) VALUES (2, {0})
         ON CONFLICT (id) DO UPDATE SET swept_to = {0}",
        NOON + HOUR
    );
    run(&folder, &announce).await;
    restore(&folder, &backup(&folder), NOON + HOUR)
        .await
        .unwrap();
    assert_eq!(position().await, before);
}

/// While one process restores a backup, no other removes its working files.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_backup_is_restored_by_one_process_at_a_time() {
    let folder = backed_up().await;
    let wanted = backup(&folder);
    let file = std::fs::File::open(&wanted.file).unwrap();
    file.lock().unwrap();
    let error = restore(&folder, &wanted, NOON + HOUR).await.unwrap_err();
    assert!(error.contains("another process restores it"), "{error}");
    drop(file);
    restore(&folder, &wanted, NOON + HOUR).await.unwrap();
}

/// A node that was cut off while the database was replaced has no row, and knows no entry of the log: it cannot follow
/// without loading everything.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn no_node_continues_after_a_restore() {
    let folder = backed_up().await;
    run(&folder, &node("node_cut_off", "0")).await;
    let (before, _) = of_nodes(&folder).await;
    let newest = before.last().unwrap().0;
    restore(&folder, &backup(&folder), NOON + HOUR)
        .await
        .unwrap();
    let (log, nodes) = of_nodes(&folder).await;
    let [(seq, tag)] = &log[..] else {
        panic!("{log:?}");
    };
    assert_eq!((*seq, nodes), (newest + 1, 0));
    assert!(!tag.is_empty() && before.iter().all(|(_, other)| other != tag));
    // The next node follows from there.
    let site = start(folder, NOON + HOUR).await;
    site.leave_mail();
    let member = site.member("b@example.com").await;
    expire(
        &site.vault,
        &member,
        &member.default_key.access_key.to_string(),
    )
    .await;
    assert_eq!(site.verdict(&member.default_key), "expired");
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_restore_waits_for_no_node_and_for_no_reader() {
    let folder = backed_up().await;
    run(&folder, &node("node_alive", "9223372036854775807")).await;
    let before = content(&folder).await;
    let refused = restore(&folder, &backup(&folder), NOON).await.unwrap_err();
    assert!(
        refused.contains("in use by the node at 192.0.2.1:3000"),
        "{refused}"
    );
    run(&folder, "DELETE FROM nodes").await;
    let mut reader = folder.database().connect().await.unwrap();
    let read = "BEGIN; LOCK TABLE callers IN ACCESS SHARE MODE";
    sqlx::raw_sql(read).execute(&mut reader).await.unwrap();
    let refused = restore(&folder, &backup(&folder), NOON).await.unwrap_err();
    assert!(refused.contains("is being read"), "{refused}");
    reader.close().await.unwrap();
    assert_eq!(content(&folder).await, before);
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    // The pepper and the backup.
    assert_eq!(left, 2);
}

/// Every node would take over the instant of a restore, so a clock that is off dates none.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_clock_that_is_off_restores_nothing() {
    let folder = backed_up().await;
    let before = content(&folder).await;
    let clock = ManualClock::at(NOON);
    clock.set_ahead(3_000);
    let refused = restore_by(&folder, &backup(&folder), &clock).await;
    let refused = refused.unwrap_err();
    assert!(refused.contains("clock differs"), "{refused}");
    assert_eq!(content(&folder).await, before);
}

/// A database of another program, or of a newer version, is not replaced.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn another_programs_database_is_not_replaced() {
    let folder = backed_up().await;
    lose_database(&folder).await;
    run(&folder, "CREATE TABLE theirs (id INT)").await;
    let refused = restore(&folder, &backup(&folder), NOON).await.unwrap_err();
    assert!(refused.contains("another program"), "{refused}");
}

/// An empty database, and one with other accounts, have nothing to compare with.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_restore_without_the_present_database_reports_it() {
    let folder = backed_up().await;
    lose_database(&folder).await;
    let dry = Wanted {
        dry_run: true,
        ..backup(&folder)
    };
    let restored = restore(&folder, &dry, NOON).await.unwrap();
    assert_eq!(restored.present, Present::Missing);
    let restored = restore(&folder, &backup(&folder), NOON).await.unwrap();
    assert_eq!((restored.present, restored.aside), (Present::Missing, None));

    let other = Fixture::new().await;
    other.member("b@example.com").await;
    let other = stop(other).await;
    let pepper = other.path().join("pepper");
    let own_pepper = std::fs::read(&pepper).unwrap();
    for name in ["backup.db", "pepper"] {
        std::fs::copy(folder.path().join(name), other.path().join(name)).unwrap();
    }
    let restored = restore(&other, &backup(&other), NOON).await.unwrap();
    assert_eq!(restored.present, Present::Unrelated);
    // The replaced database is a backup like any other.
    let aside = wanted(&restored.aside.unwrap());
    std::fs::write(&pepper, own_pepper).unwrap();
    let restored = restore(&other, &aside, NOON).await.unwrap();
    assert_eq!(
        (restored.accounts, restored.present),
        (1, Present::Unrelated)
    );
}

/// What PostgreSQL cannot store is named before anything is replaced.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_backup_with_a_nul_character_replaces_nothing() {
    let folder = backed_up().await;
    let before = content(&folder).await;
    let wanted = backup(&folder);
    let mut file = AnyConnection::connect(&format!("sqlite://{}", wanted.file.display()))
        .await
        .unwrap();
    sqlx::query("UPDATE api_keys SET description = 'a' || char(0)")
        .execute(&mut file)
        .await
        .unwrap();
    file.close().await.unwrap();
    let refused = restore(&folder, &wanted, NOON).await.unwrap_err();
    assert!(refused.contains("description of api_keys"), "{refused}");
    assert_eq!(content(&folder).await, before);
}

/// From PostgreSQL to SQLite and back, by backups alone.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_backup_goes_from_engine_to_engine() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let [good, expired] = [
        site.key(&member, "good \u{1f511}", "90d").await,
        site.key(&member, "expired", "90d").await,
    ];
    expire(&site.vault, &member, &expired.access_key.to_string()).await;
    back_up(&site, &backup_file(&site)).await.unwrap();
    let folder = stop(site).await;
    let trail = "SELECT id, at, account_id, action, subject, detail FROM audit ORDER BY id";
    type Trail = Vec<(i64, i64, String, String, String, String)>;
    let mut database = folder.database().connect().await.unwrap();
    let before: Trail = sqlx::query_as(trail)
        .fetch_all(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();

    let files = TempDir::new().unwrap();
    let mut options = options(&folder);
    options.database_url = format!("sqlite://{}", files.path().join("keyhold.db").display());
    let (url, pepper) = (&options.database_url, &options.pepper_file);
    let clock = Arc::new(ManualClock::at(NOON));
    vault::restore(url, pepper, &backup(&folder), &*clock, |_| ())
        .await
        .unwrap();
    let vault = Vault::open(&options, clock).await.unwrap();
    for (key, is_good) in [(&good, true), (&expired, false)] {
        let verdict = verify(&vault, key.access_key, &key.secret_key);
        assert_eq!(verdict.is_ok(), is_good);
    }
    vault.close().await;
    let back = wanted(&files.path().join("back.db"));
    vault::backup(&options.database_url, &back.file, |_| ())
        .await
        .unwrap();
    let restored = restore(&folder, &back, NOON).await.unwrap();
    assert_eq!(restored.revived.len(), 0);

    let site = start(folder, NOON).await;
    site.leave_mail();
    let mut database = site.database().await;
    let mut after: Trail = sqlx::query_as(trail)
        .fetch_all(&mut database)
        .await
        .unwrap();
    let added = after.split_off(before.len());
    assert_eq!(after, before);
    assert!(added.iter().all(|entry| entry.3 == "database.restored"));
    for (key, verdict) in [
        (&member.default_key, "good"),
        (&good, "good"),
        (&expired, "expired"),
    ] {
        assert_eq!(site.verdict(key), verdict);
    }
}
