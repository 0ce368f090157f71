//! The records of an organization in the order of their changes, so that a reader can follow them.
//!
//! A record that changes moves to the end. A reader that comes back with the position of the last record
//! that it got gets what changed since.
//!
//! A change is stamped before it is committed, so one that commits late would appear behind a reader that
//! is already past its stamp. So the newest changes are held back for longer than a commit can be late:
//! an attempt at one ends after 5 s, and the database ends a transaction that waits for longer than 4 s.

use std::time::Duration;

use sqlx::QueryBuilder;
use time::OffsetDateTime;
use uuid::Uuid;

use super::identities::{KnownRow, after_id, columns, records, with_email, with_external_id};
use super::persons::{person_join, pin_columns};
use super::{
    Connections, Identity, Session, StoreError, email, now, on_postgres, on_sqlite, reading,
    retrying, storable,
};

/// How long a change is held back from those who follow.
const HELD_BACK: Duration = Duration::from_secs(10);

/// Where a reader is: behind the record with this time and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// When the record was last changed.
    pub updated_at: OffsetDateTime,
    /// The record's id.
    pub id: Uuid,
}

/// Which records.
#[derive(Clone, Debug, Default)]
pub struct FeedFilter {
    /// Only those with this external id.
    pub external_id: Option<String>,
    /// Only those with this e-mail address, in any case.
    pub email: Option<String>,
    /// Only those that changed after this time.
    pub updated_after: Option<OffsetDateTime>,
    /// Only those behind this position.
    pub after: Option<Position>,
}

impl FeedFilter {
    /// Whether a person is looked up. Otherwise the changes are followed, and the newest held back.
    #[must_use]
    pub const fn is_lookup(&self) -> bool {
        self.external_id.is_some() || self.email.is_some()
    }
}

impl Session {
    /// Lists up to `limit` records of an organization in the order of their changes, or, of a person that
    /// is looked up, in the order of their creation.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn identity_feed(
        &mut self,
        organization: Uuid,
        filter: &FeedFilter,
        limit: u32,
    ) -> Result<Vec<Identity>, StoreError> {
        reading!(&mut self.connections, connection => {
            let mut query = QueryBuilder::new(records!());
            query.push_bind(organization);
            if let Some(external_id) = &filter.external_id {
                with_external_id!(query, organization, external_id);
            }
            if let Some(email) = &filter.email {
                with_email!(query, organization, email);
            }
            if let Some(after) = filter.updated_after {
                // The first time behind it that is stored.
                let first = storable(after.saturating_add(time::Duration::MICROSECOND));
                query.push(" AND i.updated_at >= ").push_bind(first);
            }
            // Each in the order of an index: SQLite would go through all records otherwise.
            if filter.is_lookup() {
                if let Some(Position { id, .. }) = filter.after {
                    query.push(after_id(true)).push_bind(id);
                }
                query.push(" ORDER BY i.id");
            } else {
                if let Some(Position { updated_at, id }) = filter.after {
                    query.push(" AND (i.updated_at, i.id) > (").push_bind(updated_at);
                    query.push(", ").push_bind(id).push(")");
                }
                query.push(" AND i.updated_at <= ").push_bind(now() - HELD_BACK);
                query.push(" ORDER BY i.updated_at, i.id");
            }
            query.push(" LIMIT ").push_bind(i64::from(limit));
            query
                .build_query_as::<KnownRow>()
                .fetch_all(connection)
                .await?
                .into_iter()
                .map(TryInto::try_into)
                .collect()
        })
    }
}
