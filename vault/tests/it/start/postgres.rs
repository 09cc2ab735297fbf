//! Opening a database on a PostgreSQL server.

mod pooler;
mod refusals;
mod tls;

use std::sync::Arc;

use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use url::Url;
use vault::clock::SystemClock;
use vault::test_support::{Fixture, NOON, options};
use vault::{Options, Vault};

use super::open::sentence;

async fn run(connection: &mut AnyConnection, statements: &str) {
    let run = sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(connection);
    run.await.unwrap();
}

async fn connect(url: &str) -> AnyConnection {
    install_default_drivers();
    AnyConnection::connect(url).await.unwrap()
}

/// Returns the address of a database for connections with TLS and a password.
fn by_tls(database_url: &str) -> Url {
    let server = std::env::var("KEYHOLD_TEST_POSTGRES_TLS");
    let server = server.expect("build/postgres.sh run sets it");
    let mut url: Url = server.parse().unwrap();
    let database: Url = database_url.parse().unwrap();
    url.set_path(database.path());
    url
}

async fn opened(options: &Options) -> String {
    sentence(Vault::open(options, Arc::new(SystemClock::default())).await)
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
    // As before the newest migration.
    run(
        &mut database,
        "DELETE FROM sweeps; DROP INDEX audit_by_account, audit_by_action, audit_by_kind;
         ALTER TABLE accounts DROP COLUMN folded;
         ALTER TABLE audit DROP COLUMN external_id;
         DROP TABLE people; ALTER TABLE api_keys DROP COLUMN made_by;
         DELETE FROM _sqlx_migrations WHERE version >= 24",
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
        "SELECT (SELECT COUNT(*) FROM sweeps), (SELECT COUNT(*) FROM _sqlx_migrations WHERE version >= 24)",
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
