//! `IdentityHmac::Keyring`: the current key and, during a rotation, the previous one.

use identity_hmac::{IdentityKey, Keyring as CoreKeyring};
use magnus::typed_data::Obj;
use magnus::value::StaticSymbol;
use magnus::{Error, RClass, RModule, RString, Ruby, TypedData, Value, method, prelude::*};

use crate::key::Key;
use crate::{error, signature, string};

#[magnus::wrap(
    class = "IdentityHmac::Keyring",
    free_immediately,
    size,
    frozen_shareable
)]
struct Keyring(CoreKeyring);

pub(crate) fn define(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    module.define_class("Keyring", ruby.class_object())?;
    // This also takes `allocate` away, which would make an object without a key in it.
    let class = Keyring::class(ruby);
    class.define_singleton_method("of", method!(Keyring::of, 2))?;
    class.define_method("sign", method!(Keyring::sign, 1))?;
    class.define_method("verify", method!(Keyring::verify, 2))?;
    class.define_method("matched", method!(Keyring::matched, 2))
}

impl Keyring {
    /// `new` of the Ruby side, which has the keyword argument.
    fn of(ruby: &Ruby, class: RClass, current: Value, previous: Value) -> Result<Obj<Self>, Error> {
        let mut keyring = CoreKeyring::new(key(ruby, "current", current)?);
        if !previous.is_nil() {
            keyring = keyring.with_previous(key(ruby, "previous", previous)?);
        }
        let keyring = ruby.obj_wrap_as(Self(keyring), class);
        keyring.freeze();
        Ok(keyring)
    }

    fn sign(ruby: &Ruby, rb_self: &Self, visitor_id: Value) -> Result<RString, Error> {
        let visitor_id = string::required(ruby, "visitor_id must be a String", visitor_id)?;
        let hmac = string::with_bytes([visitor_id], |[visitor_id]| rb_self.0.sign(visitor_id));
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
        let matched = string::with_bytes([visitor_id, hmac], |[visitor_id, hmac]| {
            rb_self.0.matched(visitor_id, hmac)
        });
        Ok(matched.map(|matched| ruby.sym_new(matched.as_str())))
    }
}

/// A key from the argument called `name`: a secret, or a `Key` that holds one.
fn key(ruby: &Ruby, name: &str, value: Value) -> Result<IdentityKey, Error> {
    if let Ok(key) = <&Key>::try_convert(value) {
        return Ok(key.0.clone());
    }
    let rule = format!("{name} must be a String or an IdentityHmac::Key");
    let secret = string::required(ruby, &rule, value)?;
    string::with_bytes([secret], |[secret]| IdentityKey::new(secret))
        .map_err(|error| error::from_input(ruby, &error))
}
