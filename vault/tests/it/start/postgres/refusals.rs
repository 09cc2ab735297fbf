//! Servers and databases that stop the start: a sentence names the reason, shows no password, and nothing is written.

use url::Url;
use vault::Options;
use vault::test_support::{Folder, options};

use super::{by_tls, connect, opened, run};

/// Opens the database after `statements`, and checks that it is refused for a reason that contains `part`.
async fn is_refused(statements: &str, part: &str) {
    let folder = Folder::new().await;
    run(&mut folder.database().connect().await.unwrap(), statements).await;
    refuses(&folder, address(&folder), part).await;
}

/// Checks that a database is refused for a reason that contains `part` and shows no password, with nothing left behind.
async fn refuses(folder: &Folder, mut url: Url, part: &str) {
    url.set_password(Some("hunter2")).unwrap();
    let options = Options {
        database_url: url.into(),
        ..options(folder)
    };
    let refused = opened(&options).await;
    assert!(
        refused.contains(part) && !refused.contains("hunter2"),
        "{refused}"
    );
    assert!(!options.pepper_file.exists(), "a pepper for nothing");
}

fn address(folder: &Folder) -> Url {
    folder.database().url().parse().unwrap()
}

/// Makes later connections find the functions of the schema public before the server's.
const OURS_FIRST: &str = "DO $$ BEGIN
        EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
    END $$";

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

/// The server is no standby.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_standby_is_refused() {
    let standby =
        "CREATE FUNCTION public.pg_is_in_recovery() RETURNS BOOLEAN LANGUAGE sql AS 'SELECT TRUE'";
    is_refused(
        &format!("{standby}; {OURS_FIRST}"),
        "it only reads, as a standby does",
    )
    .await;
}

/// The server is a newer one.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn an_old_server_is_refused() {
    let old = "CREATE FUNCTION public.current_setting(name TEXT) RETURNS TEXT LANGUAGE sql AS $$
        SELECT CASE name
            WHEN 'server_version_num' THEN '140013'
            WHEN 'server_version' THEN '14.13'
            ELSE pg_catalog.current_setting(name)
        END $$";
    is_refused(
        &format!("{old}; {OURS_FIRST}"),
        "PostgreSQL 14.13 is too old",
    )
    .await;
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_database_without_a_schema_is_refused() {
    is_refused(
        "DROP SCHEMA public CASCADE",
        "no schema of its search_path exists",
    )
    .await;
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn another_encoding_is_refused() {
    let folder = Folder::new().await;
    let url = address(&folder);
    let name = url.path().trim_start_matches('/');
    let mut server = connect(&std::env::var("KEYHOLD_TEST_POSTGRES").unwrap()).await;
    run(&mut server, &format!("DROP DATABASE {name}")).await;
    let create = format!("CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    run(&mut server, &create).await;
    refuses(&folder, url, "its encoding is LATIN1").await;
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_wrong_password_is_refused() {
    let folder = Folder::new().await;
    refuses(
        &folder,
        by_tls(address(&folder).as_str()),
        "password authentication failed for user \"keyhold\"",
    )
    .await;
}

/// `keyhold nodes` does not answer with an error of the server.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_database_without_tables_has_no_nodes() {
    let folder = Folder::new().await;
    let url = folder.database().url();
    assert!(vault::nodes(&url).await.unwrap().unwrap().is_empty());
    let mut database = folder.database().connect().await.unwrap();
    run(
        &mut database,
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public",
    )
    .await;
    let refused = vault::nodes(&url).await.unwrap_err().to_string();
    assert!(
        refused.ends_with(
            "has no tables of keyhold: is KEYHOLD_DATABASE_URL right? `keyhold serve` creates them"
        ),
        "{refused}"
    );
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
    let mut url = address(&folder);
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
    let mut url = address(&folder);
    url.set_path("there_is_none");
    refuses(&folder, url, "\"there_is_none\" does not exist").await;
}
