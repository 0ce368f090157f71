//! Records as they are shown: to the visitor, to the admin, and on the command line.
//!
//! What is verified of a visitor stands in the place of what it says, attribute by attribute, and in
//! metadata by the keys of its outermost object.

use identity_hmac::attributes::{Metadata, Patch};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store::{
    Identity, IdentityPatch, IdentitySession, Person, PersonPatch, PersonRecord, Store, StoreError,
    VerifiedPerson, VouchedBy,
};

/// The record of a visitor, as the document has it, and what is verified of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IdentityResult {
    /// The record's own id: the same for every call of one visitor.
    pub(crate) id: Uuid,
    /// The visitor id.
    pub(crate) anonymous_user_id: Uuid,
    /// The customer's own id of the user.
    #[schema(required = true)]
    pub(crate) external_id: Option<String>,
    /// The visitor's e-mail address.
    #[schema(required = true)]
    pub(crate) email: Option<String>,
    /// The visitor's display name.
    #[schema(required = true)]
    pub(crate) name: Option<String>,
    /// Further attributes.
    #[schema(value_type = Option<std::collections::BTreeMap<String, serde_json::Value>>, required = true)]
    pub(crate) metadata: Option<Metadata>,
    /// Whether the `identify()` call carried a valid hmac or token under a mode that looks at it. When
    /// the record is read: whether the last call did.
    pub(crate) hmac_verified: bool,
    /// The id of the user as this service knows it: the same for all visitors that were verified as this
    /// user. Null while nothing is verified.
    #[schema(required = true)]
    pub(crate) person_id: Option<Uuid>,
    /// What the verified attributes rest on; null while nothing is verified.
    #[schema(required = true)]
    pub(crate) verification: Option<VerificationView>,
    /// Which attributes are verified: `externalId`, `name`, `email`, and `metadata.KEY` for a key of
    /// metadata. The others are what the visitor says.
    #[schema(example = json!(["externalId", "email", "metadata.plan"]))]
    pub(crate) verified_attributes: Vec<String>,
    /// The attributes of the call that are not shown; empty when the record is read.
    pub(crate) ignored: Vec<IgnoredAttribute>,
}

/// How a backend says who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Method {
    /// By an identity token.
    Token,
    /// By a call of its own, with an API key.
    Backend,
}

/// What verified attributes rest on.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Verification)]
pub(crate) struct VerificationView {
    /// How the visitor was last verified.
    method: Method,
    /// The `kid` of the key that signed the token; null for a call with an API key.
    #[schema(required = true, example = "9f2c41aa")]
    key_id: Option<String>,
    /// When the visitor was last verified.
    #[serde(with = "time::serde::rfc3339")]
    verified_at: OffsetDateTime,
    /// Until when verified attributes are shown, unless the visitor is verified again.
    #[serde(with = "time::serde::rfc3339")]
    verified_until: OffsetDateTime,
}

impl From<&IdentitySession> for VerificationView {
    fn from(session: &IdentitySession) -> Self {
        Self {
            method: match session.kid {
                Some(_) => Method::Token,
                None => Method::Backend,
            },
            key_id: session.kid.clone(),
            verified_at: session.verified_at,
            verified_until: session.verified_until,
        }
    }
}

/// Why an attribute of a call is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IgnoredReason {
    /// The visitor says it, and another value is verified.
    VerifiedValueKept,
    /// The token says it, and a newer one has spoken before.
    NewerKept,
}

/// An attribute of a call that is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct IgnoredAttribute {
    /// Its name, as in `verifiedAttributes`.
    #[schema(example = "email")]
    attribute: String,
    /// `verified_value_kept`: a verified value stands in its place. `newer_kept`: it comes from a token
    /// that is older than the newest one of the user.
    reason: IgnoredReason,
}

/// The attributes of a call that are not shown in the record that it has left. `patch` is what the call
/// says beside the token, and `older` the token's attributes, if newer ones were kept.
pub(crate) fn ignored(
    identity: &Identity,
    patch: &IdentityPatch,
    older: Option<&PersonPatch>,
) -> Vec<IgnoredAttribute> {
    let ignored = |attribute, reason| IgnoredAttribute { attribute, reason };
    let asserted = names(
        !patch.external_id.is_keep(),
        &patch.name,
        &patch.email,
        &patch.metadata,
    );
    let is_asserted = |name: &String| {
        // Clearing all metadata means each key of it.
        let is_cleared = patch.metadata == Patch::Clear && name.starts_with("metadata.");
        is_cleared || asserted.contains(name)
    };
    let kept = verified_attributes(identity).into_iter();
    let kept = kept
        .filter(is_asserted)
        .map(|name| ignored(name, IgnoredReason::VerifiedValueKept));
    let older = older.map(|older| names(false, &older.name, &older.email, &older.metadata));
    let older = older.unwrap_or_default().into_iter();
    kept.chain(older.map(|name| ignored(name, IgnoredReason::NewerKept)))
        .collect()
}

/// The names of the attributes that a patch changes.
fn names(
    has_external_id: bool,
    name: &Patch<String>,
    email: &Patch<String>,
    metadata: &Patch<Metadata>,
) -> Vec<String> {
    let texts = [
        ("externalId", has_external_id),
        ("name", !name.is_keep()),
        ("email", !email.is_keep()),
        ("metadata", *metadata == Patch::Clear),
    ];
    let texts = texts.into_iter().filter(|(_, is_there)| *is_there);
    let keys = metadata.value().into_iter().flat_map(keys);
    texts.map(|(name, _)| name.to_owned()).chain(keys).collect()
}

fn keys(metadata: &Metadata) -> impl Iterator<Item = String> {
    metadata.keys().map(|key| format!("metadata.{key}"))
}

/// The names of the attributes of a record that are verified now.
fn verified_attributes(identity: &Identity) -> Vec<String> {
    let Some(person) = current(identity) else {
        return Vec::new();
    };
    let texts = [
        ("externalId", true),
        ("name", person.name.is_some()),
        ("email", person.email.is_some()),
    ];
    let texts = texts.into_iter().filter(|(_, is_there)| *is_there);
    texts
        .map(|(name, _)| name.to_owned())
        .chain(person.metadata.iter().flat_map(keys))
        .collect()
}

/// The person that the visitor is shown as now.
fn current(identity: &Identity) -> Option<&VerifiedPerson> {
    identity.pin.as_ref()?.current()
}

impl From<Identity> for IdentityResult {
    fn from(mut identity: Identity) -> Self {
        let verified_attributes = verified_attributes(&identity);
        let hmac_verified = matches!(
            identity.vouched_by,
            Some(VouchedBy::Hmac | VouchedBy::Token)
        );
        let session = identity.pin.as_ref().and_then(|pin| pin.session.as_ref());
        let verification = session.map(Into::into);
        let person = current(&identity).cloned();
        if let Some(person) = &person {
            identity.external_id = Some(person.external_id.clone());
        }
        let person_id = person.as_ref().map(|person| person.id);
        let (name, email, metadata) = person.map_or((None, None, None), |person| {
            (person.name, person.email, person.metadata)
        });
        Self {
            id: identity.id,
            anonymous_user_id: identity.visitor_id,
            external_id: identity.external_id,
            email: email.or(identity.email),
            name: name.or(identity.name),
            metadata: over(metadata, identity.metadata),
            hmac_verified,
            person_id,
            verification,
            verified_attributes,
            ignored: Vec::new(),
        }
    }
}

/// Verified metadata over that of the visitor.
fn over(verified: Option<Metadata>, asserted: Option<Metadata>) -> Option<Metadata> {
    match (verified, asserted) {
        (Some(verified), Some(mut shown)) => {
            shown.extend(verified);
            Some(shown)
        }
        (verified, asserted) => verified.or(asserted),
    }
}

/// A person: what the organization's backends themselves have said of a user. It is shown whole to the
/// admin and to those backends, also when it is no longer shown in the visitor's place.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Person)]
pub(crate) struct PersonView {
    /// The person's own id: `personId`.
    id: Uuid,
    /// The customer's own id of the user.
    external_id: String,
    /// The verified e-mail address.
    #[schema(required = true)]
    email: Option<String>,
    /// The verified name.
    #[schema(required = true)]
    name: Option<String>,
    /// Further verified attributes.
    #[schema(value_type = Option<std::collections::BTreeMap<String, serde_json::Value>>, required = true)]
    metadata: Option<Metadata>,
    /// When the person was first verified.
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When these attributes were last verified.
    #[serde(with = "time::serde::rfc3339")]
    verified_at: OffsetDateTime,
}

impl From<VerifiedPerson> for PersonView {
    fn from(person: VerifiedPerson) -> Self {
        Self {
            id: person.id,
            external_id: person.external_id,
            email: person.email,
            name: person.name,
            metadata: person.metadata,
            created_at: person.created_at,
            verified_at: person.verified_at,
        }
    }
}

/// A record as the admin and the organization's backends see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Identity)]
pub(crate) struct IdentityView {
    /// What the visitor sees of it.
    #[serde(flatten)]
    pub(crate) result: IdentityResult,
    /// Who vouches for the last call that identified the visitor: `hmac` for a call of a page with a
    /// valid hmac, which stands for the visitor id alone; `token` for one with a valid token; `backend`
    /// for a call by API key, which stands for all that this call has set; null for nobody.
    #[schema(required = true)]
    pub(crate) vouched_by: Option<VouchedBy>,
    /// The person that the visitor was verified as, also after `verifiedUntil`: a visitor is the same
    /// person for ever. Null for a visitor that was not verified.
    #[schema(required = true)]
    person: Option<PersonView>,
    /// When the visitor was first identified.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
    /// When the visitor was last identified.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) updated_at: OffsetDateTime,
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> Self {
        let person = identity.pin.as_ref().map(|pin| pin.person.clone());
        Self {
            vouched_by: identity.vouched_by,
            person: person.map(Into::into),
            created_at: identity.created_at,
            updated_at: identity.updated_at,
            result: identity.into(),
        }
    }
}

/// The most records that one export holds.
const MAX_EXPORTED: u32 = 1000;

/// All that is stored of one person in an organization, but the digest of each visitor's token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonExport {
    /// One for each browser, in the order of their creation.
    records: Vec<ExportedRecord>,
}

/// A record of a person, with what is stored of its visitor.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportedRecord {
    /// The record.
    #[serde(flatten)]
    identity: IdentityView,
    /// When the visitor was made.
    #[serde(with = "time::serde::rfc3339")]
    visitor_created_at: OffsetDateTime,
    /// When the visitor last called, to a day.
    #[serde(with = "time::serde::rfc3339")]
    visitor_last_seen_at: OffsetDateTime,
}

/// An export that is not made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// There is no such organization.
    #[error("there is no such organization")]
    NoOrganization,
    /// No person has so many records.
    #[error(
        "there are more than {MAX_EXPORTED} records: read them as a list, with GET …/identities or \
         `identity list`"
    )]
    TooMany,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PersonExport {
    pub(crate) async fn read(
        store: &Store,
        organization: Uuid,
        person: &Person,
    ) -> Result<Self, ExportError> {
        if store.organization(organization).await?.is_none() {
            return Err(ExportError::NoOrganization);
        }
        let records = store.person(organization, person, MAX_EXPORTED + 1).await?;
        if records.len() > MAX_EXPORTED as usize {
            return Err(ExportError::TooMany);
        }
        Ok(Self {
            records: records.into_iter().map(Into::into).collect(),
        })
    }
}

impl From<PersonRecord> for ExportedRecord {
    fn from(record: PersonRecord) -> Self {
        Self {
            identity: record.identity.into(),
            visitor_created_at: record.visitor_created_at,
            visitor_last_seen_at: record.visitor_last_seen_at,
        }
    }
}
