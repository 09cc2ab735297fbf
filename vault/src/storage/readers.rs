//! The connections that only read. SQLite's file always answers; a server may fall silent, and then no statement ends by
//! itself: the server's limits of time are its own. So each read from a server has a limit here, and a connection that
//! exceeds one is closed, because neither its answer nor its return to the pool would ever come.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{TryFutureExt as _, TryStreamExt as _};
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, Describe, Either, Execute, Executor, SqlStr, Transaction};
use tokio::runtime::Handle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::postgres::{QUERY, Renewal, silent};
use crate::error::Result;
use crate::limits::patience::Patience;

/// The longest that a server may take to answer one read, after its own limit.
const ANSWER: Duration = Duration::from_secs(1);
/// The longest that a connection may take to become usable for the next read.
const RETURN: Duration = Duration::from_secs(2);

/// A pool of connections that only read. A statement can be executed on a reference to it.
#[derive(Clone, Debug)]
pub struct Readers {
    pool: AnyPool,
    /// The longest that a read may take; none for a file.
    limit: Option<Duration>,
    renewal: Renewal,
    patience: Patience,
}

/// A connection that only reads, until it is dropped.
pub struct Reader {
    /// None once it is closed.
    connection: Option<PoolConnection<Any>>,
    /// Whether its return has a time limit.
    limited: bool,
}

impl Readers {
    pub fn of_file(pool: AnyPool) -> Self {
        Self {
            pool,
            limit: None,
            renewal: Renewal::default(),
            patience: Patience::default(),
        }
    }

    pub fn of_server(pool: AnyPool, renewal: Renewal) -> Self {
        Self {
            pool,
            limit: Some(QUERY + ANSWER),
            renewal,
            patience: Patience::default(),
        }
    }

    /// Returns these readers for one request, which waits for them with its own patience.
    pub fn of_request(&self, patience: &Patience) -> Self {
        Self {
            patience: patience.clone(),
            ..self.clone()
        }
    }

    /// Reads by none of the present connections again: the server that is written to may be another one by now.
    pub fn renew(&self) {
        self.renewal.set();
    }

    /// Takes a connection. Statements on it have no time limit.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] if none is free or can be opened within two seconds, or what the request has left of
    /// them.
    pub async fn acquire(&self) -> sqlx::Result<Reader> {
        let acquired = self.patience.wait(self.pool.acquire()).await;
        Ok(Reader {
            connection: Some(acquired.unwrap_or(Err(sqlx::Error::PoolTimedOut))?),
            limited: self.limit.is_some(),
        })
    }

    /// Returns whether the pool itself has all limits.
    fn is_plain(&self) -> bool {
        self.limit.is_none() && !self.patience.is_of_request()
    }

    /// Reads by several statements on one connection, all within the limit of one.
    ///
    /// # Errors
    /// Those of `read`; [`Error::Busy`](crate::Error::Busy) if no reader is free; [`Error::Unavailable`](crate::Error::Unavailable)
    /// if the server is silent.
    pub async fn read<T>(
        &self,
        read: impl AsyncFnOnce(&mut AnyConnection) -> Result<T>,
    ) -> Result<T> {
        let mut reader = self.acquire().await?;
        let answer = within(self.limit, read(&mut reader)).await;
        reader.answered(answer)?
    }

    /// Begins a transaction that keeps its connection.
    pub async fn begin(&self) -> sqlx::Result<Transaction<'static, Any>> {
        self.pool.begin().await
    }

    /// Closes all connections, once they are free.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl Reader {
    /// Returns an answer that came in time, or else closes the connection.
    fn answered<T>(mut self, answer: Result<T, Elapsed>) -> sqlx::Result<T> {
        answer.map_err(|_| {
            drop(self.connection.take().map(PoolConnection::detach));
            silent()
        })
    }
}

/// Waits for an answer, with or without a limit.
async fn within<T>(limit: Option<Duration>, answer: impl Future<Output = T>) -> Result<T, Elapsed> {
    match limit {
        None => Ok(answer.await),
        Some(limit) => timeout(limit, answer).await,
    }
}

impl Deref for Reader {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        self.connection.as_ref().expect("open until it is dropped")
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        self.connection.as_mut().expect("open until it is dropped")
    }
}

/// sqlx reads what is left of a statement, and pings, before the next use, however long that takes.
impl Drop for Reader {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        if !self.limited {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) => {
                // Cut off, the return closes the connection.
                runtime.spawn(timeout(RETURN, connection.return_to_pool()));
            }
            Err(_) => drop(connection.detach()),
        }
    }
}

/// Every read by one statement goes through here.
impl<'p> Executor<'p> for &'_ Readers {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, sqlx::Result<Either<AnyQueryResult, AnyRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Any>,
    {
        if self.is_plain() {
            return self.pool.fetch_many(query);
        }
        let readers = self.clone();
        // All rows at once: the limit is the server's, whatever the caller does between two of them.
        let rows = async move {
            let mut reader = readers.acquire().await?;
            let rows = (&mut *reader).fetch_many(query).try_collect::<Vec<_>>();
            let rows = within(readers.limit, rows).await;
            let rows = reader.answered(rows)??;
            Ok(stream::iter(rows.into_iter().map(Ok)))
        };
        Box::pin(rows.try_flatten_stream())
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<AnyRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Any>,
    {
        if self.is_plain() {
            return self.pool.fetch_optional(query);
        }
        let readers = self.clone();
        Box::pin(async move {
            let mut reader = readers.acquire().await?;
            let row = (&mut *reader).fetch_optional(query);
            let row = within(readers.limit, row).await;
            reader.answered(row)?
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<AnyStatement>>
    where
        'p: 'e,
    {
        self.pool.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Any>>>
    where
        'p: 'e,
    {
        self.pool.describe(sql)
    }
}

#[cfg(test)]
mod tests;
