//! A read whose rows may be fetched as slowly as they are used, so it has no time limit as a whole. On a server it has a
//! connection of its own, which is closed with it: however far it has come, nothing is left of it.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use sqlx::any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo};
use sqlx::{Any, AnyConnection, Describe, Either, Execute, Executor, SqlStr, Transaction};
use tokio::time::timeout;

use super::postgres::silent;

/// The longest that a server may take to find the next row. The first may need a sort of all.
const ROW: Duration = Duration::from_mins(1);

/// A long read. Its statement is executed on a mutable reference to it.
#[derive(Debug)]
pub enum LongRead {
    File(Transaction<'static, Any>),
    Server(AnyConnection),
}

impl Deref for LongRead {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match self {
            Self::File(read) => read,
            Self::Server(connection) => connection,
        }
    }
}

impl DerefMut for LongRead {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match self {
            Self::File(read) => read,
            Self::Server(connection) => connection,
        }
    }
}

impl<'c> Executor<'c> for &'c mut LongRead {
    type Database = Any;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, sqlx::Result<Either<AnyQueryResult, AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let connection = match self {
            LongRead::File(read) => return (&mut **read).fetch_many(query),
            LongRead::Server(connection) => connection,
        };
        let rows = connection.fetch_many(query);
        Box::pin(stream::try_unfold(rows, async |mut rows| {
            match timeout(ROW, rows.try_next()).await {
                Ok(row) => Ok(row?.map(|row| (row, rows))),
                Err(_) => Err(silent()),
            }
        }))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, sqlx::Result<Option<AnyRow>>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let rows = self.fetch(query);
        Box::pin(async move {
            let mut rows = rows;
            rows.try_next().await
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<AnyStatement>>
    where
        'c: 'e,
    {
        (&mut **self).prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, sqlx::Result<Describe<Any>>>
    where
        'c: 'e,
    {
        (&mut **self).describe(sql)
    }
}
