//! Tests of the follower's loop without a server, and of its rounds with one.

mod postgres;

use std::future::ready;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::any::install_default_drivers;
use tokio::sync::Notify;

use super::*;
use crate::cluster::lease::{Lease, Term};
use crate::time::clock::SystemClock;

/// The first connection after the given one panics, the second fails.
#[tokio::test]
async fn a_panic_does_not_end_the_follower() -> Result<(), Box<dyn std::error::Error>> {
    install_default_drivers();
    let (connects, again) = (AtomicUsize::new(0), Arc::new(Notify::new()));
    let later = Arc::clone(&again);
    let database = Database {
        url: String::new(),
        turn: 0,
        schema: 0,
        connect: Box::new(move || {
            assert!(connects.fetch_add(1, Ordering::Relaxed) > 0, "a fault");
            later.notify_one();
            Box::pin(ready(Err(sqlx::Error::PoolClosed)))
        }),
        load: |_, _| Box::pin(ready(Ok(()))),
    };
    let introduction = Introduction {
        version: String::new(),
        address: String::new(),
        pepper_id: String::new(),
        key_prefix: String::new(),
        term: Term::of_ms(5_000),
    };
    let lease = Arc::new(Lease::endless());
    let readiness = Arc::<Readiness>::default();
    let follower = Follower::new(
        database,
        introduction,
        Arc::default(),
        Arc::new(SystemClock::default()),
        Arc::clone(&readiness),
        Arc::new(Shared::new(Arc::clone(&lease))),
    );
    // Without the tables of nodes, so that the first round fails.
    let connection = AnyConnection::connect("sqlite::memory:").await?;
    let (stop, stopped) = watch::channel(());
    let following = tokio::spawn(follower.run(connection, stopped));
    again.notified().await;
    assert!(lease.is_over(), "the directory may be half-way");
    assert!(readiness.fault(Cause::Lease).is_some());
    stop.send(())?;
    following.await?;
    Ok(())
}
