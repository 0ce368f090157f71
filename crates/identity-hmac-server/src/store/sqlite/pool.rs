//! A pool of connections to a SQLite file. What is given back is free at once: sqlx's own pool first asks
//! a connection for a sign of life, which is two more changes of thread for each statement.

use std::str::FromStr;

use deadpool::Runtime;
use deadpool::managed::{
    self, Manager, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult, Timeouts,
};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection, Transaction};
use tokio::task::JoinSet;

use crate::store::{DATABASE_DEADLINE, PoolUsage, StoreError};

/// The connections of one kind to a file.
#[derive(Clone, Debug)]
pub(crate) struct Pool(managed::Pool<Connector>);

/// A connection on loan.
pub(crate) type Lent = Object<Connector>;

/// Makes connections, and tells whether one can be used again.
#[derive(Debug)]
pub(crate) struct Connector(SqliteConnectOptions);

impl Manager for Connector {
    type Type = SqliteConnection;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<SqliteConnection, sqlx::Error> {
        self.0.connect().await
    }

    async fn recycle(
        &self,
        connection: &mut SqliteConnection,
        _: &Metrics,
    ) -> RecycleResult<sqlx::Error> {
        if connection.is_in_transaction() {
            // A transaction that was given up is taken back before this is answered.
            connection.ping().await?;
        }
        // On a full disk SQLite takes it back by itself, and sqlx takes it to be open still: a connection
        // like that would refuse every later one.
        if connection.is_in_transaction() {
            return Err(RecycleError::message("its transaction does not end"));
        }
        Ok(())
    }
}

impl Pool {
    /// Nothing is opened yet.
    pub(in crate::store) fn open(
        options: &SqliteConnectOptions,
        size: usize,
    ) -> Result<Self, StoreError> {
        managed::Pool::builder(Connector(options.clone()))
            .max_size(size)
            // The connection that was used last has cached the most.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(DATABASE_DEADLINE))
            .build()
            .map(Self)
            .map_err(|error| StoreError::Url(error.to_string()))
    }

    /// Lends a connection, in the order in which they are asked for.
    pub(in crate::store) async fn lend(&self) -> Result<Lent, StoreError> {
        self.0.get().await.map_err(refused)
    }

    /// Lends a connection if one is free.
    pub(in crate::store) async fn try_lend(&self) -> Result<Option<Lent>, StoreError> {
        match self.0.timeout_get(&Timeouts::wait_millis(0)).await {
            Err(PoolError::Timeout(_)) => Ok(None),
            lent => lent.map(Some).map_err(refused),
        }
    }

    /// How a further connection is made.
    pub(super) fn options(&self) -> &SqliteConnectOptions {
        &self.0.manager().0
    }

    /// How the connections are used right now.
    pub(in crate::store) fn usage(&self) -> PoolUsage {
        self.0.status().into()
    }

    /// Ends every connection.
    pub(in crate::store) async fn close(&self) {
        let connections = self.0.retain(|_, _| false).removed;
        self.0.close();
        let ending: JoinSet<_> = connections
            .into_iter()
            .map(SqliteConnection::close)
            .collect();
        ending.join_all().await;
    }
}

/// Begins a transaction that writes. A deferred one that turns into a writer fails when another program was
/// faster.
pub(in crate::store) async fn begin(
    connection: &mut SqliteConnection,
) -> Result<Transaction<'_, Sqlite>, StoreError> {
    Ok(connection.begin_with("BEGIN IMMEDIATE").await?)
}

/// Gives a connection back after an attempt.
pub(in crate::store) async fn settle<T>(
    lent: Lent,
    result: Result<T, StoreError>,
) -> Result<T, StoreError> {
    give_back(lent, result.is_err()).await;
    result
}

/// Gives a connection back. If something has failed on it, it has to show a sign of life: its thread may
/// have ended, and it is dropped then.
pub(super) async fn give_back(mut lent: Lent, has_failed: bool) {
    if has_failed && lent.ping().await.is_err() {
        drop(Object::take(lent));
    }
}

fn refused(error: PoolError<sqlx::Error>) -> StoreError {
    match error {
        PoolError::Backend(error) => StoreError::Database(error),
        _ => StoreError::NoConnection,
    }
}

/// How a file is opened.
///
/// # Errors
///
/// [`StoreError::Url`] when the URL names no file.
pub(in crate::store) fn options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    if !url.starts_with("sqlite:") || url.contains(":memory:") || url.contains("mode=memory") {
        return Err(StoreError::Url(
            "it starts neither with sqlite: and a file nor with postgres:".to_owned(),
        ));
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| StoreError::Url(error.to_string()))?
        // Migrating makes it, for its owner alone.
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What is erased is overwritten.
        .pragma("secure_delete", "on")
        .busy_timeout(DATABASE_DEADLINE)
        .disable_statement_logging();
    Ok(options)
}
