//! Backups of a PostgreSQL database, whose file serves both engines.

use std::cell::Cell;
use std::fs;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use sqlx::{AnyConnection, Connection};
use tempfile::TempDir;
use vault::test_support::{Fixture, HOUR, NOON, expire, options, verify};
use vault::{Vault, Wanted};

type Trail = Vec<(i64, i64, String, String, String, String)>;

/// Returns the audit trail.
async fn trail(database: &mut AnyConnection) -> Trail {
    sqlx::query_as("SELECT id, at, account_id, action, subject, detail FROM audit ORDER BY id")
        .fetch_all(database)
        .await
        .unwrap()
}

/// Polls a backup until it has reported its first rows.
async fn begun<F: Future>(mut backup: Pin<&mut F>, reported: &Cell<bool>) {
    poll_fn(|context| {
        assert!(backup.as_mut().poll(context).is_pending());
        if reported.get() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Writers go on; the file has the state that it was begun in. A table cannot be emptied under it.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_backup_is_one_state_beside_writers() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let key = site.key(&member, "expired later", "90d").await;
    let before = trail(&mut site.database().await).await;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("backup.db");
    let (url, reported) = (options(&site.folder).database_url, Cell::new(false));
    let mut backup = pin!(vault::backup(&url, &file, |_| reported.set(true)));
    begun(backup.as_mut(), &reported).await;
    expire(&site.vault, &member, &key.access_key.to_string()).await;
    site.key(&member, "later", "90d").await;
    let mut other = site.database().await;
    let truncate = sqlx::raw_sql("SET lock_timeout = '50ms'; TRUNCATE callers");
    let refused = truncate.execute(&mut other).await.unwrap_err();
    assert!(refused.to_string().contains("lock timeout"), "{refused}");
    let copied = backup.await.unwrap();
    assert_eq!((copied.keys, copied.accounts), (2, 1));
    let mut backup = AnyConnection::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    assert_eq!(trail(&mut backup).await, before);
    let of_processes: (i64, i64) =
        sqlx::query_as("SELECT (SELECT COUNT(*) FROM nodes), (SELECT MAX(seq) FROM key_changes)")
            .fetch_one(&mut backup)
            .await
            .unwrap();
    assert_eq!(of_processes, (0, 0));
    backup.close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_backup_that_is_cut_short_leaves_nothing() {
    let site = Fixture::new().await;
    site.member("a@example.com").await;
    let url = options(&site.folder).database_url;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("backup.db");
    let reported = Cell::new(false);
    {
        let mut backup = pin!(vault::backup(&url, &file, |_| reported.set(true)));
        begun(backup.as_mut(), &reported).await;
        assert!(fs::read_dir(folder.path()).unwrap().count() > 0);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The same keys work, the same ones are expired, and the trail is the same.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_backup_is_restored_into_sqlite() {
    let site = Fixture::new().await;
    site.leave_mail();
    let member = site.member("a@example.com").await;
    let [good, expired] = [
        site.key(&member, "good \u{1f511}", "90d").await,
        site.key(&member, "expired", "90d").await,
    ];
    expire(&site.vault, &member, &expired.access_key.to_string()).await;
    let before = trail(&mut site.database().await).await;
    let folder = TempDir::new().unwrap();
    let wanted = Wanted {
        file: folder.path().join("backup.db"),
        keep_revived: false,
        expire: Vec::new(),
        dry_run: false,
    };
    let mut options = options(&site.folder);
    vault::backup(&options.database_url, &wanted.file, |_| ())
        .await
        .unwrap();
    options.database_url = format!("sqlite://{}", folder.path().join("keyhold.db").display());
    let now = NOON + HOUR;
    vault::restore(&options.database_url, &options.pepper_file, &wanted, now)
        .await
        .unwrap();

    let mut restored = AnyConnection::connect(&options.database_url).await.unwrap();
    let mut after = trail(&mut restored).await;
    restored.close().await.unwrap();
    let last = after.pop().unwrap();
    assert_eq!(last.3, "database.restored");
    assert_eq!(after, before);
    let vault = Vault::open(&options, site.clock.clone()).await.unwrap();
    for (key, is_good) in [
        (&member.default_key, true),
        (&good, true),
        (&expired, false),
    ] {
        let verdict = verify(&vault, key.access_key, &key.secret_key);
        assert_eq!(verdict.is_ok(), is_good);
        assert_eq!(site.verdict(key) == "good", is_good);
    }
    vault.close().await;
}
