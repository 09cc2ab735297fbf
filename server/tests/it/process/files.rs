//! The files of the binary: a killed first start, a database that is removed while the server runs, and a killed
//! migration.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::fixture::process::{Running, refusal, start};

/// Starts the binary and kills it after some milliseconds.
fn killed_after(folder: &Path, milliseconds: u64) {
    fs::create_dir_all(folder.join("site/pkg")).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_keyhold"))
        .args(["serve", "--listen", "127.0.0.1:0"])
        .current_dir(folder)
        .env("KEYHOLD_SITE_ROOT", folder.join("site"))
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(milliseconds));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A first start that is killed at any moment can be repeated.
#[test]
fn a_first_start_survives_a_kill() {
    for step in 0..24 {
        let folder = TempDir::new().unwrap();
        killed_after(folder.path(), step * 3);
        let running = start(folder.path(), &[]);
        assert_eq!(running.verdict(&running.sign_up()), "200", "{step}");
    }
}

fn status(running: &Running, path: &str) -> String {
    let answer = running.send(&format!("GET {path} HTTP/1.1"), "").unwrap();
    answer.split_whitespace().nth(1).unwrap().to_owned()
}

/// A removed database is reported within a second, with no change acknowledged and verification unaffected; a restart
/// is refused with instructions and creates no empty Keyhold.
#[test]
fn a_removed_database_is_noticed() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path(), &[]);
    let key = running.sign_up();
    let cookie = key["cookie"].as_str().unwrap();
    fs::remove_file(folder.path().join("data/keyhold.db")).unwrap();
    let refused = running
        .call(
            "keys/create",
            cookie,
            &[("name", "lost"), ("expiry", "90d")],
        )
        .unwrap_err();
    assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert_eq!(status(&running, "/readyz"), "503");
    assert_eq!(running.verdict(&key), "200");
    assert!(running.log().contains("was removed"), "{}", running.log());
    drop(running);
    let said = refusal(folder.path(), &["--listen", "127.0.0.1:0"]);
    assert!(said.contains("there is a pepper file"), "{said}");
    assert!(!folder.path().join("data/keyhold.db").exists());
}

/// A warning is logged if other users can open the database.
#[test]
fn a_database_that_is_open_to_others_is_noticed() {
    let folder = TempDir::new().unwrap();
    drop(start(folder.path(), &[]));
    let database = folder.path().join("data/keyhold.db");
    fs::set_permissions(&database, fs::Permissions::from_mode(0o666)).unwrap();
    let running = start(folder.path(), &[]);
    let log = running.log();
    assert!(
        log.contains("open to others than its owner (mode 0666)"),
        "{log}"
    );
}

/// N19: the server leaves no core dumps.
#[cfg(target_os = "linux")]
#[test]
fn there_are_no_core_dumps() {
    let folder = TempDir::new().unwrap();
    let running = start(folder.path(), &[]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.child.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let words: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{core}");
}

const HOURS: i64 = 100_000;

/// Makes a database of schema 3, with many rows that the next migration moves.
async fn older(path: &Path) {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut database = options.connect().await.unwrap();
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vault/migrations");
    let migrations = Migrator::new(migrations).await.unwrap();
    migrations.run_to(3, &mut database).await.unwrap();
    for statement in [
        "INSERT INTO accounts (id, email, password, time_zone, warning_days, created_at)
         VALUES ('acc_0', 'a@example.com', 'none', 'UTC', 14, 1795435200000)",
        &format!(
            "INSERT INTO usage_hours (access_key, hour, account_id, accepted, refused)
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {HOURS})
             SELECT 'kh_gone', 499000 + i, 'acc_0', 1, 2 FROM n"
        ),
    ] {
        let statement = sqlx::AssertSqlSafe(statement);
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
}

/// Returns the schema, and the accepted calls from that schema's table.
async fn found(path: &Path) -> (i64, i64) {
    let mut database = SqliteConnectOptions::new()
        .filename(path)
        .connect()
        .await
        .unwrap();
    let (verdict,): (String,) = sqlx::query_as("PRAGMA integrity_check")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(verdict, "ok");
    let (version,): (i64,) = sqlx::query_as("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(&mut database)
        .await
        .unwrap();
    let table = if version < 4 {
        "usage_hours"
    } else {
        "account_hours"
    };
    let statement = sqlx::AssertSqlSafe(format!("SELECT SUM(accepted) FROM {table}"));
    let (accepted,): (i64,) = sqlx::query_as(statement)
        .fetch_one(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    (version, accepted)
}

/// D12: a killed migration leaves the old tables or the new ones whole, the next start continues it, and a copy of the
/// old tables is kept.
#[tokio::test]
async fn a_killed_migration_leaves_old_or_new() {
    let folder = TempDir::new().unwrap();
    let template = folder.path().join("older.db");
    older(&template).await;
    for step in 1..=8 {
        let folder = TempDir::new().unwrap();
        let database = folder.path().join("data/keyhold.db");
        fs::create_dir(folder.path().join("data")).unwrap();
        fs::copy(&template, &database).unwrap();
        killed_after(folder.path(), step * 60);
        let (version, accepted) = found(&database).await;
        assert!(version >= 3);
        // A server of a later schema has already removed hours that no chart shows.
        if version <= 4 {
            assert_eq!(accepted, HOURS, "schema {version}");
        }
        start(folder.path(), &[]);
        let copies: Vec<_> = fs::read_dir(folder.path().join("data"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains("before-schema"))
            .filter(|path| !path.to_string_lossy().contains(".partial"))
            .collect();
        let mut kept = false;
        for copy in copies {
            kept |= found(&copy).await == (3, HOURS);
        }
        assert!(kept, "step {step}");
    }
}
