//! Several vaults on one database of a PostgreSQL server, as nodes are. `KEYHOLD_TEST_POSTGRES` is its address; a run
//! without a server leaves these tests out.

mod following;
mod membership;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use shared::problem::Code;
use sqlx::any::install_default_drivers;
use sqlx::{AnyConnection, AssertSqlSafe, Connection};
use tempfile::TempDir;
use url::Url;
use vault::clock::SystemClock;
use vault::limits::Settings;
use vault::readiness::Cause;
use vault::test_support::{Member, creation, expire, newcomer, restore, verify};
use vault::verify::Rejection;
use vault::{Account, Actor, Caller, NewKey, OpenError, Options, Vault};

const UNAVAILABLE: Rejection = Rejection::Code(Code::Unavailable);

/// The advisory lock that is the write turn: "keyhold" in ASCII.
const TURN: i64 = 0x006b_6579_686f_6c64;

/// The longest that a test waits for a node, which is far longer than it should take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A database, and the pepper that its nodes share.
struct Shared {
    folder: TempDir,
    server: Url,
    name: String,
}

impl Shared {
    async fn new() -> Self {
        install_default_drivers();
        let server = std::env::var("KEYHOLD_TEST_POSTGRES").unwrap();
        let server: Url = server.parse().unwrap();
        let folder = TempDir::new().unwrap();
        let unique = folder.path().file_name().unwrap().to_str().unwrap();
        let unique: String = unique.chars().filter(char::is_ascii_alphanumeric).collect();
        let shared = Self {
            name: format!("nodes_{}_{}", std::process::id(), unique.to_lowercase()),
            server,
            folder,
        };
        let create = format!("CREATE DATABASE {}", shared.name);
        run(&mut connect(&shared.server).await, create).await;
        shared
    }

    fn url(&self) -> Url {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url
    }

    async fn database(&self) -> AnyConnection {
        connect(&self.url()).await
    }

    fn options(&self, address: &str) -> Options {
        Options {
            database_url: self.url().into(),
            pepper_file: self.folder.path().join("pepper"),
            base_url: "https://keys.example.com".to_owned(),
            brand: vault::brand::Brand::KEYHOLD,
            support_url: None,
            operator_email: None,
            limits: Settings::default(),
            lease_seconds: 5,
            node_address: address.to_owned(),
        }
    }

    async fn node(&self, address: &str) -> Vault {
        open(&self.options(address)).await.unwrap()
    }

    /// Returns the addresses of the nodes that have a row.
    async fn addresses(&self) -> Vec<String> {
        let nodes = vault::nodes(self.url().as_str()).await.unwrap().unwrap();
        nodes.into_iter().map(|node| node.address).collect()
    }

    /// Adds the rows of processes that were killed, with leases of this many milliseconds.
    async fn leave_killed(&self, count: usize, lease_ms: i64) {
        let mut database = self.database().await;
        let killed = format!(
            "INSERT INTO nodes
                 (id, version, address, pepper_id, seen, renewals, lease_ms, lease_until, joined_at, skew_ms)
             SELECT 'killed' || n, '', 'killed', 'of another pepper', 0, 7, {lease_ms}, 0, 0, 0
             FROM generate_series(1, {count}) n"
        );
        run(&mut database, killed).await;
    }

    /// Removes the database, once its nodes are closed.
    async fn remove(self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        run(&mut connect(&self.server).await, drop).await;
    }
}

async fn connect(url: &Url) -> AnyConnection {
    AnyConnection::connect(url.as_str()).await.unwrap()
}

async fn run(database: &mut AnyConnection, statement: String) {
    let statement = sqlx::raw_sql(AssertSqlSafe(statement));
    statement.execute(database).await.unwrap();
}

async fn open(options: &Options) -> Result<Vault, OpenError> {
    Vault::open(options, Arc::new(SystemClock::default())).await
}

async fn member(node: &Vault) -> Member {
    sign_up(node, "a@example.com").await
}

async fn sign_up(node: &Vault, email: &str) -> Member {
    let caller = Caller::default();
    let account = newcomer(email);
    let signed_up = node.sign_up(&caller, account).await.unwrap();
    let session = node.session(signed_up.session.expose()).await.unwrap();
    let session = session.unwrap();
    Member {
        actor: Actor { session, caller },
        default_key: signed_up.key,
    }
}

fn rejection(node: &Vault, key: &NewKey) -> Option<Rejection> {
    verify(node, key.access_key, &key.secret_key).err()
}

fn is_expired(node: &Vault, key: &NewKey) -> bool {
    matches!(rejection(node, key), Some(Rejection::Expired { .. }))
}

/// Waits until something holds.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn an_acknowledged_change_holds_on_every_node() {
    let shared = Shared::new().await;
    let nodes = [
        shared.node("a").await,
        shared.node("b").await,
        shared.node("c").await,
    ];
    let member = member(&nodes[0]).await;
    for round in 0..30 {
        let (here, there) = (&nodes[round % 3], &nodes[(round + 1) % 3]);
        let name = format!("key {round}");
        let creation = creation(&name, "", "90d");
        let key = here.create_key(&member.actor, creation).await.unwrap();
        assert!(nodes.iter().all(|node| rejection(node, &key).is_none()));
        expire(there, &member, &key.access_key.to_string()).await;
        assert!(nodes.iter().all(|node| is_expired(node, &key)));
        restore(here, &member, &key.access_key.to_string(), "never").await;
        assert!(nodes.iter().all(|node| rejection(node, &key).is_none()));
        let access_key = key.access_key.to_string();
        let deletion = there.delete_key(&member.actor, &access_key, &name);
        deletion.await.unwrap();
        assert!(nodes.iter().all(|node| rejection(node, &key).is_some()));
    }
    assert_eq!(shared.addresses().await, ["a", "b", "c"]);
    // As documented, with a lease of 5 s.
    assert_eq!(nodes[0].longest_change(), Duration::from_millis(34_500));
    // Before the first one leaves: those that stay soon see that.
    for node in &nodes {
        assert_eq!(node.standing().unwrap().nodes, 3);
    }
    for node in &nodes {
        node.close().await;
    }
    assert!(shared.addresses().await.is_empty());
    shared.remove().await;
}

/// Changes of others, one after the other, do not keep a node from what it does every quarter of a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_node_looks_around_although_others_change_keys() {
    let shared = Shared::new().await;
    let (busy, other) = (shared.node("busy").await, shared.node("other").await);
    let member = member(&busy).await;
    let key = member.default_key.access_key.to_string();
    // Its clock was off, and is right again.
    other.readiness().fail(Cause::Skew, "off");
    until("the clock is compared again", async || {
        expire(&busy, &member, &key).await;
        restore(&busy, &member, &key, "never").await;
        other.readiness().fault(Cause::Skew).is_none()
    })
    .await;
    for node in [busy, other] {
        node.close().await;
    }
    shared.remove().await;
}

/// The row of the other node is locked, so it cannot renew its lease. It may see the change, but cannot say so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_change_waits_for_a_node_that_is_cut_off_until_its_lease_is_over() {
    let shared = Shared::new().await;
    let (here, there) = (shared.node("a").await, shared.node("b").await);
    let member = member(&here).await;
    let key = &member.default_key;
    assert_eq!(rejection(&there, key), None);

    let mut lock = shared.database().await;
    run(
        &mut lock,
        "BEGIN; SELECT id FROM nodes WHERE address = 'b' FOR UPDATE".to_owned(),
    )
    .await;
    let access_key = key.access_key.to_string();
    let again = async {
        until("the key is expired, not yet on every node", async || {
            is_expired(&here, key)
        })
        .await;
        expire(&here, &member, &access_key).await;
        assert_eq!(rejection(&there, key), Some(UNAVAILABLE), "a second press");
    };
    let over = AtomicBool::new(false);
    let both = async {
        tokio::join!(expire(&here, &member, &access_key), again);
        over.store(true, Ordering::Relaxed);
    };
    // Both wait for the nodes, and none for the other: a change of another key would be committed meanwhile.
    let turn = async {
        until("the first press is committed", async || {
            is_expired(&here, key)
        })
        .await;
        let (begun, mut free) = (Instant::now(), false);
        let mut database = shared.database().await;
        until("both presses are acknowledged", async || {
            let try_it = format!("SELECT pg_try_advisory_lock({TURN})");
            let (taken,): (bool,) = sqlx::query_as(AssertSqlSafe(try_it))
                .fetch_one(&mut database)
                .await
                .unwrap();
            if taken {
                run(&mut database, format!("SELECT pg_advisory_unlock({TURN})")).await;
            }
            let is_over = over.load(Ordering::Relaxed);
            // The second press has begun by then.
            free |= taken && !is_over && begun.elapsed() > Duration::from_secs(1);
            is_over
        })
        .await;
        assert!(free, "the write turn while a press waits");
    };
    tokio::join!(both, turn);
    assert_eq!(rejection(&there, key), Some(UNAVAILABLE));
    assert!(!there.is_trusted());
    let faults = there.faults();
    assert!(faults.iter().any(|(cause, _)| *cause == Cause::Lease));
    assert!(is_expired(&here, key));
    assert!(here.is_trusted());

    run(&mut lock, "ROLLBACK".to_owned()).await;
    until("the node recovers", async || is_expired(&there, key)).await;
    // No change waits for what is over.
    restore(&there, &member, &key.access_key.to_string(), "never").await;
    assert_eq!(
        (rejection(&here, key), rejection(&there, key)),
        (None, None)
    );
    here.close().await;
    there.close().await;
    shared.remove().await;
}

/// The row of one node is locked, as above.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server"]
async fn a_page_learns_what_its_change_waits_for() {
    let shared = Shared::new().await;
    let (here, there) = (shared.node("a").await, shared.node("b").await);
    let third = shared.node("c").await;
    let stranger = sign_up(&here, "b@example.com").await;
    let member = member(&here).await;
    let access_key = member.default_key.access_key.to_string();
    let mut lock = shared.database().await;
    let cut_off = "BEGIN; SELECT id FROM nodes WHERE address = 'b' FOR UPDATE";
    run(&mut lock, cut_off.to_owned()).await;
    // For the page, which asks any node that follows.
    let (account, other) = (
        &member.actor.session.account,
        &stranger.actor.session.account,
    );
    let waiting = async |account: &Account, access_key: &str| {
        let waiting = third.waiting(account, access_key);
        waiting.await.unwrap()
    };
    let told = async {
        until("the wait is told", async || {
            waiting(account, &access_key).await.is_some()
        })
        .await;
        let unreachable = waiting(account, &access_key).await.unwrap();
        assert_eq!(unreachable.nodes, 1);
        assert!(unreachable.rest <= Duration::from_secs(5));
        assert_eq!(
            waiting(other, &access_key).await,
            None,
            "of another account"
        );
        let unchanged = stranger.default_key.access_key.to_string();
        assert_eq!(waiting(other, &unchanged).await, None);
        assert_eq!(waiting(account, "").await, None, "no key was created");
        assert_eq!(waiting(account, "nonsense").await, None);
    };
    tokio::join!(expire(&here, &member, &access_key), told);
    run(&mut lock, "ROLLBACK".to_owned()).await;
    until("the wait is over", async || {
        waiting(account, &access_key).await.is_none()
    })
    .await;
    for node in [here, there, third] {
        node.close().await;
    }
    shared.remove().await;
}
