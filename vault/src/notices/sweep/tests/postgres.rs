//! Sweeps beside other nodes.

use super::super::*;
use crate::test_support::{Fixture, NOON, at, creation};

/// A node whose clock is behind cannot set an expiration that the sweep of another one has just passed.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn no_change_is_dated_before_a_sweep_of_another_node() {
    let fixture = Fixture::new().await;
    let member = fixture.member("a@example.com").await;
    let other = fixture.try_open_again().await.unwrap();
    let now = NOON + 1_500;
    let from = position(&other.0.database, now).await.unwrap();
    assert!(from <= NOON, "it is announced, and not done");
    let passed = at(now - 500);
    let key = creation("k", "", &passed);
    let created = fixture.vault.create_key(&member.actor, key).await;
    assert!(matches!(created, Err(Error::Invalid(_))));
    other.close().await;
}

/// A server that lacks the announcement of a sweep lacks other changes too.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_sweep_does_not_read_from_a_server_that_is_behind() {
    let fixture = Fixture::new().await;
    let database = &fixture.vault.0.database;
    position(database, NOON).await.unwrap();
    assert!(begin_read(database, NOON).await.is_ok());
    let behind = begin_read(database, NOON + 1).await;
    assert!(matches!(behind, Err(Error::Unavailable(_))));
}
