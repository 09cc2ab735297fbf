//! Connections that read from a server: what they are checked for, so that neither a silent server holds them nor one
//! that is no longer written to shows an earlier state.

#![expect(
    clippy::disallowed_methods,
    reason = "waits have deadlines, and connections an age"
)]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyConnection, AnyPool, Connection as _};
use tokio::time::{Instant, timeout};

use super::{SETTINGS, Server, silent};
use crate::storage::connection::{READER_TIMEOUT, READERS};

/// The longest that an idle reader may take to show that its server still answers. Connecting has to fit into
/// [`READER_TIMEOUT`] too.
const CHECK: Duration = Duration::from_millis(800);

/// The instant before which readers were opened that are not used again.
#[derive(Clone, Debug, Default)]
pub struct Renewal(Arc<Mutex<Option<Instant>>>);

impl Renewal {
    /// Sets it to now.
    pub fn set(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Returns whether a reader of this age was opened before.
    fn is_before(&self, age: Duration) -> bool {
        let renewed = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        renewed.is_some_and(|renewed| renewed.elapsed() < age)
    }
}

impl Server {
    /// Opens the pool that reads.
    pub async fn readers(&self, renewal: Renewal) -> sqlx::Result<AnyPool> {
        AnyPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(READER_TIMEOUT)
            // Without a limit, the pool's own check waits for a silent server until no time is left to connect again.
            .test_before_acquire(false)
            .before_acquire(move |connection, meta| {
                let old = renewal.is_before(meta.age);
                Box::pin(async move {
                    if old {
                        return Ok(false);
                    }
                    let check = timeout(CHECK, connection.ping()).await;
                    check.unwrap_or_else(|_| Err(silent()))?;
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move {
                    sqlx::raw_sql(SETTINGS).execute(&mut *connection).await?;
                    only_read(connection).await
                })
            })
            .connect(self.url())
            .await
    }
}

/// Makes a connection one that only reads, unless it leads to a standby, which may lag behind the primary.
async fn only_read(connection: &mut AnyConnection) -> sqlx::Result<()> {
    sqlx::raw_sql("SET default_transaction_read_only = on")
        .execute(&mut *connection)
        .await?;
    let (standby,): (bool,) = sqlx::query_as("SELECT pg_is_in_recovery()")
        .fetch_one(connection)
        .await?;
    if standby {
        let standby = std::io::Error::other("it is a standby, which may lag behind");
        return Err(sqlx::Error::Io(standby));
    }
    Ok(())
}
