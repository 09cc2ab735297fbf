//! Registration of a node, and what it refuses.

use std::collections::BTreeMap;

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
    /// The newest migration that this version knows.
    pub schema: i64,
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
    #[error(
        "the database has the migration {0}, with which this version cannot work: upgrade this node"
    )]
    Outdated(i64),
}

/// How often a node waits for the write turn, four seconds each time, before it gives the start up.
const TURNS: u32 = 5;

/// Returns whether a lock could not be had in time.
fn is_locked(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    error.is_some_and(|error| error.code().as_deref() == Some("55P03"))
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
    /// Adds the row of this node, in the write turn; its snapshots are not older than the turn. Waits for rows that stand in
    /// the way if their nodes are silent, for all of them at the same time.
    pub async fn join(
        &self,
        connection: &mut AnyConnection,
        introduction: &Introduction,
    ) -> Result<String, Failure> {
        // The rows of processes that were killed: the number of their renewals, and when it was read first.
        let mut silent: BTreeMap<String, (i64, BootTime)> = BTreeMap::new();
        let mut waits = TURNS;
        loop {
            let begin = format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = '4s'; SELECT pg_advisory_xact_lock({})",
                self.turn
            );
            let begin = sqlx::raw_sql(AssertSqlSafe(begin)).execute(&mut *connection);
            match within(COMMIT, begin).await {
                // A stopped process can hold the turn for a while, until the server ends its transaction.
                Err(Failure::Database(error)) if is_locked(&error) && waits > 0 => {
                    waits -= 1;
                    tracing::warn!("another node holds the turn to write; this one waits for it");
                    let roll_back = sqlx::raw_sql("ROLLBACK").execute(&mut *connection);
                    within(COMMIT, roll_back).await?;
                    continue;
                }
                taken => taken?,
            };
            let breaking = nodes::breaking_migration(connection, self.schema);
            if let Some(migration) = within(ANSWER, breaking).await? {
                return Err(JoinError::Outdated(migration).into());
            }
            let obstacles = within(ANSWER, nodes::obstacles(connection, introduction)).await?;
            if obstacles.is_empty() {
                let inserted = nodes::insert(connection, introduction);
                let (id, _) = timeout(ANSWER, inserted)
                    .await
                    .map_err(|_| Failure::Silent)?
                    .map_err(Failure::Load)?;
                within(COMMIT, sqlx::raw_sql("COMMIT").execute(connection)).await?;
                return Ok(id);
            }
            let now = BootTime::now();
            for obstacle in obstacles {
                match silent.get(&obstacle.id) {
                    Some((renewals, _)) if *renewals != obstacle.renewals => {
                        return Err(JoinError::Incompatible(obstacle.reason).into());
                    }
                    Some((renewals, since)) if obstacle.term.over_at(*since) <= now => {
                        let removed = nodes::remove(connection, &obstacle.id, *renewals);
                        within(COMMIT, removed).await?;
                    }
                    Some(_) => {}
                    None => {
                        tracing::warn!(
                            "{}. If it is gone, its lease will be over soon",
                            obstacle.reason
                        );
                        silent.insert(obstacle.id, (obstacle.renewals, now));
                    }
                }
            }
            within(COMMIT, sqlx::raw_sql("COMMIT").execute(&mut *connection)).await?;
            sleep(POLL).await;
        }
    }
}
