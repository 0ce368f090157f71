//! The sessions of the dashboard. There are few: each of an admin who logged in within the last hours.

use time::{Duration, OffsetDateTime};

use super::{
    Connections, Store, StoreError, now, on_postgres, on_sqlite, reading, retrying, transaction,
    writing,
};
use crate::token::Sha256Digest;

/// How long a session lasts without a request.
const IDLE: Duration = Duration::minutes(30);
/// How long a session lasts.
const LIFETIME: Duration = Duration::hours(12);
/// How long a session is used until that is written again.
const TOUCHED_EVERY: Duration = Duration::minutes(1);

/// Whether the use of a session at the time `now` is written down.
fn is_to_note(last_used_at: OffsetDateTime, now: OffsetDateTime) -> bool {
    now - last_used_at > TOUCHED_EVERY
}

impl Store {
    /// Stores a new session, and deletes those that have ended.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn add_dashboard_session(&self, sha256: &Sha256Digest) -> Result<(), StoreError> {
        const ENDED: &str =
            "DELETE FROM dashboard_sessions WHERE created_at <= $1 OR last_used_at <= $2";
        const ADD: &str = "INSERT INTO dashboard_sessions (sha256, created_at, last_used_at)
            VALUES ($1, $2, $2)";
        let now = now();
        transaction!(&self.connections, true, connection => {
            sqlx::query(ENDED)
                .bind(now - LIFETIME)
                .bind(now - IDLE)
                .execute(&mut *connection)
                .await?;
            sqlx::query(ADD).bind(sha256.as_slice()).bind(now).execute(connection).await?;
            Ok(())
        })
    }

    /// Whether there is a session that has not ended. Its use is noted, at most once a minute.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn use_dashboard_session(&self, sha256: &Sha256Digest) -> Result<bool, StoreError> {
        const FIND: &str = "SELECT last_used_at FROM dashboard_sessions
            WHERE sha256 = $1 AND created_at > $2 AND last_used_at > $3";
        const TOUCH: &str = "UPDATE dashboard_sessions SET last_used_at = $2 WHERE sha256 = $1";
        let now = now();
        let last_used_at: Option<OffsetDateTime> = reading!(&self.connections, connection => {
            Ok(sqlx::query_scalar(FIND)
                .bind(sha256.as_slice())
                .bind(now - LIFETIME)
                .bind(now - IDLE)
                .fetch_optional(connection)
                .await?)
        })?;
        let Some(last_used_at) = last_used_at else {
            return Ok(false);
        };
        if is_to_note(last_used_at, now) {
            writing!(&self.connections, connection => {
                sqlx::query(TOUCH).bind(sha256.as_slice()).bind(now).execute(connection).await?;
                Ok(())
            })?;
        }
        Ok(true)
    }

    /// Ends a session, if there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn end_dashboard_session(&self, sha256: &Sha256Digest) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM dashboard_sessions WHERE sha256 = $1";
        writing!(&self.connections, connection => {
            sqlx::query(SQL).bind(sha256.as_slice()).execute(connection).await?;
            Ok(())
        })
    }
}
