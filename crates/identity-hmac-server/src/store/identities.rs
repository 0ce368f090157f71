//! Identities: one record for each visitor.

use identity_hmac::attributes::Metadata;
use serde::Serialize;
use sqlx::{FromRow, QueryBuilder};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::persons::{Pin, PinRow, person_join, pin_columns, read_metadata};
use super::{
    Connections, Person, Session, Store, StoreError, email, on_postgres, on_sqlite, reading,
    retrying,
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

/// A visitor as one read has found it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Known {
    /// The person that it is; `None` when it was not verified yet.
    pub pin: Option<Pin>,
    /// Its record, without the pin; `None` before the first `identify()`.
    pub record: Option<Identity>,
}

impl Known {
    /// The record with the pin.
    #[must_use]
    pub fn identity(self) -> Option<Identity> {
        let Self { pin, record } = self;
        record.map(|record| Identity { pin, ..record })
    }
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

/// A record in the columns `columns!`; all of them are NULL for a visitor without one.
#[derive(FromRow)]
struct IdentityRow {
    id: Option<Uuid>,
    visitor_id: Option<Uuid>,
    external_id: Option<String>,
    email: Option<String>,
    name: Option<String>,
    metadata: Option<String>,
    hmac_verified: Option<bool>,
    backend_at: Option<OffsetDateTime>,
    token_at: Option<OffsetDateTime>,
    created_at: Option<OffsetDateTime>,
    updated_at: Option<OffsetDateTime>,
}

/// A visitor's record and pin.
#[derive(FromRow)]
pub(super) struct KnownRow {
    #[sqlx(flatten)]
    identity: IdentityRow,
    #[sqlx(flatten)]
    pin: PinRow,
}

impl TryFrom<KnownRow> for Known {
    type Error = StoreError;

    fn try_from(row: KnownRow) -> Result<Self, StoreError> {
        Ok(Self {
            pin: row.pin.pin()?,
            record: row.identity.record()?,
        })
    }
}

impl TryFrom<KnownRow> for Identity {
    type Error = StoreError;

    fn try_from(row: KnownRow) -> Result<Self, StoreError> {
        Known::try_from(row)?.identity().ok_or(CORRUPT)
    }
}

#[derive(FromRow)]
struct VisitorRow {
    #[sqlx(flatten)]
    identity: KnownRow,
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

/// The columns of the record `i`.
macro_rules! columns {
    () => {
        "i.id, i.visitor_id, i.external_id, i.email, i.name, i.metadata, i.hmac_verified, \
         i.backend_at, i.token_at, i.created_at, i.updated_at"
    };
}

/// Joins the record of the visitor `v`, if it has one.
macro_rules! record_join {
    () => {
        " LEFT JOIN identities i ON i.organization_id = v.organization_id AND i.visitor_id = v.id "
    };
}

/// Selects the records of an organization, whose id has to follow. `i` is the record, `v` its visitor
/// and `p` the person.
macro_rules! records {
    () => {
        concat!(
            "SELECT ",
            columns!(),
            ", v.created_at AS visitor_created_at, v.last_seen_at AS visitor_last_seen_at, ",
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
pub(super) use {columns, record_join, records, with_email, with_external_id};

/// Narrows `records!` to those after an id, which has to follow. In a look-up SQLite may not take it for
/// a range of the index: it would go through all records in it.
pub(super) const fn after_id(is_lookup: bool) -> &'static str {
    if is_lookup {
        " AND NOT i.id <= "
    } else {
        " AND i.id > "
    }
}

const CORRUPT: StoreError = StoreError::Corrupt("record");

impl IdentityRow {
    fn record(self) -> Result<Option<Identity>, StoreError> {
        let Some(id) = self.id else {
            return Ok(None);
        };
        let updated_at = self.updated_at.ok_or(CORRUPT)?;
        Ok(Some(Identity {
            id,
            visitor_id: self.visitor_id.ok_or(CORRUPT)?,
            external_id: self.external_id,
            email: self.email,
            name: self.name,
            metadata: read_metadata(self.metadata.as_deref())?,
            vouched_by: if self.token_at == Some(updated_at) {
                Some(VouchedBy::Token)
            } else if self.hmac_verified.ok_or(CORRUPT)? {
                Some(VouchedBy::Hmac)
            } else {
                let is_backends = self.backend_at == Some(updated_at);
                is_backends.then_some(VouchedBy::Backend)
            },
            created_at: self.created_at.ok_or(CORRUPT)?,
            updated_at,
            pin: None,
        }))
    }
}

/// What `read!` asks for.
pub(super) const READ: &str = concat!(
    "SELECT ",
    columns!(),
    ", ",
    pin_columns!(),
    " FROM visitors v JOIN organizations o ON o.id = v.organization_id",
    person_join!(),
    record_join!(),
    "WHERE v.organization_id = $1 AND v.id = $2"
);

/// Reads a visitor.
macro_rules! read {
    ($connection:expr, $organization:expr, $visitor:expr) => {
        sqlx::query_as::<_, KnownRow>(READ)
            .bind($organization)
            .bind($visitor)
            .fetch_optional(&mut *$connection)
            .await?
            .map(Known::try_from)
            .transpose()
    };
}
pub(super) use read;

impl Session {
    /// Reads a visitor; `None` when the organization has no such visitor.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database fails.
    pub async fn visitor(
        &mut self,
        organization: Uuid,
        visitor: Uuid,
    ) -> Result<Option<Known>, StoreError> {
        reading!(&mut self.connections, connection => read!(connection, organization, visitor))
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
                .build_query_as::<KnownRow>()
                .fetch_all(connection)
                .await?
                .into_iter()
                .map(TryInto::try_into)
                .collect()
        })
    }
}
