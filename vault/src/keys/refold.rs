//! The columns for searching and sorting, brought up to the current version of their rule.
use sqlx::FromRow;

use crate::accounts;
use crate::error::Result;
use crate::storage::{Database, System, Tx};
use crate::text::{EDITION, lines};

/// The number of keys whose column is computed in one transaction.
const BATCH: i64 = 1_000;

/// Computes the columns of keys and accounts again where an earlier version of the rule made them.
pub(crate) async fn refold(database: &Database) -> Result<()> {
    let edition: Option<(i64,)> = sqlx::query_as("SELECT edition FROM foldings WHERE id = 1")
        .fetch_optional(&database.readers)
        .await?;
    if edition.is_some_and(|(edition,)| edition == EDITION) {
        return accounts::refold::refold(database, false).await;
    }
    accounts::refold::refold(database, true).await?;
    let mut after = String::new();
    while let Some(last) = refold_batch(database, &after).await? {
        after = last;
    }
    let note = async |tx: &mut Tx| {
        sqlx::query(
            "INSERT INTO foldings (id, edition) VALUES (1, $1)
             ON CONFLICT (id) DO UPDATE SET edition = excluded.edition",
        )
        .bind(EDITION)
        .execute(tx.connection())
        .await?;
        Ok(())
    };
    database.transact(System, note).await
}

/// The texts of a key, and the column computed from them.
#[derive(FromRow)]
struct Row {
    access_key: String,
    name: String,
    description: String,
    folded: String,
}

/// Computes the column of the keys that follow `after`, as many as one change should hold. Returns the access key of
/// the last one.
async fn refold_batch(database: &Database, after: &str) -> Result<Option<String>> {
    let refold = async |tx: &mut Tx| {
        let keys: Vec<Row> = sqlx::query_as(
            "SELECT access_key, name, description, folded FROM api_keys WHERE access_key > $1 ORDER BY access_key LIMIT $2",
        )
        .bind(after)
        .bind(BATCH)
        .fetch_all(tx.connection())
        .await?;
        let last = keys.last().map(|key| key.access_key.clone());
        for key in keys {
            let folded = lines(&key.name, &key.description, &key.access_key);
            if folded != key.folded {
                sqlx::query("UPDATE api_keys SET folded = $1 WHERE access_key = $2")
                    .bind(folded)
                    .bind(key.access_key)
                    .execute(tx.connection())
                    .await?;
            }
        }
        tx.commit_quietly();
        Ok(last)
    };
    database.transact(System, refold).await
}
