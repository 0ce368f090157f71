//! The API keys of organizations: two at a time, so that one can be changed while the other is used.

use sqlx::FromRow;
use subtle::ConstantTimeEq;
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit::{Done, record};
use super::{
    Connections, Session, Store, StoreError, now, on_postgres, on_sqlite, reading, retrying,
    transaction, writing,
};
use crate::api_key::ApiKey;
use crate::audit::{Action, Actor, Details};

/// An API key as it is stored, without its digest.
#[derive(Clone, Debug, FromRow)]
pub struct StoredApiKey {
    /// Its id.
    pub id: String,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it was last used, to a minute.
    pub last_used_at: Option<OffsetDateTime>,
}

/// What became of a new key.
#[derive(Clone, Debug)]
pub enum NewKey {
    /// It is stored.
    Stored(StoredApiKey),
    /// The organization has two keys.
    BothThere,
    /// There is no such organization.
    NoOrganization,
}

/// What a call by API key needs to know of its organization.
#[derive(Clone, Copy, Debug)]
pub struct KeyHolder {
    /// Whether the call is refused: the organization is suspended.
    pub suspended: bool,
}

#[derive(FromRow)]
struct KeyRow {
    sha256: Vec<u8>,
    suspended: bool,
}

impl Store {
    /// Stores a new key.
    ///
    /// Of calls that race for one place, the primary key lets one have it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn add_api_key(&self, key: &ApiKey, actor: &Actor) -> Result<NewKey, StoreError> {
        const SQL: &str = "INSERT INTO api_keys (organization_id, slot, id, sha256, created_at)
            SELECT id, $2, $3, $4, $5 FROM organizations WHERE id = $1 AND deleted_at IS NULL
            ON CONFLICT (organization_id, slot) DO NOTHING";
        const EXISTS: &str =
            "SELECT COUNT(*) FROM organizations WHERE id = $1 AND deleted_at IS NULL";
        let done = done(actor, Action::ApiKeyCreated, key.organization, &key.id);
        let created_at = now();
        transaction!(&self.connections, true, connection => {
            for slot in [0_i16, 1] {
                let added = sqlx::query(SQL)
                    .bind(key.organization)
                    .bind(slot)
                    .bind(&key.id)
                    .bind(key.sha256.as_slice())
                    .bind(created_at)
                    .execute(&mut *connection)
                    .await?;
                if added.rows_affected() == 1 {
                    record!(connection, &done);
                    return Ok(NewKey::Stored(StoredApiKey {
                        id: key.id.clone(),
                        created_at,
                        last_used_at: None,
                    }));
                }
            }
            let organizations: i64 = sqlx::query_scalar(EXISTS)
                .bind(key.organization)
                .fetch_one(connection)
                .await?;
            Ok(if organizations == 1 { NewKey::BothThere } else { NewKey::NoOrganization })
        })
    }

    /// Lists the keys of an organization, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn api_keys(&self, organization: Uuid) -> Result<Vec<StoredApiKey>, StoreError> {
        const SQL: &str = "SELECT id, created_at, last_used_at FROM api_keys
            WHERE organization_id = $1 ORDER BY created_at, slot";
        reading!(&self.connections, connection => Ok(sqlx::query_as(SQL)
            .bind(organization)
            .fetch_all(connection)
            .await?))
    }

    /// Deletes a key; false when the organization has none with that id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn delete_api_key(
        &self,
        organization: Uuid,
        id: &str,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        const SQL: &str = "DELETE FROM api_keys WHERE organization_id = $1 AND id = $2
            AND EXISTS (SELECT 1 FROM organizations WHERE id = $1 AND deleted_at IS NULL)";
        let done = done(actor, Action::ApiKeyDeleted, organization, id);
        transaction!(&self.connections, true, connection => {
            let deleted = sqlx::query(SQL)
                .bind(organization)
                .bind(id)
                .execute(&mut *connection)
                .await?;
            if deleted.rows_affected() == 0 {
                return Ok(false);
            }
            record!(connection, &done);
            Ok(true)
        })
    }

    /// Notes that a key was used. Nothing happens when it is deleted by now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn note_api_key_use(&self, key: &ApiKey) -> Result<(), StoreError> {
        const SQL: &str = "UPDATE api_keys SET last_used_at = $4
            WHERE organization_id = $1 AND id = $2 AND sha256 = $3";
        writing!(&self.connections, connection => {
            sqlx::query(SQL)
                .bind(key.organization)
                .bind(&key.id)
                .bind(key.sha256.as_slice())
                .bind(now())
                .execute(connection)
                .await?;
            Ok(())
        })
    }
}

impl Session {
    /// Confirms a presented key; `None` when it is nobody's.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn key_holder(&mut self, key: &ApiKey) -> Result<Option<KeyHolder>, StoreError> {
        const SQL: &str = "SELECT k.sha256, o.suspended
            FROM api_keys k JOIN organizations o ON o.id = k.organization_id
            WHERE o.deleted_at IS NULL AND k.organization_id = $1 AND k.id = $2";
        reading!(&mut self.connections, connection => {
            let rows: Vec<KeyRow> = sqlx::query_as(SQL)
                .bind(key.organization)
                .bind(&key.id)
                .fetch_all(connection)
                .await?;
            let own = rows.into_iter().find(|row| key.sha256.ct_eq(&row.sha256).into());
            Ok(own.map(|row| KeyHolder { suspended: row.suspended }))
        })
    }
}

fn done<'a>(actor: &'a Actor, action: Action, organization: Uuid, id: &str) -> Done<'a> {
    Done {
        actor,
        action,
        organization: Some(organization),
        details: Details {
            api_key_id: Some(id.to_owned()),
            ..Details::default()
        },
    }
}
