//! The signals that stop the server.

use crate::fixture::home::Home;
use crate::fixture::process::start;

#[test]
fn sigterm_is_a_clean_stop() {
    let home = Home::new();
    let mut running = start(&home, &["--demo"]);
    assert!(running.get("/healthz").ends_with("ok"));
    assert_eq!(running.terminate(), Some(0));
}

/// Every signal stops the server alike: usage is written and the exit is clean.
#[test]
fn every_signal_stops_alike() {
    for signal in ["-TERM", "-INT", "-HUP", "-QUIT"] {
        let home = Home::new();
        let mut running = start(&home, &[]);
        let key = running.sign_up();
        for _ in 0..3 {
            assert_eq!(running.verdict(&key), "200");
        }
        assert_eq!(running.stop(signal), Some(0), "{signal}");
        assert_eq!(home.recorded_calls(), (3, 0), "{signal}");
    }
}

/// `nohup keyhold serve` outlives its terminal.
#[test]
#[cfg(target_os = "linux")]
fn a_server_under_nohup_survives_a_hangup() {
    let home = Home::new();
    let mut running = crate::fixture::process::start_by_nohup(&home);
    let key = running.sign_up();
    running.signal("-HUP");
    assert_eq!(running.verdict(&key), "200");
    assert_eq!(running.terminate(), Some(0));
    let log = running.log();
    assert!(log.contains("SIGTERM: stopping"), "{log}");
}
