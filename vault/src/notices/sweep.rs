//! The sweep: records in the ledger everything that has fallen due, and puts one mail for each account and recipient
//! into the outbox, in the same transaction.
//!
//! The sweep is a plain function of the database and the instant. `sweeps.swept_to` is its position: it reads what is
//! due from there until before `now`, stage by stage, through the index on `expires_at`, so its cost depends on what is
//! due and not on how many keys there are. The ledger's key (key, expiration, stage, recipient) makes the sweep
//! idempotent. Among several nodes a second row of `sweeps` says up to where one of them reads, so that all of them date
//! their changes after that.
//!
//! A key that is expired manually is recorded at once, by the operation that expires it (see [`super::reports`]).
//!
//! Changing an expiration re-arms exactly the notices that should come again: the ledger's rows belong to the old one,
//! and a stage applies only if its lead is at most half of what is left (see [`Stage::applies`]), so it always lies
//! after the change.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use futures_util::{Stream, TryStreamExt};
use shared::notice::Stage;
use sqlx::{AnyConnection, AssertSqlSafe, FromRow};

use crate::error::{Error, Result};
use crate::notices::wishes::{Choices, Wishes, chosen_after};
use crate::outbox::ledger::{self, Report};
use crate::outbox::{self, MailTo, Wait};
use crate::storage::{Database, LongRead, System, Tx};

/// Accounts written in one transaction, so that a million keys that expire at midnight do not block all other writes.
const BATCH: usize = 50;

static NEXT_DUE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH stages (stage, lead) AS (VALUES {})
         SELECT MIN((SELECT MIN(k.expires_at) FROM api_keys k WHERE k.expires_at >= w.swept_to + s.lead) - s.lead)
         FROM stages s CROSS JOIN sweeps w WHERE w.id = 1",
        stage_rows()
    )
});

/// CROSS JOIN makes SQLite go from the few stages to the keys, by the index on the expiration.
static DUE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH stages (stage, lead) AS (VALUES {})
         SELECT k.account_id, k.access_key, k.expires_at, k.expiration_set_at, s.stage
         FROM stages s CROSS JOIN api_keys k
         WHERE k.expires_at >= $1 + s.lead AND k.expires_at < $2 + s.lead
         ORDER BY k.account_id",
        stage_rows()
    )
});

/// Returns the stages as rows of SQL, each with the slug and the lead in milliseconds.
fn stage_rows() -> String {
    Stage::ALL
        .map(|stage| format!("('{}', {})", stage.slug(), stage.lead()))
        .join(", ")
}

/// Starts the sweep at the current instant if it has never run; anything due earlier is ignored.
pub async fn begin(database: &Database) -> Result<()> {
    let row: Option<(i64,)> = sqlx::query_as("SELECT swept_to FROM sweeps WHERE id = 1")
        .fetch_optional(&database.readers)
        .await?;
    if row.is_some() {
        return Ok(());
    }
    let insert = async |tx: &mut Tx| {
        // Another node may have begun meanwhile.
        sqlx::query("INSERT INTO sweeps (id, swept_to) VALUES (1, $1) ON CONFLICT (id) DO NOTHING")
            .bind(tx.now())
            .execute(tx.connection())
            .await?;
        Ok(())
    };
    database.transact(System, insert).await
}

/// Returns the instant after which the next sweep finds something, UTC epoch milliseconds; none if no key expires.
pub async fn next_due(database: &Database) -> Result<Option<i64>> {
    let (next,): (Option<i64>,) = sqlx::query_as(AssertSqlSafe(NEXT_DUE.as_str()))
        .fetch_one(&database.readers)
        .await?;
    Ok(next)
}

/// Returns the position of the sweep. Once it has, no change that the next read misses is dated before `now`.
async fn position(database: &Database, now: i64) -> Result<i64> {
    const POSITION: &str = "SELECT swept_to FROM sweeps WHERE id = 1";
    if !database.is_shared() {
        // A key that was expired a moment before `now` must be visible, or the sweep would never see it.
        database.settled().await?;
        let position = sqlx::query_as(POSITION).fetch_one(&database.readers);
        let (from,): (i64,) = position.await?;
        return Ok(from);
    }
    // The clock of another node may be behind. A write begins with the latest instant of this table, so from here on
    // none is dated before `now`. The position is read in the same turn, because a reader may lag.
    let announce = async |tx: &mut Tx| {
        sqlx::query(
            "INSERT INTO sweeps (id, swept_to) VALUES (2, $1)
             ON CONFLICT (id) DO UPDATE SET swept_to = excluded.swept_to WHERE sweeps.swept_to < excluded.swept_to",
        )
        .bind(now)
        .execute(tx.connection())
        .await?;
        let (from,): (i64,) = sqlx::query_as(POSITION).fetch_one(tx.connection()).await?;
        tx.commit_quietly();
        Ok(from)
    };
    database.transact(System, announce).await
}

/// Begins to read, on a connection that has every change before `now`.
async fn begin_read(database: &Database, now: i64) -> Result<LongRead> {
    let mut read = database.begin_long_read().await?;
    if database.is_shared() {
        let announced: Option<(i64,)> =
            sqlx::query_as("SELECT swept_to FROM sweeps WHERE id = 2 AND swept_to >= $1")
                .bind(now)
                .fetch_optional(&mut read)
                .await?;
        if announced.is_none() {
            let behind = "a connection led to another server than the one that is written to";
            return Err(Error::Unavailable(behind.to_owned()));
        }
    }
    Ok(read)
}

/// Records everything that fell due before `now`, and returns how many mails it put into the outbox.
pub async fn sweep(database: &Database, now: i64) -> Result<usize> {
    let from = position(database, now).await?;
    if now <= from {
        return Ok(0);
    }
    let mut mails = 0;
    let mut batch = Batch::default();
    let mut read = begin_read(database, now).await?;
    let mut rows = due(&mut read, from, now);
    while let Some(row) = rows.try_next().await? {
        if batch.is_full_for(&row.account) {
            mails += std::mem::take(&mut batch).write(database, now).await?;
        }
        batch.add(row);
    }
    drop(rows);
    drop(read);
    mails += batch.write(database, now).await?;
    let advance = async |tx: &mut Tx| {
        sqlx::query("UPDATE sweeps SET swept_to = $1 WHERE id = 1 AND swept_to < $1")
            .bind(now)
            .execute(tx.connection())
            .await?;
        Ok(())
    };
    database.transact(System, advance).await?;
    Ok(mails)
}

/// A stage that a key has reached.
struct Due {
    account: String,
    key: Report,
}

/// Returns what fell due from `from` until before `now`, of the stages that apply, chosen or not. The rows of an account
/// are consecutive.
fn due(read: &mut LongRead, from: i64, now: i64) -> impl Stream<Item = Result<Due>> + Unpin {
    let rows = sqlx::query_as(AssertSqlSafe(DUE.as_str()))
        .bind(from)
        .bind(now)
        .fetch(read)
        .map_err(Error::from);
    rows.try_filter_map(|row: DueRow| std::future::ready(Ok(row.due())))
}

/// A key with a stage that is due.
#[derive(FromRow)]
struct DueRow {
    account_id: String,
    access_key: String,
    expires_at: i64,
    expiration_set_at: i64,
    stage: String,
}

impl DueRow {
    /// Returns the stage, if it applies.
    fn due(self) -> Option<Due> {
        let stage = Stage::from_slug(&self.stage)?;
        let applies = stage.applies(self.expiration_set_at, self.expires_at);
        applies.then_some(Due {
            account: self.account_id,
            key: Report {
                access_key: self.access_key,
                expires_at: self.expires_at,
                stage,
            },
        })
    }
}

/// The due keys of each account, to be written in one transaction.
#[derive(Default)]
struct Batch(BTreeMap<String, Vec<Report>>);

impl Batch {
    /// Returns whether this account belongs in the next batch. An account is never split over two.
    fn is_full_for(&self, account: &str) -> bool {
        self.0.len() >= BATCH && !self.0.contains_key(account)
    }

    fn add(&mut self, due: Due) {
        self.0.entry(due.account).or_default().push(due.key);
    }

    /// Writes what the accounts have chosen of the batch. The choices and the recipients are read here, because the
    /// rows of the sweep may be older than a change of either.
    async fn write(self, database: &Database, now: i64) -> Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let earliest = self.0.values().flatten().map(Report::due).min();
        let earliest = earliest.unwrap_or(now);
        let wait = Wait {
            from: now,
            length: 0,
        };
        let write = async |tx: &mut Tx| {
            let (connection, mut mails) = (tx.connection(), 0);
            // Mostly none, because a sweep follows within a second.
            let chosen_since = chosen_after(connection, earliest).await?;
            for (account, mut keys) in self.0 {
                let Some(wishes) = Wishes::of(connection, &account).await? else {
                    continue;
                };
                let choices = Choices::of(connection, &account, &chosen_since).await?;
                keys.retain(|key| choices.at(key.due(), wishes.stages).contains(key.stage));
                if keys.is_empty() {
                    continue;
                }
                for recipient in wishes.recipients {
                    let keys = keys.clone();
                    let told = write_mail(connection, &account, &recipient, keys, now, wait);
                    mails += usize::from(told.await?);
                }
            }
            Ok(mails)
        };
        database.transact(System, write).await
    }
}

/// Writes the ledger and a mail for one recipient, and returns whether there was something to report. Keys that the
/// ledger already holds, or that have changed since they were read, do not count.
pub(super) async fn write_mail(
    connection: &mut AnyConnection,
    account: &str,
    recipient: &str,
    mut keys: Vec<Report>,
    now: i64,
    wait: Wait,
) -> Result<bool> {
    let id = outbox::notice(connection, account, recipient, now, wait).await?;
    let mail = MailTo {
        id: &id,
        account,
        recipient,
    };
    keys.sort_unstable();
    let mut news = false;
    // After a time without sweeps, a key may have reached several stages: the last is reported, and goes first.
    let mut told: Option<Report> = None;
    for key in keys.into_iter().rev() {
        let superseded = told
            .as_ref()
            .is_some_and(|told| told.access_key == key.access_key);
        let why = superseded.then_some(outbox::SUPERSEDED);
        let new = ledger::record(connection, &mail, &key, why).await?;
        if !superseded {
            news |= new;
            told = Some(key);
        }
    }
    if !news {
        ledger::remove_if_empty(connection, &id).await?;
    }
    Ok(news)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use sqlx::{Connection, Row, SqliteConnection};

    use super::*;
    use crate::test_support::{Fixture, NOON};

    mod postgres;

    /// Due keys are found through an index, however many keys there are.
    #[tokio::test]
    async fn the_sweep_reads_by_index() {
        let mut database = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        sqlx::migrate!("./migrations")
            .run(&mut database)
            .await
            .unwrap();
        for statement in [NEXT_DUE.as_str(), DUE.as_str()] {
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")))
                .fetch_all(&mut database)
                .await
                .unwrap();
            let plan: Vec<String> = plan.iter().map(|step| step.get("detail")).collect();
            assert!(
                plan.iter().any(|step| step.starts_with("SEARCH k USING")
                    && step.contains("api_keys_by_instant")),
                "{plan:?}"
            );
            assert!(
                !plan.iter().any(|step| step == "SCAN k" || step == "SCAN a"),
                "{plan:?}"
            );
        }
    }

    /// A notice goes to the address that is in force when it is written.
    #[tokio::test]
    async fn a_change_of_address_during_a_sweep_loses_no_notice() {
        let fixture = Fixture::new().await;
        fixture.leave_mail();
        let vault = &fixture.vault;
        let member = fixture.member("old@example.com").await;
        let access_key = member.default_key.access_key.to_string();
        let database = &vault.0.database;
        let expire = "UPDATE api_keys SET expires_at = 1795435200001";
        crate::test_support::execute(vault, expire).await;
        let mut read = database.begin_long_read().await.unwrap();
        let mut rows = due(&mut read, NOON, NOON + 2);
        let mut batch = Batch::default();
        while let Some(row) = rows.try_next().await.unwrap() {
            assert_eq!(row.key.access_key, access_key);
            batch.add(row);
        }
        drop(rows);
        drop(read);
        let readdress = "UPDATE accounts SET email = 'new@example.com'";
        crate::test_support::execute(vault, readdress).await;
        assert_eq!(batch.write(database, NOON + 2).await.unwrap(), 1);
        let recipients: Vec<(String,)> =
            sqlx::query_as("SELECT recipient FROM outbox WHERE kind = 'notice'")
                .fetch_all(&database.readers)
                .await
                .unwrap();
        assert_eq!(recipients, [("new@example.com".to_owned(),)]);
    }
}
