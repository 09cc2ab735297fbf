//! Nodes that join, leave, are killed, and come back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use vault::clock::SystemClock;
use vault::readiness::Cause;
use vault::test_support::{creation, expire};
use vault::{Options, accept_clock};

use super::{PATIENCE, Shared, UNAVAILABLE, is_expired, member, open, rejection, run, until};

/// Both at once: a node that joins during changes has every one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_node_that_joins_has_every_change() {
    let shared = Shared::new().await;
    let first = shared.node("a").await;
    let member = member(&first).await;
    for round in 0..6 {
        let name = format!("key {round}");
        let creation = creation(&name, "", "90d");
        let key = first.create_key(&member.actor, creation).await.unwrap();
        let access_key = key.access_key.to_string();
        let (second, ()) = tokio::join!(shared.node("b"), expire(&first, &member, &access_key));
        assert!(is_expired(&second, &key), "round {round}");
        second.close().await;
    }
    first.close().await;
    shared.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_node_whose_row_was_removed_joins_again() {
    let shared = Shared::new().await;
    let (here, there) = (shared.node("a").await, shared.node("b").await);
    let member = member(&here).await;
    let key = &member.default_key;
    let mut database = shared.database().await;
    run(
        &mut database,
        "DELETE FROM nodes WHERE address = 'b'".to_owned(),
    )
    .await;
    until("the node joins again", async || {
        shared.addresses().await == ["a", "b"] && rejection(&there, key).is_none()
    })
    .await;
    expire(&there, &member, &key.access_key.to_string()).await;
    assert!(is_expired(&here, key) && is_expired(&there, key));
    here.close().await;
    there.close().await;
    shared.remove().await;
}

/// Another entry has the number of the one that the node applied last, and the rows are those of an earlier state.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_log_that_lost_its_entries_is_noticed() {
    let shared = Shared::new().await;
    let node = shared.node("a").await;
    let member = member(&node).await;
    let mut database = shared.database().await;
    let statements = "BEGIN;
        UPDATE api_keys SET expires_at = 1;
        UPDATE key_changes SET tag = 'another' WHERE seq = (SELECT MAX(seq) FROM key_changes);
        COMMIT";
    run(&mut database, statements.to_owned()).await;
    until("the node loads again", async || {
        is_expired(&node, &member.default_key)
    })
    .await;
    node.close().await;
    shared.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_node_with_another_pepper_lease_or_prefix_is_refused() {
    let shared = Shared::new().await;
    let node = shared.node("a").await;
    let lease = Options {
        lease_seconds: 6,
        ..shared.options("b")
    };
    let pepper = Options {
        pepper_file: shared.folder.path().join("another"),
        ..shared.options("b")
    };
    let mut prefix = shared.options("b");
    prefix.brand.key_prefix = "acme".parse().ok();
    for (options, named) in [
        (prefix, "KEYHOLD_KEY_PREFIX is acme here and kh"),
        (lease, "KEYHOLD_LEASE is 6 here and 5"),
        (pepper, "another pepper"),
    ] {
        let refused = open(&options).await.err().map(|error| error.to_string());
        let refused = refused.unwrap_or_default();
        assert!(
            refused.contains(named) && refused.contains("the node at a"),
            "{refused}"
        );
    }
    assert_eq!(shared.addresses().await, ["a"]);
    node.close().await;
    shared.remove().await;
}

/// The rows of killed processes are in the way of one with another lease until their own are over, all at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn killed_nodes_delay_another_lease_only_until_the_longest_of_theirs_is_over() {
    let shared = Shared::new().await;
    shared.node("a").await.close().await;
    let begun = Instant::now();
    shared.leave_killed(30, 2_000).await;
    let node = shared.node("a").await;
    // One after another they would take a minute.
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(shared.addresses().await, ["a"]);
    node.close().await;
    shared.remove().await;
}

/// Without a node that would remove it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_clock_is_accepted_once_killed_nodes_have_no_lease() {
    let shared = Shared::new().await;
    let node = shared.node("a").await;
    let mut database = shared.database().await;
    let ahead = "UPDATE sweeps SET swept_to = 4102444800000";
    run(&mut database, ahead.to_owned()).await;
    let accept = async || {
        let clock = Arc::new(SystemClock::default());
        accept_clock(shared.url().as_str(), clock, false).await
    };
    let refused = accept().await.err().map(|error| error.to_string());
    let refused = refused.unwrap_or_default();
    assert!(refused.contains(" at a"), "{refused}");
    node.close().await;
    run(&mut database, ahead.to_owned()).await;
    shared.leave_killed(3, 300).await;
    assert!(accept().await.unwrap().is_some());
    assert!(shared.addresses().await.is_empty());
    shared.remove().await;
}

/// As at a stop, between the last request and the last write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_node_that_has_left_delays_no_change_and_still_writes_usage() {
    let shared = Shared::new().await;
    let (here, there) = (shared.node("a").await, shared.node("b").await);
    let member = member(&here).await;
    let key = &member.default_key;
    assert_eq!(rejection(&there, key), None);
    there.leave(deadline()).await;
    assert_eq!(shared.addresses().await, ["a"]);
    assert_eq!(rejection(&there, key), Some(UNAVAILABLE));
    expire(&here, &member, &key.access_key.to_string()).await;
    there.flush_usage().await.unwrap();
    there.close().await;
    here.close().await;
    shared.remove().await;
}

/// An older version's row was removed while it was cut off, and then a newer version changed the tables.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_node_does_not_join_again_after_a_breaking_migration() {
    let shared = Shared::new().await;
    let node = shared.node("a").await;
    let key = member(&node).await.default_key;
    let mut database = shared.database().await;
    let upgrade = "BEGIN;
        INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'breaking later', TRUE, '', 0);
        DELETE FROM nodes;
        COMMIT";
    run(&mut database, upgrade.to_owned()).await;
    until("the node says why", async || {
        let faults = node.faults();
        let lease = faults.iter().find(|(cause, _)| *cause == Cause::Lease);
        lease.is_some_and(|(_, fault)| fault.contains("upgrade this node"))
    })
    .await;
    assert_eq!(rejection(&node, &key), Some(UNAVAILABLE));
    assert!(shared.addresses().await.is_empty());
    node.close().await;
    shared.remove().await;
}

fn deadline() -> tokio::time::Instant {
    tokio::time::Instant::now() + PATIENCE
}
