//! The few values that the whole service shares.

use super::audit::{Done, record};
use super::{
    Connections, Store, StoreError, on_postgres, on_sqlite, reading, retrying, transaction, writing,
};
use crate::audit::{Action, Actor, Details};

/// A value that the whole service shares.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Setting {
    /// A known text sealed with the master key, to tell whether a key is the database's own.
    MasterKeyCheck,
    /// The same, sealed with the master key that a rotation replaces, until that has come to its end.
    RetiringMasterKeyCheck,
    /// SHA-256 of the admin token.
    AdminTokenSha256,
}

impl Setting {
    const fn name(self) -> &'static str {
        match self {
            Self::MasterKeyCheck => "master_key_check",
            Self::RetiringMasterKeyCheck => "retiring_master_key_check",
            Self::AdminTokenSha256 => "admin_token_sha256",
        }
    }
}

impl Store {
    /// Reads a setting; `None` when it was never written.
    pub(crate) async fn setting(&self, setting: Setting) -> Result<Option<Vec<u8>>, StoreError> {
        const SQL: &str = "SELECT value FROM settings WHERE name = $1";
        reading!(&self.connections, connection => Ok(sqlx::query_scalar(SQL)
            .bind(setting.name())
            .fetch_optional(connection)
            .await?))
    }

    /// Writes a setting unless there is one; true when this call wrote it. Of several processes
    /// that start together, one gets true.
    pub(crate) async fn write_first(
        &self,
        setting: Setting,
        value: &[u8],
    ) -> Result<bool, StoreError> {
        const SQL: &str = "INSERT INTO settings (name, value) VALUES ($1, $2)
            ON CONFLICT (name) DO NOTHING";
        writing!(&self.connections, connection => {
            let done = sqlx::query(SQL).bind(setting.name()).bind(value).execute(connection).await?;
            Ok(done.rows_affected() == 1)
        })
    }

    /// Writes a setting over whatever was there: an action of an admin.
    pub(crate) async fn overwrite(
        &self,
        setting: Setting,
        value: &[u8],
        action: Action,
        actor: &Actor,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO settings (name, value) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        let done = Done {
            actor,
            action,
            organization: None,
            details: Details::default(),
        };
        transaction!(&self.connections, true, connection => {
            sqlx::query(SQL)
                .bind(setting.name())
                .bind(value)
                .execute(&mut *connection)
                .await?;
            record!(connection, &done);
            Ok(())
        })
    }

    /// Writes both checks of a rotation of the master key, or none: an action of an admin.
    pub(crate) async fn begin_master_key_rotation(
        &self,
        new: &[u8],
        retiring: &[u8],
        actor: &Actor,
    ) -> Result<(), StoreError> {
        const SQL: &str = "INSERT INTO settings (name, value) VALUES ($1, $2), ($3, $4)
            ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        let done = Done {
            actor,
            action: Action::MasterKeyRotated,
            organization: None,
            details: Details::default(),
        };
        transaction!(&self.connections, true, connection => {
            sqlx::query(SQL)
                .bind(Setting::MasterKeyCheck.name())
                .bind(new)
                .bind(Setting::RetiringMasterKeyCheck.name())
                .bind(retiring)
                .execute(&mut *connection)
                .await?;
            record!(connection, &done);
            Ok(())
        })
    }

    /// Removes a setting, if it is there.
    pub(crate) async fn remove(&self, setting: Setting) -> Result<(), StoreError> {
        const SQL: &str = "DELETE FROM settings WHERE name = $1";
        writing!(&self.connections, connection => {
            sqlx::query(SQL).bind(setting.name()).execute(connection).await?;
            Ok(())
        })
    }
}
