//! The handle to the vault: the database, the clock, the pepper, and the state in memory. Every module above adds its
//! operations to it.

#![expect(
    clippy::disallowed_methods,
    reason = "a change runs in a task that its client cannot cancel"
)]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::HeaderValue;
use shared::prefix::Prefix;
use tracing::Instrument;

use crate::brand::Brand;
use crate::cluster::{Node, Standing};
use crate::crypto::passwords::Passwords;
use crate::crypto::pepper::Pepper;
use crate::error::{Error, Result};
use crate::limits::patience::Patience;
use crate::limits::{self, Limit, Limits, Reading};
use crate::mail::Letterhead;
use crate::state::decision_metrics::DecisionMetrics;
use crate::state::directory::KeyDirectory;
use crate::state::readiness::{Cause, Readiness};
use crate::state::request_ids::RequestIds;
use crate::state::reset_requests::ResetRequests;
use crate::state::running::RunningRequests;
use crate::state::token_uses::TokenUses;
use crate::state::usage_counts::Usage;
use crate::storage::{Authority, Database, Readers, Tx, asked};
use crate::time::clock::Clock;

/// The files, the address and the limits of a vault.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite://PATH`, absolute or relative to the working directory, or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub database_url: String,
    /// Created at the first start, readable by its owner only.
    pub pepper_file: PathBuf,
    /// The address at which browsers reach Keyhold, without a trailing slash: links in mails begin with it.
    pub base_url: String,
    /// The name and looks for accounts.
    pub brand: Brand,
    /// Where the holder of a suspended account finds help: a page, or `mailto:` with an address.
    pub support_url: Option<String>,
    /// Where notices about operators' tokens go.
    pub operator_email: Option<String>,
    /// The limits of accounts, networks and the instance.
    pub limits: limits::Settings,
    /// The length of a lease, in seconds; the same on all nodes of a PostgreSQL database.
    pub lease_seconds: u32,
    /// The address at which this node serves, for the list of nodes.
    pub node_address: String,
}

/// The default delay of the mail about a manually expired key, in milliseconds.
pub(crate) const NOTICE_WAIT_MS: i64 = 60 * 1000;

/// The attempts at a change after the first, if the database server ends it because of another session. Keyhold's own changes
/// take turns; those sessions are an administrator's.
const RETRIES: u32 = 2;

/// The handle to the vault; cheap to clone. Its second part is the patience of the request that uses it.
#[derive(Clone)]
pub struct Vault(pub(crate) Arc<Inner>, Patience);

pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pepper: Pepper,
    pub(crate) directory: Arc<KeyDirectory>,
    pub(crate) passwords: Passwords,
    pub(crate) limits: Limits,
    pub(crate) reset_requests: ResetRequests,
    pub(crate) running: RunningRequests,
    pub(crate) token_uses: TokenUses,
    pub(crate) usage: Usage,
    pub(crate) decision_metrics: DecisionMetrics,
    pub(crate) request_ids: RequestIds,
    pub(crate) base_url: String,
    pub(crate) brand: Brand,
    /// The prefix of new keys.
    pub(crate) prefix: Prefix,
    /// The challenge of a rejected request, which has the brand's name.
    pub(crate) challenge: HeaderValue,
    pub(crate) support_url: Option<String>,
    pub(crate) operator_email: Option<String>,
    /// The time for which the mail about a manually expired key waits for further keys, in milliseconds.
    pub(crate) notice_wait: AtomicI64,
    /// The latest instant at which an earlier run is known to have worked; the current one if there was none.
    pub(crate) known: i64,
}

impl From<Arc<Inner>> for Vault {
    fn from(inner: Arc<Inner>) -> Self {
        Self(inner, Patience::default())
    }
}

impl Vault {
    /// Returns where the holder of a suspended account finds help.
    pub fn support_url(&self) -> Option<&str> {
        self.0.support_url.as_deref()
    }

    /// Returns the prefix of new keys.
    pub fn key_prefix(&self) -> Prefix {
        self.0.prefix
    }

    /// Returns the head and foot of every mail.
    pub(crate) fn letterhead(&self) -> Letterhead<'_> {
        Letterhead {
            base_url: &self.0.base_url,
            brand: &self.0.brand,
        }
    }

    /// Returns a handle for one request: all its waits for readers of the database take two seconds together, at most.
    #[must_use]
    pub fn of_request(&self) -> Self {
        Self(Arc::clone(&self.0), Patience::of_request())
    }

    /// Returns the connections that only read, as the request that uses this handle waits for them.
    pub(crate) fn readers(&self) -> Readers {
        self.0.database.readers.of_request(&self.1)
    }

    /// Waits for the account's turn to read data that grows with it.
    pub(crate) async fn reading(&self, account: &str) -> Result<Reading> {
        self.0.limits.reading(account, &self.1).await
    }

    /// Returns the instant of every decision, UTC epoch milliseconds; it never goes back.
    pub fn now(&self) -> i64 {
        self.0.clock.now()
    }

    /// Counts the keys of all accounts, good and expired.
    pub fn key_count(&self) -> usize {
        self.0.directory.len()
    }

    /// Returns whether verification can be trusted: every key is in memory, as the last acknowledged change left it.
    /// Writes may fail meanwhile. A missing or replaced database file does not affect it, because nothing is
    /// acknowledged from then on; a supervisor that restarted Keyhold would only end verification. Not after the lease of
    /// this node: another may have acknowledged a change.
    pub fn is_trusted(&self) -> bool {
        self.readiness().fault(Cause::Starting).is_none() && !self.0.database.lease.is_over()
    }

    /// Returns this process's part among several nodes; none with SQLite.
    pub fn standing(&self) -> Option<Standing> {
        self.0.database.node().map(Node::standing)
    }

    /// Returns the longest that a change may take on a database server until it is acknowledged: 29.5 s to write it, and
    /// a lease for a node that is cut off. Zero with SQLite.
    pub fn longest_change(&self) -> Duration {
        self.0.database.longest_change()
    }

    /// Sets the delay of the mail about a manually expired key, so that keys expired within it share one mail; a minute
    /// unless set.
    pub fn set_notice_wait(&self, wait: Duration) {
        let wait = i64::try_from(wait.as_millis()).unwrap_or(NOTICE_WAIT_MS);
        self.0.notice_wait.store(wait, Ordering::Relaxed);
    }

    /// Returns all current faults, by cause. That of a lease which is over is known here at once; the follower may still
    /// wait for the database.
    pub fn faults(&self) -> Vec<(Cause, String)> {
        let mut faults = self.readiness().report();
        let reported = faults.iter().any(|(cause, _)| *cause == Cause::Lease);
        if self.0.database.lease.is_over() && !reported {
            let sentence = "the lease of this node is over, so it does not verify";
            faults.push((Cause::Lease, sentence.to_owned()));
        }
        faults
    }

    /// Returns the place where components report faults that keep the vault from doing all of its work.
    pub fn readiness(&self) -> &Readiness {
        &self.0.database.readiness
    }

    /// Returns the number of changes that the database rejected since the start.
    pub fn write_failures(&self) -> u64 {
        self.0.database.write_failures()
    }

    /// Returns the number of rejections by each limit since the start.
    pub fn limited(&self) -> Vec<(Limit, u64)> {
        self.0.limits.rejections()
    }

    /// Makes a change in one transaction: `change` receives it, and its publications are applied before this returns.
    /// Once its turn has come, the change runs to completion even if the client disconnects; a change that still waits
    /// for its turn is abandoned. One that the server ends because of another session is made again, from its beginning.
    ///
    /// # Errors
    /// The errors of the authority's check and of `change`; [`Error::Throttled`] if its account changes too much;
    /// [`Error::Busy`] if the turn did not come; [`Error::NotSaved`] if the database takes no changes; [`Error::InDoubt`] if
    /// it may have taken this one.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        authority: impl Authority + Clone,
        change: impl for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Result<T>> + Clone + Send + 'static,
    ) -> Result<T> {
        if let Some(account) = authority.quota() {
            self.0.limits.change(account)?;
        }
        let vault = self.clone();
        let change = async move {
            let database = &vault.0.database;
            let retries = if database.is_shared() { RETRIES } else { 0 };
            for _ in 0..retries {
                let (authority, change) = (authority.clone(), change.clone());
                let made = database.transact(authority, async |tx| change(tx).await);
                match made.await {
                    Err(Error::Deadlock) => {}
                    made => return made,
                }
            }
            database
                .transact(authority, async |tx| change(tx).await)
                .await
        };
        let request = Arc::new(());
        let change = asked(&request, change).in_current_span();
        let outcome = tokio::spawn(change).await;
        drop(request);
        match outcome {
            Ok(result) => self.0.database.noted(result),
            Err(fault) => Err(Error::Unavailable(fault.to_string())),
        }
    }
}
