//! The ends of a copy of a whole database: connections that no other Keyhold disturbs, and the note in a target that its
//! copy is not finished.
//!
//! The note is a table that exists until the copy is complete and compared. It is not one of the schema's, so a finished
//! copy has no trace of it. Until then only the copy itself opens the target.

use std::str::FromStr;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, FromRow};

use super::address::address;
use super::connection::prepared;
use super::content::{Content, Inspected, LockedFile, Place};
use crate::error::OpenError;

/// The table of the note.
pub const NOTE: &str = "unfinished_copy";

/// A copy that is not finished.
#[derive(Clone, Debug, Eq, FromRow, PartialEq)]
pub struct Unfinished {
    /// The source's address for people.
    pub source: String,
    /// A digest of everything in the source when the copy began.
    pub content: String,
}

impl Unfinished {
    /// Reads the note, in a database that has it.
    pub async fn read(connection: &mut AnyConnection) -> sqlx::Result<Self> {
        sqlx::query_as("SELECT source, content FROM unfinished_copy")
            .fetch_one(connection)
            .await
    }

    /// Adds the note, in the caller's transaction.
    pub async fn note(&self, connection: &mut AnyConnection) -> sqlx::Result<()> {
        sqlx::query("CREATE TABLE unfinished_copy (source TEXT NOT NULL PRIMARY KEY, content TEXT NOT NULL)")
            .execute(&mut *connection)
            .await?;
        sqlx::query("INSERT INTO unfinished_copy (source, content) VALUES ($1, $2)")
            .bind(&self.source)
            .bind(&self.content)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Removes the note, so that a server may open the database.
    pub async fn remove(connection: &mut AnyConnection) -> sqlx::Result<()> {
        sqlx::query("DROP TABLE unfinished_copy")
            .execute(connection)
            .await?;
        Ok(())
    }
}

impl Inspected {
    /// Inspects the database at `url` as [`Self::new`] does, accepts the target of an unfinished copy, and creates a missing
    /// file.
    pub async fn to_copy_into(url: &str) -> Result<Self, OpenError> {
        let accept = |content| match content {
            Err(OpenError::UnfinishedCopy { .. }) => Ok(Content::NoKeys),
            other => other,
        };
        let mut inspected = Self::accepted_by(url, accept).await?;
        if let Place::File(file) = &mut inspected.place {
            file.created()?;
        }
        Ok(inspected)
    }

    pub fn is_server(&self) -> bool {
        matches!(self.place, Place::Server(_))
    }

    /// Connects, and keeps the changes of others away. None if another process makes changes now.
    pub async fn connect_alone(&self) -> sqlx::Result<Option<AnyConnection>> {
        match &self.place {
            // The file is locked.
            Place::File(file) => Ok(Some(prepared(file.connect_alone().await?).await?)),
            Place::Server(server) => server.connect_alone().await,
        }
    }

    /// The same to read only: the connection changes nothing.
    pub async fn read_alone(&self) -> sqlx::Result<Option<AnyConnection>> {
        let (connection, read_only) = match &self.place {
            Place::File(file) => (Some(file.connect_alone().await?), "PRAGMA query_only = ON"),
            Place::Server(server) => (
                server.connect_alone().await?,
                "SET default_transaction_read_only = on",
            ),
        };
        let Some(mut connection) = connection else {
            return Ok(None);
        };
        sqlx::raw_sql(read_only).execute(&mut connection).await?;
        Ok(Some(connection))
    }

    /// Connects to read beside other processes, which go on making changes. A file is locked all the same.
    pub async fn read_beside(&self) -> sqlx::Result<AnyConnection> {
        match &self.place {
            Place::File(file) => {
                let mut connection = file.connect_alone().await?;
                sqlx::raw_sql("PRAGMA query_only = ON")
                    .execute(&mut connection)
                    .await?;
                Ok(connection)
            }
            Place::Server(server) => server.connect_to_read().await,
        }
    }
}

impl LockedFile {
    async fn connect_alone(&self) -> sqlx::Result<AnyConnection> {
        let address = address(&self.path, "mode=rw");
        // Reading a whole table is slow, and no cause for a warning.
        let options = AnyConnectOptions::from_str(&address)?.disable_statement_logging();
        options.connect().await
    }
}
