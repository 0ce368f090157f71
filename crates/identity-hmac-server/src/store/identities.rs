//! Identities: one record for each visitor, made and merged by `identify()`.

use identity_hmac::attributes::{Metadata, Patch};
use serde::Serialize;
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::persons::{
    self, IdentitySession, PersonPatch, PersonRow, Pin, PinRow, SaidBy, Verified, person_join,
    pin_columns, read_metadata, verify,
};
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
    /// The backend, for all that is verified: the call carried a valid token, under a mode that looks at
    /// it.
    Token,
    /// The backend, for all of it: it called by itself, with an API key.
    Backend,
}

/// The record of one visitor: what it says of itself, and beside it the person that it was verified as.
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
    /// The person that the visitor is; `None` when it was not verified yet.
    pub pin: Option<Pin>,
}

/// A record as one `identify()` call has left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Identified {
    /// The record. Its pin is left out unless the call verified a person.
    pub identity: Identity,
    /// Whether the call verified a person who has newer attributes, so that those of the call were
    /// dropped.
    pub is_older: bool,
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

impl IdentityPatch {
    /// The first attribute that is changed, by its name in a call.
    #[must_use]
    pub fn first_attribute(&self) -> Option<&'static str> {
        [
            ("name", self.name.is_keep()),
            ("email", self.email.is_keep()),
            ("externalId", self.external_id.is_keep()),
            ("metadata", self.metadata.is_keep()),
        ]
        .into_iter()
        .find_map(|(name, is_keep)| (!is_keep).then_some(name))
    }
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
    token_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

/// A record with its visitor's pin, as `records!` selects it.
#[derive(FromRow)]
pub(super) struct RecordRow {
    #[sqlx(flatten)]
    identity: IdentityRow,
    #[sqlx(flatten)]
    pin: PinRow,
}

impl TryFrom<RecordRow> for Identity {
    type Error = StoreError;

    fn try_from(row: RecordRow) -> Result<Self, StoreError> {
        Ok(Self {
            pin: row.pin.pin()?,
            ..row.identity.try_into()?
        })
    }
}

#[derive(FromRow)]
struct VisitorRow {
    #[sqlx(flatten)]
    identity: RecordRow,
    visitor_created_at: OffsetDateTime,
    visitor_last_seen_at: Option<OffsetDateTime>,
}

impl TryFrom<VisitorRow> for PersonRecord {
    type Error = StoreError;

    fn try_from(row: VisitorRow) -> Result<Self, StoreError> {
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
        "id, visitor_id, external_id, email, name, metadata, hmac_verified, backend_at, token_at, \
         created_at, updated_at"
    };
}

/// Selects the records of an organization, whose id has to follow. `i` is the record, `v` its visitor
/// and `p` the person.
macro_rules! records {
    () => {
        concat!(
            "SELECT i.id, i.visitor_id, i.external_id, i.email, i.name, i.metadata, i.hmac_verified,
                i.backend_at, i.token_at, i.created_at, i.updated_at,
                v.created_at AS visitor_created_at, v.last_seen_at AS visitor_last_seen_at, ",
            pin_columns!(),
            " FROM identities i
                JOIN visitors v ON v.organization_id = i.organization_id AND v.id = i.visitor_id
                JOIN organizations o ON o.id = i.organization_id",
            person_join!(),
            "WHERE i.organization_id = "
        )
    };
}

/// Narrows `records!` to those with an external id: the verified one, and what the visitor says where
/// none is. The ids are found first, in this order of tables: SQLite would go through all records
/// otherwise.
macro_rules! with_external_id {
    ($query:expr, $organization:expr, $external_id:expr) => {
        $query
            .push(" AND i.id IN (SELECT id FROM identities WHERE organization_id = ")
            .push_bind($organization)
            .push(" AND external_id = ")
            .push_bind($external_id)
            .push(
                " UNION SELECT own.id FROM visitors pinned CROSS JOIN identities own
                WHERE own.organization_id = pinned.organization_id AND own.visitor_id = pinned.id
                    AND pinned.organization_id = ",
            )
            .push_bind($organization)
            .push(" AND pinned.person = ")
            .push_bind($external_id)
            .push(") AND COALESCE(v.person, i.external_id) = ")
            .push_bind($external_id)
    };
}

/// The same for an e-mail address, in any case.
macro_rules! with_email {
    ($query:expr, $organization:expr, $email:expr) => {{
        let folded = email::fold($email);
        $query
            .push(" AND i.id IN (SELECT id FROM identities WHERE organization_id = ")
            .push_bind($organization)
            .push(" AND email_folded = ")
            .push_bind(folded.clone())
            .push(
                " UNION SELECT own.id
                FROM persons verified CROSS JOIN visitors pinned CROSS JOIN identities own
                WHERE own.organization_id = pinned.organization_id AND own.visitor_id = pinned.id
                    AND pinned.organization_id = verified.organization_id
                    AND pinned.person = verified.external_id AND verified.organization_id = ",
            )
            .push_bind($organization)
            .push(" AND verified.email_folded = ")
            .push_bind(folded.clone())
            .push(") AND COALESCE(p.email_folded, i.email_folded) = ")
            .push_bind(folded)
    }};
}
pub(super) use {records, with_email, with_external_id};

/// Narrows `records!` to those after an id, which has to follow. In a look-up SQLite may not take it for
/// a range of the index: it would go through all records in it.
pub(super) const fn after_id(is_lookup: bool) -> &'static str {
    if is_lookup {
        " AND NOT i.id <= "
    } else {
        " AND i.id > "
    }
}

impl TryFrom<IdentityRow> for Identity {
    type Error = StoreError;

    fn try_from(row: IdentityRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            visitor_id: row.visitor_id,
            external_id: row.external_id,
            email: row.email,
            name: row.name,
            metadata: read_metadata(row.metadata.as_deref())?,
            vouched_by: if row.token_at == Some(row.updated_at) {
                Some(VouchedBy::Token)
            } else if row.hmac_verified {
                Some(VouchedBy::Hmac)
            } else {
                let is_backends = row.backend_at == Some(row.updated_at);
                is_backends.then_some(VouchedBy::Backend)
            },
            created_at: row.created_at,
            updated_at: row.updated_at,
            pin: None,
        })
    }
}

/// The metadata of a row that is new.
fn first_metadata(patch: &Patch<Metadata>) -> Result<Option<String>, StoreError> {
    let first = patch
        .value()
        .map(|metadata| metadata::merge(None, metadata));
    first.as_ref().map(metadata::write).transpose()
}

impl Session {
    /// Merges one `identify()` call into the visitor's record, or makes it, and returns the whole. What
    /// a backend itself has said of the visitor, `verified`, pins the visitor and goes to the person.
    ///
    /// Calls that race for one visitor lose nothing: the unique key decides who makes the row, and
    /// the statement that changes it holds the row's lock until metadata is merged too.
    ///
    /// # Errors
    ///
    /// [`StoreError::MetadataTooLarge`] when merged metadata would exceed its limit, and
    /// [`StoreError::OtherPerson`] when the visitor is pinned to another person, with nothing written;
    /// [`StoreError::NoVisitor`] when the visitor was erased meanwhile; another [`StoreError`] when the
    /// database fails.
    pub async fn identify(
        &mut self,
        organization: Uuid,
        visitor: Uuid,
        patch: &IdentityPatch,
        vouched_by: Option<VouchedBy>,
        verified: Option<&PersonPatch>,
    ) -> Result<Identified, StoreError> {
        // Metadata that is to be merged with what the row holds stays as it is here.
        const UPSERT: &str = concat!(
            "INSERT INTO identities
            (organization_id, visitor_id, id, name, email, external_id, metadata,
             hmac_verified, created_at, updated_at, email_folded, backend_at, token_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $14, $15, $16)
            ON CONFLICT (organization_id, visitor_id) DO UPDATE SET
                name = CASE WHEN $10 THEN identities.name ELSE excluded.name END,
                email = CASE WHEN $11 THEN identities.email ELSE excluded.email END,
                email_folded =
                    CASE WHEN $11 THEN identities.email_folded ELSE excluded.email_folded END,
                external_id = CASE WHEN $12 THEN identities.external_id ELSE excluded.external_id END,
                metadata = CASE WHEN $13 THEN NULL ELSE identities.metadata END,
                hmac_verified = excluded.hmac_verified,
                backend_at = excluded.backend_at,
                token_at = excluded.token_at,
                updated_at = excluded.updated_at
            RETURNING ",
            columns!()
        );
        const SET_METADATA: &str = "UPDATE identities SET metadata = $3
            WHERE organization_id = $1 AND visitor_id = $2";

        let first = first_metadata(&patch.metadata)?;
        let persons_first = verified.map(|verified| first_metadata(&verified.metadata));
        let persons_first = persons_first.transpose()?.flatten();
        let email_folded = patch.email.value().map(|email| email::fold(email));
        let new_id = Uuid::now_v7();
        let has_several = matches!(patch.metadata, Patch::Set(_)) || verified.is_some();
        let of = |voucher, at| (vouched_by == Some(voucher)).then_some(at);
        let identified = transaction!(&mut self.connections, has_several, connection => {
            let at = now();
            let verified = match verified {
                Some(said) => {
                    Some(verify!(connection, organization, visitor, said, &persons_first, at))
                }
                None => None,
            };
            let row: IdentityRow = sqlx::query_as(UPSERT)
                .bind(organization)
                .bind(visitor)
                .bind(new_id)
                .bind(patch.name.value())
                .bind(patch.email.value())
                .bind(patch.external_id.value())
                .bind(&first)
                .bind(matches!(vouched_by, Some(VouchedBy::Hmac | VouchedBy::Token)))
                .bind(at)
                .bind(patch.name.is_keep())
                .bind(patch.email.is_keep())
                .bind(patch.external_id.is_keep())
                .bind(patch.metadata == Patch::Clear)
                .bind(&email_folded)
                .bind(of(VouchedBy::Backend, at))
                .bind(of(VouchedBy::Token, at))
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
            let is_older = verified.as_ref().is_some_and(|verified| !verified.is_newest);
            identity.pin = verified.map(|verified| verified.pin);
            Ok(Identified { identity, is_older })
        });
        identified.map_err(|error: StoreError| match error {
            error if error.is_foreign_key_violation() => StoreError::NoVisitor,
            error => error,
        })
    }

    /// Reads a visitor's record, without its pin; `None` before the first `identify()`.
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
            let mut query = QueryBuilder::new(records!());
            query.push_bind(organization);
            match person {
                Person::ExternalId(id) => with_external_id!(query, organization, id),
                Person::Email(email) => with_email!(query, organization, email),
            };
            query.push(" ORDER BY i.id LIMIT ").push_bind(i64::from(limit));
            query
                .build_query_as::<VisitorRow>()
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
            let mut query = QueryBuilder::new(records!());
            query.push_bind(organization);
            if let Some(external_id) = &filter.external_id {
                with_external_id!(query, organization, external_id);
            }
            if let Some(email) = &filter.email {
                with_email!(query, organization, email);
            }
            if let Some(after) = filter.after {
                query.push(after_id(filter.external_id.is_some() || filter.email.is_some()));
                query.push_bind(after);
            }
            query.push(" ORDER BY i.id LIMIT ").push_bind(i64::from(limit));
            query
                .build_query_as::<RecordRow>()
                .fetch_all(connection)
                .await?
                .into_iter()
                .map(TryInto::try_into)
                .collect()
        })
    }
}
