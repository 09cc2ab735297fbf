//! Upgrades of a database that several nodes share: an older and a newer version run side by side for one release.
//!
//! A migration that an older version cannot live with has a name which begins with `breaking`, as in
//! `0016_breaking_scopes.sql`. The name is recorded in the database, so it binds older versions too: such a migration runs
//! only while no node has a lease, and a node that does not know it never joins again.

use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, Connection};

use super::postgres::Server;
use crate::cluster::{self, BREAKING};
use crate::error::OpenError;

/// Runs the migrations that the database of `server` lacks. Several nodes that start at once do so one after another.
///
/// # Errors
/// [`OpenError::OlderNodes`] if nodes would have to live with a migration that they cannot live with.
pub async fn migrate(
    server: &Server,
    connection: &mut AnyConnection,
    migrations: &Migrator,
) -> Result<(), OpenError> {
    let Some(breaking) = pending(connection, migrations).await? else {
        return Ok(migrations.run(connection).await?);
    };
    let refused = |nodes: &[_]| OpenError::OlderNodes {
        migration: breaking,
        nodes: cluster::names(nodes),
    };
    let nodes = cluster::await_absence(connection).await?;
    if !nodes.is_empty() {
        return Err(refused(&nodes));
    }
    // Joining takes the turn to write, which this connection has until it closes.
    let alone = server.connect_alone().await;
    let Some(mut alone) = alone.map_err(|error| server.unreachable(&error))? else {
        return Err(refused(&cluster::listing(connection).await?));
    };
    let nodes = cluster::listing(&mut alone).await?;
    if !nodes.is_empty() {
        return Err(refused(&nodes));
    }
    migrations.run(&mut alone).await?;
    alone.close().await?;
    Ok(())
}

/// Returns the first breaking migration that a database with tables of ours lacks.
async fn pending(
    connection: &mut AnyConnection,
    migrations: &Migrator,
) -> sqlx::Result<Option<i64>> {
    let (old,): (bool,) = sqlx::query_as("SELECT to_regclass('nodes') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !old {
        return Ok(None);
    }
    let (newest,): (i64,) =
        sqlx::query_as("SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations")
            .fetch_one(connection)
            .await?;
    let breaking = migrations.iter().find(|migration| {
        migration.version > newest && migration.description.starts_with(BREAKING)
    });
    Ok(breaking.map(|migration| migration.version))
}

#[cfg(test)]
mod postgres {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot go on should stop there"
    )]

    use sqlx::migrate::{Migration, MigrationType};
    use sqlx::{SqlSafeStr, SqlStr};

    use super::*;
    use crate::storage::MIGRATIONS;
    use crate::test_support::{Fixture, options};

    /// Returns our migrations, and one more.
    fn and(description: &'static str) -> Migrator {
        let sql: SqlStr = "CREATE TABLE later (id BIGINT)".into_sql_str();
        let kind = MigrationType::Simple;
        let one = Migration::new(9_999, description.into(), kind, sql, false);
        let mut all: Vec<Migration> = MIGRATIONS.iter().cloned().collect();
        all.push(one);
        Migrator::with_migrations(all)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs a PostgreSQL server"]
    async fn a_breaking_migration_waits_until_no_node_is_left() {
        let fixture = Fixture::new().await;
        let options = options(&fixture.folder);
        let server = Server::new(&options.database_url).unwrap();
        let mut connection = server.connect_writer().await.unwrap();
        let refused = migrate(&server, &mut connection, &and("breaking later")).await;
        let refused = refused.err().map(|error| error.to_string());
        let refused = refused.unwrap_or_default();
        assert!(refused.contains("migration 9999"), "{refused}");
        let named = format!("{} at {}", env!("CARGO_PKG_VERSION"), options.node_address);
        assert!(refused.contains(&named), "{refused}");

        fixture.vault.close().await;
        migrate(&server, &mut connection, &and("breaking later"))
            .await
            .unwrap();
        let newer = fixture.try_open_again().await.err();
        assert!(matches!(newer, Some(OpenError::Newer { found: 9_999, .. })));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "needs a PostgreSQL server"]
    async fn another_migration_runs_beside_older_nodes() {
        let fixture = Fixture::new().await;
        let server = Server::new(&options(&fixture.folder).database_url).unwrap();
        let mut connection = server.connect_writer().await.unwrap();
        migrate(&server, &mut connection, &and("later"))
            .await
            .unwrap();
        fixture.member("a@example.com").await;
        fixture.leave_mail();
        fixture.vault.close().await;
    }
}
