//! SQLite's write-ahead log, which holds what was written until it is emptied: also what was erased
//! since.

use std::path::Path;
use std::time::Duration;

use sqlx::{ConnectOptions, Connection};

use crate::store::{Connections, Store, StoreError};

/// How long readers of an older state are waited for. Writers wait as long.
const PATIENCE: Duration = Duration::from_millis(200);

impl Store {
    /// Empties SQLite's write-ahead log into the file, where it overwrites what was erased; false when
    /// a reader or a writer holds it for too long. PostgreSQL has nothing of the kind.
    pub(crate) async fn empty_sqlite_log(&self) -> Result<bool, StoreError> {
        let Connections::Sqlite { path, writes, .. } = &self.connections else {
            return Ok(true);
        };
        if is_empty(path) {
            return Ok(true);
        }
        let options = writes.options().clone();
        let mut connection = options.busy_timeout(PATIENCE).connect().await?;
        let (is_held, _, _): (bool, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(!is_held)
    }
}

/// Whether the log of a database file is empty, or not there.
fn is_empty(database: &Path) -> bool {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(true, |log| log.len() == 0)
}
