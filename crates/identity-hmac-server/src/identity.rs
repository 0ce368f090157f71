//! Records as they are shown: to the visitor, to the admin, and on the command line.

use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store::{Identity, Person, PersonRecord, Store, StoreError, VouchedBy};
use identity_hmac::attributes::Metadata;

/// The record of a visitor, as the document has it.
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
    /// Whether the `identify()` call carried a valid hmac under a mode that looks at it. When the
    /// record is read: whether the last call did.
    pub(crate) hmac_verified: bool,
}

impl From<Identity> for IdentityResult {
    fn from(identity: Identity) -> Self {
        Self {
            id: identity.id,
            anonymous_user_id: identity.visitor_id,
            external_id: identity.external_id,
            email: identity.email,
            name: identity.name,
            metadata: identity.metadata,
            hmac_verified: identity.vouched_by == Some(VouchedBy::Hmac),
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
    /// valid hmac, which stands for the visitor id alone; `backend` for a call by API key, which stands
    /// for all that this call has set; null for nobody.
    #[schema(required = true)]
    pub(crate) vouched_by: Option<VouchedBy>,
    /// When the visitor was first identified.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
    /// When the visitor was last identified.
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) updated_at: OffsetDateTime,
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> Self {
        Self {
            vouched_by: identity.vouched_by,
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
