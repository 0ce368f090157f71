//! Identities: one record for each visitor, made and merged by `identify()`.

use std::sync::Arc;

use identity_hmac::attributes::{Metadata, Patch};
use serde::Serialize;
use sqlx::{Connection, FromRow, QueryBuilder, SqliteConnection};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::persons::{
    self, IdentitySession, PersonPatch, PersonRow, Pin, PinRow, SaidBy, Verified, person_join,
    pin_columns, read_metadata, verify,
};
use super::{
    Connections, Person, Session, Store, StoreError, email, metadata, now, on_postgres, on_sqlite,
    postgres::Lent, reading, retrying, sqlite, storable,
};

/// How often a call writes into the record that it has read. Each time another call may be faster. Then
/// the call takes the record's lock.
const FREE_ATTEMPTS: usize = 3;
/// How far a record may be ahead of this process's clock and still be taken for one of a sound clock.
const CLOCK_SKEW: time::Duration = time::Duration::seconds(10);

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

/// A record as one `identify()` call has left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Identified {
    /// The record.
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

/// One `identify()` call.
#[derive(Clone, Debug, Default)]
pub struct IdentifyCall {
    /// Whose visitor.
    pub organization: Uuid,
    /// The visitor.
    pub visitor: Uuid,
    /// The visitor as it was read.
    pub known: Known,
    /// What changes in the visitor's record.
    pub patch: IdentityPatch,
    /// Who stands for that.
    pub vouched_by: Option<VouchedBy>,
    /// What a backend itself has said of the visitor: it pins the visitor, and goes to the person.
    pub verified: Option<PersonPatch>,
}

impl IdentifyCall {
    /// The record that the call makes of the one before it, or of none.
    fn apply(&self, before: Option<&Identity>, updated_at: OffsetDateTime) -> Identity {
        let Self { patch, .. } = self;
        let text = |patch: &Patch<String>, stored: fn(&Identity) -> &Option<String>| match patch {
            Patch::Keep => before.and_then(|before| stored(before).clone()),
            patch => patch.value().cloned(),
        };
        let stored_metadata = before.and_then(|before| before.metadata.as_ref());
        Identity {
            id: before.map_or_else(Uuid::now_v7, |before| before.id),
            visitor_id: self.visitor,
            external_id: text(&patch.external_id, |before| &before.external_id),
            email: text(&patch.email, |before| &before.email),
            name: text(&patch.name, |before| &before.name),
            metadata: metadata::patched(stored_metadata, &patch.metadata),
            vouched_by: self.vouched_by,
            created_at: before.map_or(updated_at, |before| before.created_at),
            updated_at,
            pin: None,
        }
    }
}

/// The time of a change, later than that of the change before. So the time tells whether a record is
/// still the one that was read, also where the clocks of two processes differ. A time that is far ahead
/// was given by a wrong clock, and is not followed.
fn now_after(before: Option<&Identity>) -> OffsetDateTime {
    let now = now();
    match before.map(|before| before.updated_at) {
        Some(before) if before >= now && before - now < CLOCK_SKEW => {
            storable(before.saturating_add(time::Duration::MICROSECOND))
        }
        _ => now,
    }
}

impl Identified {
    /// A call that has verified no person.
    fn asserted(record: Identity, pin: Option<Pin>) -> Self {
        Self {
            identity: Identity { pin, ..record },
            is_older: false,
        }
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

/// Makes a record, or replaces it if it is still the one that was read. If it is not, it is locked.
const WRITE: &str = "INSERT INTO identities
    (organization_id, visitor_id, id, name, email, email_folded, external_id, metadata,
     hmac_verified, backend_at, token_at, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
    ON CONFLICT (organization_id, visitor_id) DO UPDATE SET
        name = excluded.name,
        email = excluded.email,
        email_folded = excluded.email_folded,
        external_id = excluded.external_id,
        metadata = CASE WHEN $13 THEN identities.metadata ELSE excluded.metadata END,
        hmac_verified = excluded.hmac_verified,
        backend_at = excluded.backend_at,
        token_at = excluded.token_at,
        updated_at = excluded.updated_at
    WHERE $14 OR identities.updated_at = $15";
/// Replaces a record if it is still the one that was read. It takes what `WRITE` takes, and a tenth less
/// time: nothing is looked for and locked first.
const REPLACE: &str = "UPDATE identities SET
        name = $4,
        email = $5,
        email_folded = $6,
        external_id = $7,
        metadata = CASE WHEN $13 THEN identities.metadata ELSE $8 END,
        hmac_verified = $9,
        backend_at = $10,
        token_at = $11,
        updated_at = $12
    WHERE organization_id = $1 AND visitor_id = $2 AND identities.id = $3
        AND identities.updated_at = $15";
const READ: &str = concat!(
    "SELECT ",
    columns!(),
    ", ",
    pin_columns!(),
    " FROM visitors v JOIN organizations o ON o.id = v.organization_id",
    person_join!(),
    record_join!(),
    "WHERE v.organization_id = $1 AND v.id = $2"
);

/// What a call writes in the place of a record, or as the first one.
pub(super) struct Write<'c> {
    pub(super) call: &'c IdentifyCall,
    pub(super) record: Identity,
    pub(super) email_folded: Option<String>,
    /// `None` also when the record keeps what it has.
    pub(super) metadata: Option<String>,
    pub(super) keeps_metadata: bool,
    pub(super) has_proof: bool,
    pub(super) backend_at: Option<OffsetDateTime>,
    pub(super) token_at: Option<OffsetDateTime>,
    /// When the record was changed that was read.
    pub(super) read_at: Option<OffsetDateTime>,
}

impl<'c> Write<'c> {
    fn new(
        call: &'c IdentifyCall,
        before: Option<&Identity>,
        at: OffsetDateTime,
    ) -> Result<Self, StoreError> {
        let record = call.apply(before, at);
        let keeps_metadata = before.is_some_and(|before| before.metadata == record.metadata);
        let metadata = record.metadata.as_ref().filter(|_| !keeps_metadata);
        let of = |voucher| (call.vouched_by == Some(voucher)).then_some(record.updated_at);
        Ok(Self {
            call,
            email_folded: record.email.as_deref().map(email::fold),
            metadata: metadata.map(metadata::write).transpose()?,
            keeps_metadata,
            has_proof: matches!(call.vouched_by, Some(VouchedBy::Hmac | VouchedBy::Token)),
            backend_at: of(VouchedBy::Backend),
            token_at: of(VouchedBy::Token),
            read_at: before.map(|before| before.updated_at),
            record,
        })
    }

    /// What a call writes in the place of the record that it has read; `None` when more has to be done.
    pub(super) fn replacement(call: &'c IdentifyCall) -> Option<Self> {
        let before = call.known.record.as_ref()?;
        if call.verified.is_some() {
            return None;
        }
        Self::new(call, Some(before), now_after(Some(before))).ok()
    }

    /// What the call has left.
    pub(super) fn identified(self) -> Identified {
        Identified::asserted(self.record, self.call.known.pin.clone())
    }
}

/// Writes with `$sql` what a call makes at a time of the record `$before`; `None` when another call was
/// faster. `$is_locked` says that none can be.
macro_rules! write_record {
    ($connection:expr, $sql:expr, $call:expr, $before:expr, $at:expr, $is_locked:expr) => {{
        let write = Write::new($call, $before, $at)?;
        let done = sqlx::query($sql)
            .bind(write.call.organization)
            .bind(write.call.visitor)
            .bind(write.record.id)
            .bind(&write.record.name)
            .bind(&write.record.email)
            .bind(write.email_folded)
            .bind(&write.record.external_id)
            .bind(write.metadata)
            .bind(write.has_proof)
            .bind(write.backend_at)
            .bind(write.token_at)
            .bind(write.record.updated_at)
            .bind(write.keeps_metadata)
            .bind($is_locked)
            .bind(write.read_at)
            .execute(&mut *$connection)
            .await?;
        (done.rows_affected() == 1).then_some(write.record)
    }};
}

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

/// Does what a call asks for, on a connection in a transaction.
macro_rules! identify {
    ($connection:expr, $call:expr) => {{
        let call: &IdentifyCall = $call;
        let (organization, visitor) = (call.organization, call.visitor);
        let before = call.known.record.as_ref();
        let at = now_after(before);
        let verified = match &call.verified {
            Some(said) => Some(verify!($connection, organization, visitor, said, at)),
            None => None,
        };
        let record = match write_record!($connection, WRITE, call, before, at, false) {
            Some(record) => record,
            None => {
                // This has locked the record all the same.
                let read = read!($connection, organization, visitor)?;
                let before = read.ok_or(StoreError::NoVisitor)?.record;
                let before = before.as_ref();
                // A record goes with its visitor alone.
                write_record!($connection, WRITE, call, before, now_after(before), true)
                    .ok_or(StoreError::NoVisitor)?
            }
        };
        let is_older = verified
            .as_ref()
            .is_some_and(|verified| !verified.is_newest);
        let pin = verified.map(|verified| verified.pin);
        Identified {
            identity: Identity {
                pin: pin.or_else(|| call.known.pin.clone()),
                ..record
            },
            is_older,
        }
    }};
}

impl Session {
    /// Merges one `identify()` call into the visitor's record, or makes it, and returns the whole.
    ///
    /// Calls that race for one visitor lose nothing: the record is only replaced if it is still the one
    /// that was read, and read again otherwise.
    ///
    /// # Errors
    ///
    /// [`StoreError::MetadataTooLarge`] when merged metadata would exceed its limit, and
    /// [`StoreError::OtherPerson`] when the visitor is pinned to another person, with nothing written;
    /// [`StoreError::NoVisitor`] when the visitor was erased meanwhile; another [`StoreError`] when the
    /// database fails.
    pub async fn identify(&mut self, call: &Arc<IdentifyCall>) -> Result<Identified, StoreError> {
        let identified = match &mut self.connections {
            Connections::Sqlite { writes, writer, .. } => {
                match identify_at_once(writes, call).await.transpose() {
                    Some(identified) => identified,
                    None => writer.identify(call).await,
                }
            }
            Connections::Postgres(lent) => identify_on_postgres(lent, call).await,
        };
        identified.map_err(|error| match error {
            error if error.is_foreign_key_violation() => StoreError::NoVisitor,
            error => error,
        })
    }

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

/// How a record is written that nothing has to lock.
const fn free_write(before: Option<&Identity>) -> &'static str {
    if before.is_some() { REPLACE } else { WRITE }
}

/// Writes without a transaction, unless the call verifies a person, or others are faster again and again.
async fn identify_on_postgres(
    lent: &mut Lent,
    call: &IdentifyCall,
) -> Result<Identified, StoreError> {
    let mut known = call.known.clone();
    let attempts = if call.verified.is_none() {
        FREE_ATTEMPTS
    } else {
        0
    };
    for _ in 0..attempts {
        let before = known.record.as_ref();
        let written = on_postgres!(lent, false, connection => {
            let at = now_after(before);
            Ok(write_record!(connection, free_write(before), call, before, at, false))
        })?;
        if let Some(record) = written {
            return Ok(Identified::asserted(record, known.pin));
        }
        let read = on_postgres!(lent, false, connection => {
            read!(connection, call.organization, call.visitor)
        })?;
        known = read.ok_or(StoreError::NoVisitor)?;
    }
    on_postgres!(lent, true, connection => Ok(identify!(connection, call)))
}

/// Writes if nobody else does and one statement is enough; `None` when it is not. To wait for the writer
/// would be two more changes of thread.
async fn identify_at_once(
    writes: &sqlite::Pool,
    call: &IdentifyCall,
) -> Result<Option<Identified>, StoreError> {
    let Some(mut lent) = writes.try_lend().await? else {
        return Ok(None);
    };
    let identified = identify_alone(&mut lent, call).await;
    sqlite::settle(lent, identified)
}

/// Writes in a transaction of its own, if that is one statement; `None` when it is not.
pub(super) async fn identify_alone(
    connection: &mut SqliteConnection,
    call: &IdentifyCall,
) -> Result<Option<Identified>, StoreError> {
    if call.verified.is_some() {
        return Ok(None);
    }
    let before = call.known.record.as_ref();
    let at = now_after(before);
    let written = write_record!(connection, free_write(before), call, before, at, false);
    Ok(written.map(|record| Identified::asserted(record, call.known.pin.clone())))
}

/// Writes in a transaction that holds other calls as well, which stay if this one fails.
pub(super) async fn identify_with_others(
    connection: &mut SqliteConnection,
    call: &IdentifyCall,
) -> Result<Identified, StoreError> {
    // What fails is one statement, which SQLite takes back by itself.
    if call.verified.is_none() {
        return Ok(identify!(connection, call));
    }
    let mut savepoint = connection.begin().await?;
    let connection = &mut *savepoint;
    let identified = identify!(connection, call);
    savepoint.commit().await?;
    Ok(identified)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn changed_at(updated_at: OffsetDateTime) -> Identity {
        IdentifyCall::default().apply(None, updated_at)
    }

    #[test]
    fn a_change_is_later_than_the_one_before_also_by_a_clock_that_is_behind() {
        let mut record = changed_at(now());
        let ahead = [time::Duration::ZERO, time::Duration::seconds(9)];
        for ahead in ahead {
            record.updated_at = now() + ahead;
            for _ in 0..100 {
                let next = now_after(Some(&record));
                assert!(next > record.updated_at);
                assert!(next - record.updated_at < time::Duration::SECOND);
                record.updated_at = next;
            }
        }
    }

    #[test]
    fn the_time_of_a_wrong_clock_is_not_followed() {
        let record = changed_at(now() + time::Duration::HOUR);
        assert!(now_after(Some(&record)) < record.updated_at - 59 * time::Duration::MINUTE);
    }
}
