//! `identify()`: a call makes the visitor's record, or merges into it.

use std::sync::Arc;

use identity_hmac::attributes::{Metadata, Patch};
use sqlx::{Connection, SqliteConnection};
use time::OffsetDateTime;
use uuid::Uuid;

use super::identities::{Identity, Known, KnownRow, READ, VouchedBy, read};
use super::persons::{
    self, IdentitySession, PersonPatch, PersonRow, Pin, SaidBy, Verified, verify,
};
use super::{
    Connections, Session, StoreError, email, metadata, now, on_postgres, postgres::Lent, retrying,
    sqlite, storable,
};

/// How often a call writes into the record that it has read. Each time another call may be faster. Then
/// the call takes the record's lock.
const FREE_ATTEMPTS: usize = 3;
/// How far a record may be ahead of this process's clock and still be taken for one of a sound clock.
const CLOCK_SKEW: time::Duration = time::Duration::seconds(10);

/// A record as one `identify()` call has left it.
#[derive(Clone, Debug, PartialEq)]
pub struct Identified {
    /// The record.
    pub identity: Identity,
    /// Whether the call verified a person who has newer attributes, so that those of the call were
    /// dropped.
    pub is_older: bool,
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
macro_rules! replace {
    () => {
        "UPDATE identities SET
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
            AND identities.updated_at = $15"
    };
}
pub(super) use replace;

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

/// The statement `$sql` with what it writes, `$1` to `$15`.
macro_rules! write_query {
    ($sql:expr, $write:expr, $is_locked:expr) => {
        sqlx::query($sql)
            .bind($write.call.organization)
            .bind($write.call.visitor)
            .bind($write.record.id)
            .bind(&$write.record.name)
            .bind(&$write.record.email)
            .bind(&$write.email_folded)
            .bind(&$write.record.external_id)
            .bind(&$write.metadata)
            .bind($write.has_proof)
            .bind($write.backend_at)
            .bind($write.token_at)
            .bind($write.record.updated_at)
            .bind($write.keeps_metadata)
            .bind($is_locked)
            .bind($write.read_at)
    };
}
pub(super) use write_query;

/// Writes with `$sql` what a call makes at a time of the record `$before`; `None` when another call was
/// faster. `$is_locked` says that none can be.
macro_rules! write_record {
    ($connection:expr, $sql:expr, $call:expr, $before:expr, $at:expr, $is_locked:expr) => {{
        let write = Write::new($call, $before, $at)?;
        let done = write_query!($sql, write, $is_locked)
            .execute(&mut *$connection)
            .await?;
        (done.rows_affected() == 1).then_some(write.record)
    }};
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
}

/// How a record is written that nothing has to lock.
const fn free_write(before: Option<&Identity>) -> &'static str {
    if before.is_some() { replace!() } else { WRITE }
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
    sqlite::settle(lent, identified).await
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
