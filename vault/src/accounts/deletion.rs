//! The part of a deletion that concerns an account's own rows (see [`crate::keys::delete_account`]).
//!
//! The row stays without address, password and keys while mails refer to it, the one about the deletion among them;
//! [`prune`] removes it afterwards. A backup that is restored meanwhile finds it so, and deletes the account again.

use shared::validation::DEFAULT_WARNING_DAYS;
use sqlx::AnyConnection;

use crate::error::Result;
use crate::outbox;
use crate::storage::Tx;

/// Withdraws the mails that wait, and the links of those that were sent.
pub async fn withdraw_mails(tx: &mut Tx, account: &str) -> Result<()> {
    let now = tx.now();
    sqlx::query(
        "UPDATE links SET used_at = $1
         WHERE used_at IS NULL AND id IN (SELECT id FROM outbox WHERE account_id = $2)",
    )
    .bind(now)
    .bind(account)
    .execute(tx.connection())
    .await?;
    outbox::withdraw(tx.connection(), account, now).await
}

/// Takes from an account's row all that names or admits its owner. The row keeps its id, which is no address. Returns false
/// if the password is not `stored` any more.
pub async fn empty(tx: &mut Tx, account: &str, stored: &str) -> Result<bool> {
    let same = sqlx::query("UPDATE accounts SET password = '' WHERE id = $1 AND password = $2")
        .bind(account)
        .bind(stored)
        .execute(tx.connection())
        .await?;
    if same.rows_affected() == 0 {
        return Ok(false);
    }
    empty_any(tx, account).await?;
    Ok(true)
}

/// As [`empty`], whatever the password is.
pub async fn empty_any(tx: &mut Tx, account: &str) -> Result<()> {
    empty_row(tx.connection(), account).await
}

/// As [`empty_any`], for a restore.
pub async fn empty_row(connection: &mut AnyConnection, account: &str) -> Result<()> {
    for statement in [
        "DELETE FROM account_hours WHERE account_id = $1",
        "DELETE FROM notice_addresses WHERE account_id = $1",
        "DELETE FROM portal_sessions WHERE account_id = $1",
        "DELETE FROM people WHERE account_id = $1",
        "UPDATE accounts SET email = id, password = '', confirmed_at = NULL, owned_at = NULL, claimed_at = NULL,
         second_recipient = NULL, second_confirmed_at = NULL, feed_generation = feed_generation + 1,
         external_id = NULL, name = '', folded = '', metadata = '{}', suspended_at = NULL, suspended_reason = ''
         WHERE id = $1",
    ] {
        sqlx::query(statement)
            .bind(account)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Adds the row of an account without an owner, for mails that concern none: as a deleted one, it goes with the last of them.
pub async fn insert_ownerless(connection: &mut AnyConnection, id: &str, now: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO accounts (id, email, password, time_zone, warning_days, created_at, stages)
         VALUES ($1, $1, '', 'UTC', $2, $3, '') ON CONFLICT (id) DO NOTHING",
    )
    .bind(id)
    .bind(DEFAULT_WARNING_DAYS)
    .bind(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// Removes the rows of deleted accounts to which no mail refers any more.
pub async fn prune(connection: &mut AnyConnection) -> Result<()> {
    sqlx::query(
        "DELETE FROM accounts WHERE password = ''
         AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.account_id = accounts.id)",
    )
    .execute(connection)
    .await?;
    Ok(())
}
