//! A look at the database and the pepper beside running servers, for `keyhold doctor`. It takes no lock and writes nothing.

use std::path::Path;

use shared::token::OperatorToken;
use sqlx::{Any, Connection, Executor};

use super::clock_floor;
use super::load_directory::check_pepper;
use crate::cluster::JoinError;
use crate::crypto::pepper::Pepper;
use crate::error::OpenError;
use crate::storage::{self, Content};
use crate::time::clock::Clock;

/// What a database shows that could be read.
#[derive(Debug)]
pub struct Examined {
    /// For messages, without a password.
    pub database: String,
    pub tables: Tables,
    pub clocks: Clocks,
    /// Whether there is a pepper, and it is that of all keys.
    pub pepper: Result<PepperFound, OpenError>,
    /// The operator's token that was asked for; none if there is nothing to compare it with.
    pub token: Option<TokenFound>,
}

/// An operator's token. Times are UTC epoch milliseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TokenFound {
    Good {
        until: i64,
    },
    Expired {
        at: i64,
    },
    /// It was revoked, or is one of another database.
    Unknown,
}

/// The tables of a database.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tables {
    /// None yet: the first start creates them.
    Missing,
    /// Those of an earlier version: the next start changes them.
    Earlier,
    Current,
}

/// The pepper file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PepperFound {
    /// None yet: the first start creates it.
    Missing,
    Present,
}

/// The machine's clock beside the database, in UTC epoch milliseconds.
#[derive(Debug)]
pub struct Clocks {
    pub machine: i64,
    /// By how much it is ahead of the clock of a PostgreSQL server; none for SQLite.
    pub ahead_ms: Option<i64>,
    /// The latest recorded instant; none in a new database, and in one of an earlier version.
    pub recorded: Option<i64>,
}

impl Clocks {
    /// Returns whether a start is refused because the clock is too far off the database's.
    pub fn is_off(&self) -> bool {
        self.ahead_ms
            .is_some_and(|ahead| JoinError::of_skew(ahead).is_err())
    }

    /// Returns the latest recorded instant if time stands still until then. Another node may have recorded it, by a clock
    /// that is slightly ahead.
    pub fn stands_still_until(&self) -> Option<i64> {
        self.recorded
            .filter(|recorded| JoinError::of_skew((recorded - self.machine).max(0)).is_err())
    }
}

/// Reads the state of a database, and compares it with the pepper file, the machine's clock and an operator's token.
///
/// # Errors
/// A database that cannot be read, or that this version does not know.
pub async fn examine(
    database_url: &str,
    pepper_file: &Path,
    clock: &dyn Clock,
    token: Option<&OperatorToken<'_>>,
) -> Result<Examined, OpenError> {
    let pepper = Pepper::load(pepper_file);
    let mut found = storage::read_beside(database_url).await?;
    let database = storage::name(database_url)?;
    let tables = match found.content {
        Content::Missing | Content::Blank => Tables::Missing,
        _ if found.is_current => Tables::Current,
        _ => Tables::Earlier,
    };
    let lost = |pepper: &Path| match found.content {
        Content::Missing => OpenError::DatabaseMissing {
            path: database.clone().into(),
            pepper: pepper.to_owned(),
        },
        _ => OpenError::DatabaseEmpty {
            database: database.clone(),
            pepper: pepper.to_owned(),
        },
    };
    let mut clocks = Clocks {
        machine: clock.wall(),
        ahead_ms: None,
        recorded: None,
    };
    let mut matches = Ok(());
    let mut token_found = None;
    if let Some(connection) = &mut found.connection {
        if storage::is_server(database_url) {
            let theirs = storage::server_clock(connection).await?;
            clocks.ahead_ms = Some(clock.ahead_of(theirs));
        }
        if tables == Tables::Current {
            clocks.recorded = clock_floor::recorded(&mut *connection).await?;
            // After the read: a server may have recorded an instant just before it.
            clocks.machine = clock.wall();
        }
        if let (Ok(Some(pepper)), Content::NoKeys | Content::Keys) = (&pepper, found.content) {
            matches = check_pepper(&mut *connection, pepper).await;
        }
        if let (Ok(Some(pepper)), Some(token), Tables::Current, Ok(())) =
            (&pepper, token, tables, &matches)
        {
            let ends = ends(&mut *connection, pepper, token).await?;
            token_found = Some(match ends {
                None => TokenFound::Unknown,
                Some(at) if at <= clocks.machine => TokenFound::Expired { at },
                Some(until) => TokenFound::Good { until },
            });
        }
    }
    if let Some(connection) = found.connection {
        connection.close().await?;
    }
    let pepper = match (pepper, found.content) {
        (Err(error), _) => Err(error),
        (Ok(Some(_)), Content::Missing | Content::Blank) => Err(lost(pepper_file)),
        (Ok(Some(_)), _) => matches.map(|()| PepperFound::Present),
        (Ok(None), Content::Keys) => Err(OpenError::PepperMissing {
            path: pepper_file.to_owned(),
        }),
        (Ok(None), _) => Ok(PepperFound::Missing),
    };
    Ok(Examined {
        database,
        tables,
        clocks,
        pepper,
        token: token_found,
    })
}

/// Returns when a token that was not revoked expires.
async fn ends<'a>(
    database: impl Executor<'a, Database = Any>,
    pepper: &Pepper,
    token: &OperatorToken<'_>,
) -> Result<Option<i64>, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT expires_at FROM operator_tokens WHERE digest = $1 AND revoked_at IS NULL",
    )
    .bind(pepper.digest_of_token(token).to_vec())
    .fetch_optional(database)
    .await
}
