//! Deletes what is no longer wanted from the database, in small steps. Others are served in between.
//! What is left to do stands in the database, so a restart goes on with it.

use std::time::Duration;

use tokio::time::{interval, sleep};

use crate::audit::Actor;
use crate::metric::VISITORS_REMOVED;
use crate::store::{Store, StoreError, last_seen};
use crate::verification_stats::{MAX_DAYS, first_of};

/// How often the service looks for rows to remove.
const EVERY: Duration = Duration::from_secs(10);
/// The pause between two steps, in which others have the database.
const PAUSE: Duration = Duration::from_millis(20);

/// Removes such rows for as long as the service runs. Visitors who did not call for
/// `visitor_retention` days are among them; 0 keeps them for ever.
pub(crate) async fn run(store: Store, visitor_retention: u32) {
    tokio::join!(
        remove(&store, visitor_retention),
        // A long removal does not keep it waiting.
        empty_sqlite_log(&store)
    );
}

async fn remove(store: &Store, visitor_retention: u32) {
    let mut every = interval(EVERY);
    loop {
        every.tick().await;
        if let Err(error) = remove_all(store, visitor_retention).await {
            tracing::warn!(%error, "some rows are removed later");
        }
    }
}

async fn empty_sqlite_log(store: &Store) {
    let mut every = interval(EVERY);
    loop {
        every.tick().await;
        match store.empty_sqlite_log().await {
            Ok(true) => {}
            Ok(false) => tracing::info!(
                "what was erased stays in SQLite's write-ahead log for now: another connection holds it"
            ),
            Err(error) => tracing::warn!(%error, "SQLite's write-ahead log is emptied later"),
        }
    }
}

async fn remove_all(store: &Store, visitor_retention: u32) -> Result<(), StoreError> {
    remove_deleted_organizations(store, &Actor::Service).await?;
    let first_day = first_of(MAX_DAYS);
    while store.delete_verification_days_before(first_day).await? > 0 {
        sleep(PAUSE).await;
    }
    if let Some(limit) = last_seen::limit(visitor_retention) {
        while let Some(visitors) = store.remove_visitors_unseen_since(limit).await? {
            metrics::counter!(VISITORS_REMOVED).increment(visitors as u64);
            sleep(PAUSE).await;
        }
    }
    Ok(())
}

/// Removes all rows of the deleted organizations; returns how many there were.
pub(crate) async fn remove_deleted_organizations(
    store: &Store,
    actor: &Actor,
) -> Result<u64, StoreError> {
    let mut rows = 0;
    loop {
        match store.remove_deleted(actor).await? {
            0 => return Ok(rows),
            step => rows += step,
        }
        sleep(PAUSE).await;
    }
}
