//! What a token says: before it is signed and after it is verified.

use alloc::string::String;
use alloc::vec::Vec;

use serde_core::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::error::{ClaimError, ClaimFault};
use super::{DEFAULT_LIFETIME, MAX_LIFETIMES, payload, seconds};
use crate::attributes::{self, AttributeFault, MAX_METADATA_LEVELS, Metadata, Patch};
use crate::{InputError, strict_json};

/// What a backend says of a visitor: which user this is, and optionally the user's name, e-mail
/// address and metadata.
///
/// An attribute that is not set here is left as it is stored; [`Patch::Clear`] clears it. The
/// limits are those of `identify()` (see [`attributes`](crate::attributes)) and are checked by
/// [`TokenKey::sign`](super::TokenKey::sign).
///
/// ```
/// use identity_hmac::IdentityClaims;
/// use identity_hmac::attributes::Patch;
///
/// let claims = IdentityClaims::new("visitor_1", "user_123")
///     .name("Jane Doe")
///     .email(Patch::Clear)
///     .metadata_json(r#"{"plan": "pro"}"#)?
///     .expires_in(60);
/// # Ok::<(), identity_hmac::InputError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityClaims {
    visitor_id: String,
    external_id: String,
    name: Patch<String>,
    email: Patch<String>,
    metadata: Patch<Metadata>,
    audience: Option<String>,
    lifetime: u64,
}

impl IdentityClaims {
    /// Claims that the visitor `visitor_id` is the user with the backend's own id `external_id`,
    /// for 300 seconds.
    pub fn new(visitor_id: impl Into<String>, external_id: impl Into<String>) -> Self {
        Self {
            visitor_id: visitor_id.into(),
            external_id: external_id.into(),
            name: Patch::Keep,
            email: Patch::Keep,
            metadata: Patch::Keep,
            audience: None,
            lifetime: DEFAULT_LIFETIME,
        }
    }

    /// Sets the display name: a text, or a [`Patch`].
    #[must_use]
    pub fn name(self, name: impl Into<Patch<String>>) -> Self {
        let name = name.into();
        Self { name, ..self }
    }

    /// Sets the e-mail address: a text, or a [`Patch`].
    #[must_use]
    pub fn email(self, email: impl Into<Patch<String>>) -> Self {
        let email = email.into();
        Self { email, ..self }
    }

    /// Sets the metadata: a JSON object, or a [`Patch`].
    #[must_use]
    pub fn metadata(self, metadata: impl Into<Patch<Metadata>>) -> Self {
        let metadata = metadata.into();
        Self { metadata, ..self }
    }

    /// Sets the metadata from the text of a JSON object, or clears it with that of `null`.
    ///
    /// # Errors
    ///
    /// [`InputError::InvalidClaim`] for anything else, for an object that holds a key twice or a
    /// NUL, and for one of more than 8 levels.
    pub fn metadata_json(self, text: &str) -> Result<Self, InputError> {
        const FIELD: &str = "metadata";
        let invalid = |fault| InputError::InvalidClaim(ClaimError::new(FIELD, fault));
        let read = strict_json::parse(text.as_bytes(), payload::MAX_LEVELS - 1);
        let value = read.map_err(|refusal| {
            invalid(if refusal.is_duplicate() {
                ClaimFault::Twice
            } else {
                ClaimFault::NotJson
            })
        })?;
        match value {
            Value::Object(metadata) => Ok(self.metadata(metadata)),
            Value::Null => Ok(self.metadata(Patch::Clear)),
            _ => Err(invalid(ClaimFault::Type)),
        }
    }

    /// Sets the organization key (`pk_…`) that the token is for. Without one it is for every
    /// organization that has the key, which is one.
    #[must_use]
    pub fn audience(self, audience: impl Into<String>) -> Self {
        let audience = Some(audience.into());
        Self { audience, ..self }
    }

    /// Sets how many `seconds` the token is valid for: 1 to 86,400. Most organizations accept at
    /// most 3,600.
    #[must_use]
    pub fn expires_in(self, seconds: u64) -> Self {
        Self {
            lifetime: seconds,
            ..self
        }
    }

    /// The same claims, of another visitor.
    #[cfg(feature = "route")]
    pub(crate) fn of_visitor(self, visitor_id: String) -> Self {
        Self { visitor_id, ..self }
    }

    /// Refuses what a verifier would refuse of a token that is signed at the time `now`, whatever its
    /// settings.
    pub(super) fn check(&self, now: u64) -> Result<(), ClaimError> {
        self.check_json()?;
        let refused = |field| move |fault: AttributeFault| ClaimError::new(field, fault);
        attributes::check_external_id(&self.external_id).map_err(refused("sub"))?;
        if self.visitor_id.is_empty() {
            return Err(ClaimError::new("visitorId", ClaimFault::Empty));
        }
        if let Patch::Set(name) = &self.name {
            attributes::check_name(name).map_err(refused("name"))?;
        }
        if let Patch::Set(email) = &self.email {
            attributes::check_email(email).map_err(refused("email"))?;
        }
        let lifetime = seconds(self.expires_at(now)) - seconds(now);
        payload::check_lifetime(lifetime, *MAX_LIFETIMES.end())
    }

    /// Refuses what is not [strict JSON](strict_json) once it is written.
    fn check_json(&self) -> Result<(), ClaimError> {
        let texts = [
            ("sub", Some(&self.external_id)),
            ("visitorId", Some(&self.visitor_id)),
            ("aud", self.audience.as_ref()),
            ("name", self.name.value()),
            ("email", self.email.value()),
        ];
        let faulty_text = texts
            .into_iter()
            .find(|(_, text)| text.is_some_and(|text| !strict_json::is_strict_text(text)));
        let is_strict = |metadata| strict_json::is_strict_object(metadata, MAX_METADATA_LEVELS);
        let field = match faulty_text {
            Some((field, _)) => field,
            None if !self.metadata.value().is_none_or(is_strict) => "metadata",
            None => return Ok(()),
        };
        Err(ClaimError::new(field, ClaimFault::NotJson))
    }

    fn expires_at(&self, now: u64) -> u64 {
        now.saturating_add(self.lifetime)
    }

    /// The payload of a token that is signed at the time `now`.
    pub(super) fn payload(&self, now: u64) -> Vec<u8> {
        // A map with keys of text always becomes JSON.
        serde_json::to_vec(&Signed { claims: self, now }).unwrap_or_default()
    }
}

/// Claims with the time at which they are signed.
struct Signed<'a> {
    claims: &'a IdentityClaims,
    now: u64,
}

impl Serialize for Signed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { claims, now } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("sub", &claims.external_id)?;
        map.serialize_entry("visitorId", &claims.visitor_id)?;
        map.serialize_entry("iat", now)?;
        map.serialize_entry("exp", &claims.expires_at(*now))?;
        if let Some(audience) = &claims.audience {
            map.serialize_entry("aud", audience)?;
        }
        serialize_patch(&mut map, "name", &claims.name)?;
        serialize_patch(&mut map, "email", &claims.email)?;
        serialize_patch(&mut map, "metadata", &claims.metadata)?;
        map.end()
    }
}

/// What a verified token says. It serializes as the claims that it came from, with the `kid`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct VerifiedClaims {
    /// The visitor, for whom alone the token is.
    pub visitor_id: String,
    /// The backend's own id of the user: the claim `sub`.
    pub external_id: String,
    /// The user's display name.
    pub name: Patch<String>,
    /// The user's e-mail address.
    pub email: Patch<String>,
    /// What else the backend says of the user.
    pub metadata: Patch<Metadata>,
    /// When the token was signed, in seconds since the epoch: the claim `iat`.
    pub issued_at: f64,
    /// When the token expires, in seconds since the epoch: the claim `exp`.
    pub expires_at: f64,
    /// The id of the key that signed.
    pub key_id: String,
}

impl Serialize for VerifiedClaims {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("sub", &self.external_id)?;
        map.serialize_entry("visitorId", &self.visitor_id)?;
        map.serialize_entry("iat", &Time(self.issued_at))?;
        map.serialize_entry("exp", &Time(self.expires_at))?;
        serialize_patch(&mut map, "name", &self.name)?;
        serialize_patch(&mut map, "email", &self.email)?;
        serialize_patch(&mut map, "metadata", &self.metadata)?;
        map.serialize_entry("kid", &self.key_id)?;
        map.end()
    }
}

/// An absent attribute is left out, a cleared one is `null`.
fn serialize_patch<M: SerializeMap, T: Serialize>(
    map: &mut M,
    name: &'static str,
    patch: &Patch<T>,
) -> Result<(), M::Error> {
    match patch {
        Patch::Keep => Ok(()),
        Patch::Clear => map.serialize_entry(name, &()),
        Patch::Set(value) => map.serialize_entry(name, value),
    }
}

/// Seconds, which serialize as an integer where they are whole.
struct Time(f64);

impl Serialize for Time {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::float_cmp,
        reason = "what was cut off is compared"
    )]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let whole = self.0 as i64;
        if whole as f64 == self.0 {
            serializer.serialize_i64(whole)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}
