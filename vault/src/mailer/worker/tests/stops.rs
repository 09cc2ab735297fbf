//! Mails whose outcome could not be stored before a stop.

mod sqlite;

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
