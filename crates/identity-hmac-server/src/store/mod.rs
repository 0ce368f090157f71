//! The state of the service in one SQL database: SQLite in one file, or PostgreSQL by URL.
//!
//! The same statements run on both. They keep to what Citus, CockroachDB and YugabyteDB take as
//! well: keys that lead with the organization, ids made here, no lock but the row's own.

mod api_keys;
mod audit;
mod dashboard_sessions;
mod email;
mod erasure;
mod error;
mod identify;
mod identities;
mod identity_feed;
mod keys;
pub(crate) mod last_seen;
pub mod metadata;
mod organizations;
mod persons;
mod policy;
mod postgres;
mod recent_visitors;
mod removal;
mod schema;
mod settings;
mod sqlite;
mod token_keys;
mod verification_days;
mod visitors;

use std::fs::OpenOptions;
use std::io;
use std::ops::Add;
use std::path::{Path, PathBuf};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use deadpool::managed::Status;
use sqlx::{Database, Encode, QueryBuilder, Type};
use time::OffsetDateTime;
use uuid::Uuid;

pub use api_keys::KeyHolder;
pub use audit::AuditEvent;
pub use erasure::Person;
pub use error::StoreError;
pub use identify::{Identified, IdentifyCall, IdentityPatch};
pub use identities::{Identity, IdentityFilter, Known, PersonRecord, VouchedBy};
pub use identity_feed::{FeedFilter, Position};
pub use keys::{KeyKind, NewKey, StoredKey};
pub use organizations::{Organization, OrganizationPatch, SealedSecrets};
pub use persons::{IdentitySession, PersonPatch, Pin, SaidBy, VerifiedPerson};
pub use policy::{
    AcceptedProofs, IDENTITY_SESSIONS, MAX_TOKEN_LIFETIMES, MalformedTime, Policy, PolicyPatch,
    Proof, UnknownProofs, UnknownTreatment, UnsignedAttributes, ValidAfter, parse_time,
};
use recent_visitors::Recent;
pub(crate) use schema::Applied;
pub(crate) use settings::Setting;
pub(crate) use token_keys::OwnedTokenKey;
pub use token_keys::SealedTokenKey;
use token_keys::require_usable_key;
pub use verification_days::{
    Count, Counted, Counts, Flush, MAX_ORIGINS, OTHER_ORIGIN, VerificationDay,
};
pub use visitors::Caller;

/// How long a request waits for a connection, and a statement for its locks.
const DATABASE_DEADLINE: Duration = Duration::from_secs(4);
/// Readers of SQLite beside its one writer.
const SQLITE_READERS: usize = 4;

/// The database of the service.
#[derive(Clone, Debug)]
pub struct Store {
    connections: Connections<postgres::Pool>,
    recent: Recent,
}

/// How the connections to the database are used, in numbers of connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PoolUsage {
    pub(crate) busy: u32,
    pub(crate) idle: u32,
    pub(crate) max: u32,
    /// Calls that wait for one.
    pub(crate) waiting: u32,
}

impl From<Status> for PoolUsage {
    fn from(status: Status) -> Self {
        // The two were not read at the same moment.
        let idle = status.available.min(status.size);
        let number = |count| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            busy: number(status.size - idle),
            idle: number(idle),
            max: number(status.max_size),
            waiting: number(status.waiting),
        }
    }
}

impl Add for PoolUsage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            busy: self.busy + other.busy,
            idle: self.idle + other.idle,
            max: self.max + other.max,
            waiting: self.waiting + other.waiting,
        }
    }
}

/// What one request of a visitor asks of the database. To PostgreSQL it is one connection for all
/// statements.
#[derive(Debug)]
pub struct Session {
    connections: Connections<postgres::Lent>,
}

/// Where connections come from. For PostgreSQL `P` is a pool or one connection of it.
#[derive(Clone, Debug)]
enum Connections<P> {
    /// SQLite has one writer at a time: a pool of one connection queues the writers in order,
    /// where its own busy timeout would let some of them starve.
    Sqlite {
        path: PathBuf,
        reads: sqlite::Pool,
        writes: sqlite::Pool,
        writer: sqlite::Writer,
    },
    Postgres(P),
}

/// Runs an expression that reads, on a connection to either database. Repeats it while the database asks
/// for that.
macro_rules! reading {
    ($connections:expr, $connection:ident => $run:expr) => {
        match $connections {
            Connections::Sqlite { reads, .. } => on_sqlite!(reads, $connection => $run),
            Connections::Postgres(pool) => on_postgres!(pool, false, $connection => $run),
        }
    };
}

/// The same for one statement that writes.
macro_rules! writing {
    ($connections:expr, $connection:ident => $run:expr) => {
        match $connections {
            Connections::Sqlite { writes, .. } => on_sqlite!(writes, $connection => $run),
            Connections::Postgres(pool) => on_postgres!(pool, false, $connection => $run),
        }
    };
}

/// The same for statements that write all or nothing. `$has_several` is false if there is only one,
/// which needs no transaction.
macro_rules! transaction {
    ($connections:expr, $has_several:expr, $connection:ident => $run:expr) => {
        match $connections {
            Connections::Sqlite { writes, .. } => on_sqlite!(writes, connection => {
                let mut transaction = $crate::store::sqlite::begin(connection).await?;
                let result: Result<_, StoreError> = async {
                    let $connection = &mut *transaction;
                    $run
                }
                .await;
                if result.is_ok() {
                    transaction.commit().await?;
                }
                result
            }),
            Connections::Postgres(pool) => on_postgres!(pool, $has_several, $connection => $run),
        }
    };
}

macro_rules! on_sqlite {
    ($pool:expr, $connection:ident => $run:expr) => {
        retrying!(async {
            let mut lent = $pool.lend().await?;
            let result: Result<_, StoreError> = async {
                let $connection = &mut *lent;
                $run
            }
            .await;
            $crate::store::sqlite::settle(lent, result).await
        })
    };
}

macro_rules! on_postgres {
    ($pool:expr, $in_transaction:expr, $connection:ident => $run:expr) => {
        retrying!(async {
            #[allow(unused_mut, reason = "a pool needs it, a session does not")]
            let mut lent = $pool.lend().await?;
            let deadline = lent.deadline();
            let result = $crate::store::postgres::within_deadline(deadline, async {
                let mut statements = lent.begin($in_transaction).await?;
                let result: Result<_, StoreError> = async {
                    let $connection = &mut statements;
                    $run
                }
                .await;
                statements.end(result).await
            })
            .await;
            lent.settle(result)
        })
    };
}

/// Runs an attempt, and again after a short random pause when the database reports that it could not
/// order it among the others (SQLSTATE 40001, and 40P01 for a deadlock), or when its connection was lost
/// before: at most 10 times.
macro_rules! retrying {
    ($attempt:expr) => {{
        let mut pauses = $crate::store::pauses();
        loop {
            let result: Result<_, StoreError> = $attempt.await;
            if result.as_ref().is_err_and(StoreError::is_to_be_repeated)
                && let Some(pause) = pauses.next()
            {
                tokio::time::sleep(pause).await;
            } else {
                break result;
            }
        }
    }};
}
use {on_postgres, on_sqlite, reading, retrying, transaction, writing};

/// The time as it is stored.
#[must_use]
pub fn now() -> OffsetDateTime {
    storable(OffsetDateTime::now_utc())
}

/// A time as both databases keep it and compare it. PostgreSQL keeps microseconds: without this an
/// answer to a write would differ from what is read later. SQLite compares texts, which leave out zeros
/// at the end: a microsecond is added there, so that a later time is a later text.
#[must_use]
fn storable(time: OffsetDateTime) -> OffsetDateTime {
    let time = time.truncate_to_microsecond();
    if time.microsecond().is_multiple_of(10) {
        time.saturating_add(time::Duration::MICROSECOND)
    } else {
        time
    }
}

/// Pushes ids, and the parenthesis that ends their list.
fn push_ids<'i, DB: Database>(query: &mut QueryBuilder<DB>, ids: impl IntoIterator<Item = &'i Uuid>)
where
    for<'e> Uuid: Encode<'e, DB> + Type<DB>,
{
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(*id);
    }
    query.push(")");
}

fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(2))
        .with_max_delay(Duration::from_millis(250))
        .with_max_times(9)
        .build()
}

impl Store {
    /// Prepares the pools for a database URL; nothing is made or connected yet.
    ///
    /// `connections` is how many connections to PostgreSQL there may be at a time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Url`] for a URL of no supported database.
    pub fn open(url: &str, connections: u32) -> Result<Self, StoreError> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let pool = postgres::Pool::open(url, connections)?;
            return Ok(Self {
                connections: Connections::Postgres(pool),
                recent: Recent::new(),
            });
        }
        let options = sqlite::options(url)?;
        let writes = sqlite::Pool::open(&options, 1)?;
        Ok(Self {
            connections: Connections::Sqlite {
                path: options.get_filename().to_owned(),
                reads: sqlite::Pool::open(&options, SQLITE_READERS)?,
                writer: sqlite::Writer::start(writes.clone()),
                writes,
            },
            recent: Recent::new(),
        })
    }

    /// Asks the database whether it takes writes.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReadOnly`] when it does not; another [`StoreError`] when it does not answer.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        const SQL: &str = "SELECT current_setting('transaction_read_only')";
        match &self.connections {
            Connections::Sqlite { .. } => transaction!(&self.connections, true, connection => {
                sqlx::query("SELECT 1").execute(connection).await?;
                Ok(())
            }),
            Connections::Postgres(pool) => on_postgres!(pool, false, connection => {
                let read_only: String = sqlx::query_scalar(SQL).fetch_one(connection).await?;
                match read_only.as_str() {
                    "off" => Ok(()),
                    _ => Err(StoreError::ReadOnly),
                }
            }),
        }
    }

    /// How the connections are used right now.
    pub(crate) fn pool(&self) -> PoolUsage {
        match &self.connections {
            Connections::Sqlite { reads, writes, .. } => reads.usage() + writes.usage(),
            Connections::Postgres(pool) => pool.usage(),
        }
    }

    /// The file of a SQLite database.
    pub(crate) fn file(&self) -> Option<&Path> {
        match &self.connections {
            Connections::Sqlite { path, .. } => Some(path),
            Connections::Postgres(_) => None,
        }
    }

    /// Starts what one request asks of the database. It has to read first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database gives no connection.
    pub async fn session(&self) -> Result<Session, StoreError> {
        let connections = match &self.connections {
            Connections::Sqlite {
                path,
                reads,
                writes,
                writer,
            } => Connections::Sqlite {
                path: path.clone(),
                reads: reads.clone(),
                writes: writes.clone(),
                writer: writer.clone(),
            },
            Connections::Postgres(pool) => Connections::Postgres(pool.lend_to_read().await?),
        };
        Ok(Session { connections })
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match &self.connections {
            Connections::Sqlite { reads, writes, .. } => {
                reads.close().await;
                writes.close().await;
            }
            Connections::Postgres(pool) => pool.close().await,
        }
    }

    /// Ends connections that are no longer needed, and forgets visitors who did not call for a while.
    pub fn upkeep(&self) {
        self.recent.upkeep();
        if let Connections::Postgres(pool) = &self.connections {
            pool.upkeep();
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

#[cfg(test)]
mod tests {
    use super::*;
    use time::format_description::well_known::Rfc3339;

    #[test]
    fn a_later_time_is_a_later_text_as_sqlite_compares_them() {
        let second = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let stored: Vec<_> = (0..2_500)
            .map(|micros| storable(second + time::Duration::microseconds(micros * 400)))
            .collect();
        let texts = |times: &[OffsetDateTime]| -> Vec<String> {
            times
                .iter()
                .map(|at| at.format(&Rfc3339).unwrap())
                .collect()
        };
        assert!(stored.is_sorted() && texts(&stored).is_sorted());
        // Without it they would not be.
        let plain: Vec<_> = stored
            .iter()
            .map(|at| at.truncate_to_millisecond())
            .collect();
        assert!(plain.is_sorted() && !texts(&plain).is_sorted());
    }
}
