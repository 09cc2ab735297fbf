//! The list of nodes, for the operator.

use crate::cluster::{self, Listing};
use crate::error::OpenError;
use crate::storage;

/// Returns the nodes on a PostgreSQL database; none for SQLite, which has one process only.
///
/// # Errors
/// A database that cannot be reached, or has no tables of ours.
pub async fn nodes(database_url: &str) -> Result<Option<Vec<Listing>>, OpenError> {
    let Some(mut connection) = storage::connect_server(database_url).await? else {
        return Ok(None);
    };
    if !cluster::has_tables(&mut connection).await? {
        let database = storage::name(database_url)?;
        return Err(OpenError::NoTables { database });
    }
    let listing = cluster::listing(&mut connection).await?;
    Ok(Some(listing))
}
