//! The time limit of a stop.

use std::time::{Duration, Instant};

use crate::fixture::home::Home;
use crate::fixture::process::start;

/// Ten seconds, and a margin for a busy machine.
pub const LIMIT: Duration = Duration::from_secs(13);

/// A write lock that another process never releases does not delay the stop.
#[test]
fn a_foreign_lock_does_not_delay_the_stop() {
    let home = Home::new();
    let mut running = start(&home, &[]);
    let key = running.sign_up();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lock = runtime.block_on(home.database().foreign_write());
    assert_eq!(running.verdict(&key), "200");
    let begun = Instant::now();
    assert_eq!(running.terminate(), Some(1));
    let took = begun.elapsed();
    assert!(took < LIMIT, "{took:?}");
    assert!(running.log().contains("1 counted calls are lost"));
    drop(lock);
}
