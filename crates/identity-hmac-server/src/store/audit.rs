//! The audit log: rows are added and read, and nothing else.

use serde_json::Value;
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Connections, Store, StoreError, on_postgres, on_sqlite, reading, retrying};
use crate::audit::{Action, Actor, Details};

/// A row of the audit log.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    /// Its id: later rows have higher ones.
    pub id: Uuid,
    /// When it was done.
    pub at: OffsetDateTime,
    /// Who did it.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// The organization that it was done to.
    pub organization: Option<Uuid>,
    /// What was set, as a JSON object.
    pub details: Value,
}

/// An action that is about to be done.
#[derive(Clone, Debug)]
pub(super) struct Done<'a> {
    pub(super) actor: &'a Actor,
    pub(super) action: Action,
    pub(super) organization: Option<Uuid>,
    pub(super) details: Details,
}

impl Done<'_> {
    pub(super) fn details(&self) -> Result<String, StoreError> {
        serde_json::to_string(&self.details).map_err(|_| StoreError::Corrupt("audit row"))
    }
}

/// Adds a row on the connection of the action itself, which has to be in a transaction.
macro_rules! record {
    ($connection:expr, $done:expr) => {{
        let done: &$crate::store::audit::Done<'_> = $done;
        sqlx::query(
            "INSERT INTO audit_events (organization_id, id, at, actor, action, details)
            VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(done.organization.unwrap_or_default())
        .bind(uuid::Uuid::now_v7())
        .bind($crate::store::now())
        .bind(done.actor.to_string())
        .bind(done.action.as_str())
        .bind(done.details()?)
        .execute(&mut *$connection)
        .await?;
    }};
}
pub(super) use record;

#[derive(FromRow)]
struct AuditRow {
    organization_id: Uuid,
    id: Uuid,
    at: OffsetDateTime,
    actor: String,
    action: String,
    details: String,
}

impl TryFrom<AuditRow> for AuditEvent {
    type Error = StoreError;

    fn try_from(row: AuditRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            at: row.at,
            actor: row.actor,
            action: row.action,
            organization: Some(row.organization_id).filter(|id| !id.is_nil()),
            details: serde_json::from_str(&row.details)
                .map_err(|_| StoreError::Corrupt("audit row"))?,
        })
    }
}

impl Store {
    /// Lists up to `limit` rows of the audit log, the newest first, those before `before`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn audit_events(
        &self,
        organization: Option<Uuid>,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<AuditEvent>, StoreError> {
        reading!(&self.connections, connection => {
            let mut query = QueryBuilder::new(
                "SELECT organization_id, id, at, actor, action, details FROM audit_events
                WHERE id < ",
            );
            query.push_bind(before.unwrap_or(Uuid::max()));
            if let Some(organization) = organization {
                query.push(" AND organization_id = ").push_bind(organization);
            }
            query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(limit));
            query
                .build_query_as::<AuditRow>()
                .fetch_all(connection)
                .await?
                .into_iter()
                .map(TryInto::try_into)
                .collect()
        })
    }
}
