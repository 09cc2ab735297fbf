//! The probe of a database that has failed: whether it takes writes again.

use sqlx::AnyConnection;

use crate::crypto::random;

/// About as many bytes as the largest ordinary change writes.
const BYTES: usize = 64 * 1024;

/// Writes as much as a change does, within a transaction.
pub async fn write(connection: &mut AnyConnection) -> sqlx::Result<()> {
    // Different content each time: SQLite does not write content that is already there.
    let content = random::bytes::<8>()
        .map_err(|error| sqlx::Error::Protocol(error.to_string()))?
        .repeat(BYTES / 8);
    sqlx::query(
        "INSERT INTO write_probe (id, body) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
    )
    .bind(content)
    .execute(connection)
    .await?;
    Ok(())
}
