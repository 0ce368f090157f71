//! The token that the operator's calls carry.

use subtle::ConstantTimeEq;

use crate::audit::{Action, Actor};
use crate::shown_once;
use crate::store::{Setting, Store, StoreError};
use crate::token::{Sha256Digest, generate_admin_token, sha256};

/// The shortest token that is taken, in bytes.
const MIN_LEN: usize = 16;

/// Where the admin token is known from.
#[derive(Debug)]
pub(crate) enum AdminToken {
    /// From the configuration; the database has no part in it.
    Configured {
        /// What the configuration calls it.
        name: String,
        digest: Sha256Digest,
    },
    /// From the database, where the first start wrote the digest of one that it made.
    Stored,
}

/// A configured token that is not taken.
#[derive(Debug, thiserror::Error)]
#[error(
    "{name} is not an admin token: it takes {MIN_LEN} or more of the letters, digits and -._~+/ \
     that a bearer token may have (RFC 6750 section 2.1); make one with `openssl rand -hex 32`"
)]
pub(crate) struct Refused {
    name: String,
}

impl AdminToken {
    /// Takes a token from the configuration; `name` is how an error calls it.
    pub(crate) fn configured(name: &str, token: &str) -> Result<Self, Refused> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
        if token.len() < MIN_LEN || !token.bytes().all(fits) {
            return Err(Refused {
                name: name.to_owned(),
            });
        }
        Ok(Self::Configured {
            name: name.to_owned(),
            digest: sha256(token),
        })
    }

    /// Says in the log which token counts.
    pub(crate) fn tell(&self) {
        match self {
            Self::Configured { name, .. } => tracing::info!(
                "the admin token is the one of {name}: none that `reset-admin-token` made counts"
            ),
            Self::Stored => tracing::info!(
                "the admin token is the one that the first start or `reset-admin-token` made"
            ),
        }
    }

    /// Whether a presented token is the admin's.
    pub(crate) async fn matches(&self, token: &str, store: &Store) -> Result<bool, StoreError> {
        let presented = sha256(token);
        let digest = self.digest(store).await?;
        Ok(digest.is_some_and(|digest| presented.as_slice().ct_eq(&digest).into()))
    }

    /// SHA-256 of the token that counts now; `None` when there is none.
    pub(crate) async fn digest(&self, store: &Store) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Configured { digest, .. } => Ok(Some(digest.to_vec())),
            Self::Stored => store.setting(Setting::AdminTokenSha256).await,
        }
    }
}

/// Makes an admin token and shows it, unless the database knows one. Without an output that keeps it
/// none is made: the service serves visitors all the same.
pub(crate) async fn make_first(store: &Store) -> anyhow::Result<()> {
    const REMEDY: &str = "`reset-admin-token` makes one";
    if store.setting(Setting::AdminTokenSha256).await?.is_some() {
        return Ok(());
    }
    if let Err(error) = shown_once::check_output() {
        tracing::warn!(%error, "no admin token was made: {REMEDY}");
        return Ok(());
    }
    let token = generate_admin_token()?;
    // Of several processes that start together one makes it, and only that one shows it.
    let digest = sha256(&token);
    let is_first = store
        .write_first(Setting::AdminTokenSha256, &digest)
        .await?;
    if is_first
        && let Err(error) = shown_once::print(&format!("admin token, shown this once: {}", *token))
    {
        tracing::warn!(%error, "the admin token is lost: {REMEDY}");
    }
    Ok(())
}

/// Puts an admin token in the place of the one that the database knows.
pub(crate) async fn replace(store: &Store, token: &str, actor: &Actor) -> Result<(), StoreError> {
    store
        .overwrite(
            Setting::AdminTokenSha256,
            &sha256(token),
            Action::AdminTokenReset,
            actor,
        )
        .await
}
