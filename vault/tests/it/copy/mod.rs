//! Copies of a whole database into another one.

mod postgres;

use tempfile::TempDir;
use vault::copy::{Copied, CopyError, Progress, Step, copy};
use vault::test_support::{Fixture, Folder, Member, options, verify};
use vault::{OpenError, Vault};

/// Texts whose order differs between bytes and most languages, and which need care in SQL.
const TEXTS: [&str; 8] = ["", "a", "B", "_", "\u{e9}", "\u{1f511}", "a\nb", "'\"\\$1"];

/// Stops the vault, and returns the folder of its files.
async fn stopped(site: Fixture) -> Folder {
    site.vault.close().await;
    site.folder
}

async fn copied(from: &str, to: &str) -> Result<Copied, CopyError> {
    copy(from, to, |_| ()).await
}

fn address(folder: &TempDir, name: &str) -> String {
    format!("sqlite://{}", folder.path().join(name).display())
}

/// Returns a vault with a row in every table, and values at the limits of their types.
async fn filled() -> (Fixture, Member) {
    let site = Fixture::new().await;
    site.leave_mail();
    site.vault.fill_for_demo().await.unwrap();
    let member = site.member("a@example.com").await;
    let mut database = site.database().await;
    for (id, text) in (1_000_000_i64..).zip(TEXTS) {
        sqlx::query(
            "INSERT INTO audit (id, at, account_id, action, subject, detail, expires_at, address)
             VALUES ($1, $2, '', 'account.signed_in', '', $3, $4, '')",
        )
        .bind(id)
        .bind(i64::MIN)
        .bind(text)
        .bind(i64::MAX)
        .execute(&mut database)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO callers (access_key, address, agent, seen_at) VALUES ($1, '', $2, -1)",
        )
        .bind(member.default_key.access_key.to_string())
        .bind(text)
        .execute(&mut database)
        .await
        .unwrap();
    }
    sqlx::query(
        "INSERT INTO snoozes (access_key, expires_at, set_at, ends_at, failing) VALUES ($1, 1, -1, 2, 3)",
    )
    .bind(member.default_key.access_key.to_string())
    .execute(&mut database)
    .await
    .unwrap();
    let account = member.actor.account().id.clone();
    for statement in [
        "INSERT INTO notice_addresses (account_id, place, address) VALUES ($1, 0, 'ops@example.com')",
        "INSERT INTO people (account_id, external_id, label) VALUES ($1, 'user_7', 'Ada')",
        "INSERT INTO operator_tokens (id, name, digest, pepper_id, scopes, created_at, expires_at)
         VALUES ('tok_0', $1, $2, '', '', 0, 1)",
        "INSERT INTO idempotency_keys (token_id, request, body, created_at, status, answer, nonce)
         VALUES ('tok_0', $1, $2, 0, 201, '', $2)",
        "INSERT INTO key_prefix (id, prefix) VALUES (1, SUBSTR($1, 1, 3))",
        "INSERT INTO portal_sessions (id, account_id, token_id, digest, capabilities, page, created_at, code_expires_at,
             expires_at)
         VALUES ('ps_0', $1, 'tok_0', $2, '', '/', 0, 1, 2)",
        "INSERT INTO operator_sessions (digest, token_id, created_at, expires_at)
         VALUES ($2, (SELECT id FROM operator_tokens WHERE name = $1), 0, 1)",
    ] {
        let query = sqlx::query(statement).bind(&account);
        let query = if statement.contains("$2") {
            query.bind(vec![0_u8, 255])
        } else {
            query
        };
        query.execute(&mut database).await.unwrap();
    }
    sqlx::query("INSERT INTO write_probe (id, body) VALUES (7, $1)")
        .bind((0..=u8::MAX).collect::<Vec<u8>>())
        .execute(&mut database)
        .await
        .unwrap();
    (site, member)
}

/// The whole database arrives, and comes back, and a server on the copy knows the keys.
#[tokio::test]
async fn a_copy_of_a_copy_is_equal() {
    let (site, member) = filled().await;
    let clock = site.clock.clone();
    let files = stopped(site).await;
    let folder = TempDir::new().unwrap();
    let (there, back) = (address(&folder, "there.db"), address(&folder, "back.db"));
    let first = copied(&options(&files).database_url, &there).await.unwrap();
    // A table without rows would be copied unseen.
    for table in &first.tables {
        assert!(table.rows > 0, "add rows of {} to `filled`", table.name);
    }
    let second = copied(&there, &back).await.unwrap();
    assert_eq!(second.tables, first.tables);

    let mut options = options(&files);
    options.database_url = back;
    let vault = Vault::open(&options, clock).await.unwrap();
    let key = &member.default_key;
    assert!(verify(&vault, key.access_key, &key.secret_key).is_ok());
    vault.close().await;
}

#[tokio::test]
async fn a_target_with_rows_is_rejected() {
    let site = Fixture::new().await;
    site.leave_mail();
    site.member("a@example.com").await;
    let (files, other) = (stopped(site).await, stopped(Fixture::new().await).await);
    let (from, to) = (options(&files).database_url, options(&other).database_url);
    let refused = copied(&from, &to).await.unwrap_err();
    assert!(matches!(refused, CopyError::NotEmpty { .. }), "{refused}");
    let refused = copied(&from, &from).await.unwrap_err();
    assert!(matches!(refused, CopyError::Same(_)), "{refused}");
}

/// A database that a server uses is neither copied nor copied to.
#[tokio::test]
async fn a_database_in_use_is_rejected() {
    let site = Fixture::new().await;
    site.leave_mail();
    site.member("a@example.com").await;
    let folder = TempDir::new().unwrap();
    let from = options(&site.folder).database_url;
    let to = address(&folder, "copy.db");
    let refused = copied(&from, &to).await.unwrap_err();
    assert!(refused.to_string().contains("in use"), "{refused}");
    let _files = stopped(site).await;

    let other = Fixture::new().await;
    let in_use = options(&other.folder).database_url;
    let refused = copied(&from, &in_use).await.unwrap_err();
    assert!(refused.to_string().contains("in use"), "{refused}");
}

/// Each obstacle has its sentence, and nothing is left behind.
#[tokio::test]
async fn what_is_no_source_is_rejected() {
    let folder = TempDir::new().unwrap();
    let (from, to) = (address(&folder, "from.db"), address(&folder, "to.db"));
    let refused = copied(&from, &to).await.unwrap_err();
    assert!(
        matches!(refused, CopyError::Open(OpenError::NoDatabase { .. })),
        "{refused}"
    );
    std::fs::write(folder.path().join("from.db"), "").unwrap();
    let refused = copied(&from, &to).await.unwrap_err();
    assert!(matches!(refused, CopyError::Blank(_)), "{refused}");
    let refused = copied("mysql://keyhold:s3cret@localhost/keys", &to)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.starts_with("the address of the source: ") && !refused.contains("s3cret"),
        "{refused}"
    );
    let refused = copied("postgres://keyhold:s3cret@127.0.0.1:1/keys", &to)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("127.0.0.1:1/keys") && !refused.contains("s3cret"),
        "{refused}"
    );
    assert!(!folder.path().join("to.db").exists());
}

/// Copying from the tables of an earlier version would skip what its migration computes.
#[tokio::test]
async fn a_source_with_an_earlier_schema_is_rejected() {
    let site = Fixture::new().await;
    let mut database = site.database().await;
    let files = stopped(site).await;
    sqlx::query(
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)",
    )
    .execute(&mut database)
    .await
    .unwrap();
    drop(database);
    let folder = TempDir::new().unwrap();
    let to = address(&folder, "to.db");
    let refused = copied(&options(&files).database_url, &to)
        .await
        .unwrap_err();
    assert!(matches!(refused, CopyError::Earlier { .. }), "{refused}");
}

/// Every row of a large table is counted, up to all.
#[tokio::test]
async fn progress_reaches_every_row() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let mut database = site.database().await;
    let many = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 12000)
                INSERT INTO audit (id, at, account_id, action, subject, detail, address)
                SELECT 1000 + n, 0, '', 'account.signed_in', '', '', '' FROM numbers";
    sqlx::query(many).execute(&mut database).await.unwrap();
    drop(database);
    let files = stopped(site).await;
    let folder = TempDir::new().unwrap();
    let mut shown = Vec::new();
    let report = |progress: Progress<'_>| {
        if progress.table == "audit" && progress.step == Step::Copying {
            shown.push((progress.rows, progress.of));
        }
    };
    let from = options(&files).database_url;
    copy(&from, &address(&folder, "to.db"), report)
        .await
        .unwrap();
    let of = shown[0].1;
    assert!(of > 12_000, "{shown:?}");
    assert_eq!(shown, [(5_000, of), (10_000, of), (of, of)]);
}
