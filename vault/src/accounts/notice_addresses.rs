//! The addresses that the company has set for the notices of an account. It vouches for them: they need no confirmation.

use sqlx::AnyConnection;

use crate::error::Result;

/// The most addresses of an account.
pub const MOST: usize = 5;

/// Returns them in their order.
pub async fn of(connection: &mut AnyConnection, account: &str) -> Result<Vec<String>> {
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT address FROM notice_addresses WHERE account_id = $1 ORDER BY place")
            .bind(account)
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().map(|(address,)| address).collect())
}

/// Replaces them.
pub async fn set(
    connection: &mut AnyConnection,
    account: &str,
    addresses: &[String],
) -> Result<()> {
    sqlx::query("DELETE FROM notice_addresses WHERE account_id = $1")
        .bind(account)
        .execute(&mut *connection)
        .await?;
    for (place, address) in (0_i64..).zip(addresses) {
        sqlx::query(
            "INSERT INTO notice_addresses (account_id, place, address) VALUES ($1, $2, $3)",
        )
        .bind(account)
        .bind(place)
        .bind(address)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
