//! The column that accounts are searched by, computed where it is missing or out of date.

use sqlx::{AnyConnection, FromRow};

use crate::error::Result;
use crate::storage::{Database, System, Tx};
use crate::text::account_lines;

/// The number of accounts whose column is computed in one transaction.
const BATCH: i64 = 1_000;

/// The texts of an account.
#[derive(FromRow)]
struct Row {
    id: String,
    external_id: Option<String>,
    name: String,
    email: String,
}

/// Computes the column of an account from its present texts, in the transaction that has changed one of them.
pub(crate) async fn refold_one(connection: &mut AnyConnection, id: &str) -> Result<()> {
    let row: Option<Row> =
        sqlx::query_as("SELECT id, external_id, name, email FROM accounts WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(row) = row else {
        return Ok(());
    };
    let external_id = row.external_id.as_deref().unwrap_or_default();
    sqlx::query("UPDATE accounts SET folded = $1 WHERE id = $2")
        .bind(account_lines(&row.id, external_id, &row.name, &row.email))
        .bind(&row.id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Computes the column wherever it is missing; with `again`, of all accounts.
pub(crate) async fn refold(database: &Database, again: bool) -> Result<()> {
    let mut after = String::new();
    while let Some(last) = refold_batch(database, &after, again).await? {
        after = last;
    }
    Ok(())
}

/// Computes the column of the accounts that follow `after`, as many as one change should hold. Returns the id of the last
/// one.
async fn refold_batch(database: &Database, after: &str, again: bool) -> Result<Option<String>> {
    // Most starts find none, so they wait for no turn.
    let ids: Vec<(String,)> = sqlx::query_as(
        "SELECT id FROM accounts
         WHERE id > $1 AND password <> '' AND (folded = '' OR $2 = 1) ORDER BY id LIMIT $3",
    )
    .bind(after)
    .bind(i64::from(again))
    .bind(BATCH)
    .fetch_all(&database.readers)
    .await?;
    let Some((last,)) = ids.last().cloned() else {
        return Ok(None);
    };
    let refold = async |tx: &mut Tx| {
        for (id,) in &ids {
            refold_one(tx.connection(), id).await?;
        }
        tx.commit_quietly();
        Ok(())
    };
    database.transact(System, refold).await?;
    Ok(Some(last))
}
