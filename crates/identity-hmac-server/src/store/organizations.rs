//! Organizations: whose visitors they are, and how their calls are verified.

use std::fmt;

use identity_hmac::VerificationMode;
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Connections, Store, StoreError, on_postgres, on_sqlite, reading, retrying, writing};

/// An organization as it is stored.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// How its calls are verified.
    pub verification: VerificationMode,
    /// The origins whose pages may call; empty for any.
    pub allowed_origins: Vec<String>,
    /// The secrets that its backends sign with.
    pub secrets: SealedSecrets,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

/// The two secrets of an organization, sealed with the master key.
#[derive(Clone)]
pub struct SealedSecrets {
    /// The one to sign with.
    pub current: Vec<u8>,
    /// The one that still verifies until it is retired.
    pub previous: Option<Vec<u8>>,
}

/// Shows which secrets there are.
impl fmt::Debug for SealedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedSecrets")
            .field("previous", &self.previous.is_some())
            .finish_non_exhaustive()
    }
}

/// What a new organization starts with.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// How its calls are verified.
    pub verification: VerificationMode,
    /// The origins whose pages may call; empty for any.
    pub allowed_origins: Vec<String>,
    /// Its first secret, sealed.
    pub secret: Vec<u8>,
}

/// The changes to an organization: what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct OrganizationPatch {
    /// Another name.
    pub name: Option<String>,
    /// Another mode.
    pub verification: Option<VerificationMode>,
    /// Other origins; empty for any.
    pub allowed_origins: Option<Vec<String>>,
}

#[derive(FromRow)]
struct OrganizationRow {
    id: Uuid,
    name: String,
    verification: String,
    allowed_origins: String,
    current_secret: Vec<u8>,
    previous_secret: Option<Vec<u8>>,
    created_at: OffsetDateTime,
}

impl TryFrom<OrganizationRow> for Organization {
    type Error = StoreError;

    fn try_from(row: OrganizationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            name: row.name,
            verification: read_mode(&row.verification)?,
            allowed_origins: read_origins(&row.allowed_origins),
            secrets: SealedSecrets {
                current: row.current_secret,
                previous: row.previous_secret,
            },
            created_at: row.created_at,
        })
    }
}

pub(super) fn read_mode(stored: &str) -> Result<VerificationMode, StoreError> {
    stored
        .parse()
        .map_err(|_| StoreError::Corrupt("verification mode"))
}

pub(super) fn read_origins(stored: &str) -> Vec<String> {
    stored.lines().map(str::to_owned).collect()
}

impl Store {
    /// Stores a new organization.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn create_organization(
        &self,
        new: &NewOrganization,
    ) -> Result<Organization, StoreError> {
        const SQL: &str = "INSERT INTO organizations
            (id, name, verification, allowed_origins, current_secret, previous_secret, created_at)
            VALUES ($1, $2, $3, $4, $5, NULL, $6)
            RETURNING *";
        writing!(&self.connections, connection => sqlx::query_as::<_, OrganizationRow>(SQL)
            .bind(new.id)
            .bind(&new.name)
            .bind(new.verification.as_str())
            .bind(new.allowed_origins.join("\n"))
            .bind(&new.secret)
            .bind(OffsetDateTime::now_utc())
            .fetch_one(connection)
            .await?
            .try_into())
    }

    /// Reads one organization; `None` when there is none with that id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn organization(&self, id: Uuid) -> Result<Option<Organization>, StoreError> {
        const SQL: &str = "SELECT * FROM organizations WHERE id = $1";
        reading!(&self.connections, connection => sqlx::query_as::<_, OrganizationRow>(SQL)
            .bind(id)
            .fetch_optional(connection)
            .await?
            .map(TryInto::try_into)
            .transpose())
    }

    /// Lists up to `limit` organizations in the order of their creation, those after `after`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn organizations(
        &self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Organization>, StoreError> {
        const SQL: &str = "SELECT * FROM organizations WHERE id > $1 ORDER BY id LIMIT $2";
        reading!(&self.connections, connection => sqlx::query_as::<_, OrganizationRow>(SQL)
            .bind(after.unwrap_or(Uuid::nil()))
            .bind(i64::from(limit))
            .fetch_all(connection)
            .await?
            .into_iter()
            .map(TryInto::try_into)
            .collect())
    }

    /// Changes an organization; `None` when there is none with that id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn update_organization(
        &self,
        id: Uuid,
        patch: &OrganizationPatch,
    ) -> Result<Option<Organization>, StoreError> {
        const SQL: &str = "UPDATE organizations SET
            name = COALESCE($2, name),
            verification = COALESCE($3, verification),
            allowed_origins = COALESCE($4, allowed_origins)
            WHERE id = $1
            RETURNING *";
        writing!(&self.connections, connection => sqlx::query_as::<_, OrganizationRow>(SQL)
            .bind(id)
            .bind(&patch.name)
            .bind(patch.verification.map(VerificationMode::as_str))
            .bind(patch.allowed_origins.as_ref().map(|origins| origins.join("\n")))
            .fetch_optional(connection)
            .await?
            .map(TryInto::try_into)
            .transpose())
    }

    /// Makes the current secret the previous one and `sealed` the current one; `None` when there is
    /// no organization with that id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn rotate_secret(
        &self,
        id: Uuid,
        sealed: &[u8],
    ) -> Result<Option<Organization>, StoreError> {
        const SQL: &str = "UPDATE organizations
            SET previous_secret = current_secret, current_secret = $2
            WHERE id = $1
            RETURNING *";
        writing!(&self.connections, connection => sqlx::query_as::<_, OrganizationRow>(SQL)
            .bind(id)
            .bind(sealed)
            .fetch_optional(connection)
            .await?
            .map(TryInto::try_into)
            .transpose())
    }

    /// Forgets the previous secret; false when there is no organization with that id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn retire_previous_secret(&self, id: Uuid) -> Result<bool, StoreError> {
        const SQL: &str = "UPDATE organizations SET previous_secret = NULL WHERE id = $1";
        writing!(&self.connections, connection => {
            let done = sqlx::query(SQL).bind(id).execute(connection).await?;
            Ok(done.rows_affected() == 1)
        })
    }
}
