//! Everything that must not be lost, and every rule that needs a clock, a database or randomness: accounts,
//! sessions, keys, the in-memory key directory and the verification decision, the audit trail, notices and
//! the mails that carry them.
//!
//! Nothing in here serves HTTP or makes pages; the [`gate`] knows the shapes of requests and answers, no more.
//! The one way in is [`Vault`]; each file adds the methods of its subject.
//!
//! How a change travels: validate (with `shared`) → one write transaction (row and audit entry) → commit →
//! publish to the [`directory`] → answer. A change runs in a task of its own, so that a client that hangs up
//! cannot stop it between the commit and the publication.

mod accounts;
mod audit;
mod calendar;
mod change_address;
mod check;
mod claim;
pub mod clock;
mod database;
mod dates;
mod decision;
mod delivery;
mod delivery_log;
pub mod demo;
mod devices;
mod directory;
mod error;
pub mod gate;
mod inventory;
mod keys;
pub mod limits;
mod links;
mod load;
pub mod mail;
mod new_key;
mod notice_settings;
mod outbox;
mod passwords;
mod pepper;
mod postman;
mod pruning;
mod random;
pub mod readiness;
mod reset;
mod reset_requests;
mod retry;
mod seal;
mod sessions;
mod shards;
mod sign_in;
mod steady;
mod sweep;
mod tally;
#[cfg(test)]
mod temporary;
pub mod text;
pub mod usage;
mod verify;
mod version;
pub mod zones;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tracing::Instrument;

pub use accounts::{Account, SignedUp};
pub use database::Upkeep;
pub use database::backup::{Copied, backup};
pub use database::restore::{Parted, Present, Restored, Revived, Since, Wanted, restore};
pub use dates::rfc3339;
pub use devices::DeviceToken;
pub use error::{Error, OpenError, Result};
pub use keys::KeyEdit;
pub use new_key::NewKey;
pub use postman::Postman;
pub use pruning::Keep;
pub use sessions::{Session, SessionToken};
pub use verify::{Refusal, Verified};
pub use version::Conflict;

use clock::Clock;
use database::{Content, Database, Inspected};
use directory::KeyDirectory;
use gate::RequestIds;
use limits::Limits;
use load::Loader;
use passwords::Passwords;
use pepper::Pepper;
use readiness::{Cause, Readiness};
use reset_requests::ResetRequests;
use tally::Tally;
use usage::Usage;

/// The longest that closing waits for what is under way.
const CLOSING: Duration = Duration::from_secs(10);

/// Where things are kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite://path`, absolute or relative to the working directory.
    pub database_url: String,
    /// Made at the first start, readable by its owner only.
    pub pepper_file: PathBuf,
    /// Where browsers reach Keyhold, without a slash at the end: links in mails begin with it.
    pub base_url: String,
    /// What an account, a network and the instance may take.
    pub limits: limits::Settings,
}

/// From where somebody asks: for the audit trail, the limits and the usage of keys.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    pub address: Option<IpAddr>,
    /// The device cookie that the browser sent.
    pub device: Option<DeviceToken>,
}

/// How long the mail about a key that was expired by hand waits, unless set, in milliseconds.
const NOTICE_WAIT_MS: i64 = 60 * 1000;

/// The handle to it all; cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    database: Database,
    clock: Arc<dyn Clock>,
    pepper: Pepper,
    directory: Arc<KeyDirectory>,
    passwords: Passwords,
    limits: Limits,
    reset_requests: ResetRequests,
    usage: Usage,
    tally: Tally,
    request_ids: RequestIds,
    base_url: String,
    /// How long the mail about a key that was expired by hand waits for others, in milliseconds.
    notice_wait: AtomicI64,
    /// The latest instant at which an earlier run is known to have been at work; now, if there was none.
    known: i64,
}

impl Vault {
    /// Opens the database (making or migrating it where needed) and loads every key.
    ///
    /// # Errors
    /// A sentence that says what stands in the way; what could not be opened is left as it was.
    pub async fn open(options: &Options, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let passwords = Passwords::new()?;
        let directory = Arc::new(KeyDirectory::default());
        let (database, pepper) = open_both(options, clock.clone(), directory.clone()).await?;
        let recorded = clock::floor::raise(&database, clock.as_ref()).await?;
        text::refold(&database).await.map_err(OpenError::Fold)?;
        sweep::begin(&database).await.map_err(OpenError::Sweep)?;
        Loader::begin(&database, &pepper)
            .await
            .map_err(OpenError::Load)?
            .load(&directory)
            .await?;
        let vault = Self(Arc::new(Inner {
            database,
            pepper,
            directory,
            passwords,
            limits: Limits::new(options.limits, clock.clone()),
            reset_requests: ResetRequests::default(),
            usage: Usage::default(),
            tally: Tally::default(),
            request_ids: RequestIds::default(),
            base_url: options.base_url.clone(),
            notice_wait: AtomicI64::new(NOTICE_WAIT_MS),
            known: recorded.unwrap_or_else(|| clock.now()),
            clock,
        }));
        // The first answer of /readyz knows it too.
        vault.report_clock();
        Ok(vault)
    }

    /// The instant by which everything is decided, UTC epoch milliseconds; it never goes back.
    pub fn now(&self) -> i64 {
        self.0.clock.now()
    }

    /// How many keys there are, good and expired, in all accounts.
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

    /// Closes the database, for a graceful stop.
    pub async fn close(&self) {
        self.close_by(Instant::now() + CLOSING).await;
    }

    /// The same, by a deadline.
    pub async fn close_by(&self, deadline: Instant) {
        if !self.finish_reset_requests(deadline).await {
            tracing::error!(
                "links to new passwords that were asked for are not sent: the database takes no changes"
            );
        }
        self.0.database.close(deadline).await;
    }

    /// Runs a change that has begun to its end even if whoever asked for it goes away. One that still waits for its
    /// turn is given up then.
    async fn undisturbed<T, F>(&self, change: impl FnOnce(Self) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        let request = Arc::new(());
        let change = database::asked(&request, change(self.clone())).in_current_span();
        let outcome = tokio::spawn(change).await;
        drop(request);
        match outcome {
            Ok(result) => self.0.database.noted(result),
            Err(fault) => Err(Error::Unavailable(fault.to_string())),
        }
    }
}

/// Opens the database and the pepper, making both at the first start. A start that dies on the way can be started
/// again: the pepper is put in its place once the tables are durable, so one without tables is a loss.
async fn open_both(
    options: &Options,
    clock: Arc<dyn Clock>,
    directory: Arc<KeyDirectory>,
) -> Result<(Database, Pepper), OpenError> {
    let path = &options.pepper_file;
    let pepper = Pepper::load(path)?;
    let lost = |database: &Path| OpenError::DatabaseMissing {
        path: database.to_owned(),
        pepper: path.clone(),
    };
    if pepper.is_some()
        && let Some(database) = database::missing(&options.database_url)?
    {
        return Err(lost(&database));
    }
    let inspected = Inspected::new(&options.database_url).await?;
    match (pepper, inspected.content) {
        (None, Content::Keys) => Err(OpenError::PepperMissing { path: path.clone() }),
        (None, _) => {
            let drawn = Pepper::draw(path)?;
            let database = Database::open(inspected, clock, directory).await?;
            Ok((database, drawn.keep()?))
        }
        (Some(_), Content::Missing) => Err(lost(&inspected.path)),
        (Some(_), Content::Blank) => Err(OpenError::DatabaseEmpty {
            path: inspected.path,
            pepper: path.clone(),
        }),
        (Some(pepper), Content::NoKeys | Content::Keys) => {
            Ok((Database::open(inspected, clock, directory).await?, pepper))
        }
    }
}
