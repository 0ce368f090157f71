//! Whose API key a call presents.

use sqlx::FromRow;
use subtle::ConstantTimeEq;

use super::{Connections, Session, StoreError, on_postgres, on_sqlite, reading, retrying};
use crate::api_key::ApiKey;

/// What a call by API key needs to know of its organization.
#[derive(Clone, Copy, Debug)]
pub struct KeyHolder {
    /// Whether the call is refused: the organization is suspended.
    pub suspended: bool,
    /// How long what the call says of a person is shown, in seconds.
    pub identity_session: u32,
}

#[derive(FromRow)]
struct KeyRow {
    sha256: Vec<u8>,
    suspended: bool,
    identity_session: i32,
}

impl Session {
    /// Confirms a presented key; `None` when it is nobody's.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn key_holder(&mut self, key: &ApiKey) -> Result<Option<KeyHolder>, StoreError> {
        const SQL: &str = "SELECT k.sha256, o.suspended, o.identity_session
            FROM api_keys k JOIN organizations o ON o.id = k.organization_id
            WHERE o.deleted_at IS NULL AND k.organization_id = $1 AND k.id = $2";
        reading!(&mut self.connections, connection => {
            let rows: Vec<KeyRow> = sqlx::query_as(SQL)
                .bind(key.organization)
                .bind(&key.id)
                .fetch_all(connection)
                .await?;
            let own = rows.into_iter().find(|row| key.sha256.ct_eq(&row.sha256).into());
            own.map(|row| {
                let session = row.identity_session.try_into();
                Ok(KeyHolder {
                    suspended: row.suspended,
                    identity_session: session.map_err(|_| StoreError::Corrupt("policy"))?,
                })
            })
            .transpose()
        })
    }
}
