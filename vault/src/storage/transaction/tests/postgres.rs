//! What a change on PostgreSQL does not leave to the server.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::AssertSqlSafe;

use super::*;
use crate::storage::System;

async fn setting(fixture: &Fixture, name: &str) -> String {
    let read = async |tx: &mut Tx| {
        let query = sqlx::query_as("SELECT current_setting($1)").bind(name);
        let (value,): (String,) = query.fetch_one(tx.connection()).await?;
        tx.roll_back();
        Ok(value)
    };
    let read = fixture.vault.0.database.transact(System, read);
    read.await.unwrap()
}

/// The server answers the COMMIT of such a change without an error, although it rolls back.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_change_with_a_failed_statement_is_not_acknowledged() {
    let fixture = Fixture::new().await;
    let change = async |tx: &mut Tx| {
        let failed = sqlx::query("SELECT 1 / 0").execute(tx.connection()).await;
        assert!(failed.is_err());
        tx.audit(entry()).await.unwrap_or_default();
        Ok(())
    };
    let refused = fixture.vault.0.database.transact(System, change).await;
    assert!(matches!(refused, Err(Error::NotSaved(_))), "{refused:?}");
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_commit_waits_for_the_disk_whatever_the_servers_default_is() {
    let fixture = Fixture::new().await;
    let off = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off; ALTER DATABASE %I SET
               default_transaction_isolation = ''repeatable read''', current_database(), current_database()); END $$";
    let mut database = fixture.database().await;
    let set = sqlx::raw_sql(AssertSqlSafe(off.to_owned())).execute(&mut database);
    set.await.unwrap();
    let fixture = fixture.reopened().await;
    assert_eq!(setting(&fixture, "synchronous_commit").await, "on");
    assert_eq!(
        setting(&fixture, "transaction_isolation").await,
        "read committed",
        "a snapshot is not older than the turn"
    );
}

/// This node follows the change log like every other.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_change_is_published_before_the_answer() {
    let site = Site::new().await;
    let (vault, published) = (site.vault.clone(), site.publishes());
    let change = site.vault.write(System, move |tx| {
        Box::pin(async move {
            tx.publish(published);
            assert_eq!(vault.key_count(), 1, "not before the commit");
            Ok(())
        })
    });
    change.await.unwrap();
    assert_eq!(site.vault.key_count(), 0);
}

/// Sessions that are not Keyhold's take no turn, so the server may end a change for their sake.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_change_that_another_session_ends_is_made_again() {
    let site = Site::new().await;
    let before = site.instants().await.len();
    for (code, failures) in [("40001", 2), ("40P01", 2), ("40P01", 3)] {
        let tries = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&tries);
        let change = site.vault.write(System, move |tx| {
            Box::pin(async move {
                tx.audit(entry()).await?;
                if counted.fetch_add(1, Ordering::Relaxed) < failures {
                    let end = format!(
                        "DO $$ BEGIN RAISE EXCEPTION 'ended' USING ERRCODE = '{code}'; END $$"
                    );
                    let end = sqlx::raw_sql(AssertSqlSafe(end));
                    end.execute(tx.connection()).await?;
                }
                Ok(())
            })
        });
        let outcome = change.await;
        assert_eq!(outcome.is_ok(), failures < 3, "{outcome:?}");
        assert_eq!(tries.load(Ordering::Relaxed), 3, "bounded");
    }
    assert_eq!(site.instants().await.len(), before + 2, "once each");
    assert_eq!(site.vault.write_failures(), 0);
}
