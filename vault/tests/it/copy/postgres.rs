//! Copies into PostgreSQL, and backups of such a database, whose file serves both engines.

use std::cell::Cell;
use std::fs;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use sqlx::{AnyConnection, Connection};
use tempfile::TempDir;
use vault::copy::{Copied, Progress, Step, copy};
use vault::test_support::{Fixture, Folder, expire, options, verify};
use vault::{OpenError, Vault};

use super::{address, copied, filled, stopped};

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

/// Every value arrives as it was, also the least and the greatest ones, and in a copy that was cut short at any table.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_copy_into_postgresql_is_equal() {
    let (site, member) = filled().await;
    let clock = site.clock.clone();
    let files = stopped(site).await;
    let folder = TempDir::new().unwrap();
    let (there, back) = (address(&folder, "there.db"), address(&folder, "back.db"));
    let first = copied(&options(&files).database_url, &there).await.unwrap();
    for cut_after in 0..6 {
        let target = Folder::new().await;
        let mut options = options(&target);
        options.pepper_file = files.path().join("pepper");
        let written = Cell::new(0);
        if cut_after > 0 {
            let report = |progress: Progress<'_>| {
                if progress.step == Step::Copying {
                    written.set(written.get() + 1);
                }
            };
            let mut copying = pin!(copy(&there, &options.database_url, report));
            poll_fn(|context| {
                assert!(copying.as_mut().poll(context).is_pending());
                if written.get() < cut_after {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
        }
        if cut_after > 0 {
            let refused = Vault::open(&options, clock.clone()).await.err().unwrap();
            assert!(
                matches!(refused, OpenError::UnfinishedCopy { .. }),
                "{refused}"
            );
        }
        let second = copied(&there, &options.database_url).await.unwrap();
        assert_eq!(second.resumed, cut_after > 0);
        assert_eq!(second.tables, first.tables, "cut after {cut_after}");
        if cut_after > 0 {
            continue;
        }
        let vault = Vault::open(&options, clock.clone()).await.unwrap();
        let key = &member.default_key;
        assert!(verify(&vault, key.access_key, &key.secret_key).is_ok());
        vault.close().await;
        let third = copied(&options.database_url, &back).await.unwrap();
        let keys = |copied: &Copied| {
            let mut tables = copied.tables.iter();
            tables.find(|table| table.name == "api_keys").cloned()
        };
        assert_eq!(keys(&third), keys(&first));
    }
}
