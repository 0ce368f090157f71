//! From Ruby's arguments to the claims of a token, and from verified claims to a Hash.
#![expect(unsafe_code, reason = "each call of with_bytes says why it is sound")]

use identity_hmac::attributes::{Metadata, Patch};
use identity_hmac::{IdentityClaims, InputError, TokenKeyring, VerifiedClaims};
use magnus::{Error, RHash, Ruby, Value, prelude::*};

use crate::error;
use crate::string::{self, with_bytes};

/// The attributes of a user: those that a Hash of the Ruby side has.
pub(crate) struct Attributes {
    pub(crate) name: Patch<String>,
    pub(crate) email: Patch<String>,
    /// The text of a JSON object, or of `null`.
    pub(crate) metadata: Option<String>,
}

impl Attributes {
    pub(crate) fn of(ruby: &Ruby, given: RHash) -> Result<Self, Error> {
        let metadata = given.get(ruby.to_symbol("metadata"));
        Ok(Self {
            name: patch(ruby, given, "name")?,
            email: patch(ruby, given, "email")?,
            metadata: metadata
                .map(|json| string::text(ruby, "metadata", "a String", json))
                .transpose()?,
        })
    }
}

fn patch(ruby: &Ruby, given: RHash, name: &str) -> Result<Patch<String>, Error> {
    match given.get(ruby.to_symbol(name)) {
        None => Ok(Patch::Keep),
        Some(value) if value.is_nil() => Ok(Patch::Clear),
        Some(value) => string::text(ruby, name, "a String or nil", value).map(Patch::Set),
    }
}

/// `claims` with the attributes of the user.
pub(crate) fn with_attributes(
    claims: IdentityClaims,
    given: Attributes,
) -> Result<IdentityClaims, InputError> {
    let claims = claims.name(given.name).email(given.email);
    match given.metadata {
        Some(json) => claims.metadata_json(&json),
        None => Ok(claims),
    }
}

/// The organization key, if one is given.
pub(crate) fn audience(ruby: &Ruby, value: Value) -> Result<Option<String>, Error> {
    if value.is_nil() {
        return Ok(None);
    }
    string::text(ruby, "audience", "a String or nil", value).map(Some)
}

/// What `verify` makes `VerifiedClaims` of: a Hash. The token comes from outside and may be anything.
pub(crate) fn verify(
    ruby: &Ruby,
    keyring: &TokenKeyring,
    token: Value,
    visitor_id: Value,
    audience: Value,
    now: u64,
) -> Result<RHash, Error> {
    let visitor_id = string::text(ruby, "visitor_id", "a String", visitor_id)?;
    let audience = self::audience(ruby, audience)?;
    let token = string::or_empty(ruby, token)?;
    // SAFETY: the core does not call Ruby.
    let verified = unsafe {
        with_bytes([token], |[token]| {
            keyring.verify(token, &visitor_id, audience.as_deref(), now)
        })
    };
    to_hash(
        ruby,
        &verified.map_err(|error| error::from_token(ruby, &error))?,
    )
}

fn to_hash(ruby: &Ruby, claims: &VerifiedClaims) -> Result<RHash, Error> {
    let attributes = ruby.hash_new();
    set(ruby, attributes, "name", &claims.name, String::clone)?;
    set(ruby, attributes, "email", &claims.email, String::clone)?;
    set(ruby, attributes, "metadata", &claims.metadata, to_json)?;

    let fields = ruby.hash_new();
    fields.aset(ruby.to_symbol("visitor_id"), claims.visitor_id.as_str())?;
    fields.aset(ruby.to_symbol("external_id"), claims.external_id.as_str())?;
    fields.aset(ruby.to_symbol("attributes"), attributes)?;
    fields.aset(ruby.to_symbol("issued_at"), claims.issued_at)?;
    fields.aset(ruby.to_symbol("expires_at"), claims.expires_at)?;
    fields.aset(ruby.to_symbol("key_id"), claims.key_id.as_str())?;
    Ok(fields)
}

/// Sets an attribute of the user unless it is absent: `nil` if it is cleared.
fn set<T>(
    ruby: &Ruby,
    attributes: RHash,
    name: &str,
    attribute: &Patch<T>,
    text: impl FnOnce(&T) -> String,
) -> Result<(), Error> {
    let value = match attribute {
        Patch::Keep => return Ok(()),
        Patch::Clear => None,
        Patch::Set(value) => Some(text(value)),
    };
    attributes.aset(ruby.to_symbol(name), value)
}

fn to_json(metadata: &Metadata) -> String {
    serde_json::Value::Object(metadata.clone()).to_string()
}
