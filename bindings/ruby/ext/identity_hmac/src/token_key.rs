//! `IdentityHmac::TokenKey`: the key that signs identity tokens.
#![expect(unsafe_code, reason = "each call of with_bytes says why it is sound")]

use identity_hmac::{IdentityClaims, InputError, TokenKey as CoreTokenKey, TokenKeyring};
use magnus::typed_data::Obj;
use magnus::{Error, RClass, RHash, RModule, Ruby, Value, method, prelude::*};

use crate::claims::Attributes;
use crate::setting::Setting;
use crate::string::{self, with_bytes};
use crate::{claims, error, guarded};

#[magnus::wrap(
    class = "IdentityHmac::TokenKey",
    free_immediately,
    size,
    frozen_shareable
)]
pub(crate) struct TokenKey(pub(crate) CoreTokenKey);

pub(crate) fn define(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    let class = guarded::define::<TokenKey>(ruby, module, "TokenKey")?;
    class.define_singleton_method("new", method!(TokenKey::new, 1))?;
    class.define_singleton_method("from_setting", method!(TokenKey::from_setting, 2))?;
    class.define_method("key_id", method!(TokenKey::key_id, 0))?;
    class.define_private_method("sign_claims", method!(TokenKey::sign_claims, 6))?;
    class.define_private_method("verify_at", method!(TokenKey::verify_at, 4))
}

impl TokenKey {
    fn new(ruby: &Ruby, class: RClass, text: Value) -> Result<Obj<Self>, Error> {
        let key = parse(ruby, "text must be a String", text)?;
        guarded::wrap(ruby, class, Self(key))
    }

    fn from_setting(
        ruby: &Ruby,
        class: RClass,
        name: Value,
        value: Value,
    ) -> Result<Obj<Self>, Error> {
        let setting = Setting::new(ruby, name, value)?;
        // SAFETY: the core does not call Ruby.
        let key = unsafe { setting.read(CoreTokenKey::from_setting) };
        let key = key.map_err(|error| error::from_input(ruby, &error))?;
        guarded::wrap(ruby, class, Self(key))
    }

    fn key_id(&self) -> String {
        self.0.key_id().to_owned()
    }

    /// `sign` of the Ruby side, which has the keyword arguments.
    #[expect(clippy::too_many_arguments, reason = "Ruby names them")]
    fn sign_claims(
        ruby: &Ruby,
        rb_self: &Self,
        visitor_id: Value,
        external_id: Value,
        attributes: RHash,
        audience: Value,
        expires_in: u64,
        now: u64,
    ) -> Result<String, Error> {
        let visitor_id = string::text(ruby, "visitor_id", "a String", visitor_id)?;
        let external_id = string::text(ruby, "external_id", "a String", external_id)?;
        let claims = IdentityClaims::new(visitor_id, external_id).expires_in(expires_in);
        let attributes = Attributes::of(ruby, attributes)?;
        let mut claims = claims::with_attributes(claims, attributes)
            .map_err(|error| error::from_input(ruby, &error))?;
        if let Some(audience) = claims::audience(ruby, audience)? {
            claims = claims.audience(audience);
        }
        rb_self
            .0
            .sign(&claims, now)
            .map_err(|error| error::from_input(ruby, &error))
    }

    /// `verify` of the Ruby side, which makes an object of the Hash.
    fn verify_at(
        ruby: &Ruby,
        rb_self: &Self,
        token: Value,
        visitor_id: Value,
        audience: Value,
        now: u64,
    ) -> Result<RHash, Error> {
        let keyring = TokenKeyring::new(rb_self.0.clone());
        claims::verify(ruby, &keyring, token, visitor_id, audience, now)
    }
}

/// The core's key from its text. `rule` is for the error.
pub(crate) fn parse(ruby: &Ruby, rule: &str, value: Value) -> Result<CoreTokenKey, Error> {
    let text = string::required(ruby, rule, value)?;
    // SAFETY: the core does not call Ruby.
    let key = unsafe { with_bytes([text], |[text]| from_bytes(text)) };
    key.map_err(|error| error::from_input(ruby, &error))
}

/// Bytes that are not text are refused as the empty text is.
fn from_bytes(text: &[u8]) -> Result<CoreTokenKey, InputError> {
    CoreTokenKey::parse(core::str::from_utf8(text).unwrap_or_default())
}
