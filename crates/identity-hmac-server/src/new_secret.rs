//! New secrets of organizations. Each is made first and counts once it is stored, so that it can be
//! shown in between: a secret that counts and that nobody saw would cut the customer off.

use std::fmt;

use identity_hmac::{InputError, RandomUnavailable, VerificationMode, generate_secret};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::audit::Actor;
use crate::master_key::{MasterKeys, NotSealed};
use crate::organization::OrganizationView;
use crate::store::{Organization, Policy, SealedSecrets, Store, StoreError, now};

/// An organization with a secret that does not count yet.
pub struct NewSecret {
    /// The secrets that the new one follows; `None` when the organization is new itself.
    before: Option<SealedSecrets>,
    organization: Organization,
    secret: Zeroizing<String>,
}

/// What becomes of a rotation.
#[derive(Debug)]
pub enum Rotation {
    /// It can be stored.
    Prepared(Box<NewSecret>),
    /// It is refused: the secret of the rotation before still verifies, and one of three would go.
    PreviousVerifies,
    /// There is no such organization.
    NoOrganization,
}

/// A secret that could not be made or stored.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// No randomness for the secret.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// No randomness for sealing it.
    #[error(transparent)]
    Seal(#[from] NotSealed),
    /// A token key that was made is none.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An organization and its new secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub struct OrganizationWithSecret {
    /// The organization.
    #[serde(flatten)]
    pub organization: OrganizationView,
    /// What the organization's backends sign with: 64 hexadecimal digits.
    #[schema(value_type = String)]
    pub secret: Zeroizing<String>,
}

impl NewSecret {
    /// Makes an organization and its first secret.
    ///
    /// # Errors
    ///
    /// [`SecretError`] when there is no randomness.
    pub fn of_new_organization(
        master_keys: &MasterKeys,
        name: String,
        verification: VerificationMode,
        policy: Policy,
        allowed_origins: Vec<String>,
    ) -> Result<Self, SecretError> {
        let id = Uuid::now_v7();
        let secret = Zeroizing::new(generate_secret()?);
        let organization = Organization {
            id,
            name,
            verification,
            policy,
            allowed_origins,
            secrets: SealedSecrets {
                current: master_keys.seal(id, secret.as_bytes())?,
                previous: None,
            },
            current_secret_used_at: None,
            previous_secret_used_at: None,
            suspended: false,
            visitor_tokens_valid_after: None,
            created_at: now(),
        };
        Ok(Self {
            before: None,
            organization,
            secret,
        })
    }

    /// Makes another secret for an organization, in the place of its current one
    /// (see [`Organization::rotated`]).
    ///
    /// # Errors
    ///
    /// [`SecretError`] when there is no randomness or the database fails.
    pub async fn rotation(
        store: &Store,
        master_keys: &MasterKeys,
        id: Uuid,
        force: bool,
    ) -> Result<Rotation, SecretError> {
        let Some(organization) = store.organization(id).await? else {
            return Ok(Rotation::NoOrganization);
        };
        let secret = Zeroizing::new(generate_secret()?);
        let sealed = master_keys.seal(id, secret.as_bytes())?;
        let before = Some(organization.secrets.clone());
        Ok(match organization.rotated(sealed, force) {
            Some(organization) => Rotation::Prepared(Box::new(Self {
                before,
                organization,
                secret,
            })),
            None => Rotation::PreviousVerifies,
        })
    }

    /// Makes another secret for an organization, and makes it count. What is prepared then is stored.
    ///
    /// # Errors
    ///
    /// [`SecretError`] when there is no randomness or the database fails.
    pub async fn rotate(
        store: &Store,
        master_keys: &MasterKeys,
        id: Uuid,
        force: bool,
        actor: &Actor,
    ) -> Result<Rotation, SecretError> {
        loop {
            let rotation = Self::rotation(store, master_keys, id, force).await?;
            let Rotation::Prepared(new) = &rotation else {
                return Ok(rotation);
            };
            // Otherwise another call was faster, and this one has to see what came of that.
            if new.store(store, actor).await? {
                return Ok(rotation);
            }
        }
    }

    /// The organization as it is once the secret counts.
    #[must_use]
    pub fn organization(&self) -> OrganizationView {
        self.organization.clone().into()
    }

    /// The same with the secret.
    #[must_use]
    pub fn shown(&self) -> OrganizationWithSecret {
        OrganizationWithSecret {
            organization: self.organization(),
            secret: self.secret.clone(),
        }
    }

    /// Makes the secret count. False, with nothing done, when the organization's secrets were changed
    /// after this one was made.
    ///
    /// # Errors
    ///
    /// [`SecretError`] when the database fails.
    pub async fn store(&self, store: &Store, actor: &Actor) -> Result<bool, SecretError> {
        if let Some(before) = &self.before {
            let organization = &self.organization;
            return Ok(store.replace_secrets(before, organization, actor).await?);
        }
        store.create_organization(&self.organization, actor).await?;
        Ok(true)
    }
}

/// Shows nothing of the secret.
impl fmt::Debug for NewSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewSecret")
            .field("organization", &self.organization)
            .finish_non_exhaustive()
    }
}

/// Shows nothing of the secret.
impl fmt::Debug for OrganizationWithSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrganizationWithSecret")
            .field("organization", &self.organization)
            .finish_non_exhaustive()
    }
}
