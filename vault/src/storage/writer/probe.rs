//! Probes of a database that has failed: for taking writes again, and for damage.

use sqlx::{AnyConnection, Connection};

use crate::crypto::random;
use crate::storage::connection::connect_again;
use crate::storage::watch::Watch;

/// About as many bytes as the largest ordinary change writes.
const BYTES: usize = 64 * 1024;

/// Writes as much as a change does, and commits. The caller has begun the transaction.
pub async fn write(connection: &mut AnyConnection) -> sqlx::Result<()> {
    // Different content each time: SQLite does not write content that is already there.
    let content = random::bytes::<8>()
        .map_err(|error| sqlx::Error::Protocol(error.to_string()))?
        .repeat(BYTES / 8);
    sqlx::query(
        "INSERT INTO write_probe (id, body) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
    )
    .bind(content)
    .execute(&mut *connection)
    .await?;
    sqlx::query("COMMIT").execute(connection).await?;
    Ok(())
}

/// Reads the whole file, on a connection of its own, and returns what is wrong with it.
pub async fn damage(address: &str, watch: &Watch) -> Option<String> {
    let check = async {
        let mut connection = connect_again(address, watch).await?;
        let (verdict,): (String,) = sqlx::query_as("PRAGMA quick_check(1)")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok::<_, sqlx::Error>(verdict)
    };
    match check.await {
        Ok(verdict) if verdict == "ok" => None,
        Ok(verdict) => Some(format!("the database is damaged: {verdict}")),
        Err(error) => Some(error.to_string()),
    }
}
