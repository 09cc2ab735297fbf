//! Mails whose outcome could not be stored before a stop.

use super::*;
/// Makes the database reject `change`, "UPDATE" or "UPDATE OF" a column, of mails.
async fn forbid(fixture: &Fixture, name: &str, change: &str) {
    let (function, refusal) = if fixture.folder.database().is_postgres() {
        (
            "CREATE OR REPLACE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; END';",
            "FOR EACH ROW EXECUTE FUNCTION no()",
        )
    } else {
        ("", "BEGIN SELECT RAISE(ABORT, 'no'); END")
    };
    let trigger = format!("{function} CREATE TRIGGER {name} BEFORE {change} ON outbox {refusal}");
    execute(fixture, &trigger).await;
}

/// Ends what [`forbid`] has begun.
async fn permit(fixture: &Fixture, name: &str) {
    let of = if fixture.folder.database().is_postgres() {
        "ON outbox"
    } else {
        ""
    };
    execute(fixture, &format!("DROP TRIGGER {name} {of}")).await;
}

async fn execute(fixture: &Fixture, statements: &str) {
    let statements = sqlx::AssertSqlSafe(statements.to_owned());
    let mut database = fixture.database().await;
    let executed = sqlx::raw_sql(statements).execute(&mut database).await;
    executed.unwrap();
}

/// Runs a round whose mails are all accepted by the mail server, while their outcome cannot be stored.
async fn taken_and_not_stored(worker: &mut WorkerFixture) {
    forbid(&worker.fixture, "no_outcome", "UPDATE OF outcome").await;
    worker.round.look(Duration::ZERO).await.unwrap();
    let all_taken = |round: &Round| {
        let mut mails = round.under_way.values();
        mails.all(|mail| mail.progress.is_unknown())
    };
    while !all_taken(&worker.round) {
        tokio::task::yield_now().await;
    }
}

/// A mail that was accepted while its outcome could not be stored is not sent again as soon as Keyhold is back.
#[tokio::test]
async fn a_stop_sends_no_copy_of_what_could_not_be_stored() {
    let mut worker = WorkerFixture::open().await;
    taken_and_not_stored(&mut worker).await;
    assert_eq!(std::fs::read_dir(&worker.mails).unwrap().count(), 1);
    let vault = worker.round.vault.clone();
    worker.round.give_back().await;
    let waiting: (i64, Option<i64>) =
        sqlx::query_as("SELECT next_at, leased_at FROM outbox WHERE outcome IS NULL")
            .fetch_one(&vault.0.database.readers)
            .await
            .unwrap();
    assert_eq!(waiting, (NOON + outbox::backoff::UNKNOWN_MS, None));
}

/// The same holds if a stop could not even store that; a killed process is back sooner, and a link cannot wait.
#[tokio::test]
async fn a_start_sends_no_copy_of_what_could_not_be_stored() {
    for (minutes, waits) in [(1, false), (30, true)] {
        let mut worker = WorkerFixture::open().await;
        let vault = worker.round.vault.clone();
        if vault.0.database.is_shared() {
            // A start among several nodes takes nothing back.
            return;
        }
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
