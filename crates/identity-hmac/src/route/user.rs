//! The user whom the route signs for.

use alloc::string::String;
use core::fmt;

use serde_json::Value;

use crate::attributes::{self, Metadata, Patch};
use crate::token::ClaimError;
use crate::{IdentityClaims, InputError};

/// The user of a session that the backend has authenticated.
///
/// An hmac says nothing of the user, who only has to be there. A token says all of it: the external
/// id, and the attributes that are set here. See [`IdentityClaims`] for what becomes of them.
///
/// `Debug` shows nothing of the user.
///
/// ```
/// use identity_hmac::route::User;
///
/// let user = User::new("user_123")?
///     .name("Jane Doe")
///     .email("jane@example.com")
///     .metadata_json(r#"{"plan": "pro"}"#)?;
/// assert_eq!(User::new("").unwrap_err().code(), "invalid_claim");
/// # Ok::<(), identity_hmac::InputError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct User(IdentityClaims);

impl User {
    /// The user with the backend's own id `external_id`: the claim `sub` of a token.
    ///
    /// # Errors
    ///
    /// [`InputError::InvalidClaim`] if the id is blank or longer than
    /// [`MAX_EXTERNAL_ID_CHARS`](attributes::MAX_EXTERNAL_ID_CHARS). A blank id is what a session
    /// holds in which nobody is logged in.
    pub fn new(external_id: impl Into<String>) -> Result<Self, InputError> {
        let external_id = external_id.into();
        attributes::external_id(Some(Value::String(external_id.clone())))
            .map_err(|fault| InputError::InvalidClaim(ClaimError::new("sub", fault)))?;
        // The visitor comes with the request.
        Ok(Self(IdentityClaims::new("", external_id)))
    }

    /// Sets the display name: a text, or a [`Patch`].
    #[must_use]
    pub fn name(self, name: impl Into<Patch<String>>) -> Self {
        Self(self.0.name(name))
    }

    /// Sets the e-mail address: a text, or a [`Patch`].
    #[must_use]
    pub fn email(self, email: impl Into<Patch<String>>) -> Self {
        Self(self.0.email(email))
    }

    /// Sets the metadata: a JSON object, or a [`Patch`].
    #[must_use]
    pub fn metadata(self, metadata: impl Into<Patch<Metadata>>) -> Self {
        Self(self.0.metadata(metadata))
    }

    /// Sets the metadata from the text of a JSON object, or clears it with that of `null`.
    ///
    /// # Errors
    ///
    /// As [`IdentityClaims::metadata_json`].
    pub fn metadata_json(self, text: &str) -> Result<Self, InputError> {
        self.0.metadata_json(text).map(Self)
    }

    /// What a token says of this user on the page of the visitor.
    pub(super) fn claims_of(&self, visitor_id: String) -> IdentityClaims {
        self.0.clone().of_visitor(visitor_id)
    }
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("User { .. }")
    }
}
