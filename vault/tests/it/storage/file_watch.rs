//! The file watch of a running vault: damage to the files is noticed, and no change is acknowledged into a lost file.

use std::fs::{self, File};
use std::path::PathBuf;

use sqlx::Connection;
use vault::readiness::Cause;
use vault::test_support::{Fixture, Folder, Member, creation, verify};
use vault::{Actor, Caller, Vault};

type Fault = (&'static str, fn(&Fixture));

/// Faults of a running vault's files, with the message that the operator reads.
const FAULTS: [Fault; 8] = [
    ("was removed", |site| {
        fs::remove_file(database(site)).unwrap();
    }),
    ("was replaced by another file", |site| {
        let other = site.folder.path().join("other");
        fs::copy(database(site), &other).unwrap();
        fs::rename(other, database(site)).unwrap();
    }),
    ("was truncated", |site| truncate(&database(site), 0)),
    ("was truncated", |site| truncate(&database(site), 8_192)),
    ("was overwritten", |site| {
        let length = fs::metadata(database(site)).unwrap().len();
        fs::write(database(site), vec![7; usize::try_from(length).unwrap()]).unwrap();
    }),
    ("log, which was removed", |site| {
        fs::remove_file(beside(site, "-wal")).unwrap();
    }),
    ("log, which was truncated", |site| {
        truncate(&beside(site, "-wal"), 0);
    }),
    ("index of its write-ahead log", |site| {
        fs::remove_file(beside(site, "-shm")).unwrap();
    }),
];

fn database(site: &Fixture) -> PathBuf {
    site.folder.path().join("keyhold.db")
}

fn beside(site: &Fixture, ending: &str) -> PathBuf {
    site.folder.path().join(format!("keyhold.db{ending}"))
}

fn truncate(path: &std::path::Path, length: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_len(length).unwrap();
}

/// Opens a vault with an account, with its tables in the file and its last change in the log.
async fn in_use() -> (Fixture, Member) {
    let site = Fixture::new().await;
    let member = site.member("a@example.com").await;
    let site = site.reopened().await;
    let caller = Caller::default();
    let token = site
        .vault
        .sign_in(&caller, "a@example.com", vault::test_support::PASSWORD)
        .await
        .unwrap();
    let session = site.session(&token).await.unwrap();
    let actor = Actor { session, caller };
    assert_eq!(site.vault.readiness().fault(Cause::File), None);
    (site, Member { actor, ..member })
}

async fn create(
    site: &Fixture,
    member: &Member,
    name: &str,
) -> Result<vault::NewKey, vault::Error> {
    site.vault
        .create_key(&member.actor, creation(name, "", "90d"))
        .await
}

/// Every fault is noticed within two checks, which are a quarter of a second apart, even if it is older than the first
/// check of the watch.
#[tokio::test]
async fn every_fault_of_the_file_is_noticed() {
    for (expected, harm) in FAULTS {
        let (site, member) = in_use().await;
        harm(&site);
        site.vault.look_at_file().await;
        site.vault.look_at_file().await;
        let sentence = site
            .vault
            .readiness()
            .fault(Cause::File)
            .unwrap_or_default();
        assert!(sentence.contains(expected), "{expected}: {sentence:?}");
        assert!(create(&site, &member, "lost").await.is_err(), "{expected}");
        assert_eq!(site.verdict(&member.default_key), "good", "{expected}");
        assert_eq!(site.vault.key_count(), 1, "{expected}");
    }
}

/// No change is acknowledged into a file that is gone, even before the first check.
#[tokio::test]
async fn no_change_is_acknowledged_into_a_file_that_is_gone() {
    for harm in [FAULTS[0].1, FAULTS[1].1] {
        let (site, member) = in_use().await;
        harm(&site);
        assert!(create(&site, &member, "lost").await.is_err());
        assert!(site.vault.readiness().fault(Cause::File).is_some());
    }
}

/// A log that was cut and then extended is as long as before, but a restart takes it for an empty one.
#[tokio::test]
async fn no_change_is_acknowledged_into_a_log_that_was_cut() {
    // Cut to nothing, to its header, to its first frame, and in the middle.
    for length in [0, 32, 4_152, 40_000] {
        let (site, member) = in_use().await;
        let kept = create(&site, &member, "in the file").await.unwrap();
        site.vault.bound_log(0).await.unwrap();
        for number in 0..20 {
            let name = format!("in the log {number}");
            create(&site, &member, &name).await.unwrap();
        }
        let log = beside(&site, "-wal");
        assert!(fs::metadata(&log).unwrap().len() > 2 * length);
        truncate(&log, length);
        assert!(create(&site, &member, "lost").await.is_err(), "{length}");
        site.vault.look_at_file().await;
        site.vault.look_at_file().await;
        let sentence = site.vault.readiness().fault(Cause::File);
        let sentence = sentence.unwrap_or_default();
        assert!(sentence.contains("was truncated"), "{length}: {sentence}");
        // Nothing is folded in from it, neither now nor at the stop: the content of the file stays whole.
        site.vault.close().await;
        let (_folder, found) = as_found_later(&site, &["keyhold.db", "keyhold.db-wal"]).await;
        assert!(verify(&found, kept.access_key, &kept.secret_key).is_ok());
        assert!((2..22).contains(&found.key_count()), "{length}");
    }
}

/// If the newest version of the first page was in the log, SQLite cannot even tell the number of pages. So the log is
/// compared with its length after the last change.
#[tokio::test]
async fn a_cut_log_is_noticed_although_sqlite_cannot_read_it() {
    for length in [0, 32, 4_152] {
        let (site, member) = in_use().await;
        site.vault.look_at_file().await;
        // More than fits into the pages there are: the number of pages stands in the first one.
        for _ in 0..20 {
            let described = "long ".repeat(90);
            let key = creation("in the log", &described, "90d");
            site.vault.create_key(&member.actor, key).await.unwrap();
        }
        truncate(&beside(&site, "-wal"), length);
        site.vault.look_at_file().await;
        site.vault.look_at_file().await;
        let sentence = site.vault.readiness().fault(Cause::File);
        let sentence = sentence.unwrap_or_default();
        assert!(sentence.contains("was truncated"), "{length}: {sentence}");
    }
}

/// Opens copies of these files and the pepper, as another process would find them.
async fn as_found_later(site: &Fixture, files: &[&str]) -> (Folder, Vault) {
    let copy = Folder::new().await;
    for file in files.iter().chain(&["pepper"]) {
        fs::copy(site.folder.path().join(file), copy.path().join(file)).unwrap();
    }
    let found = Vault::open(&vault::test_support::options(&copy), site.clock.clone()).await;
    (copy, found.unwrap())
}

#[tokio::test]
async fn the_same_file_put_back_is_used_again() {
    let (site, member) = in_use().await;
    let away = site.folder.path().join("away");
    fs::rename(database(&site), &away).unwrap();
    site.vault.look_at_file().await;
    assert!(site.vault.readiness().fault(Cause::File).is_some());
    assert!(create(&site, &member, "lost").await.is_err());
    fs::rename(&away, database(&site)).unwrap();
    site.vault.look_at_file().await;
    assert_eq!(site.vault.readiness().fault(Cause::File), None);
    let key = create(&site, &member, "kept").await.unwrap();
    let site = site.reopened().await;
    assert_eq!(site.verdict(&key), "good");
    assert_eq!(site.vault.key_count(), 2);
}

/// A removed log is still open in the vault, which saves the changes in it.
#[tokio::test]
async fn the_changes_of_a_removed_log_are_saved() {
    let (site, member) = in_use().await;
    let key = create(&site, &member, "in the log").await.unwrap();
    fs::remove_file(beside(&site, "-wal")).unwrap();
    site.vault.look_at_file().await;
    site.vault.look_at_file().await;
    // The state after a power loss at this point.
    let (_folder, found) = as_found_later(&site, &["keyhold.db"]).await;
    assert!(verify(&found, key.access_key, &key.secret_key).is_ok());
}

#[tokio::test]
async fn a_new_database_is_no_fault() {
    let site = Fixture::new().await;
    for name in ["a", "b", "c"] {
        site.vault.look_at_file().await;
        site.member(&format!("{name}@example.com")).await;
        site.vault.bound_log(0).await.unwrap();
    }
    site.vault.look_at_file().await;
    site.vault.look_at_file().await;
    assert_eq!(site.vault.readiness().fault(Cause::File), None);
}

/// Vacuuming and checkpoints by another process are not reported as faults.
#[tokio::test]
async fn vacuuming_and_folding_in_are_no_faults() {
    let (site, member) = in_use().await;
    let mut other = site.database().await;
    let filled = "CREATE TABLE filling AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
                  SELECT randomblob(4000) AS body FROM n";
    for statement in [
        filled,
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "DROP TABLE filling",
        "VACUUM",
        "PRAGMA wal_checkpoint(TRUNCATE)",
    ] {
        sqlx::query(statement).execute(&mut other).await.unwrap();
        for _ in 0..3 {
            site.vault.look_at_file().await;
            assert_eq!(
                site.vault.readiness().fault(Cause::File),
                None,
                "{statement}"
            );
        }
    }
    other.close().await.unwrap();
    site.vault.look_at_file().await;
    create(&site, &member, "kept").await.unwrap();
}

/// A replaced file stays whole after the writer lost its connection, as on a full disk, even while another process has
/// the old file locked: neither the stop nor the next start folds the old log into it.
#[tokio::test]
async fn a_replaced_file_stays_whole() {
    for locked in [false, true] {
        let (site, member) = in_use().await;
        let other = site.folder.path().join("other.db");
        crate::storage::backups::back_up(&site, &other)
            .await
            .unwrap();
        for number in 0..20 {
            create(&site, &member, &format!("later {number}"))
                .await
                .unwrap();
        }
        let mut foreign = site.database().await;
        for statement in [
            "ALTER TABLE audit RENAME TO away",
            "ALTER TABLE away RENAME TO audit",
        ] {
            sqlx::query(statement).execute(&mut foreign).await.unwrap();
            let _ = create(&site, &member, "refused").await;
            site.vault.look_at_file().await;
        }
        sqlx::query("BEGIN EXCLUSIVE")
            .execute(&mut foreign)
            .await
            .unwrap();
        assert!(create(&site, &member, "refused").await.is_err());
        if !locked {
            sqlx::query("ROLLBACK").execute(&mut foreign).await.unwrap();
        }
        let (old, log) = (site.folder.path().join("old.db"), beside(&site, "-wal"));
        fs::hard_link(database(&site), old).unwrap();
        fs::rename(&other, database(&site)).unwrap();
        assert!(fs::metadata(&log).unwrap().len() > 0);
        site.vault.close().await;
        assert!(
            !log.exists() || fs::metadata(&log).unwrap().len() == 0,
            "{locked}"
        );
        assert_eq!(beside(&site, ".replaced-wal").exists(), locked);
        drop(foreign);
        let mut found = site.database().await;
        let (verdict, keys): (String, i64) = sqlx::query_as(
            "SELECT (SELECT integrity_check FROM pragma_integrity_check), (SELECT COUNT(*) FROM api_keys)",
        )
        .fetch_one(&mut found)
        .await
        .unwrap();
        assert_eq!((verdict.as_str(), keys), ("ok", 1), "{locked}");
    }
}

/// The log is emptied as soon as a replaced file is noticed, so that SIGKILL does no harm either.
#[tokio::test]
async fn the_log_of_a_file_that_was_replaced_is_emptied() {
    let (site, member) = in_use().await;
    let key = create(&site, &member, "in the log").await.unwrap();
    let old = site.folder.path().join("old.db");
    fs::rename(database(&site), &old).unwrap();
    fs::copy(&old, database(&site)).unwrap();
    site.vault.look_at_file().await;
    assert_eq!(fs::metadata(beside(&site, "-wal")).unwrap().len(), 0);
    // No change of the old file is lost.
    fs::rename(&old, database(&site)).unwrap();
    let site = site.reopened().await;
    assert_eq!(site.verdict(&key), "good");
}

/// The log of a killed server is rejected beside another file, and accepted where both were copied together.
#[tokio::test]
async fn a_log_of_another_file_is_refused() {
    let (site, member) = in_use().await;
    let key = create(&site, &member, "in the log").await.unwrap();
    let copy = Folder::new().await;
    let here = |name: &str| site.folder.path().join(name);
    let there = |name: &str| copy.path().join(name);
    for name in ["keyhold.db", "keyhold.db.lock", "pepper"] {
        fs::copy(here(name), there(name)).unwrap();
    }
    let log = "keyhold.db-wal";
    // The same log beside another file.
    fs::hard_link(here(log), there(log)).unwrap();
    let options = vault::test_support::options(&copy);
    let refused = Vault::open(&options, site.clock.clone()).await.err();
    let refused = refused.unwrap().to_string();
    assert!(refused.contains("belongs to the replaced one"), "{refused}");
    fs::remove_file(there(log)).unwrap();
    fs::copy(here(log), there(log)).unwrap();
    let found = Vault::open(&options, site.clock.clone()).await.unwrap();
    assert!(verify(&found, key.access_key, &key.secret_key).is_ok());
}
