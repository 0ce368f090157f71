//! `IdentityHmac::TokenKeyring`: the current token key and, during a rotation, the previous one.

use identity_hmac::{TokenKey as CoreTokenKey, TokenKeyring as CoreTokenKeyring};
use magnus::typed_data::Obj;
use magnus::{Error, RClass, RHash, RModule, Ruby, Value, method, prelude::*};

use crate::token_key::{self, TokenKey};
use crate::{claims, error, guarded};

#[magnus::wrap(
    class = "IdentityHmac::TokenKeyring",
    free_immediately,
    size,
    frozen_shareable
)]
struct TokenKeyring(CoreTokenKeyring);

pub(crate) fn define(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    let class = guarded::define::<TokenKeyring>(ruby, module, "TokenKeyring")?;
    class.define_singleton_method("of", method!(TokenKeyring::of, 4))?;
    class.define_private_method("verify_at", method!(TokenKeyring::verify_at, 4))
}

impl TokenKeyring {
    /// `new` of the Ruby side, which has the keyword arguments.
    fn of(
        ruby: &Ruby,
        class: RClass,
        current: Value,
        previous: Value,
        max_lifetime: u64,
        tokens_valid_after: Option<u64>,
    ) -> Result<Obj<Self>, Error> {
        let mut keyring = CoreTokenKeyring::new(key_from(ruby, "current", current)?)
            .with_max_lifetime(max_lifetime)
            .map_err(|error| error::from_input(ruby, &error))?;
        if !previous.is_nil() {
            keyring = keyring.with_previous(key_from(ruby, "previous", previous)?);
        }
        if let Some(time) = tokens_valid_after {
            keyring = keyring.with_tokens_valid_after(time);
        }
        guarded::wrap(ruby, class, Self(keyring))
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
        claims::verify(ruby, &rb_self.0, token, visitor_id, audience, now)
    }
}

/// A key from the argument called `name`: its text, or a `TokenKey`.
fn key_from(ruby: &Ruby, name: &str, value: Value) -> Result<CoreTokenKey, Error> {
    if let Ok(key) = <&TokenKey>::try_convert(value) {
        return Ok(key.0.clone());
    }
    let rule = format!("{name} must be a String or an IdentityHmac::TokenKey");
    token_key::parse(ruby, &rule, value)
}
