//! Leases of mails among several nodes.

use super::*;
use crate::test_support::MINUTE;

/// Returns when the lease of the one waiting mail began and ends.
async fn lease(vault: &Vault) -> (Option<i64>, Option<i64>) {
    sqlx::query_as("SELECT leased_at, next_at FROM outbox WHERE outcome IS NULL")
        .fetch_one(&vault.0.database.readers)
        .await
        .unwrap()
}

/// A node that starts or stops leaves the mails of another one alone. They are sent by others only once their node has
/// stopped extending its leases.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_node_takes_only_the_mails_of_a_dead_one() {
    let mut worker = WorkerFixture::open().await;
    worker.fixture.leave_mail();
    let vault = &worker.round.vault.clone();
    let other = worker.fixture.try_open_again().await.unwrap();
    let beside = || Round::new(other.clone(), worker.transport("beside"));
    let in_flight = InFlight::default();
    let mail = vault.take(Wanted::Any, NOON, &in_flight).await;
    let mail = mail.unwrap().unwrap().lease;
    let end = NOON + 2 * MINUTE;
    assert_eq!(lease(vault).await, (Some(NOON), Some(end)));

    let (stop, stopped) = oneshot::channel();
    stop.send(()).unwrap();
    beside().run(stopped).await;
    assert_eq!(lease(vault).await, (Some(NOON), Some(end)), "a start");
    beside().give_back().await;
    assert_eq!(lease(vault).await, (Some(NOON), Some(end)), "a stop");

    let extended = outbox::extend(&vault.0.database, &mail, NOON + MINUTE).await;
    assert!(extended.unwrap());
    let end = end + MINUTE;
    let take = |now| other.take(Wanted::Any, now, &worker.round.in_flight);
    assert!(take(end - 1).await.unwrap().is_none());
    let taken = take(end).await.unwrap().unwrap();
    assert_eq!(taken.lease.id, mail.id, "the same Message-ID");

    let extended = outbox::extend(&vault.0.database, &mail, end).await;
    assert!(!extended.unwrap());
    let theirs = (Some(end), Some(end + 2 * MINUTE));
    assert_eq!(lease(vault).await, theirs, "it is another lease by now");
    drop(taken);
    worker.round.start(mail.lease(), |_| std::future::pending());
    worker.round.give_back().await;
    assert_eq!(lease(vault).await, theirs, "a stop after its lease");
    other.close().await;
}
