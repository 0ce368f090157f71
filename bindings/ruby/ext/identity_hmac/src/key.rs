//! `IdentityHmac::Key`: a secret that is prepared for many visitor ids.

use identity_hmac::{IdentityKey, InputError};
use magnus::typed_data::Obj;
use magnus::{Error, RClass, RModule, RString, Ruby, TypedData, Value, method, prelude::*};

use crate::{error, signature, string};

#[magnus::wrap(class = "IdentityHmac::Key", free_immediately, size, frozen_shareable)]
pub(crate) struct Key(pub(crate) IdentityKey);

pub(crate) fn define(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    module.define_class("Key", ruby.class_object())?;
    // This also takes `allocate` away, which would make an object without a key in it.
    let class = Key::class(ruby);
    class.define_singleton_method("new", method!(Key::new, 1))?;
    class.define_singleton_method("from_setting", method!(Key::from_setting, 2))?;
    class.define_method("sign", method!(Key::sign, 1))?;
    class.define_method("verify", method!(Key::verify, 2))
}

impl Key {
    fn new(ruby: &Ruby, class: RClass, secret: Value) -> Result<Obj<Self>, Error> {
        let secret = string::required(ruby, "secret must be a String", secret)?;
        let key = string::with_bytes([secret], |[secret]| IdentityKey::new(secret));
        Self::wrap(ruby, class, key)
    }

    /// `from_env` of the Ruby side, which reads the variable.
    fn from_setting(
        ruby: &Ruby,
        class: RClass,
        name: RString,
        value: Option<RString>,
    ) -> Result<Obj<Self>, Error> {
        let name = string::with_bytes([name], |[name]| String::from_utf8_lossy(name).into_owned());
        let key = match value {
            Some(value) => string::with_bytes([value], |[value]| {
                IdentityKey::from_setting(&name, Some(value))
            }),
            None => IdentityKey::from_setting(&name, None),
        };
        Self::wrap(ruby, class, key)
    }

    fn wrap(
        ruby: &Ruby,
        class: RClass,
        key: Result<IdentityKey, InputError>,
    ) -> Result<Obj<Self>, Error> {
        let key = key.map_err(|error| error::from_input(ruby, &error))?;
        let key = ruby.obj_wrap_as(Self(key), class);
        key.freeze();
        Ok(key)
    }

    fn sign(ruby: &Ruby, rb_self: &Self, visitor_id: Value) -> Result<RString, Error> {
        let visitor_id = string::required(ruby, "visitor_id must be a String", visitor_id)?;
        let hmac = string::with_bytes([visitor_id], |[visitor_id]| rb_self.0.sign(visitor_id));
        signature(ruby, hmac)
    }

    fn verify(ruby: &Ruby, rb_self: &Self, visitor_id: Value, hmac: Value) -> Result<bool, Error> {
        let visitor_id = string::or_empty(ruby, visitor_id)?;
        let hmac = string::or_empty(ruby, hmac)?;
        Ok(string::with_bytes(
            [visitor_id, hmac],
            |[visitor_id, hmac]| rb_self.0.verify(visitor_id, hmac).is_ok(),
        ))
    }
}
