//! The keys of organizations, of two kinds: two of each at a time, so that one can be changed while the
//! other is used.

use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::audit::{Done, record};
use super::{
    Connections, Store, StoreError, now, on_postgres, on_sqlite, reading, require_usable_key,
    retrying, transaction, writing,
};
use crate::audit::{Action, Actor, Details};

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Backends call by it.
    Api,
    /// Backends sign identity tokens with it.
    Token,
}

/// A key as it is stored, without its secret.
#[derive(Clone, Debug, FromRow)]
pub struct StoredKey {
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
    Stored(StoredKey),
    /// The organization has two keys of this kind.
    BothThere,
    /// There is no such organization.
    NoOrganization,
}

/// The statements of one kind, and what the audit log calls them.
struct Statements {
    created: Action,
    deleted: Action,
    add: &'static str,
    list: &'static str,
    delete: &'static str,
    note_use: &'static str,
}

macro_rules! statements {
    ($table:literal, $id:literal, $secret:literal, $created:ident, $deleted:ident) => {
        &Statements {
            created: Action::$created,
            deleted: Action::$deleted,
            add: concat!(
                "INSERT INTO ",
                $table,
                " (organization_id, slot, ",
                $id,
                ", ",
                $secret,
                ", created_at)
                SELECT id, $2, $3, $4, $5 FROM organizations WHERE id = $1 AND deleted_at IS NULL
                ON CONFLICT (organization_id, slot) DO NOTHING"
            ),
            list: concat!(
                "SELECT ",
                $id,
                " AS id, created_at, last_used_at FROM ",
                $table,
                " WHERE organization_id = $1 ORDER BY created_at, slot"
            ),
            delete: concat!(
                "DELETE FROM ",
                $table,
                " WHERE organization_id = $1 AND ",
                $id,
                " = $2"
            ),
            note_use: concat!(
                "UPDATE ",
                $table,
                " SET last_used_at = $3 WHERE organization_id = $1 AND ",
                $id,
                " = $2"
            ),
        }
    };
}

impl KeyKind {
    const fn statements(self) -> &'static Statements {
        match self {
            Self::Api => statements!("api_keys", "id", "sha256", ApiKeyCreated, ApiKeyDeleted),
            Self::Token => statements!(
                "token_keys",
                "kid",
                "sealed",
                TokenKeyCreated,
                TokenKeyDeleted
            ),
        }
    }

    fn done<'a>(self, action: Action, actor: &'a Actor, organization: Uuid, id: &str) -> Done<'a> {
        let id = Some(id.to_owned());
        let (api_key_id, kid) = match self {
            Self::Api => (id, None),
            Self::Token => (None, id),
        };
        Done {
            actor,
            action,
            organization: Some(organization),
            details: Details {
                api_key_id,
                kid,
                ..Details::default()
            },
        }
    }
}

impl Store {
    /// Stores a new key by its `secret`, as this kind keeps it: a digest, or sealed.
    ///
    /// Of calls that race for one place, the primary key lets one have it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn add_key(
        &self,
        kind: KeyKind,
        organization: Uuid,
        id: &str,
        secret: &[u8],
        actor: &Actor,
    ) -> Result<NewKey, StoreError> {
        const EXISTS: &str =
            "SELECT COUNT(*) FROM organizations WHERE id = $1 AND deleted_at IS NULL";
        let done = kind.done(kind.statements().created, actor, organization, id);
        let created_at = now();
        transaction!(&self.connections, true, connection => {
            for slot in [0_i16, 1] {
                let added = sqlx::query(kind.statements().add)
                    .bind(organization)
                    .bind(slot)
                    .bind(id)
                    .bind(secret)
                    .bind(created_at)
                    .execute(&mut *connection)
                    .await?;
                if added.rows_affected() == 1 {
                    record!(connection, &done);
                    return Ok(NewKey::Stored(StoredKey {
                        id: id.to_owned(),
                        created_at,
                        last_used_at: None,
                    }));
                }
            }
            let organizations: i64 = sqlx::query_scalar(EXISTS)
                .bind(organization)
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
    pub async fn keys(
        &self,
        kind: KeyKind,
        organization: Uuid,
    ) -> Result<Vec<StoredKey>, StoreError> {
        reading!(&self.connections, connection => Ok(sqlx::query_as(kind.statements().list)
            .bind(organization)
            .fetch_all(connection)
            .await?))
    }

    /// Deletes a key; false when the organization has none with that id.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoUsableKey`] when it is a token key without which every call would be refused;
    /// another [`StoreError`] when the database fails.
    pub async fn delete_key(
        &self,
        kind: KeyKind,
        organization: Uuid,
        id: &str,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        // It changes nothing. The row's lock orders this call and those that change the policy.
        const LOCK: &str =
            "UPDATE organizations SET name = name WHERE id = $1 AND deleted_at IS NULL";
        let done = kind.done(kind.statements().deleted, actor, organization, id);
        transaction!(&self.connections, true, connection => {
            let locked = sqlx::query(LOCK).bind(organization).execute(&mut *connection).await?;
            if locked.rows_affected() == 0 {
                return Ok(false);
            }
            let deleted = sqlx::query(kind.statements().delete)
                .bind(organization)
                .bind(id)
                .execute(&mut *connection)
                .await?;
            if deleted.rows_affected() == 0 {
                return Ok(false);
            }
            if kind == KeyKind::Token {
                require_usable_key!(connection, organization);
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
    pub async fn note_key_use(
        &self,
        kind: KeyKind,
        organization: Uuid,
        id: &str,
    ) -> Result<(), StoreError> {
        writing!(&self.connections, connection => {
            sqlx::query(kind.statements().note_use)
                .bind(organization)
                .bind(id)
                .bind(now())
                .execute(connection)
                .await?;
            Ok(())
        })
    }
}
