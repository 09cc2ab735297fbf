//! The change log: the table `key_changes`, through which every committed change reaches the directory of each node.
//!
//! Entries are numbered in the order of the commits, without gaps, because each is appended in the write turn. Each
//! bears a random tag: a node that goes on after the entry it applied last recognises it. If a failover lost that entry,
//! another may have its number, but not its tag, and the node loads everything again.

use sqlx::{Any, AnyConnection, Executor};

use crate::crypto::random;
use crate::error::{Error, Result};
use crate::state::directory::Publication;

/// Publications in one entry: a change of more keys takes several, so that no entry exceeds about 100 kB.
const IN_ENTRY: usize = 400;
/// Entries that are read at a time.
const BATCH: usize = 256;

/// The entry that a node has applied last.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Position {
    pub seq: i64,
    tag: String,
}

/// An entry that has been read.
pub struct Entry {
    pub position: Position,
    pub at: i64,
    pub publications: Vec<Publication>,
}

/// Entries in the order of the log.
pub struct Batch {
    pub entries: Vec<Entry>,
    /// More were committed before these were read.
    pub more: bool,
}

/// The reasons for not going on after an entry.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    #[error(
        "the database lost the change {0}, which was applied here: an asynchronous standby may have been promoted"
    )]
    Lost(i64),
    #[error(
        "this node's lease was over, and the log no longer has the changes after {0}, the last one here"
    )]
    Pruned(i64),
    #[error("the change {0} was written by a newer version: {1}")]
    Unknown(i64, String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

/// Appends the publications of a change at the instant `at`, in its transaction, and wakes the nodes when that is
/// committed. Returns their number. `node` is the node that makes the change, and must have its row until the commit: so
/// all leases have the same length as its own.
pub async fn append(
    connection: &mut AnyConnection,
    node: &str,
    at: i64,
    publications: &[Publication],
) -> Result<i64> {
    let mut newest = 0;
    for part in publications.chunks(IN_ENTRY) {
        let body =
            serde_json::to_string(part).map_err(|error| Error::Unavailable(error.to_string()))?;
        let seq: Option<(i64,)> = sqlx::query_as(
            "INSERT INTO key_changes (seq, tag, at, body)
             SELECT n.seq + 1, $1, CASE WHEN n.at > $2 THEN n.at ELSE $2 END, $3
             FROM key_changes n
             WHERE n.seq = (SELECT MAX(seq) FROM key_changes) AND EXISTS (SELECT 1 FROM nodes WHERE id = $4)
             RETURNING seq, CAST(pg_notify('keyhold_changes', '') AS TEXT)",
        )
        .bind(random::id("")?)
        .bind(at)
        .bind(body)
        .bind(node)
        .fetch_optional(&mut *connection)
        .await?;
        let Some((seq,)) = seq else {
            return Err(Error::NotSaved("this node has to join again".to_owned()));
        };
        newest = seq;
    }
    Ok(newest)
}

/// Returns the position of the newest entry, and its instant.
pub async fn newest(connection: &mut AnyConnection) -> sqlx::Result<(Position, i64)> {
    let (seq, tag, at) =
        sqlx::query_as("SELECT seq, tag, at FROM key_changes ORDER BY seq DESC LIMIT 1")
            .fetch_one(connection)
            .await?;
    Ok((Position { seq, tag }, at))
}

/// Returns whether an entry after the number `seq` concerns a key or an account.
pub async fn concerns<'a>(
    readers: impl Executor<'a, Database = Any>,
    seq: i64,
    subject: &str,
) -> sqlx::Result<bool> {
    let found: Option<(i64,)> = sqlx::query_as(
        "SELECT seq FROM key_changes WHERE seq > $1 AND strpos(body, $2) > 0 LIMIT 1",
    )
    .bind(seq)
    .bind(format!("\"{subject}\""))
    .fetch_optional(readers)
    .await?;
    Ok(found.is_some())
}

/// Reads the entries after `position`.
pub async fn after(connection: &mut AnyConnection, position: &Position) -> Result<Batch, Unread> {
    let rows: Vec<(i64, String, i64, String)> = sqlx::query_as(
        "SELECT seq, tag, at, body FROM key_changes WHERE seq >= $1 ORDER BY seq LIMIT $2",
    )
    .bind(position.seq)
    .bind(i64::try_from(BATCH + 1).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    let more = rows.len() > BATCH;
    let mut rows = rows.into_iter();
    match rows.next() {
        Some((seq, ref tag, ..)) if seq == position.seq && *tag == position.tag => {}
        // Numbers have no gaps, so entries were pruned: this node has lost its row, which kept them.
        Some((seq, ..)) if seq > position.seq => return Err(Unread::Pruned(position.seq)),
        _ => return Err(Unread::Lost(position.seq)),
    }
    let mut entries = Vec::with_capacity(rows.len());
    for (seq, tag, at, body) in rows {
        let publications =
            serde_json::from_str(&body).map_err(|error| Unread::Unknown(seq, error.to_string()))?;
        entries.push(Entry {
            position: Position { seq, tag },
            at,
            publications,
        });
    }
    Ok(Batch { entries, more })
}

/// Removes the entries that every node has in its memory, except the newest of them.
pub async fn prune(connection: &mut AnyConnection) -> sqlx::Result<()> {
    sqlx::query("DELETE FROM key_changes WHERE seq < (SELECT MIN(seen) FROM nodes)")
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;
    use sqlx::any::install_default_drivers;

    use super::*;

    /// The tables are the same with both engines.
    #[tokio::test]
    async fn a_pruned_entry_is_not_a_lost_one() -> Result<(), Unread> {
        install_default_drivers();
        let mut connection = AnyConnection::connect("sqlite::memory:").await?;
        let tables = include_str!("../../migrations/0014_nodes.sql");
        sqlx::raw_sql(tables).execute(&mut connection).await?;
        let insert = "INSERT INTO key_changes (seq, tag, at, body) VALUES (5, 'a', 0, '[]'), (6, 'b', 0, '[]')";
        sqlx::query(insert).execute(&mut connection).await?;
        let mut read = async |seq, tag: &str| {
            let tag = tag.to_owned();
            let batch = after(&mut connection, &Position { seq, tag }).await;
            batch.map(|batch| batch.entries.len())
        };
        assert_eq!(read(0, "").await?, 2);
        assert_eq!(read(5, "a").await?, 1);
        assert_eq!(read(6, "b").await?, 0);
        // A failover lost what was there before.
        assert!(matches!(read(6, "c").await, Err(Unread::Lost(6))));
        assert!(matches!(read(7, "c").await, Err(Unread::Lost(7))));
        // This node lost its row, and the others went on.
        assert!(matches!(read(4, "z").await, Err(Unread::Pruned(4))));
        Ok(())
    }
}
