//! The schema: whether this program can use it, and bringing it up to date.

use std::time::Duration;

use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};
use tokio::time::sleep;

use super::{
    Connections, Store, StoreError, create_private, on_postgres, on_sqlite, reading, retrying,
};

/// Where sqlx's own command looks for them too.
const TABLE: &str = "_sqlx_migrations";
/// How long to wait when another process seems to migrate as well.
const RACE_PAUSE: Duration = Duration::from_millis(100);
/// How long the calls that queued behind a migration have for themselves before it is tried again.
const LOCK_PAUSE: Duration = Duration::from_secs(5);
/// How often a migration is tried before it is given up.
const TRIES: u32 = 10;

static MIGRATIONS: Migrator = sqlx::migrate!();

/// A migration that was applied.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applied {
    pub(crate) number: i64,
    pub(crate) name: &'static str,
}

impl Store {
    /// Fails unless this program can use the schema as it is.
    pub(crate) async fn check_schema(&self) -> Result<(), StoreError> {
        const NUMBERS: &str = "SELECT version FROM _sqlx_migrations";
        const OLDEST: &str = "SELECT migration FROM oldest_program";
        if let Connections::Sqlite { path, .. } = &self.connections
            && !path.try_exists().unwrap_or(true)
        {
            return Err(StoreError::NoFile { path: path.clone() });
        }
        let numbers: Result<Vec<i64>, _> = reading!(&self.connections, connection => {
            Ok(sqlx::query_scalar(NUMBERS).fetch_all(connection).await?)
        });
        let numbers = match numbers {
            Err(error) if error.is_missing_table() => return Err(StoreError::NoSchema),
            numbers => numbers?,
        };
        let newest = MIGRATIONS.iter().map(|migration| migration.version).max();
        let newest = newest.unwrap_or_default();
        if numbers.iter().any(|number| *number > newest) {
            let oldest: i64 = reading!(&self.connections, connection => {
                Ok(sqlx::query_scalar(OLDEST).fetch_one(connection).await?)
            })?;
            if oldest > newest {
                return Err(StoreError::NewSchema { oldest, newest });
            }
        }
        let is_applied = |migration: &Migration| numbers.contains(&migration.version);
        if MIGRATIONS.iter().all(is_applied) {
            Ok(())
        } else {
            Err(StoreError::OldSchema)
        }
    }

    /// Brings the schema to what this program needs, and returns what it did. A new SQLite file is
    /// made, readable by its owner alone.
    ///
    /// A schema that fits is only read, so that neither privileges nor locks are needed for it.
    pub(crate) async fn migrate(&self) -> Result<Vec<Applied>, StoreError> {
        let mut applied = Vec::new();
        for tries in 1.. {
            match self.check_schema().await {
                Err(StoreError::NoFile { path }) => {
                    create_private(&path).map_err(|error| StoreError::File { path, error })?;
                }
                Err(StoreError::NoSchema | StoreError::OldSchema) => {}
                Ok(()) => break,
                Err(error) => return Err(error),
            }
            let result = match &self.connections {
                Connections::Sqlite { writes, .. } => {
                    apply(&mut *writes.lend().await?, &mut applied).await
                }
                Connections::Postgres(pool) => pool.migrate(&mut applied).await,
            };
            // Nothing keeps two processes from migrating at once: that would be an advisory lock,
            // which not every engine has. The one that fails finds the work done when it comes again.
            let pause = match result {
                Err(error) if tries == TRIES => return Err(error),
                Err(error) if error.is_lock_timeout() => LOCK_PAUSE,
                Err(error) if error.may_be_of_race() => RACE_PAUSE,
                result => {
                    result?;
                    break;
                }
            };
            sleep(pause).await;
        }
        Ok(applied)
    }
}

/// Applies the migrations that are missing, each in a transaction.
pub(super) async fn apply(
    connection: &mut impl Migrate,
    applied: &mut Vec<Applied>,
) -> Result<(), StoreError> {
    connection.ensure_migrations_table(TABLE).await?;
    let known = connection.list_applied_migrations(TABLE).await?;
    for migration in MIGRATIONS.iter() {
        let number = migration.version;
        let earlier = known.iter().find(|known| known.version == number);
        if let Some(earlier) = earlier {
            if earlier.checksum != migration.checksum {
                return Err(MigrateError::VersionMismatch(number).into());
            }
            continue;
        }
        let name = &*migration.description;
        tracing::info!(number, name, "migrating");
        connection.apply(TABLE, migration).await?;
        applied.push(Applied { number, name });
    }
    Ok(())
}
