//! Statements on a connection, which the server keeps prepared or not.

use std::pin::Pin;

use futures_core::Stream;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Describe, Either, Execute, Executor, PgConnection, Postgres, SqlStr};

use crate::store::StoreError;

type Answer<'e, T> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'e>>;
type Answers<'e, T> = Pin<Box<dyn Stream<Item = Result<T, sqlx::Error>> + Send + 'e>>;

/// One attempt on a connection.
#[derive(Debug)]
pub(crate) struct Statements<'c> {
    pub(super) connection: &'c mut PgConnection,
    /// The server may keep statements under a name for the next time. A pooler's servers may not:
    /// they would find the name taken, or unknown.
    pub(super) are_kept: bool,
    pub(super) in_transaction: bool,
}

impl Statements<'_> {
    /// Ends the transaction, if it is one.
    pub(crate) async fn end<T>(self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if self.in_transaction {
            let end = match &result {
                Ok(_) => "COMMIT",
                // A dead connection is dropped, which ends the transaction too.
                Err(error) if error.is_of_connection() => return result,
                Err(_) => "ROLLBACK",
            };
            self.connection.execute(end).await?;
        }
        result
    }

    fn prepared<E>(&self, query: E) -> Prepared<E> {
        Prepared {
            query,
            is_kept: self.are_kept,
        }
    }
}

impl<'c> Executor<'c> for &'c mut Statements<'_> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> Answers<'e, Either<PgQueryResult, PgRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let query = self.prepared(query);
        self.connection.fetch_many(query)
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> Answer<'e, Option<PgRow>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let query = self.prepared(query);
        self.connection.fetch_optional(query)
    }

    fn prepare_with<'e>(self, sql: SqlStr, parameters: &'e [PgTypeInfo]) -> Answer<'e, PgStatement>
    where
        'c: 'e,
    {
        self.connection.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> Answer<'e, Describe<Postgres>>
    where
        'c: 'e,
    {
        self.connection.describe(sql)
    }
}

/// A query that says whether the server is to keep its statement.
struct Prepared<E> {
    query: E,
    is_kept: bool,
}

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Prepared<E> {
    fn sql(self) -> SqlStr {
        self.query.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.query.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        self.query.take_arguments()
    }

    fn persistent(&self) -> bool {
        self.is_kept && self.query.persistent()
    }
}
