//! The metrics of a node among several.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::sleep;
use tracing_subscriber::util::SubscriberInitExt;
use vault::test_support::{Fixture, PATIENCE};

use super::super::*;

/// The log of this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn count(&self, words: &str) -> usize {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&log).matches(words).count()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Returns the value of a metric without labels.
fn value(vault: &Vault, name: &str) -> Option<f64> {
    let text = scrape(vault, None).ok()?.0.gather();
    let text = TextEncoder::new().encode_to_string(&text).ok()?;
    let mut lines = text.lines().map(|line| line.split_once(' '));
    let (_, value) = lines.find_map(|line| line.filter(|(found, _)| *found == name))?;
    value.parse().ok()
}

/// Sets the clock off by this much, and waits until the node has compared it with the database's.
async fn set_skew(fixture: &Fixture, milliseconds: i32) -> bool {
    fixture.clock.set_ahead(i64::from(milliseconds));
    let seconds = f64::from(milliseconds) / 1000.0;
    let measured = || value(&fixture.vault, "keyhold_database_skew_seconds") == Some(seconds);
    let compared = async {
        while !measured() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, compared).await.is_ok()
}

/// Of one thread, which has the log.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_node_has_its_lease_the_others_and_its_clock_as_metrics() {
    let fixture = Fixture::new().await;
    let vault = &fixture.vault;
    let lease = value(vault, "keyhold_lease_seconds");
    // Five sixths of 30 s.
    assert!(
        lease.is_some_and(|lease| lease > 0.0 && lease <= 25.0),
        "{lease:?}"
    );
    assert_eq!(value(vault, "keyhold_nodes"), Some(1.0));
    assert_eq!(value(vault, "keyhold_changes_waiting"), Some(0.0));
    assert_eq!(value(vault, "keyhold_database_skew_seconds"), Some(0.0));
    let readme = include_str!("../../../../../README.md");
    for name in [
        "keyhold_lease_seconds",
        "keyhold_nodes",
        "keyhold_changes_waiting",
        "keyhold_database_skew_seconds",
    ] {
        assert!(readme.contains(&format!("`{name}`")), "{name}");
    }
}

/// One line for each time that the clock goes off.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_clock_that_is_off_is_logged() {
    let log = Log::default();
    let writer = log.clone();
    let _logged = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .set_default();
    let fixture = Fixture::new().await;
    let line = "the machine's clock differs from the database's by";
    assert!(set_skew(&fixture, 90).await);
    assert_eq!(log.count(line), 0);
    assert!(set_skew(&fixture, 1_500).await);
    assert_eq!(log.count("differs from the database's by 1500 ms"), 1);
    // Another measurement of a clock that is off.
    assert!(set_skew(&fixture, 1_400).await);
    assert_eq!(log.count(line), 1);
    assert!(set_skew(&fixture, 0).await);
    assert!(set_skew(&fixture, -1_500).await);
    assert_eq!(log.count("differs from the database's by -1500 ms"), 1);
    assert_eq!(log.count(line), 2);
    // Up to 2 s it is no fault.
    assert!(fixture.vault.readiness().fault(Cause::Skew).is_none());
}
