//! The token that the operator's calls carry.

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::store::{Setting, Store, StoreError};
use crate::token::{Sha256Digest, generate_admin_token, sha256};

/// The shortest token that is taken, in bytes.
const MIN_LEN: usize = 16;

/// Where the admin token is known from.
#[derive(Debug)]
pub(crate) enum AdminToken {
    /// From the configuration; the database has no part in it.
    Configured(Sha256Digest),
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
        Ok(Self::Configured(sha256(token)))
    }

    /// Whether a presented token is the admin's.
    pub(crate) async fn matches(&self, token: &str, store: &Store) -> Result<bool, StoreError> {
        let presented = sha256(token);
        Ok(match self {
            Self::Configured(digest) => presented.ct_eq(digest).into(),
            Self::Stored => match store.setting(Setting::AdminTokenSha256).await? {
                Some(digest) => presented.as_slice().ct_eq(&digest).into(),
                None => false,
            },
        })
    }
}

/// Makes an admin token unless the database knows one; `None` when it does.
pub(crate) async fn make_first(store: &Store) -> anyhow::Result<Option<Zeroizing<String>>> {
    if store.setting(Setting::AdminTokenSha256).await?.is_some() {
        return Ok(None);
    }
    let token = generate_admin_token()?;
    let first = store
        .write_first(Setting::AdminTokenSha256, &sha256(&token))
        .await?;
    Ok(first.then_some(token))
}

/// Makes an admin token in place of the one that the database knows.
pub(crate) async fn replace(store: &Store) -> anyhow::Result<Zeroizing<String>> {
    let token = generate_admin_token()?;
    store
        .overwrite(Setting::AdminTokenSha256, &sha256(&token))
        .await?;
    Ok(token)
}
