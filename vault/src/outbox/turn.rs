//! Whose turn it is among the mails that wait: found by index, and by the machine's clock.

use sqlx::{AnyConnection, AssertSqlSafe};

use super::{AT_ONCE, LEASE_MS, Leased};
use crate::database::Database;
use crate::error::Result;
use crate::steady::JUMP_MS;

/// Which mails to take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wanted {
    Any,
    /// Those that somebody waits for before the screen.
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
            format!(
                "CASE WHEN {} THEN {AT_ONCE} ELSE next_at END",
                ran_ahead("$1")
            )
        } else {
            "next_at".to_owned()
        };
        format!("SELECT MIN({next}) {}", self.among())
    }

    fn lease(self) -> String {
        let due = if self.clock_ahead {
            format!("(next_at <= $1 OR ({}))", ran_ahead("$3"))
        } else {
            "next_at <= $1".to_owned()
        };
        format!(
            "UPDATE outbox SET leased_at = $1, next_at = $2, attempts = attempts + 1,
                    tried_since = CASE WHEN attempts = 0 THEN $1 ELSE tried_since END
             WHERE id = (SELECT id {} AND {due} ORDER BY next_at LIMIT 1)
             RETURNING id, account_id, kind, recipient, created_at, tried_since, attempts",
            self.among()
        )
    }

    /// What [`ran_ahead`] compares with; less is an ordinary correction of the clock.
    fn ahead(self) -> i64 {
        self.now.saturating_add(JUMP_MS)
    }
}

/// Whether a mail waits since the machine's clock ran ahead. One that was put here while the vault's clock stood still
/// is dated ahead too, but waits by the machine's clock.
fn ran_ahead(parameter: &str) -> String {
    format!("attempts = 0 AND created_at > {parameter} AND next_at >= created_at")
}

/// When the next mail is to be tried, UTC epoch milliseconds; long past where it may leave at once.
pub async fn next_try(database: &Database, turn: Turn) -> Result<Option<i64>> {
    let mut query = sqlx::query_as(AssertSqlSafe(turn.next_try()));
    if turn.clock_ahead {
        query = query.bind(turn.ahead());
    }
    let (next,): (Option<i64>,) = query.fetch_one(&database.readers).await?;
    Ok(next)
}

/// Takes the mail whose turn it is, if one is due. One that was put here by a clock that ran ahead does not wait
/// until its time comes again.
pub async fn lease(connection: &mut AnyConnection, turn: Turn) -> Result<Option<Leased>> {
    type Row = (String, String, String, String, i64, i64, i64);
    let mut query = sqlx::query_as(AssertSqlSafe(turn.lease()))
        .bind(turn.now)
        .bind(turn.now.saturating_add(LEASE_MS));
    if turn.clock_ahead {
        query = query.bind(turn.ahead());
    }
    let row: Option<Row> = query.fetch_optional(connection).await?;
    Ok(row.map(
        |(id, account, kind, recipient, created_at, tried_since, attempts)| Leased {
            id,
            account,
            kind,
            recipient,
            created_at,
            tried_since,
            attempts,
            since: turn.now,
        },
    ))
}

#[cfg(test)]
mod tests;
