//! Organizations that were deleted: their rows leave in small steps.

use uuid::Uuid;

use super::audit::{Done, record};
use super::{
    Connections, Store, StoreError, now, on_postgres, on_sqlite, reading, retrying, transaction,
};
use crate::audit::{Action, Actor, Details};

/// Deletes some of the rows that an organization, `$1`, owns. Each statement takes rows that nothing
/// but the statements before it refers to. The audit log stays.
const OWNED: [&str; 6] = [
    "DELETE FROM identities WHERE organization_id = $1 AND visitor_id IN
        (SELECT id FROM visitors WHERE organization_id = $1 ORDER BY id LIMIT 500)",
    "DELETE FROM visitors WHERE organization_id = $1 AND id IN
        (SELECT id FROM visitors WHERE organization_id = $1 ORDER BY id LIMIT 500)",
    "DELETE FROM persons WHERE organization_id = $1 AND external_id IN
        (SELECT external_id FROM persons WHERE organization_id = $1 ORDER BY external_id LIMIT 500)",
    "DELETE FROM verification_days WHERE organization_id = $1 AND day IN
        (SELECT day FROM verification_days WHERE organization_id = $1 ORDER BY day LIMIT 500)",
    "DELETE FROM api_keys WHERE organization_id = $1",
    "DELETE FROM token_keys WHERE organization_id = $1",
];

impl Store {
    /// Deletes an organization: from now on it counts as unknown. Its rows are left for
    /// [`remove_deleted`](Self::remove_deleted). False when there is no organization with that id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn delete_organization(&self, id: Uuid, actor: &Actor) -> Result<bool, StoreError> {
        const SQL: &str =
            "UPDATE organizations SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL";
        let done = Done {
            actor,
            action: Action::OrganizationDeleted,
            organization: Some(id),
            details: Details::default(),
        };
        transaction!(&self.connections, true, connection => {
            let updated = sqlx::query(SQL)
                .bind(id)
                .bind(now())
                .execute(&mut *connection)
                .await?;
            if updated.rows_affected() == 0 {
                return Ok(false);
            }
            record!(connection, &done);
            Ok(true)
        })
    }

    /// Removes some rows of an organization that was deleted, and at last the organization itself;
    /// returns how many rows, 0 when nothing is left to remove.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn remove_deleted(&self, actor: &Actor) -> Result<u64, StoreError> {
        const NEXT: &str =
            "SELECT id FROM organizations WHERE deleted_at IS NOT NULL ORDER BY id LIMIT 1";
        const ITSELF: &str = "DELETE FROM organizations WHERE id = $1 AND deleted_at IS NOT NULL";
        let next: Option<Uuid> = reading!(&self.connections, connection => {
            Ok(sqlx::query_scalar(NEXT).fetch_optional(connection).await?)
        })?;
        let Some(id) = next else { return Ok(0) };
        let done = Done {
            actor,
            action: Action::OrganizationRemoved,
            organization: Some(id),
            details: Details::default(),
        };
        transaction!(&self.connections, true, connection => {
            let mut rows = 0;
            for sql in OWNED {
                let removed = sqlx::query(sql).bind(id).execute(&mut *connection).await?;
                rows += removed.rows_affected();
            }
            if rows > 0 {
                return Ok(rows);
            }
            let removed = sqlx::query(ITSELF).bind(id).execute(&mut *connection).await?;
            // Another process may have been faster.
            if removed.rows_affected() == 1 {
                record!(connection, &done);
            }
            Ok(1)
        })
    }
}
