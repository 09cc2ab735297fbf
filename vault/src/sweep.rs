//! The sweep: writes into the ledger what has become due, and puts one mail for each account and recipient
//! into the outbox, in the same transaction.
//!
//! A plain function of the database and the instant. `sweeps.swept_to` says how far it has come: what is due
//! from there until before `now` is looked at, stage by stage, through the index on `expires_at`, so it costs
//! what is due and not what there is. The ledger's key (key, expiration, stage, recipient) makes sweeping
//! twice the same as sweeping once.
//!
//! Changing an expiration re-arms exactly what should come again: the ledger speaks of the old one, and a
//! stage applies only if its lead is at most half of what is left (see [`Stage::applies`]), so it always lies
//! ahead of the change.

use std::collections::BTreeMap;

use shared::notice::{MailKind, Stage, Stages};
use sqlx::AnyConnection;

use crate::database::Database;
use crate::error::Result;
use crate::{outbox, random};

/// Accounts written in one transaction, so that a million keys that expire at midnight do not keep everybody
/// else from writing.
const BATCH: usize = 50;

/// Lets the sweep begin at `now` where it has never run: what was due earlier is history. Should the clock
/// have been wrong and be put right, it begins where the clock now is.
pub async fn begin(database: &Database, now: i64) -> Result<()> {
    let mut write = database.begin().await?;
    sqlx::query(
        "INSERT INTO sweeps (id, swept_to) VALUES (1, $1)
         ON CONFLICT (id) DO UPDATE SET swept_to = excluded.swept_to
         WHERE sweeps.swept_to > excluded.swept_to",
    )
    .bind(now)
    .execute(&mut *write.transaction)
    .await?;
    let _turn = write.commit().await?;
    Ok(())
}

async fn swept_to(database: &Database) -> Result<i64> {
    let (at,): (i64,) = sqlx::query_as("SELECT swept_to FROM sweeps WHERE id = 1")
        .fetch_one(&database.readers)
        .await?;
    Ok(at)
}

/// The instant after which the next sweep finds something, UTC epoch milliseconds; none if no key expires.
pub async fn next_due(database: &Database) -> Result<Option<i64>> {
    let from = swept_to(database).await?;
    let mut next: Option<i64> = None;
    for stage in Stage::ALL {
        let (expires_at,): (Option<i64>,) =
            sqlx::query_as("SELECT MIN(expires_at) FROM api_keys WHERE expires_at >= $1")
                .bind(from.saturating_add(stage.lead()))
                .fetch_one(&database.readers)
                .await?;
        let due = expires_at.map(|at| stage.due(at));
        next = [next, due].into_iter().flatten().min();
    }
    Ok(next)
}

/// Takes down all that became due before `now`, and says how many mails it put into the outbox.
pub async fn sweep(database: &Database, now: i64) -> Result<usize> {
    let from = swept_to(database).await?;
    if now <= from {
        return Ok(0);
    }
    let accounts = accounts_due(database, from, now).await?;
    let mut mails = 0;
    for batch in accounts.chunks(BATCH) {
        let mut write = database.begin().await?;
        for account in batch {
            let due = due(&mut write.transaction, account, from, now).await?;
            mails += write_down(&mut write.transaction, account, &due, now).await?;
        }
        let _turn = write.commit().await?;
    }
    let mut write = database.begin().await?;
    sqlx::query("UPDATE sweeps SET swept_to = $1 WHERE id = 1 AND swept_to < $1")
        .bind(now)
        .execute(&mut *write.transaction)
        .await?;
    let _turn = write.commit().await?;
    Ok(mails)
}

/// The accounts with keys for which a stage was due from `from` until before `now`.
async fn accounts_due(database: &Database, from: i64, now: i64) -> Result<Vec<String>> {
    let mut accounts = Vec::new();
    for stage in Stage::ALL {
        let found: Vec<(String,)> = sqlx::query_as(
            "SELECT DISTINCT account_id FROM api_keys WHERE expires_at >= $1 AND expires_at < $2",
        )
        .bind(from.saturating_add(stage.lead()))
        .bind(now.saturating_add(stage.lead()))
        .fetch_all(&database.readers)
        .await?;
        accounts.extend(found.into_iter().map(|(id,)| id));
    }
    accounts.sort_unstable();
    accounts.dedup();
    Ok(accounts)
}

/// A stage that a key has come to.
struct Due {
    access_key: String,
    name: String,
    expires_at: i64,
    stage: Stage,
}

/// What is due for one account, of the stages that it has chosen, in the order of stages.
async fn due(
    connection: &mut AnyConnection,
    account: &str,
    from: i64,
    now: i64,
) -> Result<Vec<Due>> {
    let (chosen,): (String,) = sqlx::query_as("SELECT stages FROM accounts WHERE id = $1")
        .bind(account)
        .fetch_one(&mut *connection)
        .await?;
    // Words that this version does not know are those of a newer one that was taken back: tell all.
    let chosen: Stages = chosen.parse().unwrap_or(Stages::ALL);
    let mut due = Vec::new();
    for stage in chosen.iter() {
        let keys: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT access_key, name, expires_at, expiration_set_at FROM api_keys
             WHERE account_id = $1 AND expires_at >= $2 AND expires_at < $3",
        )
        .bind(account)
        .bind(from.saturating_add(stage.lead()))
        .bind(now.saturating_add(stage.lead()))
        .fetch_all(&mut *connection)
        .await?;
        due.extend(
            keys.into_iter()
                .filter(|(_, _, expires_at, set_at)| stage.applies(*set_at, *expires_at))
                .map(|(access_key, name, expires_at, _)| Due {
                    access_key,
                    name,
                    expires_at,
                    stage,
                }),
        );
    }
    Ok(due)
}

/// Writes ledger and outbox for one account, and says how many mails that makes: one for each recipient who
/// has not been told.
async fn write_down(
    connection: &mut AnyConnection,
    account: &str,
    due: &[Due],
    now: i64,
) -> Result<usize> {
    let mut mails = 0;
    for recipient in recipients(connection, account).await? {
        let mut news: Vec<&Due> = Vec::new();
        for one in due {
            if !is_written(connection, one, &recipient).await? {
                news.push(one);
            }
        }
        if news.is_empty() {
            continue;
        }
        // After a time without sweeps a key may have come to several stages: the latest is told.
        let latest: BTreeMap<&str, Stage> = news
            .iter()
            .map(|one| (one.access_key.as_str(), one.stage))
            .collect();
        let mail = random::id("mail_")?;
        outbox::put(
            connection,
            &mail,
            account,
            MailKind::Notice,
            &recipient,
            now,
        )
        .await?;
        for one in news {
            let superseded = latest.get(one.access_key.as_str()) != Some(&one.stage);
            sqlx::query(
                "INSERT INTO notices (access_key, expires_at, stage, recipient, mail_id, name, left_out)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(&one.access_key)
            .bind(one.expires_at)
            .bind(one.stage.slug())
            .bind(&recipient)
            .bind(&mail)
            .bind(&one.name)
            .bind(superseded.then_some(outbox::SUPERSEDED))
            .execute(&mut *connection)
            .await?;
        }
        mails += 1;
    }
    Ok(mails)
}

/// The account's own address, and the second one if it has confirmed.
async fn recipients(connection: &mut AnyConnection, account: &str) -> Result<Vec<String>> {
    let (own, second): (String, Option<String>) = sqlx::query_as(
        "SELECT email, CASE WHEN second_confirmed_at IS NOT NULL THEN second_recipient END
         FROM accounts WHERE id = $1",
    )
    .bind(account)
    .fetch_one(connection)
    .await?;
    Ok([Some(own), second].into_iter().flatten().collect())
}

async fn is_written(connection: &mut AnyConnection, due: &Due, recipient: &str) -> Result<bool> {
    let row: Option<(String,)> = sqlx::query_as(
        "SELECT mail_id FROM notices
         WHERE access_key = $1 AND expires_at = $2 AND stage = $3 AND recipient = $4",
    )
    .bind(&due.access_key)
    .bind(due.expires_at)
    .bind(due.stage.slug())
    .bind(recipient)
    .fetch_optional(connection)
    .await?;
    Ok(row.is_some())
}
