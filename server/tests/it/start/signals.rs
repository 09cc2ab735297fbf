//! The signals that stop the server.

use tempfile::TempDir;

use crate::fixture::database::calls;
use crate::fixture::process::start;

#[test]
fn sigterm_is_a_clean_stop() {
    let folder = TempDir::new().unwrap();
    let mut running = start(folder.path(), &["--demo"]);
    assert!(running.get("/healthz").ends_with("ok"));
    assert_eq!(running.terminate(), Some(0));
    assert!(
        !folder.path().join("data/keyhold.db-wal").exists(),
        "the log was folded into the file"
    );
}

/// Every signal stops the server alike: usage is written and the exit is clean.
#[test]
fn every_signal_stops_alike() {
    for signal in ["-TERM", "-INT", "-HUP", "-QUIT"] {
        let folder = TempDir::new().unwrap();
        let mut running = start(folder.path(), &[]);
        let key = running.sign_up();
        for _ in 0..3 {
            assert_eq!(running.verdict(&key), "200");
        }
        assert_eq!(running.stop(signal), Some(0), "{signal}");
        assert_eq!(calls(folder.path()), 3, "{signal}");
    }
}

/// `nohup keyhold serve` outlives its terminal.
#[test]
#[cfg(target_os = "linux")]
fn a_server_under_nohup_survives_a_hangup() {
    let folder = TempDir::new().unwrap();
    let mut running = crate::fixture::process::start_by_nohup(folder.path());
    let key = running.sign_up();
    running.signal("-HUP");
    assert_eq!(running.verdict(&key), "200");
    assert_eq!(running.terminate(), Some(0));
    let log = running.log();
    assert!(log.contains("SIGTERM: stopping"), "{log}");
}
