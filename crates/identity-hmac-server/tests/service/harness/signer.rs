//! An organization's backend that signs identity tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use identity_hmac::{IdentityClaims, TokenKey};

use super::caller::{Organization, Visitor};

/// A backend with a token key.
#[derive(Clone, Debug)]
pub(crate) struct Signer(pub(crate) TokenKey);

/// The time, in seconds since the epoch.
pub(crate) fn seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap().as_secs()
}

impl Organization {
    /// A backend with a new token key.
    pub(crate) async fn signer(&self) -> Signer {
        let made = self.make_token_key().await.ok();
        Signer(TokenKey::parse(made["key"].as_str().unwrap()).unwrap())
    }
}

impl Signer {
    /// Signs that a visitor is a user, and nothing more.
    pub(crate) fn token(&self, visitor: &Visitor, user: &str) -> String {
        self.sign(visitor, user, |claims| claims)
    }

    /// Signs what `with` adds to that.
    pub(crate) fn sign(
        &self,
        visitor: &Visitor,
        user: &str,
        with: impl FnOnce(IdentityClaims) -> IdentityClaims,
    ) -> String {
        self.sign_at(seconds(), visitor, user, with)
    }

    /// The same at another time.
    pub(crate) fn sign_at(
        &self,
        time: u64,
        visitor: &Visitor,
        user: &str,
        with: impl FnOnce(IdentityClaims) -> IdentityClaims,
    ) -> String {
        let claims = with(IdentityClaims::new(&visitor.id, user));
        self.0.sign(&claims, time).unwrap()
    }
}
