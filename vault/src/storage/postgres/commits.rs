//! The numbered commits of this process, which show the outcome of a commit whose answer is lost.
//!
//! Each write leaves the number of its commit in a row of its process, by a statement in the round trip of the COMMIT. A
//! later transaction that has the write turn finds it there or not: the turn was the earlier transaction's until that had
//! ended. The server's own `pg_xact_status` cannot tell, because a promoted standby that lacks the commit may give the
//! transaction's number to another one.

use std::sync::atomic::{AtomicI64, Ordering};

use sqlx::AnyConnection;

use super::CLOCK;
use crate::crypto::random;
use crate::error::Result;

/// The time after which the row of a process that has ended is removed, in milliseconds: thirty days. No process is in
/// doubt for that long.
const KEPT_MS: i64 = 30 * 24 * 60 * 60 * 1000;

pub struct Commits {
    /// Of letters, digits and `_`.
    writer: String,
    latest: AtomicI64,
}

impl Commits {
    pub fn new() -> Result<Self> {
        Ok(Self {
            writer: random::id("writer_")?,
            latest: AtomicI64::new(0),
        })
    }

    /// Returns the number of the next commit.
    pub fn next(&self) -> i64 {
        self.latest.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Returns the statements that leave the number of a commit, for its transaction. The first commit removes the rows of
    /// processes that ended long ago.
    pub fn leave(&self, number: i64) -> String {
        let writer = &self.writer;
        let remove = if number == 1 {
            format!("DELETE FROM commits WHERE at < {CLOCK} - {KEPT_MS};")
        } else {
            String::new()
        };
        format!(
            "{remove} INSERT INTO commits (writer, number, at) VALUES ('{writer}', {number}, {CLOCK})
             ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at;"
        )
    }

    /// Returns whether the commit with this number was made, if no later one was. The write turn is held.
    pub async fn has(&self, connection: &mut AnyConnection, number: i64) -> sqlx::Result<bool> {
        let latest: Option<(i64,)> = sqlx::query_as("SELECT number FROM commits WHERE writer = $1")
            .bind(&self.writer)
            .fetch_optional(connection)
            .await?;
        Ok(latest == Some((number,)))
    }
}
