//! Persons: what an organization's backends themselves have said of a user, for all visitors that are
//! this user.
//!
//! A visitor is pinned to the first person that it is verified as. No statement outside of this file
//! writes to a person, and none here is reached but by a token or an API key.

use identity_hmac::attributes::{Metadata, Patch};
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{StoreError, now, storable};

/// What a backend says of a person, by a token or by an API key.
#[derive(Clone, Debug, PartialEq)]
pub struct PersonPatch {
    /// The customer's id of the user: the person.
    pub external_id: String,
    /// The user's name.
    pub name: Patch<String>,
    /// The user's e-mail address.
    pub email: Patch<String>,
    /// What else the customer tells: merged member by member, at every level.
    pub metadata: Patch<Metadata>,
    /// Where it comes from.
    pub said_by: SaidBy,
    /// How long the visitor is shown as the person from now on, in seconds.
    pub session: u32,
}

/// How a backend has said something.
#[derive(Clone, Debug, PartialEq)]
pub enum SaidBy {
    /// In a token.
    Token {
        /// The key that signed it.
        kid: String,
        /// When it was signed, in seconds since the epoch.
        issued_at: f64,
    },
    /// In a call of its own, now.
    Backend,
}

impl SaidBy {
    /// The kid of the token key.
    pub(super) fn kid(&self) -> Option<&str> {
        match self {
            Self::Token { kid, .. } => Some(kid),
            Self::Backend => None,
        }
    }

    /// When it was said, in microseconds since the epoch. A backend's own word counts from the start
    /// of its second, since most tokens are stamped in whole seconds.
    pub(super) fn micros(&self, now: OffsetDateTime) -> i64 {
        const SECOND: i64 = 1_000_000;
        match self {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                reason = "a time near now, since the token was verified"
            )]
            Self::Token { issued_at, .. } => (issued_at * SECOND as f64) as i64,
            Self::Backend => now.unix_timestamp().saturating_mul(SECOND),
        }
    }
}

/// A person as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedPerson {
    /// The person's own id.
    pub id: Uuid,
    /// The customer's id of the user.
    pub external_id: String,
    /// The user's name.
    pub name: Option<String>,
    /// The user's e-mail address.
    pub email: Option<String>,
    /// What else the customer tells.
    pub metadata: Option<Metadata>,
    /// When the person was first verified.
    pub created_at: OffsetDateTime,
    /// When what is stored was last verified.
    pub verified_at: OffsetDateTime,
}

/// For how long a visitor is shown as its person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentitySession {
    /// The token key that verified it; `None` for a backend with an API key.
    pub kid: Option<String>,
    /// When it was last verified.
    pub verified_at: OffsetDateTime,
    /// When it ends.
    pub verified_until: OffsetDateTime,
}

/// The person that a visitor is.
#[derive(Clone, Debug, PartialEq)]
pub struct Pin {
    /// The person.
    pub person: VerifiedPerson,
    /// `None` when it has ended. Then nobody sees the person in the visitor's place, and the visitor
    /// can still be no other.
    pub session: Option<IdentitySession>,
}

impl Pin {
    /// The person, while the session lasts.
    #[must_use]
    pub fn current(&self) -> Option<&VerifiedPerson> {
        self.session.as_ref().map(|_| &self.person)
    }
}

/// A person in the columns `person_columns!`.
#[derive(FromRow)]
pub(super) struct PersonRow {
    pub(super) id: Uuid,
    name: Option<String>,
    email: Option<String>,
    pub(super) metadata: Option<String>,
    created_at: OffsetDateTime,
    verified_at: OffsetDateTime,
}

macro_rules! person_columns {
    () => {
        "id, name, email, metadata, created_at, verified_at"
    };
}

impl PersonRow {
    pub(super) fn person(self, external_id: String) -> Result<VerifiedPerson, StoreError> {
        Ok(VerifiedPerson {
            id: self.id,
            external_id,
            name: self.name,
            email: self.email,
            metadata: read_metadata(self.metadata.as_deref())?,
            created_at: self.created_at,
            verified_at: self.verified_at,
        })
    }
}

/// Metadata as it is stored.
pub(super) fn read_metadata(text: Option<&str>) -> Result<Option<Metadata>, StoreError> {
    text.map(serde_json::from_str)
        .transpose()
        .map_err(|_| StoreError::Corrupt("metadata"))
}

/// A visitor's pin in the columns `pin_columns!`; all of them are NULL for a visitor without one.
#[derive(FromRow)]
pub(super) struct PinRow {
    pinned_to: Option<String>,
    session_verified_at: Option<OffsetDateTime>,
    session_verified_until: Option<OffsetDateTime>,
    session_verified_by: Option<String>,
    sessions_valid_after: Option<OffsetDateTime>,
    person_id: Option<Uuid>,
    person_name: Option<String>,
    person_email: Option<String>,
    person_metadata: Option<String>,
    person_created_at: Option<OffsetDateTime>,
    person_verified_at: Option<OffsetDateTime>,
}

/// The columns of a pin, where `v` is the visitor, `o` its organization, and `p` as in `person_join!`.
macro_rules! pin_columns {
    () => {
        "v.person AS pinned_to, v.verified_at AS session_verified_at,
         v.verified_until AS session_verified_until, v.verified_by AS session_verified_by,
         o.tokens_valid_after AS sessions_valid_after,
         p.id AS person_id, p.name AS person_name, p.email AS person_email,
         p.metadata AS person_metadata, p.created_at AS person_created_at,
         p.verified_at AS person_verified_at"
    };
}

/// Joins the person of the visitor `v`, if it has one.
macro_rules! person_join {
    () => {
        " LEFT JOIN persons p ON p.organization_id = v.organization_id AND p.external_id = v.person "
    };
}

impl PinRow {
    pub(super) fn pin(self) -> Result<Option<Pin>, StoreError> {
        const CORRUPT: StoreError = StoreError::Corrupt("person");
        let (Some(external_id), Some(id)) = (self.pinned_to, self.person_id) else {
            return Ok(None);
        };
        let person = VerifiedPerson {
            id,
            external_id,
            name: self.person_name,
            email: self.person_email,
            metadata: read_metadata(self.person_metadata.as_deref())?,
            created_at: self.person_created_at.ok_or(CORRUPT)?,
            verified_at: self.person_verified_at.ok_or(CORRUPT)?,
        };
        let session = IdentitySession {
            kid: self.session_verified_by,
            verified_at: self.session_verified_at.ok_or(CORRUPT)?,
            verified_until: self.session_verified_until.ok_or(CORRUPT)?,
        };
        // Revoking tokens ends what they began.
        let is_revoked = self
            .sessions_valid_after
            .is_some_and(|after| session.verified_at < after);
        let lasts = now() < session.verified_until && !is_revoked;
        Ok(Some(Pin {
            person,
            session: lasts.then_some(session),
        }))
    }
}

/// What one call by a token or an API key has made of a visitor and its person.
pub(super) struct Verified {
    pub(super) pin: Pin,
    /// Whether the call changed the person. Otherwise the person has newer attributes.
    pub(super) is_newest: bool,
}

/// Pins a visitor to the person of a [`PersonPatch`], and writes the patch into the person. The
/// connection has to be in a transaction.
macro_rules! verify {
    ($connection:expr, $organization:expr, $visitor:expr, $patch:expr, $at:expr) => {{
        let patch: &PersonPatch = $patch;
        let first = metadata::patched(None, &patch.metadata);
        let first = first.as_ref().map(metadata::write).transpose()?;
        let session = IdentitySession {
            kid: patch.said_by.kid().map(ToOwned::to_owned),
            verified_at: $at,
            verified_until: persons::end($at, patch.session),
        };
        let pinned = sqlx::query(persons::PIN)
            .bind($organization)
            .bind($visitor)
            .bind(&patch.external_id)
            .bind(session.verified_at)
            .bind(session.verified_until)
            .bind(&session.kid)
            .execute(&mut *$connection)
            .await?;
        if pinned.rows_affected() == 0 {
            let visitors: i64 = sqlx::query_scalar(persons::EXISTS)
                .bind($organization)
                .bind($visitor)
                .fetch_one(&mut *$connection)
                .await?;
            return Err(match visitors {
                0 => StoreError::NoVisitor,
                _ => StoreError::OtherPerson,
            });
        }
        let new_id = Uuid::now_v7();
        let written: Option<PersonRow> = sqlx::query_as(persons::UPSERT)
            .bind($organization)
            .bind(&patch.external_id)
            .bind(new_id)
            .bind(patch.name.value())
            .bind(patch.email.value())
            .bind(patch.email.value().map(|email| email::fold(email)))
            .bind(first)
            .bind(patch.said_by.micros($at))
            .bind($at)
            .bind(patch.name.is_keep())
            .bind(patch.email.is_keep())
            .bind(patch.metadata == Patch::Clear)
            .bind(patch.said_by == SaidBy::Backend)
            .fetch_optional(&mut *$connection)
            .await?;
        let is_newest = written.is_some();
        let row = match written {
            Some(row) => row,
            None => sqlx::query_as(persons::READ)
                .bind($organization)
                .bind(&patch.external_id)
                .fetch_one(&mut *$connection)
                .await?,
        };
        let is_new = row.id == new_id;
        let mut person = row.person(patch.external_id.clone())?;
        if let Patch::Set(metadata) = &patch.metadata
            && is_newest
            && !is_new
        {
            let merged = metadata::merge(person.metadata.as_ref(), metadata);
            if person.metadata.as_ref() != Some(&merged) {
                sqlx::query(persons::SET_METADATA)
                    .bind($organization)
                    .bind(&patch.external_id)
                    .bind(metadata::write(&merged)?)
                    .execute(&mut *$connection)
                    .await?;
                person.metadata = Some(merged);
            }
        }
        Verified {
            pin: Pin {
                person,
                session: Some(session),
            },
            is_newest,
        }
    }};
}
pub(super) use {person_join, pin_columns, verify};

/// When a session that begins at a time ends.
pub(super) fn end(at: OffsetDateTime, seconds: u32) -> OffsetDateTime {
    storable(at.saturating_add(time::Duration::seconds(seconds.into())))
}

/// Without a read before: of calls that race for a visitor, one pins it.
pub(super) const PIN: &str = "UPDATE visitors
    SET person = $3, verified_at = $4, verified_until = $5, verified_by = $6
    WHERE organization_id = $1 AND id = $2 AND (person IS NULL OR person = $3)";
pub(super) const EXISTS: &str =
    "SELECT COUNT(*) FROM visitors WHERE organization_id = $1 AND id = $2";
/// An older token changes nothing. Metadata that is to be merged with what the row holds stays as it is
/// here.
pub(super) const UPSERT: &str = concat!(
    "INSERT INTO persons
    (organization_id, external_id, id, name, email, email_folded, metadata, last_iat,
     verified_at, created_at, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9)
    ON CONFLICT (organization_id, external_id) DO UPDATE SET
        name = CASE WHEN $10 THEN persons.name ELSE excluded.name END,
        email = CASE WHEN $11 THEN persons.email ELSE excluded.email END,
        email_folded = CASE WHEN $11 THEN persons.email_folded ELSE excluded.email_folded END,
        metadata = CASE WHEN $12 THEN NULL ELSE persons.metadata END,
        last_iat = CASE WHEN excluded.last_iat > persons.last_iat
            THEN excluded.last_iat ELSE persons.last_iat END,
        verified_at = excluded.verified_at,
        updated_at = excluded.updated_at
    WHERE $13 OR excluded.last_iat >= persons.last_iat
    RETURNING ",
    person_columns!()
);
pub(super) const READ: &str = concat!(
    "SELECT ",
    person_columns!(),
    " FROM persons WHERE organization_id = $1 AND external_id = $2"
);
pub(super) const SET_METADATA: &str =
    "UPDATE persons SET metadata = $3 WHERE organization_id = $1 AND external_id = $2";
