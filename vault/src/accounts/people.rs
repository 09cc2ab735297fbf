//! The company's own people, as its portal links name them. The trail and the keys have their ids, and this table the label of
//! each, as the last link had it.

use sqlx::AnyConnection;

use super::sessions::Person;
use crate::error::Result;

/// Returns an expression: the label of a person of an account, or null.
pub(crate) fn label(account: &str, person: &str) -> String {
    format!(
        "(SELECT e.label FROM people e WHERE e.account_id = {account} AND e.external_id = {person})"
    )
}

/// Returns the label of a person of an account.
pub(crate) async fn label_of(
    connection: &mut AnyConnection,
    account: &str,
    person: &str,
) -> Result<Option<String>> {
    let found: Option<(String,)> =
        sqlx::query_as("SELECT label FROM people WHERE account_id = $1 AND external_id = $2")
            .bind(account)
            .bind(person)
            .fetch_optional(connection)
            .await?;
    Ok(found.map(|(label,)| label))
}

/// Notes the label of a person, in the transaction that names it.
pub(super) async fn note(
    connection: &mut AnyConnection,
    account: &str,
    person: &Person,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO people (account_id, external_id, label) VALUES ($1, $2, $3)
         ON CONFLICT (account_id, external_id) DO UPDATE SET label = excluded.label",
    )
    .bind(account)
    .bind(&person.external_id)
    .bind(&person.label)
    .execute(connection)
    .await?;
    Ok(())
}
