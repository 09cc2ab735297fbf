//! Leases that a start takes back. Among several nodes it takes nothing back: they may be those of another node.

use super::*;

/// Nor does a start send a copy if a stop could not even store that; a killed process is back sooner, and a link cannot wait.
#[tokio::test]
async fn a_start_sends_no_copy_of_what_could_not_be_stored() {
    for (minutes, waits) in [(1, false), (30, true)] {
        let mut worker = WorkerFixture::open().await;
        let vault = worker.round.vault.clone();
        let (key,): (String,) = sqlx::query_as("SELECT MIN(access_key) FROM api_keys")
            .fetch_one(&vault.0.database.readers)
            .await
            .unwrap();
        vault.expire_key(&worker.member.actor, &key).await.unwrap();
        taken_and_not_stored(&mut worker).await;
        forbid(&worker.fixture, "no_update", "UPDATE").await;
        let transport = Arc::clone(&worker.round.transport);
        worker.round.give_back().await;
        permit(&worker.fixture, "no_outcome").await;
        permit(&worker.fixture, "no_update").await;
        worker.fixture.clock.advance(minutes * 60_000);

        let round = Round::new(vault.clone(), Arc::into_inner(transport).unwrap());
        let (stop, stopped) = oneshot::channel();
        stop.send(()).unwrap();
        round.run(stopped).await;
        let kinds: Vec<(String, Option<i64>)> =
            sqlx::query_as("SELECT kind, next_at FROM outbox ORDER BY kind")
                .fetch_all(&vault.0.database.readers)
                .await
                .unwrap();
        let notice = waits.then_some(NOON + minutes * 60_000 + outbox::backoff::UNKNOWN_MS);
        let expected = [("confirm_address", None), ("notice", notice)];
        let expected = expected.map(|(kind, next_at)| (kind.to_owned(), next_at));
        assert_eq!(kinds, expected, "after {minutes} min");
    }
}
