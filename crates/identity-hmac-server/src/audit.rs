//! What is kept of every admin action: who did what, when, to which organization.
//!
//! The row is written in the transaction of the action: there is no action without its row.

use std::fmt;

use identity_hmac::VerificationMode;
use nix::unistd::{Uid, User};
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::store::{AuditEvent, OrganizationPatch, PolicyPatch};

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The bearer of the admin token, by HTTP.
    AdminToken,
    /// A user of the machine, by a command.
    Command {
        /// The user's name, or the user's id where there is no name.
        user: String,
    },
    /// The service itself, which goes on with what an admin began.
    Service,
}

impl Actor {
    /// The user that runs this process.
    #[must_use]
    pub fn command() -> Self {
        let id = Uid::current();
        let user = match User::from_uid(id) {
            Ok(Some(user)) => user.name,
            // As in a container, which may run under an id that has no name.
            Ok(None) | Err(_) => id.to_string(),
        };
        Self::Command { user }
    }
}

/// As it is stored: `admin-token`, `command:` and the user's name, or `service`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AdminToken => f.write_str("admin-token"),
            Self::Command { user } => write!(f, "command:{user}"),
            Self::Service => f.write_str("service"),
        }
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// An organization was created.
    OrganizationCreated,
    /// An organization was changed.
    OrganizationUpdated,
    /// An organization was deleted: from then on it counts as unknown.
    OrganizationDeleted,
    /// The last row of a deleted organization was removed.
    OrganizationRemoved,
    /// An organization got a new secret.
    SecretRotated,
    /// The secret before the last rotation no longer verifies.
    PreviousSecretRetired,
    /// The tokens of all visitors that an organization had were revoked.
    VisitorTokensRevoked,
    /// An organization got an API key.
    ApiKeyCreated,
    /// An API key was deleted: from then on it opens nothing.
    ApiKeyDeleted,
    /// An organization got a token key.
    TokenKeyCreated,
    /// A token key was deleted: from then on it verifies nothing.
    TokenKeyDeleted,
    /// A visitor's record was erased, with the visitor.
    IdentityErased,
    /// Records of a person were erased, with their visitors.
    PersonErased,
    /// The admin token was replaced.
    AdminTokenReset,
    /// Sealing everything with another master key began.
    MasterKeyRotated,
}

impl Action {
    /// As it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OrganizationCreated => "organization_created",
            Self::OrganizationUpdated => "organization_updated",
            Self::OrganizationDeleted => "organization_deleted",
            Self::OrganizationRemoved => "organization_removed",
            Self::SecretRotated => "secret_rotated",
            Self::PreviousSecretRetired => "previous_secret_retired",
            Self::VisitorTokensRevoked => "visitor_tokens_revoked",
            Self::ApiKeyCreated => "api_key_created",
            Self::ApiKeyDeleted => "api_key_deleted",
            Self::TokenKeyCreated => "token_key_created",
            Self::TokenKeyDeleted => "token_key_deleted",
            Self::IdentityErased => "identity_erased",
            Self::PersonErased => "person_erased",
            Self::AdminTokenReset => "admin_token_reset",
            Self::MasterKeyRotated => "master_key_rotated",
        }
    }
}

/// What a row may say about an action: these members and no others. No member holds a secret or data of
/// a person. The id of a record says nothing once the record is erased.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The organization's new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its new mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationMode>,
    /// Its new origins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_origins: Option<Vec<String>>,
    /// Whether it is suspended now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspended: Option<bool>,
    /// What is new in its policy.
    #[serde(flatten)]
    pub policy: PolicyPatch,
    /// The record that was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_id: Option<Uuid>,
    /// How many records of a person were erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// The id of the API key, which is no part of its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key_id: Option<String>,
    /// The id of the token key, which is no part of its secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
}

impl From<&OrganizationPatch> for Details {
    fn from(patch: &OrganizationPatch) -> Self {
        // By name, so that a further member is a decision.
        let OrganizationPatch {
            name,
            verification,
            allowed_origins,
            suspended,
            policy,
        } = patch.clone();
        Self {
            name,
            verification,
            allowed_origins,
            suspended,
            policy,
            ..Self::default()
        }
    }
}

/// A row of the audit log.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEvent)]
pub(crate) struct AuditEventView {
    /// Its id.
    id: Uuid,
    /// When it was done.
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    /// Who did it: `admin-token` by HTTP; `command:` and the name of a user of the machine; or
    /// `service`, which goes on with what an admin began.
    #[schema(example = "admin-token")]
    actor: String,
    /// What was done.
    #[schema(example = "organization_updated")]
    action: String,
    /// The organization that it was done to; null for none. It may be deleted by now.
    organization_id: Option<Uuid>,
    /// What was set: `name`, `verification`, `allowedOrigins`, `suspended`, `acceptedProofs`,
    /// `unsignedAttributes`, `identitySession`, `maxTokenLifetime`, `tokensValidAfter`; or `identityId`,
    /// the record that was erased; or `records`, how many of a person were erased; or `apiKeyId`; or
    /// `kid`, of a token key.
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    details: Value,
}

impl From<AuditEvent> for AuditEventView {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: event.id,
            at: event.at,
            actor: event.actor,
            action: event.action,
            organization_id: event.organization,
            details: event.details,
        }
    }
}

/// For a person, in one line.
impl fmt::Display for AuditEventView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.truncate_to_second().format(&Rfc3339);
        let organization = self.organization_id.map(|id| id.to_string());
        write!(
            f,
            "{}  {:16}  {:23}  {:36}  {}",
            at.map_err(|_| fmt::Error)?,
            self.actor,
            self.action,
            organization.as_deref().unwrap_or("-"),
            self.details
        )
    }
}
