//! New keys of organizations. Each is made first and counts once it is stored, so that it can be shown
//! in between.

use std::fmt;

use identity_hmac::TokenKey;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::api_key::ApiKey;
use crate::audit::Actor;
use crate::master_key::MasterKeys;
use crate::new_secret::SecretError;
use crate::store::{KeyKind, NewKey, Store, StoreError};
use crate::token::NoRandomness;

/// A key that does not count yet.
pub(crate) struct MadeKey {
    pub(crate) kind: KeyKind,
    organization: Uuid,
    pub(crate) id: String,
    pub(crate) text: Zeroizing<String>,
    /// What is stored of the text.
    pub(crate) secret: Vec<u8>,
}

impl MadeKey {
    /// Makes an API key.
    pub(crate) fn api(organization: Uuid) -> Result<Self, NoRandomness> {
        let (text, key) = ApiKey::generate(organization)?;
        Ok(Self {
            kind: KeyKind::Api,
            organization,
            id: key.id,
            text,
            secret: key.sha256.to_vec(),
        })
    }

    /// Makes a token key.
    pub(crate) fn token(organization: Uuid, master_keys: &MasterKeys) -> Result<Self, SecretError> {
        let text = Zeroizing::new(TokenKey::generate()?);
        let key = TokenKey::parse(&text)?;
        let kid = key.key_id();
        Ok(Self {
            kind: KeyKind::Token,
            organization,
            id: kid.to_owned(),
            secret: master_keys.seal((organization, kid), text.as_bytes())?,
            text,
        })
    }

    /// Makes the key count.
    pub(crate) async fn store(&self, store: &Store, actor: &Actor) -> Result<NewKey, StoreError> {
        store
            .add_key(self.kind, self.organization, &self.id, &self.secret, actor)
            .await
    }
}

/// Shows nothing of the secret.
impl fmt::Debug for MadeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadeKey")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
