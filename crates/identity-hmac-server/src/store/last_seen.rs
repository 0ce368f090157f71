//! When visitors last called, or their backend told of them. It is written once a day at most, so whatever counts from it gives a day
//! more than was asked for.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::{Connections, Store, StoreError, now, on_postgres, on_sqlite, retrying, writing};

/// How often it is written, at most.
const EVERY: Duration = Duration::DAY;

/// The time since which a visitor who did not call for so many days was not seen; `None` for 0 days,
/// which is for ever.
pub(crate) fn limit(days: u32) -> Option<OffsetDateTime> {
    (days > 0).then(|| now() - Duration::days(days.into()) - EVERY)
}

/// Whether a call that comes now is to be written.
pub(crate) fn is_due(last_seen_at: OffsetDateTime) -> bool {
    now() - last_seen_at >= EVERY
}

impl Store {
    /// Writes that a visitor was seen, unless that was written a short time ago.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn note_visitor_seen(
        &self,
        organization: Uuid,
        visitor: Uuid,
    ) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE visitors SET last_seen_at = $3
            WHERE organization_id = $1 AND id = $2 AND COALESCE(last_seen_at, created_at) <= $4";
        let now = now();
        writing!(&self.connections, connection => {
            sqlx::query(SQL)
                .bind(organization)
                .bind(visitor)
                .bind(now)
                .bind(now - EVERY)
                .execute(connection)
                .await?;
            Ok(())
        })
    }
}
