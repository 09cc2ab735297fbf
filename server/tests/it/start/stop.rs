//! The time limit of a stop, and its report of losses.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::fixture::database::database;
use crate::fixture::failing_disk::Failing;
use crate::fixture::process::start;

/// Ten seconds, and a margin for a busy machine.
const LIMIT: Duration = Duration::from_secs(13);

/// A stop on a full disk reports the lost calls in the log and in the exit code.
#[test]
fn a_stop_reports_lost_usage() {
    let mut failing = Failing::start();
    let key = failing.running.sign_up();
    failing.fail("write ENOSPC");
    for _ in 0..5 {
        assert_eq!(failing.running.verdict(&key), "200");
    }
    let begun = Instant::now();
    assert_eq!(failing.running.terminate(), Some(1));
    let took = begun.elapsed();
    assert!(took < LIMIT, "{took:?}");
    let log = failing.running.log();
    assert!(log.contains("ERROR"), "{log}");
    assert!(log.contains("5 counted calls are lost"), "{log}");
}

/// A write lock that another process never releases does not delay the stop.
#[test]
fn a_foreign_lock_does_not_delay_the_stop() {
    let folder = TempDir::new().unwrap();
    let mut running = start(folder.path(), &[]);
    let key = running.sign_up();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lock = runtime.block_on(async {
        let mut database = database(folder.path()).await;
        sqlx::query("BEGIN EXCLUSIVE")
            .execute(&mut database)
            .await
            .unwrap();
        database
    });
    assert_eq!(running.verdict(&key), "200");
    let begun = Instant::now();
    assert_eq!(running.terminate(), Some(1));
    let took = begun.elapsed();
    assert!(took < LIMIT, "{took:?}");
    assert!(running.log().contains("1 counted calls are lost"));
    drop(lock);
}
