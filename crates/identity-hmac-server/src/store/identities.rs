//! Identities: one record for each visitor, made and merged by `identify()`.

use identity_hmac::attributes::{Metadata, Patch};
use serde::Serialize;
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Connections, Person, Session, Store, StoreError, email, metadata, now, on_postgres, on_sqlite,
    reading, retrying, transaction,
};

/// Who stands for what an `identify()` call has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum VouchedBy {
    /// The backend, for the visitor id alone: the call carried a valid hmac, under a mode that looks at
    /// it.
    Hmac,
    /// The backend, for all of it: it called by itself, with an API key.
    Backend,
}

/// The record of one visitor.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// The record's own id.
    pub id: Uuid,
    /// Whose record it is.
    pub visitor_id: Uuid,
    /// The customer's id of the user.
    pub external_id: Option<String>,
    /// The user's e-mail address.
    pub email: Option<String>,
    /// The user's name.
    pub name: Option<String>,
    /// What else the customer tells.
    pub metadata: Option<Metadata>,
    /// Who vouches for the last `identify()`; `None` for nobody.
    pub vouched_by: Option<VouchedBy>,
    /// When the visitor was first identified.
    pub created_at: OffsetDateTime,
    /// When the visitor was last identified.
    pub updated_at: OffsetDateTime,
}

/// A record with what is kept of its visitor beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonRecord {
    /// The record.
    pub identity: Identity,
    /// When the visitor was made.
    pub visitor_created_at: OffsetDateTime,
    /// When the visitor last called, to a day.
    pub visitor_last_seen_at: OffsetDateTime,
}

/// The changes of one `identify()` call: a JSON Merge Patch (RFC 7396).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdentityPatch {
    /// The user's name.
    pub name: Patch<String>,
    /// The user's e-mail address.
    pub email: Patch<String>,
    /// The customer's id of the user.
    pub external_id: Patch<String>,
    /// What else the customer tells: merged member by member, at every level.
    pub metadata: Patch<Metadata>,
}

/// Which identities to list.
#[derive(Clone, Debug, Default)]
pub struct IdentityFilter {
    /// Only those with this external id.
    pub external_id: Option<String>,
    /// Only those with this e-mail address, in any case.
    pub email: Option<String>,
    /// Only those after this id.
    pub after: Option<Uuid>,
}

#[derive(FromRow)]
pub(super) struct IdentityRow {
    id: Uuid,
    visitor_id: Uuid,
    external_id: Option<String>,
    email: Option<String>,
    name: Option<String>,
    metadata: Option<String>,
    hmac_verified: bool,
    backend_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

#[derive(FromRow)]
struct PersonRow {
    #[sqlx(flatten)]
    identity: IdentityRow,
    visitor_created_at: OffsetDateTime,
    visitor_last_seen_at: Option<OffsetDateTime>,
}

impl TryFrom<PersonRow> for PersonRecord {
    type Error = StoreError;

    fn try_from(row: PersonRow) -> Result<Self, StoreError> {
        Ok(Self {
            identity: row.identity.try_into()?,
            visitor_created_at: row.visitor_created_at,
            visitor_last_seen_at: row.visitor_last_seen_at.unwrap_or(row.visitor_created_at),
        })
    }
}

/// The columns of a row.
macro_rules! columns {
    () => {
        "id, visitor_id, external_id, email, name, metadata, hmac_verified, backend_at, \
         created_at, updated_at"
    };
}
pub(super) use columns;

impl TryFrom<IdentityRow> for Identity {
    type Error = StoreError;

    fn try_from(row: IdentityRow) -> Result<Self, StoreError> {
        let metadata = row
            .metadata
            .as_deref()
            .map(serde_json::from_str)
            .transpose();
        Ok(Self {
            id: row.id,
            visitor_id: row.visitor_id,
            external_id: row.external_id,
            email: row.email,
            name: row.name,
            metadata: metadata.map_err(|_| StoreError::Corrupt("metadata"))?,
            vouched_by: if row.hmac_verified {
                Some(VouchedBy::Hmac)
            } else {
                let is_backends = row.backend_at == Some(row.updated_at);
                is_backends.then_some(VouchedBy::Backend)
            },
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

impl Session {
    /// Merges one `identify()` call into the visitor's record, or makes it, and returns the whole.
    ///
    /// Calls that race for one visitor lose nothing: the unique key decides who makes the row, and
    /// the statement that changes it holds the row's lock until metadata is merged too.
    ///
    /// # Errors
    ///
    /// [`StoreError::MetadataTooLarge`] when the merged metadata would exceed its limit, with
    /// nothing written; [`StoreError::NoVisitor`] when the visitor was erased meanwhile; another
    /// [`StoreError`] when the database fails.
    pub async fn identify(
        &mut self,
        organization: Uuid,
        visitor: Uuid,
        patch: &IdentityPatch,
        vouched_by: Option<VouchedBy>,
    ) -> Result<Identity, StoreError> {
        // Metadata that is to be merged with what the row holds stays as it is here.
        const UPSERT: &str = concat!(
            "INSERT INTO identities
            (organization_id, visitor_id, id, name, email, external_id, metadata,
             hmac_verified, created_at, updated_at, email_folded, backend_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $14, $15)
            ON CONFLICT (organization_id, visitor_id) DO UPDATE SET
                name = CASE WHEN $10 THEN identities.name ELSE excluded.name END,
                email = CASE WHEN $11 THEN identities.email ELSE excluded.email END,
                email_folded =
                    CASE WHEN $11 THEN identities.email_folded ELSE excluded.email_folded END,
                external_id = CASE WHEN $12 THEN identities.external_id ELSE excluded.external_id END,
                metadata = CASE WHEN $13 THEN NULL ELSE identities.metadata END,
                hmac_verified = excluded.hmac_verified,
                backend_at = excluded.backend_at,
                updated_at = excluded.updated_at
            RETURNING ",
            columns!()
        );
        const SET_METADATA: &str = "UPDATE identities SET metadata = $3
            WHERE organization_id = $1 AND visitor_id = $2";

        let first = match &patch.metadata {
            Patch::Set(metadata) => Some(metadata::write(&metadata::merge(None, metadata))?),
            Patch::Keep | Patch::Clear => None,
        };
        let email_folded = patch.email.value().map(|email| email::fold(email));
        let new_id = Uuid::now_v7();
        let has_several = matches!(patch.metadata, Patch::Set(_));
        let identified = transaction!(&mut self.connections, has_several, connection => {
            let at = now();
            let row: IdentityRow = sqlx::query_as(UPSERT)
                .bind(organization)
                .bind(visitor)
                .bind(new_id)
                .bind(patch.name.value())
                .bind(patch.email.value())
                .bind(patch.external_id.value())
                .bind(&first)
                .bind(vouched_by == Some(VouchedBy::Hmac))
                .bind(at)
                .bind(patch.name.is_keep())
                .bind(patch.email.is_keep())
                .bind(patch.external_id.is_keep())
                .bind(patch.metadata == Patch::Clear)
                .bind(&email_folded)
                .bind((vouched_by == Some(VouchedBy::Backend)).then_some(at))
                .fetch_one(&mut *connection)
                .await?;
            let mut identity = Identity::try_from(row)?;
            if let Patch::Set(metadata) = &patch.metadata
                && identity.id != new_id
            {
                let merged = metadata::merge(identity.metadata.as_ref(), metadata);
                if identity.metadata.as_ref() != Some(&merged) {
                    sqlx::query(SET_METADATA)
                        .bind(organization)
                        .bind(visitor)
                        .bind(metadata::write(&merged)?)
                        .execute(&mut *connection)
                        .await?;
                    identity.metadata = Some(merged);
                }
            }
            Ok(identity)
        });
        identified.map_err(|error: StoreError| match error {
            error if error.is_foreign_key_violation() => StoreError::NoVisitor,
            error => error,
        })
    }

    /// Reads a visitor's record; `None` before the first `identify()`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn identity(
        &mut self,
        organization: Uuid,
        visitor: Uuid,
    ) -> Result<Option<Identity>, StoreError> {
        const SQL: &str = concat!(
            "SELECT ",
            columns!(),
            " FROM identities WHERE organization_id = $1 AND visitor_id = $2"
        );
        reading!(&mut self.connections, connection => sqlx::query_as::<_, IdentityRow>(SQL)
            .bind(organization)
            .bind(visitor)
            .fetch_optional(connection)
            .await?
            .map(TryInto::try_into)
            .transpose())
    }
}

impl Store {
    /// Reads up to `limit` records of a person, with all that is kept of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn person(
        &self,
        organization: Uuid,
        person: &Person,
        limit: u32,
    ) -> Result<Vec<PersonRecord>, StoreError> {
        reading!(&self.connections, connection => {
            let mut query = QueryBuilder::new(
                "SELECT i.id, i.visitor_id, i.external_id, i.email, i.name, i.metadata,
                    i.hmac_verified, i.backend_at, i.created_at, i.updated_at,
                    v.created_at AS visitor_created_at, v.last_seen_at AS visitor_last_seen_at
                FROM identities i JOIN visitors v
                    ON v.organization_id = i.organization_id AND v.id = i.visitor_id
                WHERE i.organization_id = ",
            );
            query.push_bind(organization);
            match person {
                Person::ExternalId(id) => query.push(" AND i.external_id = ").push_bind(id),
                Person::Email(email) => {
                    query.push(" AND i.email_folded = ").push_bind(email::fold(email))
                }
            };
            query.push(" ORDER BY i.id LIMIT ").push_bind(i64::from(limit));
            query
                .build_query_as::<PersonRow>()
                .fetch_all(connection)
                .await?
                .into_iter()
                .map(TryInto::try_into)
                .collect()
        })
    }

    /// Lists up to `limit` records of an organization in the order of their creation.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn identities(
        &self,
        organization: Uuid,
        filter: &IdentityFilter,
        limit: u32,
    ) -> Result<Vec<Identity>, StoreError> {
        reading!(&self.connections, connection => {
            let mut query = QueryBuilder::new(concat!(
                "SELECT ",
                columns!(),
                " FROM identities WHERE organization_id = "
            ));
            query.push_bind(organization);
            if let Some(external_id) = &filter.external_id {
                query.push(" AND external_id = ").push_bind(external_id);
            }
            if let Some(email) = &filter.email {
                query.push(" AND email_folded = ").push_bind(email::fold(email));
            }
            if let Some(after) = filter.after {
                query.push(" AND id > ").push_bind(after);
            }
            query.push(" ORDER BY id LIMIT ").push_bind(i64::from(limit));
            query
                .build_query_as::<IdentityRow>()
                .fetch_all(connection)
                .await?
                .into_iter()
                .map(TryInto::try_into)
                .collect()
        })
    }
}
