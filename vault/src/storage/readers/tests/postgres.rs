use std::collections::BTreeSet;

use shared::list::ListQuery;

use super::super::*;
use crate::error::Error;
use crate::storage::READERS;
use crate::test_support::{Fixture, Member, PATIENCE, Proxy};

/// A vault whose server is behind a proxy.
struct Behind {
    fixture: Fixture,
    member: Member,
    proxy: Proxy,
}

impl Behind {
    async fn open() -> Self {
        let mut proxy = None;
        let fixture = Fixture::with(|options| {
            let proxy = proxy.insert(Proxy::start(&options.database_url));
            options.database_url = proxy.url();
        });
        let fixture = fixture.await;
        Self {
            member: fixture.member("a@example.com").await,
            fixture,
            proxy: proxy.unwrap(),
        }
    }

    fn readers(&self) -> &Readers {
        &self.fixture.vault.0.database.readers
    }

    /// Returns the same readers with a limit that a test can wait for.
    fn hasty(&self) -> Readers {
        Readers {
            limit: Some(Duration::from_millis(300)),
            ..self.readers().clone()
        }
    }

    /// Reads a page.
    async fn page(&self) -> Result<()> {
        let (vault, account) = (&self.fixture.vault, self.member.actor.account());
        let query = ListQuery::default();
        let page = timeout(PATIENCE, vault.list_keys(account, &query));
        page.await.expect("it hangs").map(drop)
    }

    /// Forwards again, and waits until pages can be read.
    async fn back(&self) {
        self.proxy.speak();
        let back = async { while self.page().await.is_err() {} };
        timeout(PATIENCE, back).await.unwrap();
    }

    /// Takes every reader, to show that none is lost.
    async fn all(&self) -> Vec<Reader> {
        let mut all = Vec::new();
        for _ in 0..READERS {
            all.push(self.readers().acquire().await.unwrap());
        }
        all
    }
}

/// A page is refused, which a browser sees as 503, and comes again with the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn pages_do_not_hang_on_a_silent_server() {
    let behind = Behind::open().await;
    drop(behind.all().await);
    behind.page().await.unwrap();
    behind.proxy.fall_silent();
    for _ in 0..READERS {
        let refused = behind.page().await;
        assert!(matches!(refused, Err(Error::Busy)), "{refused:?}");
    }
    behind.back().await;
    drop(behind.all().await);
}

/// A read that has begun ends too, and its connection with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_read_that_gets_no_answer_ends() {
    let behind = Behind::open().await;
    let hasty = behind.hasty();
    let silent = |read: Result<()>| matches!(read, Err(Error::Unavailable(_)));
    let read = hasty.read(async |connection| {
        behind.proxy.fall_silent();
        sqlx::query("SELECT 1").execute(connection).await?;
        Ok(())
    });
    assert!(silent(read.await));
    behind.back().await;

    let slow = "SELECT CAST(pg_sleep(5) AS TEXT)";
    let row = sqlx::query(slow).fetch_optional(&hasty).await;
    assert!(silent(row.map(drop).map_err(Error::from)));
    let rows = sqlx::query(slow).fetch_all(&hasty).await;
    assert!(silent(rows.map(drop).map_err(Error::from)));
    drop(behind.all().await);
}

/// A read that is abandoned gives its reader back, although its server is silent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn an_abandoned_read_costs_no_reader() {
    let behind = Behind::open().await;
    let mut all = behind.all().await;
    behind.proxy.fall_silent();
    for reader in &mut all {
        let read = sqlx::query("SELECT 1").execute(&mut **reader);
        timeout(Duration::from_millis(50), read).await.unwrap_err();
    }
    drop(all);
    behind.back().await;
    drop(behind.all().await);
}

/// Returns the server's processes behind all readers.
async fn processes(readers: &Readers) -> BTreeSet<i64> {
    let (mut held, mut processes) = (Vec::new(), BTreeSet::new());
    for _ in 0..READERS {
        let mut reader = readers.acquire().await.unwrap();
        let process = "SELECT CAST(pg_backend_pid() AS BIGINT)";
        let process = sqlx::query_scalar(process).fetch_one(&mut *reader);
        processes.insert(process.await.unwrap());
        held.push(reader);
    }
    processes
}

/// Once the follower has connected again, no page reads from the server of before.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn readers_of_before_are_not_used_again() {
    let fixture = Fixture::new().await;
    let readers = &fixture.vault.0.database.readers;
    let before = processes(readers).await;
    assert_eq!(processes(readers).await, before);
    readers.renew();
    let after = processes(readers).await;
    assert!(before.is_disjoint(&after));
    assert_eq!(processes(readers).await, after);
}

/// A standby may lag: a page would show an earlier state.
#[tokio::test]
#[ignore = "needs a PostgreSQL server"]
async fn a_standby_is_not_read() {
    let fixture = Fixture::new().await;
    let readers = &fixture.vault.0.database.readers;
    let mut database = fixture.database().await;
    // The server is no standby. New connections find this function before the server's.
    let statements = "CREATE TABLE standby (x INT); INSERT INTO standby VALUES (1);
        CREATE FUNCTION public.pg_is_in_recovery() RETURNS BOOLEAN LANGUAGE sql
            AS 'SELECT EXISTS (SELECT 1 FROM public.standby)';
        DO $$ BEGIN
            EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database());
        END $$";
    let prepared = sqlx::raw_sql(statements).execute(&mut database);
    prepared.await.unwrap();
    readers.renew();
    let refused = readers.acquire().await.map_err(Error::from);
    assert!(matches!(refused, Err(Error::Busy)));
    let promoted = sqlx::query("DELETE FROM standby").execute(&mut database);
    promoted.await.unwrap();
    readers.acquire().await.unwrap();
}
