//! Copies that are cut short, and copies that are not equal to their source.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod sqlite;

use std::cell::Cell;
use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use sqlx::{AnyConnection, Connection};
use tempfile::TempDir;

use super::*;
use crate::Vault;
use crate::test_support::{Fixture, Folder, options};
use crate::time::clock::ManualClock;

/// Few rows a batch, so that most tables have several.
const ROWS: usize = 3;

/// A database to copy, and the folder of the copies.
struct Site {
    folder: Folder,
    clock: Arc<ManualClock>,
    from: String,
    copies: TempDir,
}

impl Site {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        fixture.leave_mail();
        for email in ["a@example.com", "b@example.com", "c@example.com"] {
            let member = fixture.member(email).await;
            for name in ["first", "second \u{1f511}"] {
                fixture.key(&member, name, "90d").await;
            }
        }
        fixture.vault.close().await;
        let (folder, clock) = (fixture.folder, fixture.clock);
        Self {
            from: options(&folder).database_url,
            folder,
            clock,
            copies: TempDir::new().unwrap(),
        }
    }

    fn to(&self, name: &str) -> String {
        format!("sqlite://{}", self.copies.path().join(name).display())
    }

    async fn copied(&self, to: &str) -> Result<Copied, CopyError> {
        copy_in_batches(&self.from, to, ROWS, |_| ()).await
    }

    /// Copies, and drops the copy after some batches. Returns whether it was complete before.
    async fn cut_after(&self, to: &str, batches: usize) -> bool {
        let written = Cell::new(0);
        let report = |_: Progress<'_>| written.set(written.get() + 1);
        let mut copying = pin!(copy_in_batches(&self.from, to, ROWS, report));
        poll_fn(|context| {
            let polled = copying.as_mut().poll(context);
            if written.get() >= batches {
                return Poll::Ready(false);
            }
            polled.map(|copied| copied.is_ok())
        })
        .await
    }

    /// Returns the error of a server that starts on a copy, with the pepper of the source.
    async fn refusal(&self, to: &str) -> Option<OpenError> {
        let mut options = options(&self.folder);
        to.clone_into(&mut options.database_url);
        Vault::open(&options, self.clock.clone()).await.err()
    }
}

async fn change(url: &str, statement: &'static str) {
    let mut database = AnyConnection::connect(url).await.unwrap();
    let changed = sqlx::query(statement).execute(&mut database).await.unwrap();
    assert_eq!(changed.rows_affected(), 1);
    database.close().await.unwrap();
}

/// Until the copy is complete, no server starts on the target.
#[tokio::test]
async fn a_copy_that_was_cut_after_any_batch_is_continued() {
    let site = Site::new().await;
    let whole = site.copied(&site.to("whole")).await.unwrap();
    assert!(!whole.resumed);
    let rows: u64 = whole.tables.iter().map(|table| table.rows).sum();
    let mut batches = 0;
    loop {
        batches += 1;
        let to = site.to(&format!("cut-{batches}"));
        if site.cut_after(&to, batches).await {
            break;
        }
        let refusal = site.refusal(&to).await.unwrap();
        assert!(
            matches!(refusal, OpenError::UnfinishedCopy { .. }),
            "{refusal}"
        );
        let continued = site.copied(&to).await.unwrap();
        assert!(continued.resumed);
        assert_eq!(continued.tables, whole.tables, "cut after {batches}");
        let again = site.copied(&to).await.unwrap_err();
        assert!(matches!(again, CopyError::NotEmpty { .. }), "{again}");
    }
    assert!(
        batches as u64 > rows / ROWS as u64,
        "{batches} batches for {rows} rows"
    );
    assert!(site.refusal(&site.to("cut-1")).await.is_none());
}

#[tokio::test]
async fn a_changed_byte_in_the_copy_is_found() {
    let site = Site::new().await;
    let whole = site.copied(&site.to("whole")).await.unwrap();
    let batches: u64 = whole
        .tables
        .iter()
        .map(|table| table.rows.div_ceil(ROWS as u64))
        .sum();
    let to = site.to("damaged");
    assert!(!site.cut_after(&to, usize::try_from(batches).unwrap()).await);
    let damage = "UPDATE api_keys SET name = 'Default kez'
                  WHERE access_key = (SELECT MIN(access_key) FROM api_keys WHERE name = 'Default key')";
    change(&to, damage).await;
    let found = site.copied(&to).await.unwrap_err();
    assert!(
        matches!(&found, CopyError::Differs { table, .. } if table == "api_keys"),
        "{found}"
    );
    let refusal = site.refusal(&to).await.unwrap();
    assert!(
        matches!(refusal, OpenError::UnfinishedCopy { .. }),
        "{refusal}"
    );
}

/// A copy of two states of a database would be a database that never existed.
#[tokio::test]
async fn a_copy_is_not_continued_from_a_source_that_has_changed() {
    let site = Site::new().await;
    let to = site.to("cut");
    assert!(!site.cut_after(&to, 4).await);
    let renamed = "UPDATE accounts SET time_zone = 'Europe/Berlin' WHERE email = 'a@example.com'";
    change(&site.from, renamed).await;
    let refused = site.copied(&to).await.unwrap_err();
    assert!(matches!(refused, CopyError::Other { .. }), "{refused}");
}

/// The source's file is not changed, not even its mode of writing.
#[tokio::test]
async fn a_backup_is_copied_without_a_change() {
    let site = Site::new().await;
    let backup = site.copies.path().join("backup.db");
    crate::backup(&site.from, &backup, |_| ()).await.unwrap();
    let before = std::fs::read(&backup).unwrap();
    let from = format!("sqlite://{}", backup.display());
    copy(&from, &site.to("copy"), |_| ()).await.unwrap();
    assert!(before == std::fs::read(&backup).unwrap());
    let left = |ending: &str| Path::new(&format!("{}{ending}", backup.display())).exists();
    assert!(!left("-wal") && !left("-shm"));
}
