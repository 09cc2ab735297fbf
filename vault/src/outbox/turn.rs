//! Whose turn it is among the mails that wait: found by index, and by the machine's clock.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::queue::{AT_ONCE, LEASE_MS, Leased};
use crate::error::Result;
use crate::outbox::backoff;
use crate::storage::Database;
use crate::time::jump_guard::JUMP_MS;

/// Which mails to take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wanted {
    Any,
    /// Those that a person waits for at the screen.
    Links,
}

/// The mails whose turn it is.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    pub wanted: Wanted,
    /// By the machine's clock, as far as it is believed, UTC epoch milliseconds.
    pub now: i64,
    /// Whether the vault's clock is ahead of that, so that mails may be waiting for an instant of a clock that ran
    /// ahead. Only then every mail that waits is read.
    pub clock_ahead: bool,
}

impl Turn {
    /// The mails among which the turn is looked for. The kind is written out, so that SQLite uses the index on links.
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

/// Whether a mail waits since the machine's clock ran ahead of the present instant, `$1`. Its wait began when it was put
/// here, or else when it was taken for the first time. What was put here while the vault's clock stood still is dated
/// ahead too, but waits by the machine's clock. A mail that was tried before the leap and again in it is told by a wait
/// that is longer than any.
///
/// Taking a mail makes this false for it, whatever wait follows: it would be taken without end otherwise.
fn ran_ahead() -> String {
    let begun = "COALESCE(tried_since, created_at)";
    let longest = backoff::LONGEST_MS;
    format!(
        "leased_at IS NULL AND (({begun} - {JUMP_MS} > $1 AND next_at >= {begun})
                                OR (attempts > 0 AND next_at - {longest} > $1))"
    )
}

/// When the next mail is to be tried, UTC epoch milliseconds; long past where it may leave at once.
pub async fn next_try(database: &Database, turn: Turn) -> Result<Option<i64>> {
    let mut query = sqlx::query_as(AssertSqlSafe(turn.next_try()));
    if turn.clock_ahead {
        query = query.bind(turn.now);
    }
    let (next,): (Option<i64>,) = query.fetch_one(&database.readers).await?;
    Ok(next)
}

/// Takes the mail whose turn it is, if one is due. One that was put here by a clock that ran ahead does not wait
/// until its time comes again.
pub async fn lease(connection: &mut AnyConnection, turn: Turn) -> Result<Option<Leased>> {
    let leased: Option<Leased> = sqlx::query_as(AssertSqlSafe(turn.lease()))
        .bind(turn.now)
        .bind(turn.now.saturating_add(LEASE_MS))
        .fetch_optional(connection)
        .await?;
    Ok(leased.map(|mail| Leased {
        since: turn.now,
        ..mail
    }))
}

#[cfg(test)]
mod tests;
