//! Connections to PostgreSQL: a pool in which nobody waits for a dead connection.

mod connect;
mod statements;
mod target;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{
    self, Manager, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult,
};
use sqlx::{Connection, Executor, PgConnection};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::schema::{self, Applied};
use super::{DATABASE_DEADLINE, PoolUsage, StoreError};
use connect::{BEGIN_SHARED, Purpose};
use statements::Statements;
use target::Target;

/// How long one attempt may take, all its statements together. The server gives up on a statement
/// earlier than that: an attempt that reaches this has lost the server.
const ATTEMPT_DEADLINE: Duration = Duration::from_secs(5);
/// How long an unused connection is taken to be alive without asking.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// How long a connection that was unused for longer has for its first sign of life.
const PING_DEADLINE: Duration = Duration::from_secs(1);
/// How long a connection is kept without use.
const MAX_IDLE: Duration = Duration::from_mins(10);
/// How long a connection is kept at all, so that the server's memory for it does not grow.
const MAX_AGE: Duration = Duration::from_mins(30);
/// How long to wait for the goodbye.
const GOODBYE_DEADLINE: Duration = Duration::from_secs(1);

/// The connections to one PostgreSQL database.
#[derive(Clone, Debug)]
pub(crate) struct Pool(managed::Pool<Connector>);

/// Makes connections, and tells whether one can be used again.
#[derive(Debug)]
pub(crate) struct Connector {
    target: Target,
    failed: LastFailure,
}

/// One connection, until it fails.
#[derive(Debug)]
pub(crate) struct Link {
    connection: Option<PgConnection>,
    /// Goes through a pooler: each transaction may get another connection to the server.
    is_shared: bool,
    /// For how long it was unused when it was lent.
    unused: Duration,
}

/// When a connection last failed. Connections that were made before may be dead as well.
#[derive(Clone, Debug, Default)]
struct LastFailure(Arc<Mutex<Option<Instant>>>);

impl LastFailure {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_within(&self, time: Duration) -> bool {
        let at = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        at.is_some_and(|at| at.elapsed() <= time)
    }
}

impl Manager for Connector {
    type Type = Link;
    type Error = StoreError;

    async fn create(&self) -> Result<Link, StoreError> {
        self.target.connect(Purpose::Calls).await
    }

    async fn recycle(&self, link: &mut Link, metrics: &Metrics) -> RecycleResult<StoreError> {
        link.unused = metrics.last_used();
        if link.connection.is_none() {
            return Err(RecycleError::message("it failed"));
        }
        if self.failed.is_within(link.unused) {
            return Err(RecycleError::message("another one failed meanwhile"));
        }
        Ok(())
    }
}

impl Pool {
    /// Nothing is connected yet.
    pub(super) fn open(url: &str, connections: u32) -> Result<Self, StoreError> {
        let connector = Connector {
            target: Target::parse(url)?,
            failed: LastFailure::default(),
        };
        let pool = managed::Pool::builder(connector)
            .max_size(usize::try_from(connections).unwrap_or(usize::MAX))
            // So that in a quiet time the connections that are not needed stay unused, and end.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(DATABASE_DEADLINE))
            .build()
            .map_err(|error| StoreError::Url(error.to_string()))?;
        Ok(Self(pool))
    }

    /// Lends a connection that is alive.
    pub(super) async fn lend(&self) -> Result<Lent, StoreError> {
        loop {
            let mut lent = self.lend_to_read().await?;
            if !lent.is_untried || lent.shows_life().await {
                return Ok(lent);
            }
        }
    }

    /// Lends a connection on which the first attempt only reads. If it was lost while it was unused, this
    /// attempt notices, and is made again on another one. So a sign of life costs no exchange.
    pub(super) async fn lend_to_read(&self) -> Result<Lent, StoreError> {
        match self.0.get().await {
            Ok(object) => Ok(Lent {
                is_untried: object.unused > TRUSTED_IDLE,
                object,
                pool: self.clone(),
                is_busy: false,
            }),
            Err(PoolError::Backend(error)) => Err(error),
            Err(_) => Err(StoreError::NoConnection),
        }
    }

    /// How the connections are used right now.
    pub(super) fn usage(&self) -> PoolUsage {
        self.0.status().into()
    }

    /// Migrates over a connection of its own.
    pub(super) async fn migrate(&self, applied: &mut Vec<Applied>) -> Result<(), StoreError> {
        let target = &self.0.manager().target;
        let mut link = target.connect(Purpose::Migrations).await?;
        let result = link.migrate(applied).await;
        link.end().await;
        result
    }

    /// Ends connections that are unused or old.
    pub(super) fn upkeep(&self) {
        let old = self
            .0
            .retain(|_, metrics| metrics.last_used() < MAX_IDLE && metrics.age() < MAX_AGE);
        for link in old.removed {
            tokio::spawn(link.end());
        }
    }

    /// Ends every connection. One that does not answer is dropped.
    pub(super) async fn close(&self) {
        let links = self.0.retain(|_, _| false).removed;
        self.0.close();
        let ending: JoinSet<()> = links.into_iter().map(Link::end).collect();
        ending.join_all().await;
    }
}

impl Link {
    async fn migrate(&mut self, applied: &mut Vec<Applied>) -> Result<(), StoreError> {
        let connection = self.connection.as_mut().ok_or(StoreError::NoAnswer)?;
        if !self.is_shared {
            return schema::apply(connection, applied).await;
        }
        // sqlx names its statements here, so behind a pooler they are all in one transaction, and gone
        // before its end.
        let begin = sqlx::AssertSqlSafe(Purpose::Migrations.begin_shared());
        let mut transaction = connection.begin_with(begin).await?;
        let mut within = Vec::new();
        schema::apply(&mut *transaction, &mut within).await?;
        transaction.clear_cached_statements().await?;
        transaction.commit().await?;
        applied.append(&mut within);
        Ok(())
    }

    /// Says goodbye to the server, so that its log has no line about a lost connection.
    async fn end(self) {
        if let Some(connection) = self.connection {
            let _ = timeout(GOODBYE_DEADLINE, connection.close()).await;
        }
    }
}

/// A connection on loan. It goes back to the pool when nothing is under way on it; otherwise, as when
/// its call was given up, it is dropped: asking it for a sign of life could take as long as the call.
#[derive(Debug)]
pub(crate) struct Lent {
    object: Object<Connector>,
    pool: Pool,
    is_busy: bool,
    /// Was unused for a while, and may be dead.
    is_untried: bool,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.is_busy {
            self.object.connection = None;
        }
    }
}

impl Lent {
    /// Lends a connection that is on loan already, as the pool does; a new one if it was lost.
    pub(super) async fn lend(&mut self) -> Result<&mut Self, StoreError> {
        if self.object.connection.is_none() {
            *self.object = self.pool.0.manager().create().await?;
            self.is_busy = false;
        }
        Ok(self)
    }

    /// How long the next attempt may take.
    pub(super) const fn deadline(&self) -> Duration {
        if self.is_untried {
            PING_DEADLINE
        } else {
            ATTEMPT_DEADLINE
        }
    }

    async fn shows_life(&mut self) -> bool {
        let deadline = self.deadline();
        let ping = within_deadline(deadline, async {
            Ok(self.use_connection()?.0.ping().await?)
        });
        let result = ping.await;
        self.settle(result).is_ok()
    }

    /// Starts an attempt. Behind a pooler each is a transaction: only there its statements reach one
    /// server, under deadlines that hold for nobody else.
    pub(super) async fn begin(
        &mut self,
        in_transaction: bool,
    ) -> Result<Statements<'_>, StoreError> {
        let (connection, is_shared) = self.use_connection()?;
        let begin = match (is_shared, in_transaction) {
            (true, _) => Some(BEGIN_SHARED.as_str()),
            (false, true) => Some("BEGIN"),
            (false, false) => None,
        };
        if let Some(begin) = begin {
            connection.execute(sqlx::AssertSqlSafe(begin)).await?;
        }
        Ok(Statements {
            connection,
            are_kept: !is_shared,
            in_transaction: begin.is_some(),
        })
    }

    /// The connection, which counts as busy from now on, and whether a pooler stands in between.
    fn use_connection(&mut self) -> Result<(&mut PgConnection, bool), StoreError> {
        self.is_busy = true;
        let link = &mut *self.object;
        let connection = link.connection.as_mut().ok_or(StoreError::NoAnswer)?;
        Ok((connection, link.is_shared))
    }

    /// Notes how the attempt ended, and says whether it is to be made again.
    pub(super) fn settle<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.is_busy = result.as_ref().is_err_and(StoreError::is_of_connection);
        let was_untried = std::mem::take(&mut self.is_untried);
        if self.is_busy {
            self.pool.0.manager().failed.note();
            if was_untried {
                self.object.connection = None;
                return Err(StoreError::LostUnused);
            }
        }
        result
    }
}

/// Gives up on an attempt that takes too long.
pub(super) async fn within_deadline<T>(
    deadline: Duration,
    attempt: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match timeout(deadline, attempt).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::NoAnswer),
    }
}
