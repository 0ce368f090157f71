//! Token keys as they are stored: sealed with the master key.

use std::fmt;

use sqlx::FromRow;
use uuid::Uuid;

use super::{Connections, Store, StoreError, on_postgres, on_sqlite, reading, retrying, writing};

/// A token key of an organization, sealed for both.
#[derive(Clone, FromRow)]
pub struct SealedTokenKey {
    /// Its id, by which tokens name it.
    pub kid: String,
    /// The whole key, sealed.
    pub sealed: Vec<u8>,
}

/// Shows which key it is.
impl fmt::Debug for SealedTokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedTokenKey")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

/// The token key of some organization.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct OwnedTokenKey {
    pub(crate) organization_id: Uuid,
    #[sqlx(flatten)]
    pub(crate) key: SealedTokenKey,
}

/// Fails where every call would be refused: the organization requires a token and has no key for one.
/// The connection has to be in a transaction that holds the lock of the organization's row.
macro_rules! require_usable_key {
    ($connection:expr, $organization:expr) => {{
        let refusing: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM organizations o
            WHERE o.id = $1 AND o.verification = 'required' AND o.accepted_proofs = 'token'
                AND NOT EXISTS (SELECT 1 FROM token_keys k WHERE k.organization_id = o.id)",
        )
        .bind($organization)
        .fetch_one(&mut *$connection)
        .await?;
        if refusing > 0 {
            return Err($crate::store::StoreError::NoUsableKey);
        }
    }};
}
pub(super) use require_usable_key;

impl Store {
    /// Lists up to `limit` token keys of all organizations, those after `after`.
    pub(crate) async fn sealed_token_keys(
        &self,
        after: Option<&OwnedTokenKey>,
        limit: u32,
    ) -> Result<Vec<OwnedTokenKey>, StoreError> {
        const SQL: &str = "SELECT k.organization_id, k.kid, k.sealed
            FROM token_keys k JOIN organizations o ON o.id = k.organization_id
            WHERE o.deleted_at IS NULL AND (k.organization_id, k.kid) > ($1, $2)
            ORDER BY k.organization_id, k.kid LIMIT $3";
        let (organization, kid) = after.map_or((Uuid::nil(), ""), |after| {
            (after.organization_id, after.key.kid.as_str())
        });
        reading!(&self.connections, connection => Ok(sqlx::query_as(SQL)
            .bind(organization)
            .bind(kid)
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?))
    }

    /// Lists the token keys of an organization, the newest first.
    pub(crate) async fn sealed_token_keys_of(
        &self,
        organization: Uuid,
    ) -> Result<Vec<SealedTokenKey>, StoreError> {
        const SQL: &str = "SELECT kid, sealed FROM token_keys WHERE organization_id = $1
            ORDER BY created_at DESC, slot DESC";
        reading!(&self.connections, connection => {
            Ok(sqlx::query_as(SQL).bind(organization).fetch_all(connection).await?)
        })
    }

    /// Stores the same token key, sealed anew; false when it is no longer the same.
    pub(crate) async fn reseal_token_key(
        &self,
        before: &OwnedTokenKey,
        resealed: &[u8],
    ) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE token_keys SET sealed = $4
            WHERE organization_id = $1 AND kid = $2 AND sealed = $3";
        writing!(&self.connections, connection => {
            let done = sqlx::query(SQL)
                .bind(before.organization_id)
                .bind(&before.key.kid)
                .bind(&before.key.sealed)
                .bind(resealed)
                .execute(connection)
                .await?;
            Ok(done.rows_affected() == 1)
        })
    }
}
