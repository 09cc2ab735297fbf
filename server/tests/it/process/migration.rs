//! A migration that is killed.

use std::fs;
use std::path::{Path, PathBuf};

use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use tempfile::TempDir;
use vault::test_support::DatabaseAddress;

use crate::fixture::home::{Home, on_postgres};
use crate::fixture::process::{killed_after, start};

const HOURS: i64 = 100_000;

/// Fills a blank database with schema 3, and many rows that the next migration moves.
async fn fill(mut database: AnyConnection) {
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
        let statement = AssertSqlSafe(statement);
        sqlx::query(statement).execute(&mut database).await.unwrap();
    }
    database.close().await.unwrap();
}

/// Makes a file with such a database.
async fn older(folder: &Path) -> PathBuf {
    let path = folder.join("older.db");
    fs::write(&path, "").unwrap();
    let file = DatabaseAddress::of_file(path.clone());
    fill(file.connect().await.unwrap()).await;
    path
}

/// Returns the schema, and the accepted calls from that schema's table.
async fn found(database: DatabaseAddress) -> (i64, i64) {
    let is_file = !database.is_postgres();
    let mut database = database.connect().await.unwrap();
    if is_file {
        let (verdict,): (String,) = sqlx::query_as("PRAGMA integrity_check")
            .fetch_one(&mut database)
            .await
            .unwrap();
        assert_eq!(verdict, "ok");
    }
    let (version,): (i64,) = sqlx::query_as("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(&mut database)
        .await
        .unwrap();
    let table = if version < 4 {
        "usage_hours"
    } else {
        "account_hours"
    };
    let statement = AssertSqlSafe(format!("SELECT CAST(SUM(accepted) AS BIGINT) FROM {table}"));
    let (accepted,): (i64,) = sqlx::query_as(statement)
        .fetch_one(&mut database)
        .await
        .unwrap();
    database.close().await.unwrap();
    (version, accepted)
}

/// D12: a killed migration leaves the old tables or the new ones whole, and the next start continues it. Of a file, a copy
/// of the old tables is kept.
#[tokio::test]
async fn a_killed_migration_leaves_the_old_or_the_new_schema() {
    let folder = TempDir::new().unwrap();
    let file = older(folder.path()).await;
    // In few steps on a server, where each takes several seconds.
    let (steps, apart) = if on_postgres() { (3, 160) } else { (8, 60) };
    for step in 1..=steps {
        let home = Home::blank();
        let data = home.path().join("data");
        if on_postgres() {
            fill(home.connect().await).await;
        } else {
            fs::create_dir(&data).unwrap();
            fs::copy(&file, data.join("keyhold.db")).unwrap();
        }
        killed_after(&home, step * apart);
        home.forget_killed();
        let (version, accepted) = found(home.database()).await;
        assert!(version >= 3);
        // A server of a later schema has already removed hours that no chart shows.
        if version <= 4 {
            assert_eq!(accepted, HOURS, "schema {version}");
        }
        start(&home, &[]);
        if on_postgres() {
            continue;
        }
        let copies: Vec<_> = fs::read_dir(&data)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_string_lossy().contains("before-schema"))
            .filter(|path| !path.to_string_lossy().contains(".partial"))
            .collect();
        let mut kept = false;
        for copy in copies {
            kept |= found(DatabaseAddress::of_file(copy)).await == (3, HOURS);
        }
        assert!(kept, "step {step}");
    }
}
