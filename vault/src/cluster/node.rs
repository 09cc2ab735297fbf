//! This process as one of several nodes: it appends its changes to the log, and waits until every node has them.

#![expect(
    clippy::disallowed_methods,
    reason = "the follower runs until this node leaves, and waits have deadlines"
)]

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::{Any, AnyConnection, Executor};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use super::follower::{Failure, Follower};
use super::hints::Hints;
use super::join::{Database, seconds};
use super::lease::{Lease, Term};
use super::log;
use super::nodes::Introduction;
use super::view::{Change, Unreachable, View, Wait};
use crate::error::{Error, Result};
use crate::state::directory::{KeyDirectory, Publication};
use crate::state::readiness::Readiness;
use crate::time::boot_time::BootTime;
use crate::time::clock::Clock;

/// The state that the follower and the changes of this process share.
pub struct Shared {
    pub lease: Arc<Lease>,
    pub hints: Hints,
    views: watch::Sender<View>,
    /// The row under which this process may change something.
    id: Mutex<Option<String>>,
    /// The changes that wait for other nodes.
    waiting: Mutex<Vec<Change>>,
    skew_ms: AtomicI64,
}

/// This node, from its join until it leaves.
pub struct Node {
    shared: Arc<Shared>,
    term: Term,
    stop: watch::Sender<()>,
    follower: Mutex<Option<JoinHandle<()>>>,
    receiver: JoinHandle<()>,
}

/// Figures about this node, for the operator.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// The rest of the lease.
    pub lease: Duration,
    /// The changes that wait for other nodes.
    pub waiting: usize,
    /// The number of nodes, this one included.
    pub nodes: usize,
    /// By how much this machine's clock is ahead of the database's.
    pub skew_seconds: f64,
}

impl Shared {
    pub fn new(lease: Arc<Lease>) -> Self {
        Self {
            lease,
            hints: Hints::default(),
            views: watch::Sender::new(View::default()),
            id: Mutex::default(),
            waiting: Mutex::default(),
            skew_ms: AtomicI64::default(),
        }
    }

    pub fn publish(&self, view: &View) {
        self.views.send_replace(view.clone());
    }

    pub fn set_id(&self, id: Option<String>) {
        *lock(&self.id) = id;
    }

    pub fn set_skew(&self, milliseconds: i64) {
        self.skew_ms.store(milliseconds, Ordering::Relaxed);
    }

    pub fn skew(&self) -> i64 {
        self.skew_ms.load(Ordering::Relaxed)
    }

    pub fn has_waiting(&self) -> bool {
        !lock(&self.waiting).is_empty()
    }
}

impl Node {
    /// Joins the other nodes: when this returns, the directory is loaded and the first lease has begun. `lease` is read
    /// by every verification.
    pub async fn join(
        database: Database,
        introduction: Introduction,
        lease: Arc<Lease>,
        directory: Arc<KeyDirectory>,
        clock: Arc<dyn Clock>,
        readiness: Arc<Readiness>,
    ) -> Result<Self, Failure> {
        let shared = Arc::new(Shared::new(lease));
        let (term, url) = (introduction.term, database.url.clone());
        let (stop, stopped) = watch::channel(());
        let mut follower = Follower::new(
            database,
            introduction,
            directory,
            clock,
            readiness,
            Arc::clone(&shared),
        );
        let connection = follower.begin().await?;
        let follower = tokio::spawn(follower.run(connection, stopped));
        let hints = Arc::clone(&shared);
        let receiver = tokio::spawn(async move { hints.hints.receive(&url).await });
        Ok(Self {
            shared,
            term,
            stop,
            follower: Mutex::new(Some(follower)),
            receiver,
        })
    }

    /// Appends the publications of a change to the log, in its transaction. Returns their number.
    ///
    /// # Errors
    /// [`Error::NotSaved`] while this node has no row.
    pub async fn append(
        &self,
        connection: &mut AnyConnection,
        at: i64,
        publications: &[Publication],
    ) -> Result<i64> {
        let id = lock(&self.shared.id).clone();
        let id = id.ok_or_else(|| Error::NotSaved("this node has to join again".to_owned()))?;
        log::append(connection, &id, at, publications).await
    }

    /// Returns the number of the newest change, in the turn of a transaction.
    pub async fn newest(&self, connection: &mut AnyConnection) -> Result<i64> {
        let (position, _) = log::newest(connection).await?;
        Ok(position.seq)
    }

    /// Waits until every node verifies with the change `seq`, which has just been committed, or no longer verifies.
    pub async fn acknowledged(&self, seq: i64) {
        let change = Change {
            seq,
            committed: BootTime::now(),
        };
        let _waiting = Waiting::new(&self.shared, change);
        self.shared.hints.changes.notify_one();
        let mut views = self.shared.views.subscribe();
        loop {
            let now = BootTime::now();
            let wait = views.borrow_and_update().wait(change, self.term, now);
            let Wait::Until(end) = wait else {
                return;
            };
            tokio::select! {
                _ = views.changed() => {}
                () = sleep(now.until(end)) => {}
            }
        }
    }

    /// Returns the nodes that cannot be reached and lack a change of `subject`, a key or an account. Any node knows that, not
    /// only the one that made the change.
    pub async fn unreachable<'a>(
        &self,
        readers: impl Executor<'a, Database = Any>,
        subject: &str,
    ) -> Result<Option<Unreachable>> {
        let unreachable = self.shared.views.borrow().unreachable(BootTime::now());
        match unreachable {
            Some(found) if log::concerns(readers, found.seen, subject).await? => Ok(unreachable),
            _ => Ok(None),
        }
    }

    /// Returns the length of the lease.
    pub fn term(&self) -> Term {
        self.term
    }

    pub fn standing(&self) -> Standing {
        Standing {
            lease: BootTime::now().until(self.shared.lease.end()),
            waiting: lock(&self.shared.waiting).len(),
            nodes: self.shared.views.borrow().peers.len(),
            skew_seconds: seconds(self.shared.skew()),
        }
    }

    /// Ends verification and gives the lease back, so that no change waits for this node.
    pub async fn leave(&self, deadline: Instant) {
        let _ = self.stop.send(());
        self.receiver.abort();
        let follower = lock(&self.follower).take();
        if let Some(mut follower) = follower
            && timeout_at(deadline, &mut follower).await.is_err()
        {
            follower.abort();
            let _ = follower.await;
            self.shared.lease.end_now();
            tracing::warn!(
                "the lease could not be given back in time; changes wait until it is over"
            );
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.receiver.abort();
    }
}

/// A change that waits, until it is dropped.
struct Waiting<'a> {
    shared: &'a Shared,
    change: Change,
}

impl<'a> Waiting<'a> {
    fn new(shared: &'a Shared, change: Change) -> Self {
        lock(&shared.waiting).push(change);
        Self { shared, change }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut waiting = lock(&self.shared.waiting);
        let place = waiting.iter().position(|one| one.seq == self.change.seq);
        if let Some(place) = place {
            waiting.swap_remove(place);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
