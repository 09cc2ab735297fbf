//! What may happen to a node that follows the change log: its notifications end, or an entry is not for its version.

use std::collections::BTreeSet;

use sqlx::AnyConnection;
use vault::readiness::Cause;
use vault::test_support::{INVALID, PASSWORD, creation, expire, restore};
use vault::{BulkChange, DeleteAccount};

use super::{Shared, TURN, UNAVAILABLE, is_expired, member, rejection, run, until};

/// Returns the server's processes behind the connections that receive notifications.
async fn listeners(database: &mut AnyConnection) -> BTreeSet<i64> {
    // While they wait, the last statement is this, or the check of a silent connection.
    let listeners = "SELECT CAST(pid AS BIGINT) FROM pg_stat_activity
         WHERE datname = current_database() AND (query LIKE 'LISTEN %' OR query = 'SELECT 1')";
    let listeners: Vec<i64> = sqlx::query_scalar(listeners)
        .fetch_all(database)
        .await
        .unwrap();
    listeners.into_iter().collect()
}

/// A change made while nothing is notified is found by polling.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn changes_are_acknowledged_without_notifications_and_nodes_listen_again() {
    let shared = Shared::new().await;
    let (here, there) = (shared.node("a").await, shared.node("b").await);
    let member = member(&here).await;
    let key = &member.default_key;
    let mut database = shared.database().await;
    let mut ended = BTreeSet::new();
    until("both nodes listen", async || {
        ended = listeners(&mut database).await;
        ended.len() == 2
    })
    .await;
    for listener in &ended {
        run(
            &mut database,
            format!("SELECT pg_terminate_backend({listener})"),
        )
        .await;
    }
    expire(&there, &member, &key.access_key.to_string()).await;
    assert!(is_expired(&here, key) && is_expired(&there, key));
    until("both nodes listen again", async || {
        let present = listeners(&mut database).await;
        present.len() == 2 && present.is_disjoint(&ended)
    })
    .await;
    restore(&here, &member, &key.access_key.to_string(), "never").await;
    assert_eq!(
        (rejection(&here, key), rejection(&there, key)),
        (None, None)
    );
    for node in [here, there] {
        node.close().await;
    }
    shared.remove().await;
}

/// As during an upgrade. The write turn is held, so that the node cannot join again before the test has looked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_change_by_a_newer_version_makes_a_node_load_again() {
    let shared = Shared::new().await;
    let node = shared.node("a").await;
    let member = member(&node).await;
    let key = &member.default_key;
    assert_eq!(rejection(&node, key), None);
    let mut newer = shared.database().await;
    let change = format!(
        "SELECT pg_advisory_lock({TURN});
         BEGIN;
         UPDATE api_keys SET expires_at = 1;
         INSERT INTO key_changes (seq, tag, at, body)
         SELECT seq + 1, 'newer', at, '[{{\"suspend\":{{}}}}]' FROM key_changes ORDER BY seq DESC LIMIT 1;
         COMMIT;
         NOTIFY keyhold_changes"
    );
    run(&mut newer, change).await;
    let fault = || {
        let faults = node.faults().into_iter();
        let mut of_lease = faults.filter(|(cause, _)| *cause == Cause::Lease);
        of_lease.next().map(|(_, fault)| fault)
    };
    until("the node says why", async || {
        fault().is_some_and(|fault| fault.contains("was written by a newer version"))
    })
    .await;
    assert!(!node.is_trusted());
    assert_eq!(rejection(&node, key), Some(UNAVAILABLE));

    run(&mut newer, format!("SELECT pg_advisory_unlock({TURN})")).await;
    until("the node verifies again", async || {
        is_expired(&node, key) && fault().is_none()
    })
    .await;
    restore(&node, &member, &key.access_key.to_string(), "never").await;
    assert_eq!(rejection(&node, key), None);
    node.close().await;
    shared.remove().await;
}

/// A change of more keys than one entry of the log holds, and its undo, are in force on every node once they are
/// acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn bulk_changes_and_undos_are_acknowledged_by_every_node() {
    let shared = Shared::new().await;
    let (here, there) = (shared.node("a").await, shared.node("b").await);
    let member = member(&here).await;
    let mut keys = Vec::new();
    for number in 0..450 {
        let name = format!("key {number}");
        let key = creation(&name, "", "90d");
        keys.push(here.create_key(&member.actor, key).await.unwrap());
    }
    let everywhere = |expired: bool| {
        for node in [&here, &there] {
            assert!(keys.iter().all(|key| is_expired(node, key) == expired));
        }
    };
    let all = BulkChange {
        action: "expire",
        access_keys: "all",
        ..BulkChange::default()
    };
    let change = there.change_keys(&member.actor, all).await.unwrap();
    everywhere(true);
    here.undo(&member.actor, &change.change).await.unwrap();
    everywhere(false);
    let again = there.undo(&member.actor, &change.change).await;
    assert!(matches!(again, Err(vault::Error::Conflict(_))));
    for node in [here, there] {
        node.close().await;
    }
    shared.remove().await;
}

/// The keys of a deleted account stop on every node before the deletion is acknowledged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_deleted_account_has_no_keys_on_any_node() {
    let shared = Shared::new().await;
    let (here, there) = (shared.node("a").await, shared.node("b").await);
    let member = member(&here).await;
    let key = &member.default_key;
    until("the other node has the key", async || {
        rejection(&there, key).is_none()
    })
    .await;
    let typed = DeleteAccount {
        confirm_email: &member.actor.account().email,
        current_password: PASSWORD,
    };
    here.delete_account(&member.actor, typed).await.unwrap();
    assert_eq!(rejection(&here, key), Some(INVALID));
    assert_eq!(rejection(&there, key), Some(INVALID));
    for node in [here, there] {
        node.close().await;
    }
    shared.remove().await;
}
