//! Opening a database on a PostgreSQL server: what is refused, and what does not depend on the server's defaults.

use std::sync::Arc;

use sqlx::{AnyConnection, AssertSqlSafe};
use vault::clock::SystemClock;
use vault::test_support::{Fixture, Folder, NOON, options};
use vault::{Options, Vault};

use super::open::sentence;

async fn run(connection: &mut AnyConnection, statements: &str) {
    let run = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(connection);
    run.await.unwrap();
}

async fn opened(options: &Options) -> String {
    sentence(Vault::open(options, Arc::new(SystemClock::default())).await)
}

/// Opens the database after `statements`, and checks that it is refused for a reason that contains `part`, with nothing
/// left behind.
async fn is_refused(statements: &str, part: &str) {
    let folder = Folder::new().await;
    run(&mut folder.database().connect().await.unwrap(), statements).await;
    let options = options(&folder);
    let refused = opened(&options).await;
    assert!(refused.contains(part), "{statements}: {refused}");
    assert!(!options.pepper_file.exists(), "a pepper for nothing");
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn another_programs_tables_are_refused() {
    is_refused(
        "DROP TABLE _sqlx_migrations; CREATE TABLE theirs (id INT)",
        "another program",
    )
    .await;
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_newer_schema_is_refused() {
    is_refused(
        r"INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
          VALUES (9999, 'later', TRUE, '\x00', 0)",
        "schema 9999",
    )
    .await;
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_database_that_only_reads_is_refused() {
    is_refused(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$",
        "only reads",
    )
    .await;
}

/// The user has other rights than those that the superuser of the tests has.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_missing_right_is_named() {
    let folder = Folder::new().await;
    let mut connection = folder.database().connect().await.unwrap();
    let role = format!("reader_{}", std::process::id());
    run(
        &mut connection,
        &format!("CREATE ROLE {role} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"),
    )
    .await;
    let mut url: url::Url = folder.database().url().parse().unwrap();
    url.set_username(&role).unwrap();
    let options = Options {
        database_url: url.into(),
        ..options(&folder)
    };
    let no_change = opened(&options).await;
    run(&mut connection, "DROP TABLE _sqlx_migrations CASCADE").await;
    run(
        &mut connection,
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
    )
    .await;
    run(
        &mut connection,
        &format!("GRANT USAGE ON SCHEMA public TO {role}"),
    )
    .await;
    let no_creation = opened(&options).await;
    run(
        &mut connection,
        &format!("DROP OWNED BY {role}; DROP ROLE {role}"),
    )
    .await;
    assert!(
        no_change.contains("may not change the table account_hours"),
        "{no_change}"
    );
    assert!(
        no_creation.contains("may not create tables"),
        "{no_creation}"
    );
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_database_that_does_not_exist_is_named() {
    let folder = Folder::new().await;
    let mut url: url::Url = folder.database().url().parse().unwrap();
    url.set_path("there_is_none");
    let _ = url.set_password(Some("hunter2"));
    let options = Options {
        database_url: url.into(),
        ..options(&folder)
    };
    let refused = opened(&options).await;
    assert!(
        refused.contains("\"there_is_none\" does not exist") && !refused.contains("hunter2"),
        "{refused}"
    );
}

/// A change that the trail dates later than this machine's clock was made by another node: the next one is not older.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_change_is_not_older_than_another_nodes() {
    let fixture = Fixture::new().await;
    let member = fixture.member("a@example.com").await;
    let mut database = fixture.database().await;
    let ahead = NOON + 1_500;
    run(
        &mut database,
        &format!("UPDATE audit SET at = {ahead} WHERE id = (SELECT MAX(id) FROM audit)"),
    )
    .await;
    fixture.key(&member, "later", "90d").await;
    let (at,): (i64,) = sqlx::query_as("SELECT at FROM audit ORDER BY id DESC LIMIT 1")
        .fetch_one(&mut database)
        .await
        .unwrap();
    assert_eq!(at, ahead);
    fixture.leave_mail();
}

/// The tables of an earlier version are not migrated, and nothing else is written, for a node that is refused.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_node_that_may_not_join_writes_nothing() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    fixture.member("a@example.com").await;
    fixture.vault.close().await;
    let mut database = fixture.database().await;
    run(
        &mut database,
        "DELETE FROM sweeps; DROP TABLE commits; DELETE FROM _sqlx_migrations WHERE version = 15",
    )
    .await;
    fixture.clock.set_ahead(-2_500);
    let skewed = sentence(fixture.try_open_again().await);
    assert!(
        skewed.contains("differs from the database's by -2.5 s"),
        "{skewed}"
    );
    fixture.clock.set_ahead(0);
    let pepper = options(&fixture.folder).pepper_file;
    let others = Fixture::new().await;
    let own = std::fs::read(&pepper).unwrap();
    std::fs::copy(options(&others.folder).pepper_file, &pepper).unwrap();
    let peppered = sentence(fixture.try_open_again().await);
    assert!(peppered.contains("another pepper"), "{peppered}");
    let written: (i64, i64) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM sweeps), (SELECT COUNT(*) FROM _sqlx_migrations WHERE version = 15)",
    )
    .fetch_one(&mut database)
    .await
    .unwrap();
    assert_eq!(written, (0, 0));
    std::fs::write(&pepper, own).unwrap();
    fixture.try_open_again().await.unwrap().close().await;
}

/// A large table takes longer than the statements of a node may.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_migration_has_no_limit_of_time() {
    let fixture = Fixture::new().await;
    fixture.vault.close().await;
    let mut database = fixture.database().await;
    run(
        &mut database,
        "DROP TABLE commits; DELETE FROM _sqlx_migrations WHERE version = 15;
         CREATE FUNCTION refuse_a_limit() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
             IF current_setting('statement_timeout') <> '0' THEN RAISE EXCEPTION 'limited'; END IF;
         END $$;
         CREATE EVENT TRIGGER limits ON ddl_command_start EXECUTE FUNCTION refuse_a_limit()",
    )
    .await;
    fixture.try_open_again().await.unwrap().close().await;
}
