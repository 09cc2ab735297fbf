//! What a stop leaves in the database file, and what it reports if it cannot write there.

use std::time::Instant;

use super::stop::LIMIT;
use crate::fixture::failing_disk::Failing;
use crate::fixture::home::Home;
use crate::fixture::process::start;

#[test]
fn a_stop_folds_the_log_into_the_file() {
    let home = Home::new();
    let mut running = start(&home, &["--demo"]);
    assert_eq!(running.terminate(), Some(0));
    assert!(!home.path().join("data/keyhold.db-wal").exists());
}

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
