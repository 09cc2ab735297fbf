//! Selection of the next mail among those that wait: by index, and by the machine's clock.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::queue::{AT_ONCE, Leased};
use crate::error::Result;
use crate::outbox::backoff;
use crate::storage::Database;
use crate::time::jump_guard::JUMP_MS;

/// Which mails to take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wanted {
    Any,
    /// Mails that a user waits for.
    Links,
}

/// The criteria of the next mail.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    pub wanted: Wanted,
    /// By the machine's clock, as far as it is trusted, UTC epoch milliseconds.
    pub now: i64,
    /// Whether the vault's clock is ahead of `now`, so that mails may be waiting for an instant of a clock that ran
    /// ahead. If so, every waiting mail is read.
    pub clock_ahead: bool,
    /// The duration of a lease, in milliseconds.
    pub lease: i64,
}

impl Turn {
    /// Returns the mails to select from. The kind is written out, so that SQLite uses the index on links.
    fn among(self) -> &'static str {
        match self.wanted {
            Wanted::Any => "FROM outbox WHERE next_at IS NOT NULL",
            Wanted::Links => "FROM outbox WHERE next_at IS NOT NULL AND kind <> 'notice'",
        }
    }

    fn next_try(self) -> String {
        let next = if self.clock_ahead {
            let ran_ahead = ran_ahead();
            format!("CASE WHEN {ran_ahead} THEN {AT_ONCE} ELSE next_at END")
        } else {
            "next_at".to_owned()
        };
        format!("SELECT MIN({next}) {}", self.among())
    }

    fn lease(self) -> String {
        let due = if self.clock_ahead {
            format!("(next_at <= $1 OR ({}))", ran_ahead())
        } else {
            "next_at <= $1".to_owned()
        };
        format!(
            "UPDATE outbox SET leased_at = $1, next_at = $2, attempts = attempts + 1,
                    tried_since = CASE WHEN attempts = 0 OR tried_since > $1 THEN $1 ELSE tried_since END
             WHERE id = (SELECT id {} AND {due} ORDER BY next_at LIMIT 1)
             RETURNING id, account_id, kind, recipient, created_at, tried_since, attempts",
            self.among()
        )
    }
}

/// Returns the condition of a mail that has waited since the machine's clock ran ahead of the current instant, `$1`.
/// Its wait began at its first attempt, or else when it was put into the outbox. A mail that was put there while the
/// vault's clock stood still is dated ahead too, but waits by the machine's clock. A mail that was tried before the
/// jump and again during it is recognized by a wait longer than the longest.
///
/// Taking a mail makes this false for it, whatever wait follows; otherwise it would be taken endlessly.
fn ran_ahead() -> String {
    let begun = "COALESCE(tried_since, created_at)";
    let longest = backoff::LONGEST_MS;
    format!(
        "leased_at IS NULL AND (({begun} - {JUMP_MS} > $1 AND next_at >= {begun})
                                OR (attempts > 0 AND next_at - {longest} > $1))"
    )
}

/// Returns when the next mail is to be tried, UTC epoch milliseconds; long past if it may leave at once.
pub async fn next_try(database: &Database, turn: Turn) -> Result<Option<i64>> {
    let mut query = sqlx::query_as(AssertSqlSafe(turn.next_try()));
    if turn.clock_ahead {
        query = query.bind(turn.now);
    }
    let (next,): (Option<i64>,) = query.fetch_one(&database.readers).await?;
    Ok(next)
}

/// Leases the next mail, if one is due. A mail that a clock that ran ahead has scheduled does not wait until that time
/// comes again.
pub async fn lease(connection: &mut AnyConnection, turn: Turn) -> Result<Option<Leased>> {
    let leased: Option<Leased> = sqlx::query_as(AssertSqlSafe(turn.lease()))
        .bind(turn.now)
        .bind(turn.now.saturating_add(turn.lease))
        .fetch_optional(connection)
        .await?;
    Ok(leased.map(|mail| Leased {
        since: turn.now,
        ..mail
    }))
}

#[cfg(test)]
mod tests;
