//! Registration of a node, and what it refuses.

use futures_util::future::BoxFuture;
use sqlx::{AnyConnection, AssertSqlSafe};
use tokio::time::{sleep, timeout};

use super::follower::{ANSWER, COMMIT, Failure, POLL, SKEW_LIMIT_MS, within};
use super::nodes::{self, Incompatible, Introduction};
use crate::error::Result;
use crate::state::directory::KeyDirectory;
use crate::time::boot_time::BootTime;

/// The database as the room above opens and reads it.
pub struct Database {
    /// The address, for notifications.
    pub url: String,
    /// The key of the advisory lock that is the write turn.
    pub turn: i64,
    /// Opens a connection whose commits are durable.
    pub connect: Box<dyn Fn() -> BoxFuture<'static, sqlx::Result<AnyConnection>> + Send + Sync>,
    /// Makes a directory equal to the database.
    pub load: Load,
}

pub type Load = for<'a> fn(&'a mut AnyConnection, &'a KeyDirectory) -> BoxFuture<'a, Result<()>>;

/// Returns milliseconds as seconds.
pub fn seconds(milliseconds: i64) -> f64 {
    f64::from(i32::try_from(milliseconds).unwrap_or(i32::MAX)) / 1000.0
}

/// The reasons why a node is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    #[error(
        "the machine's clock differs from the database's by {:.1} s, and expirations go by it: at most 2 s are allowed",
        seconds(*.0)
    )]
    Skew(i64),
    #[error(transparent)]
    Incompatible(Incompatible),
}

impl JoinError {
    /// Rejects a machine whose clock is ahead of the database's by this much, or behind it.
    pub fn of_skew(milliseconds: i64) -> Result<(), Self> {
        if milliseconds.abs() > SKEW_LIMIT_MS {
            return Err(Self::Skew(milliseconds));
        }
        Ok(())
    }
}

impl Database {
    /// Adds the row of this node, in the write turn; its snapshots are not older than the turn. Waits for a row that stands in the way if its node is silent.
    pub async fn join(
        &self,
        connection: &mut AnyConnection,
        introduction: &Introduction,
    ) -> Result<String, Failure> {
        // The row of a process that was killed, and when it was read first.
        let mut silent: Option<(String, i64, BootTime)> = None;
        loop {
            let begin = format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '4s'; SELECT pg_advisory_xact_lock({})",
                self.turn
            );
            within(
                COMMIT,
                sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut *connection),
            )
            .await?;
            let obstacle = within(ANSWER, nodes::obstacle(connection, introduction)).await?;
            let Some(obstacle) = obstacle else {
                let inserted = nodes::insert(connection, introduction);
                let (id, _) = timeout(ANSWER, inserted)
                    .await
                    .map_err(|_| Failure::Silent)?
                    .map_err(Failure::Load)?;
                within(COMMIT, sqlx::raw_sql("COMMIT").execute(connection)).await?;
                return Ok(id);
            };
            let now = BootTime::now();
            match &silent {
                Some((id, renewals, since)) if *id == obstacle.id => {
                    if *renewals != obstacle.renewals {
                        return Err(JoinError::Incompatible(obstacle.reason).into());
                    }
                    if obstacle.term.over_at(*since) <= now {
                        within(COMMIT, nodes::remove(connection, id, *renewals)).await?;
                        silent = None;
                    }
                }
                _ => {
                    tracing::warn!(
                        "{}. If it is gone, its lease will be over soon",
                        obstacle.reason
                    );
                    silent = Some((obstacle.id, obstacle.renewals, now));
                }
            }
            within(COMMIT, sqlx::raw_sql("COMMIT").execute(&mut *connection)).await?;
            sleep(POLL).await;
        }
    }
}
