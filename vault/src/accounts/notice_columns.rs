//! The columns of an account that hold its notice settings: stages, second recipient and calendar. The rules for them are
//! in [`crate::notices::settings`].

use shared::notice::Stages;
use sqlx::AnyConnection;

use crate::error::Result;

/// Stores the stages at which the account is notified.
pub async fn set_stages(
    connection: &mut AnyConnection,
    account: &str,
    stages: Stages,
) -> Result<()> {
    sqlx::query("UPDATE accounts SET stages = $1 WHERE id = $2")
        .bind(stages.to_string())
        .bind(account)
        .execute(connection)
        .await?;
    Ok(())
}

/// Stores an unconfirmed second recipient. Returns whether that changes anything: not if this address is the second
/// recipient already, and confirmed.
pub async fn set_second(
    connection: &mut AnyConnection,
    account: &str,
    address: &str,
) -> Result<bool> {
    let changed = sqlx::query(
        "UPDATE accounts SET second_recipient = $1, second_confirmed_at = NULL
         WHERE id = $2 AND (second_recipient IS NULL OR second_recipient <> $1 OR second_confirmed_at IS NULL)",
    )
    .bind(address)
    .bind(account)
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() > 0)
}

/// Removes the second recipient.
pub async fn remove_second(connection: &mut AnyConnection, account: &str) -> Result<()> {
    sqlx::query(
        "UPDATE accounts SET second_recipient = NULL, second_confirmed_at = NULL WHERE id = $1",
    )
    .bind(account)
    .execute(connection)
    .await?;
    Ok(())
}

/// Changes the URL of the calendar feed, which names this generation.
pub async fn next_feed(connection: &mut AnyConnection, account: &str) -> Result<()> {
    sqlx::query("UPDATE accounts SET feed_generation = feed_generation + 1 WHERE id = $1")
        .bind(account)
        .execute(connection)
        .await?;
    Ok(())
}
