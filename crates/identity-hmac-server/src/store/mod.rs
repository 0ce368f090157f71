//! The state of the service in one SQL database: SQLite in one file, or PostgreSQL by URL.
//!
//! The same statements run on both. They keep to what Citus, CockroachDB and YugabyteDB take as
//! well: keys that lead with the organization, ids made here, no lock but the row's own.

mod error;
mod identities;
pub mod metadata;
mod organizations;
mod settings;
mod visitors;

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ConstantBuilder, ExponentialBuilder, Retryable};
use sqlx::migrate::Migrator;
use sqlx::pool::{PoolConnection, PoolConnectionMetadata};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgPool, Postgres, SqlitePool};

pub use error::StoreError;
pub use identities::{Identity, IdentityFilter, IdentityPatch, Patch};
pub use metadata::Metadata;
pub use organizations::{NewOrganization, Organization, OrganizationPatch, SealedSecrets};
pub(crate) use settings::Setting;
pub use visitors::Caller;

/// How long a request waits for a connection, and a statement for its locks.
const DATABASE_DEADLINE: Duration = Duration::from_secs(4);
/// How long an unused connection to PostgreSQL is taken to be alive without asking, unless the
/// database failed meanwhile: a server that went away leaves none that fails a call when it is back.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// Readers of SQLite beside its one writer.
const SQLITE_READERS: u32 = 4;

/// Without a lock around them: that would be an advisory one, which not every engine has.
static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!();
    migrations.set_locking(false);
    migrations
});

/// The database of the service.
#[derive(Clone, Debug)]
pub struct Store {
    connections: Connections<PgPool>,
}

/// What one request of a visitor asks of the database. To PostgreSQL it is one connection for all
/// statements: each one that is given back costs a round trip, since the pool asks it for a sign of
/// life.
#[derive(Debug)]
pub struct Session {
    connections: Connections<PoolConnection<Postgres>>,
}

/// Where connections come from; to PostgreSQL from a pool, or it is one of them.
#[derive(Clone, Debug)]
enum Connections<P> {
    /// SQLite has one writer at a time: a pool of one connection queues the writers in order,
    /// where its own busy timeout would let some of them starve.
    Sqlite {
        reads: SqlitePool,
        writes: SqlitePool,
    },
    Postgres {
        pool: P,
        failed: LastFailure,
    },
}

/// When the database last failed: a connection that was idle then may be as dead as the one that a
/// call failed on.
#[derive(Clone, Debug, Default)]
struct LastFailure(Arc<Mutex<Option<Instant>>>);

impl LastFailure {
    /// Notes it when this is one.
    fn note<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if result.as_ref().is_err_and(StoreError::is_temporary) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        result
    }

    fn is_within(&self, time: Duration) -> bool {
        let at = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        at.is_some_and(|at| at.elapsed() <= time)
    }
}

/// Runs an expression on a connection that reads, to whichever database it is, and again while the
/// database asks for it.
macro_rules! reading {
    ($connections:expr, $connection:ident => $run:expr) => {
        match $connections {
            Connections::Sqlite { reads, .. } => retrying!(reads, $connection => $run),
            Connections::Postgres { pool, failed } => {
                failed.note(retrying!(pool, $connection => $run))
            }
        }
    };
}

/// The same on a connection that writes. `$begin` is the statement that starts a transaction.
macro_rules! writing {
    ($connections:expr, $connection:ident => $run:expr) => {
        writing!($connections, $connection, _begin => $run)
    };
    ($connections:expr, $connection:ident, $begin:ident => $run:expr) => {
        match $connections {
            Connections::Sqlite { writes, .. } => {
                // A deferred transaction that turns into a writer fails when another one was faster.
                let $begin = "BEGIN IMMEDIATE";
                retrying!(writes, $connection => $run)
            }
            Connections::Postgres { pool, failed } => {
                let $begin = "BEGIN";
                failed.note(retrying!(pool, $connection => $run))
            }
        }
    };
}

/// Runs an expression on a connection of `$pool`, and again after a short random pause when the
/// database reports that it could not order it among the others (SQLSTATE 40001, and 40P01 for a
/// deadlock): at most 10 times.
macro_rules! retrying {
    ($pool:expr, $connection:ident => $run:expr) => {{
        #[allow(unused_imports, reason = "a pool does without, a session needs it")]
        use sqlx::Acquire as _;

        let mut pauses = $crate::store::pauses();
        loop {
            let attempt = async {
                let $connection = &mut *$pool.acquire().await?;
                $run
            };
            let result: Result<_, StoreError> = attempt.await;
            if result
                .as_ref()
                .is_err_and(StoreError::is_serialization_failure)
                && let Some(pause) = pauses.next()
            {
                tokio::time::sleep(pause).await;
            } else {
                break result;
            }
        }
    }};
}
use {reading, retrying, writing};

fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(2))
        .with_max_delay(Duration::from_millis(250))
        .with_max_times(9)
        .build()
}

impl Store {
    /// Prepares the pools for a database URL; nothing is connected yet, except that a new SQLite
    /// file is created, readable by its owner alone.
    ///
    /// `connections` is how many connections to PostgreSQL there may be at a time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Url`] for a URL of no supported database, [`StoreError::File`] when the SQLite
    /// file cannot be created.
    pub fn open(url: &str, connections: u32) -> Result<Self, StoreError> {
        let malformed = |error: sqlx::Error| StoreError::Url(error.to_string());
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let deadline = DATABASE_DEADLINE.as_millis().to_string();
            let options = PgConnectOptions::from_str(url)
                .map_err(malformed)?
                .application_name("identity-hmac-server")
                .options([
                    ("statement_timeout", deadline.as_str()),
                    // A process that froze in a transaction does not keep its locks.
                    ("idle_in_transaction_session_timeout", deadline.as_str()),
                ])
                .disable_statement_logging();
            let failed = LastFailure::default();
            let doubted = failed.clone();
            let pool = PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(DATABASE_DEADLINE)
                .test_before_acquire(false)
                .before_acquire(move |connection, PoolConnectionMetadata { idle_for, .. }| {
                    let is_doubtful = idle_for > TRUSTED_IDLE || doubted.is_within(idle_for);
                    Box::pin(async move {
                        if is_doubtful {
                            connection.ping().await?;
                        }
                        Ok(true)
                    })
                })
                .connect_lazy_with(options);
            return Ok(Self {
                connections: Connections::Postgres { pool, failed },
            });
        }
        if !url.starts_with("sqlite:") || url.contains(":memory:") || url.contains("mode=memory") {
            return Err(StoreError::Url(
                "it starts neither with sqlite: and a file nor with postgres:".to_owned(),
            ));
        }
        let options = SqliteConnectOptions::from_str(url)
            .map_err(malformed)?
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is erased is overwritten.
            .pragma("secure_delete", "on")
            .busy_timeout(DATABASE_DEADLINE)
            .disable_statement_logging();
        create_private(options.get_filename()).map_err(|error| StoreError::File {
            path: options.get_filename().to_owned(),
            error,
        })?;
        let pool = |size| {
            SqlitePoolOptions::new()
                .max_connections(size)
                .acquire_timeout(DATABASE_DEADLINE)
                .test_before_acquire(false)
                // On a full disk SQLite rolls back by itself, and sqlx takes the transaction to be
                // open still: a connection like that would refuse every later one.
                .before_acquire(|connection, _| {
                    let is_sound = !connection.is_in_transaction();
                    Box::pin(async move { Ok(is_sound) })
                })
                .connect_lazy_with(options.clone())
        };
        Ok(Self {
            connections: Connections::Sqlite {
                reads: pool(SQLITE_READERS),
                writes: pool(1),
            },
        })
    }

    /// Brings the schema to what this version needs.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database is not reached or holds a newer schema.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        // Nothing keeps two processes from migrating at once: the one that fails finds the work done
        // when it comes again.
        let pauses = ConstantBuilder::default().with_delay(Duration::from_millis(100));
        let migrate = || async {
            match &self.connections {
                Connections::Sqlite { writes, .. } => Ok(MIGRATIONS.run(writes).await?),
                Connections::Postgres { pool, failed } => {
                    failed.note(MIGRATIONS.run(pool).await.map_err(StoreError::from))
                }
            }
        };
        let is_race = |error: &StoreError| {
            error.is_serialization_failure()
                || (matches!(error, StoreError::Database(_)) && !error.is_temporary())
        };
        migrate.retry(pauses.with_max_times(5)).when(is_race).await
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when none comes.
    pub async fn ping(&self) -> Result<(), StoreError> {
        reading!(&self.connections, connection => {
            sqlx::query("SELECT 1").execute(connection).await?;
            Ok(())
        })
    }

    /// Starts what one request asks of the database.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database gives no connection.
    pub async fn session(&self) -> Result<Session, StoreError> {
        let connections = match &self.connections {
            Connections::Sqlite { reads, writes } => Connections::Sqlite {
                reads: reads.clone(),
                writes: writes.clone(),
            },
            Connections::Postgres { pool, failed } => Connections::Postgres {
                pool: failed.note(pool.acquire().await.map_err(StoreError::from))?,
                failed: failed.clone(),
            },
        };
        Ok(Session { connections })
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match &self.connections {
            Connections::Sqlite { reads, writes } => {
                reads.close().await;
                writes.close().await;
            }
            Connections::Postgres { pool, .. } => pool.close().await,
        }
    }
}

/// Creates an empty file with mode 0600 unless there is one. SQLite gives its `-wal` and `-shm`
/// files the same mode.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
