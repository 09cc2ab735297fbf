//! Changes on a PostgreSQL server. If the connection ends at the wrong moment, the answer to a change is true, and usage is
//! exact. With a wrong clock there are no changes.

mod proxy;

use std::time::{Duration, Instant};

use vault::readiness::Cause;
use vault::test_support::{Fixture, HOUR, Member, NOON, PATIENCE, creation};
use vault::{Error, NewKey};

use crate::usage::flush::{account_hours, call, hours};
use proxy::{Cut, Proxy};

/// A vault behind a proxy, with one key.
struct Site {
    fixture: Fixture,
    proxy: Proxy,
    member: Member,
    key: NewKey,
}

impl Site {
    async fn new() -> Self {
        let mut proxy = None;
        let fixture = Fixture::with(|options| {
            let (before, url) = Proxy::before(&options.database_url);
            options.database_url = url;
            proxy = Some(before);
        });
        let fixture = fixture.await;
        fixture.leave_mail();
        let member = fixture.member("a@example.com").await;
        Self {
            key: fixture.key(&member, "k", "90d").await,
            member,
            fixture,
            proxy: proxy.unwrap(),
        }
    }

    async fn expire(&self) -> Result<(), Error> {
        let access_key = self.key.access_key.to_string();
        let vault = &self.fixture.vault;
        let expired = vault.expire_key(&self.member.actor, &access_key).await;
        expired.map(drop)
    }

    /// Counts two calls.
    fn call(&self) {
        for _ in 0..2 {
            assert!(call(&self.fixture.vault, &self.key, 1, "curl"));
        }
    }

    /// Checks that this many calls are stored, of the key and of the account.
    async fn stores(&self, calls: i64) {
        let mut database = self.fixture.database().await;
        assert_eq!(hours(&mut database, &self.key).await, [(0, calls, 0)]);
        let of_account = account_hours(&mut database, &self.member).await;
        assert_eq!(of_account, [(0, calls, 0)]);
    }
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_change_whose_answer_is_lost_is_acknowledged() {
    let site = Site::new().await;
    site.proxy.cut(Cut::After);
    site.expire().await.unwrap();
    assert_eq!(site.fixture.verdict(&site.key), "expired");
    assert_eq!(site.fixture.vault.write_failures(), 0);
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_change_whose_commit_is_lost_is_refused() {
    let site = Site::new().await;
    site.proxy.cut(Cut::Before);
    let refused = site.expire().await;
    assert!(matches!(refused, Err(Error::NotSaved(_))), "{refused:?}");
    assert_eq!(site.fixture.verdict(&site.key), "good");
    site.expire().await.unwrap();
    assert_eq!(site.fixture.verdict(&site.key), "expired");
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn usage_is_exact_whatever_became_of_its_commit() {
    let site = Site::new().await;
    site.call();
    site.proxy.cut(Cut::After);
    site.fixture.vault.flush_usage().await.unwrap();
    site.stores(2).await;
    site.call();
    site.proxy.cut(Cut::Before);
    let refused = site.fixture.vault.flush_usage().await;
    assert!(matches!(refused, Err(Error::NotSaved(_))), "{refused:?}");
    site.call();
    site.fixture.vault.flush_usage().await.unwrap();
    site.stores(6).await;
}

/// With the server away after the cut, the answer says that the outcome is unknown, and nothing goes by a guess.
async fn is_in_doubt(cut: Cut) {
    let site = Site::new().await;
    let vault = &site.fixture.vault;
    site.call();
    site.proxy.set_away(true);
    site.proxy.cut(cut);
    let flushed = vault.flush_usage().await;
    assert!(matches!(flushed, Err(Error::InDoubt(_))), "{flushed:?}");
    site.call();
    site.proxy.set_away(false);
    // The first attempts may come too late for the limit of a turn, on a busy machine.
    let begun = Instant::now();
    while let Err(error) = vault.flush_usage().await {
        assert!(begun.elapsed() < PATIENCE, "{error}");
    }
    site.stores(4).await;
    assert_eq!(vault.flush_lag().as_millis(), 0);
    assert!(vault.write_failures() > 0);
}

#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn counts_wait_until_the_outcome_of_their_commit_is_known() {
    tokio::join!(is_in_doubt(Cut::Before), is_in_doubt(Cut::After));
}

/// The turn of another node says nothing about the database.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_new_connection_that_waits_for_another_node_is_no_fault() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    let mut other = fixture.foreign_write().await;
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let ended = sqlx::raw_sql(ended).execute(&mut other);
    ended.await.unwrap();
    let create = async || {
        let creation = creation("k", "", "90d");
        let created = fixture.vault.create_key(&member.actor, creation).await;
        created.map(drop)
    };
    let refused = create().await;
    assert!(matches!(refused, Err(Error::NotSaved(_))), "{refused:?}");
    let begun = Instant::now();
    let failures = loop {
        let failures = fixture.vault.write_failures();
        match create().await {
            Err(Error::Busy) => break failures,
            // On a busy machine, connecting may take too long at first.
            Err(Error::NotSaved(_)) if begun.elapsed() < PATIENCE => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(fixture.vault.write_failures(), failures);
    let ended = sqlx::raw_sql("ROLLBACK").execute(&mut other);
    ended.await.unwrap();
    create().await.unwrap();
}

/// A node that was cut off while a newer version changed the tables writes nothing by the old rules.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_breaking_migration_stops_the_changes_of_a_node_that_comes_back() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    let mut other = fixture.database().await;
    let migrated =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                    VALUES (9999, 'breaking scopes', TRUE, '', 0)";
    sqlx::raw_sql(migrated).execute(&mut other).await.unwrap();
    let creation = creation("k", "", "90d");
    let created = fixture.vault.create_key(&member.actor, creation).await;
    is_refused(created.map(drop), "the migration 9999");
}

fn is_refused<T: std::fmt::Debug>(result: Result<T, Error>, part: &str) {
    match result {
        Err(Error::NotSaved(reason)) => assert!(reason.contains(part), "{reason}"),
        other => panic!("{other:?}"),
    }
}

/// Waits until the clock's skew is a fault, or none.
async fn until_skewed(fixture: &Fixture, skewed: bool) {
    let begun = Instant::now();
    while fixture.vault.readiness().fault(Cause::Skew).is_some() != skewed {
        assert!(begun.elapsed() < PATIENCE, "{skewed}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Other nodes would take over its instants, and the database would keep them.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_node_whose_clock_is_off_changes_nothing() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    let key = fixture.key(&member, "k", "90d").await;
    let expire = async || {
        let access_key = key.access_key.to_string();
        let expired = fixture.vault.expire_key(&member.actor, &access_key).await;
        expired.map(drop)
    };
    assert!(call(&fixture.vault, &key, 1, "curl"));
    for ahead in [2_500, -2_500] {
        fixture.clock.set_ahead(ahead);
        is_refused(expire().await, "differs from the database's");
        is_refused(fixture.vault.flush_usage().await, "differs from");
        until_skewed(&fixture, true).await;
        fixture.clock.set_ahead(0);
        until_skewed(&fixture, false).await;
    }
    assert_eq!(fixture.verdict(&key), "good");
    fixture.vault.flush_usage().await.unwrap();
    let mut database = fixture.database().await;
    assert_eq!(hours(&mut database, &key).await, [(0, 2, 0)]);
    expire().await.unwrap();
    assert_eq!(fixture.verdict(&key), "expired");
}

/// Time stands still in this process alone.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn an_instant_after_a_jump_ahead_and_back_is_not_recorded() {
    let fixture = Fixture::new().await;
    fixture.leave_mail();
    let member = fixture.member("a@example.com").await;
    let create = async || {
        let creation = creation("k", "", "90d");
        let created = fixture.vault.create_key(&member.actor, creation).await;
        created.map(drop)
    };
    fixture.clock.leap(HOUR);
    assert_eq!(fixture.vault.now(), NOON + HOUR);
    fixture.clock.leap(-HOUR);
    is_refused(create().await, "has jumped");
    let latest: (i64,) = sqlx::query_as("SELECT MAX(at) FROM audit")
        .fetch_one(&mut fixture.database().await)
        .await
        .unwrap();
    assert_eq!(latest, (NOON,));
    fixture.clock.advance(HOUR);
    create().await.unwrap();
}
