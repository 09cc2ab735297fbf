//! The handle to the vault: the database, the clock, the pepper, and the state in memory. Every room above adds its
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
use tracing::Instrument;

use crate::crypto::passwords::Passwords;
use crate::crypto::pepper::Pepper;
use crate::error::{Error, Result};
use crate::limits::{self, Limit, Limits};
use crate::state::decision_metrics::DecisionMetrics;
use crate::state::directory::KeyDirectory;
use crate::state::readiness::{Cause, Readiness};
use crate::state::request_ids::RequestIds;
use crate::state::reset_requests::ResetRequests;
use crate::state::usage_counts::Usage;
use crate::storage::{Actor, Database, Tx, asked};
use crate::time::clock::Clock;

/// The files, the address and the limits of a vault.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite://path`, absolute or relative to the working directory.
    pub database_url: String,
    /// Created at the first start, readable by its owner only.
    pub pepper_file: PathBuf,
    /// The address at which browsers reach Keyhold, without a trailing slash: links in mails begin with it.
    pub base_url: String,
    /// The limits of accounts, networks and the instance.
    pub limits: limits::Settings,
}

/// The default wait of the mail about a key that was expired manually, in milliseconds.
pub(crate) const NOTICE_WAIT_MS: i64 = 60 * 1000;

/// The handle to the vault; cheap to clone.
#[derive(Clone)]
pub struct Vault(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) pepper: Pepper,
    pub(crate) directory: Arc<KeyDirectory>,
    pub(crate) passwords: Passwords,
    pub(crate) limits: Limits,
    pub(crate) reset_requests: ResetRequests,
    pub(crate) usage: Usage,
    pub(crate) decision_metrics: DecisionMetrics,
    pub(crate) request_ids: RequestIds,
    pub(crate) base_url: String,
    /// The time that the mail about a manually expired key waits for further keys, in milliseconds.
    pub(crate) notice_wait: AtomicI64,
    /// The latest instant at which an earlier run is known to have worked; the present one, if there was none.
    pub(crate) known: i64,
}

impl Vault {
    /// Returns the instant of every decision, UTC epoch milliseconds; it never goes back.
    pub fn now(&self) -> i64 {
        self.0.clock.now()
    }

    /// Counts the keys of all accounts, good and expired.
    pub fn key_count(&self) -> usize {
        self.0.directory.len()
    }

    /// Whether verification can be trusted: every key is in memory, as the last change that was acknowledged left it.
    /// Writes may fail all the while. A database file that is gone or replaced changes nothing about it, because
    /// nothing is acknowledged from then on; a supervisor that restarted Keyhold would only end verification.
    pub fn is_trusted(&self) -> bool {
        self.readiness().fault(Cause::Starting).is_none()
    }

    /// Sets how long the mail about a key that was expired by hand waits, so that keys expired within that time are
    /// told in one mail; a minute unless set.
    pub fn set_notice_wait(&self, wait: Duration) {
        let wait = i64::try_from(wait.as_millis()).unwrap_or(NOTICE_WAIT_MS);
        self.0.notice_wait.store(wait, Ordering::Relaxed);
    }

    /// The faults that keep the vault from doing all of its work.
    pub fn readiness(&self) -> &Readiness {
        &self.0.database.readiness
    }

    /// How many times the database refused a change since the start.
    pub fn write_failures(&self) -> u64 {
        self.0.database.write_failures()
    }

    /// How often each limit has refused since the start.
    pub fn limited(&self) -> Vec<(Limit, u64)> {
        self.0.limits.refused()
    }

    /// Makes a change in one transaction: `change` gets it, and what it publishes is published before this returns.
    /// Once the turn has come, the change runs to completion even if the client disconnects; one that still waits for its
    /// turn is given up then.
    ///
    /// # Errors
    /// What the actor's check and `change` return; [`Error::Throttled`] if the actor's account changes too much;
    /// [`Error::Busy`] if the turn did not come; [`Error::NotSaved`] if the database takes no changes.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        actor: impl Actor,
        change: impl for<'a> FnOnce(&'a mut Tx) -> BoxFuture<'a, Result<T>> + Send + 'static,
    ) -> Result<T> {
        if let Some(account) = actor.account() {
            self.0.limits.change(account)?;
        }
        let vault = self.clone();
        let change = async move {
            let database = &vault.0.database;
            database.transact(actor, async |tx| change(tx).await).await
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
