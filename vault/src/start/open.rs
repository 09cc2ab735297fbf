//! Opening the vault.

#![expect(clippy::disallowed_methods, reason = "leaving has a deadline")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use tokio::time::Instant;

use super::load_directory::{Loader, check_pepper};
use super::{clock_floor, key_prefix};
use crate::cluster::{Introduction, Term};
use crate::crypto::passwords::Passwords;
use crate::crypto::pepper::Pepper;
use crate::error::OpenError;
use crate::keys::refold::refold;
use crate::limits::{Limits, Readers};
use crate::notices::sweep;
use crate::state::decision_metrics::DecisionMetrics;
use crate::state::directory::KeyDirectory;
use crate::state::request_ids::RequestIds;
use crate::state::reset_requests::ResetRequests;
use crate::state::running::RunningRequests;
use crate::state::token_uses::TokenUses;
use crate::state::usage_counts::Usage;
use crate::storage::{self, Content, Database, Inspected, READERS};
use crate::time::clock::Clock;
use crate::vault::{Inner, NOTICE_WAIT_MS, Options, Vault};

/// The longest that a start which fails tries to give its lease back.
const LEAVING: Duration = Duration::from_secs(5);

impl Vault {
    /// Opens the database (creating or migrating it where needed) and loads every key.
    ///
    /// # Errors
    /// A sentence that names the obstacle; files that could not be opened are left as they were.
    pub async fn open(options: &Options, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let passwords = Passwords::new()?;
        let directory = Arc::new(KeyDirectory::default());
        let (database, pepper) = open_both(options, clock.clone(), directory.clone()).await?;
        check_pepper(&database.readers, &pepper).await?;
        let prefix = key_prefix::choose(&database.readers, options.brand.key_prefix).await?;
        let recorded = clock_floor::raise(&database, clock.as_ref()).await?;
        let introduction = Introduction {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            address: options.node_address.clone(),
            pepper_id: pepper.id.clone(),
            key_prefix: prefix.to_string(),
            term: Term::of_ms(i64::from(options.lease_seconds) * 1000),
        };
        // First, because another node's pepper refuses this one: nothing may be written before.
        let joined = database.join(introduction, &directory, &clock).await?;
        let prepare = async {
            key_prefix::keep(&database, prefix)
                .await
                .map_err(OpenError::KeepPrefix)?;
            refold(&database).await.map_err(OpenError::Fold)?;
            sweep::begin(&database).await.map_err(OpenError::Sweep)?;
            if !joined {
                Loader::begin(&database)
                    .await
                    .map_err(OpenError::Load)?
                    .load(&directory)
                    .await?;
            }
            Ok(())
        };
        if let Err(obstacle) = prepare.await {
            // Changes of other nodes would wait for the lease of this one.
            if let Some(node) = database.node() {
                node.leave(Instant::now() + LEAVING).await;
            }
            return Err(obstacle);
        }
        let readers = Readers::new(READERS, database.is_shared());
        let vault = Self::from(Arc::new(Inner {
            database,
            pepper,
            directory,
            passwords,
            limits: Limits::new(options.limits, clock.clone(), readers),
            reset_requests: ResetRequests::default(),
            running: RunningRequests::default(),
            token_uses: TokenUses::default(),
            usage: Usage::default(),
            decision_metrics: DecisionMetrics::default(),
            request_ids: RequestIds::new(prefix),
            base_url: options.base_url.clone(),
            brand: options.brand.clone(),
            prefix,
            challenge: options.brand.challenge(),
            support_url: options.support_url.clone(),
            operator_email: options.operator_email.clone(),
            notice_wait: AtomicI64::new(NOTICE_WAIT_MS),
            known: recorded.unwrap_or_else(|| clock.now()),
            clock,
        }));
        // So that the first response of /readyz knows the fault too.
        vault.report_clock();
        // Before the first change: the watch recognizes a replaced log only if it has seen the first one.
        vault.look_at_file().await;
        Ok(vault)
    }
}

/// Opens the database and the pepper, creating both at the first start. A start that dies on the way can be repeated:
/// the pepper gets its name once the tables are durable, so a pepper without tables is a loss.
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
        && let Some(database) = storage::missing(&options.database_url)?
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
        (Some(_), Content::Missing) => Err(lost(Path::new(&inspected.name()))),
        (Some(_), Content::Blank) => Err(OpenError::DatabaseEmpty {
            database: inspected.name(),
            pepper: path.clone(),
        }),
        (Some(pepper), Content::NoKeys | Content::Keys) => {
            if let Some(mut connection) = inspected.connect_before_migration().await? {
                check_pepper(&mut connection, &pepper).await?;
            }
            Ok((Database::open(inspected, clock, directory).await?, pepper))
        }
    }
}
