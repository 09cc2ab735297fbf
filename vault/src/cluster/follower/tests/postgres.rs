//! Rounds of a follower that the test runs, beside another node.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use sqlx::AssertSqlSafe;

use super::super::*;
use crate::cluster::lease::{Lease, Term};
use crate::state::directory::{AccountFacts, Publication};
use crate::storage::TURN;
use crate::test_support::{Fixture, PATIENCE};

/// Joins the node of a fixture, without its directory.
async fn beside(fixture: &Fixture, database: &mut AnyConnection) -> Follower {
    let shares = "SELECT pepper_id, lease_ms FROM nodes";
    let (pepper_id, lease_ms) = sqlx::query_as(shares).fetch_one(database).await.unwrap();
    let address = fixture.folder.database();
    let connecting = Database {
        url: address.url(),
        turn: TURN,
        schema: i64::MAX,
        connect: Box::new(move || {
            let address = address.clone();
            Box::pin(async move { address.connect().await })
        }),
        load: |_, _| Box::pin(std::future::ready(Ok(()))),
    };
    let introduction = Introduction {
        version: String::new(),
        address: "the test".to_owned(),
        pepper_id,
        key_prefix: "kh".to_owned(),
        term: Term::of_ms(lease_ms),
    };
    Follower::new(
        connecting,
        introduction,
        Arc::default(),
        fixture.clock.clone(),
        Arc::default(),
        Arc::new(Shared::new(Arc::new(Lease::none()))),
    )
}

/// Returns the numbers of the oldest and the newest entry of the log.
async fn log_of(database: &mut AnyConnection) -> (i64, i64) {
    let ends = "SELECT MIN(seq), MAX(seq) FROM key_changes";
    sqlx::query_as(ends).fetch_one(database).await.unwrap()
}

/// The row of the other node is locked, so it cannot say that it has seen anything more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn the_log_is_pruned_up_to_what_every_node_has_seen() {
    let fixture = Fixture::new().await;
    let mut database = fixture.database().await;
    let mut follower = beside(&fixture, &mut database).await;
    let mut connection = follower.begin().await.unwrap();
    let own = follower.row.clone().unwrap();
    let seen_there = format!("SELECT seen FROM nodes WHERE id <> '{own}'");
    let mut lock = fixture.database().await;
    let begin = sqlx::raw_sql("BEGIN").execute(&mut lock);
    begin.await.unwrap();
    let locked = AssertSqlSafe(format!("{seen_there} FOR UPDATE"));
    let locked = sqlx::query_scalar(locked).fetch_one(&mut lock);
    let behind: i64 = locked.await.unwrap();

    let mut append = async || {
        let change = [Publication::Account(AccountFacts {
            id: "acc_1".to_owned(),
            external_id: None,
            warning_days: 7,
            suspended: false,
        })];
        log::append(&mut database, &own, 0, &change).await.unwrap()
    };
    append().await;
    append().await;
    let newest = append().await;
    let long_ago = PRUNE_EVERY + Duration::from_secs(1);
    follower.pruned = Instant::now().checked_sub(long_ago).unwrap();
    follower.round(&mut connection).await.unwrap();
    assert_eq!(follower.position.as_ref().unwrap().seq, newest);
    assert_eq!(log_of(&mut database).await, (behind, newest));

    let unlock = sqlx::raw_sql("ROLLBACK").execute(&mut lock);
    unlock.await.unwrap();
    let caught_up = async {
        let mut seen = behind;
        while seen < newest {
            let read = sqlx::query_scalar(AssertSqlSafe(seen_there.clone()));
            seen = read.fetch_one(&mut lock).await.unwrap();
        }
    };
    timeout(PATIENCE, caught_up).await.unwrap();
    follower.round(&mut connection).await.unwrap();
    let unpruned = (behind, newest);
    assert_eq!(log_of(&mut database).await, unpruned, "it is not due");
    follower.pruned = Instant::now().checked_sub(long_ago).unwrap();
    follower.round(&mut connection).await.unwrap();
    assert_eq!(log_of(&mut database).await, (newest, newest));
    follower.leave(Some(connection)).await;
}
