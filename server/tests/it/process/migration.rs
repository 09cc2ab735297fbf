//! A migration that is killed.

use std::fs;
use std::path::Path;

use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use crate::fixture::process::{killed_after, start};

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
async fn a_killed_migration_leaves_the_old_or_the_new_schema() {
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
