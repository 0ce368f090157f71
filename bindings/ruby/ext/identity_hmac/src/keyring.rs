//! `IdentityHmac::Keyring`: the current key and, during a rotation, the previous one.
#![expect(unsafe_code, reason = "each call of with_bytes says why it is sound")]

use identity_hmac::{IdentityKey, Keyring as CoreKeyring};
use magnus::typed_data::Obj;
use magnus::value::StaticSymbol;
use magnus::{Error, RClass, RModule, RString, Ruby, Value, method, prelude::*};

use crate::key::{self, Key};
use crate::setting::Setting;
use crate::string::{self, with_bytes};
use crate::{error, guarded, signature};

#[magnus::wrap(
    class = "IdentityHmac::Keyring",
    free_immediately,
    size,
    frozen_shareable
)]
struct Keyring(CoreKeyring);

pub(crate) fn define(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    let class = guarded::define::<Keyring>(ruby, module, "Keyring")?;
    class.define_singleton_method("of", method!(Keyring::of, 2))?;
    class.define_singleton_method("from_settings", method!(Keyring::from_settings, 4))?;
    class.define_method("sign", method!(Keyring::sign, 1))?;
    class.define_method("verify", method!(Keyring::verify, 2))?;
    class.define_method("matched", method!(Keyring::matched, 2))
}

impl Keyring {
    /// `new` of the Ruby side, which has the keyword argument.
    fn of(ruby: &Ruby, class: RClass, current: Value, previous: Value) -> Result<Obj<Self>, Error> {
        let mut keyring = CoreKeyring::new(key_from(ruby, "current", current)?);
        if !previous.is_nil() {
            keyring = keyring.with_previous(key_from(ruby, "previous", previous)?);
        }
        guarded::wrap(ruby, class, Self(keyring))
    }

    /// `from_env` of the Ruby side, which reads the variables.
    fn from_settings(
        ruby: &Ruby,
        class: RClass,
        current: Value,
        current_value: Value,
        previous: Value,
        previous_value: Value,
    ) -> Result<Obj<Self>, Error> {
        let current = Setting::new(ruby, current, current_value)?;
        let previous = Setting::new(ruby, previous, previous_value)?;
        // SAFETY: the core does not call Ruby.
        let keyring = unsafe {
            current.read(|current, current_value| {
                previous.read(|previous, previous_value| {
                    CoreKeyring::from_settings((current, current_value), (previous, previous_value))
                })
            })
        };
        let keyring = keyring.map_err(|error| error::from_input(ruby, &error))?;
        guarded::wrap(ruby, class, Self(keyring))
    }

    fn sign(ruby: &Ruby, rb_self: &Self, visitor_id: Value) -> Result<RString, Error> {
        let visitor_id = string::required(ruby, "visitor_id must be a String", visitor_id)?;
        // SAFETY: the core does not call Ruby.
        let hmac = unsafe { with_bytes([visitor_id], |[visitor_id]| rb_self.0.sign(visitor_id)) };
        signature(ruby, hmac)
    }

    fn verify(ruby: &Ruby, rb_self: &Self, visitor_id: Value, hmac: Value) -> Result<bool, Error> {
        Ok(Self::matched(ruby, rb_self, visitor_id, hmac)?.is_some())
    }

    fn matched(
        ruby: &Ruby,
        rb_self: &Self,
        visitor_id: Value,
        hmac: Value,
    ) -> Result<Option<StaticSymbol>, Error> {
        let visitor_id = string::or_empty(ruby, visitor_id)?;
        let hmac = string::or_empty(ruby, hmac)?;
        // SAFETY: the core does not call Ruby.
        let matched = unsafe {
            with_bytes([visitor_id, hmac], |[visitor_id, hmac]| {
                rb_self.0.matched(visitor_id, hmac)
            })
        };
        Ok(matched.map(|matched| ruby.sym_new(matched.as_str())))
    }
}

/// A key from the argument called `name`: a secret, or a `Key` that holds one.
fn key_from(ruby: &Ruby, name: &str, value: Value) -> Result<IdentityKey, Error> {
    if let Ok(key) = <&Key>::try_convert(value) {
        return Ok(key.0.clone());
    }
    let rule = format!("{name} must be a String or an IdentityHmac::Key");
    key::prepare(ruby, &rule, value)
}
