//! `IdentityHmac::Key`: a secret that is prepared for many visitor ids.
#![expect(unsafe_code, reason = "each call of with_bytes says why it is sound")]

use identity_hmac::{IdentityKey, InputError};
use magnus::typed_data::Obj;
use magnus::{Error, RClass, RModule, RString, Ruby, Value, method, prelude::*};

use crate::setting::Setting;
use crate::string::{self, with_bytes};
use crate::{error, guarded, signature};

#[magnus::wrap(class = "IdentityHmac::Key", free_immediately, size, frozen_shareable)]
pub(crate) struct Key(pub(crate) IdentityKey);

pub(crate) fn define(ruby: &Ruby, module: RModule) -> Result<(), Error> {
    let class = guarded::define::<Key>(ruby, module, "Key")?;
    class.define_singleton_method("new", method!(Key::new, 1))?;
    class.define_singleton_method("from_setting", method!(Key::from_setting, 2))?;
    class.define_method("sign", method!(Key::sign, 1))?;
    class.define_method("verify", method!(Key::verify, 2))
}

impl Key {
    fn new(ruby: &Ruby, class: RClass, secret: Value) -> Result<Obj<Self>, Error> {
        let key = prepare(ruby, "secret must be a String", secret)?;
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
        let key = unsafe { setting.read(IdentityKey::from_setting) };
        let key = key.map_err(|error| error::from_input(ruby, &error))?;
        guarded::wrap(ruby, class, Self(key))
    }

    fn sign(ruby: &Ruby, rb_self: &Self, visitor_id: Value) -> Result<RString, Error> {
        let visitor_id = string::required(ruby, "visitor_id must be a String", visitor_id)?;
        // SAFETY: the core does not call Ruby.
        let hmac = unsafe { with_bytes([visitor_id], |[visitor_id]| rb_self.0.sign(visitor_id)) };
        signature(ruby, hmac)
    }

    fn verify(ruby: &Ruby, rb_self: &Self, visitor_id: Value, hmac: Value) -> Result<bool, Error> {
        let visitor_id = string::or_empty(ruby, visitor_id)?;
        let hmac = string::or_empty(ruby, hmac)?;
        // SAFETY: the core does not call Ruby.
        let verified = unsafe {
            with_bytes([visitor_id, hmac], |[visitor_id, hmac]| {
                rb_self.0.verify(visitor_id, hmac)
            })
        };
        Ok(verified.is_ok())
    }
}

/// A key from an argument. `rule` is for its error, as in [`string::required`].
pub(crate) fn prepare(ruby: &Ruby, rule: &str, secret: Value) -> Result<IdentityKey, Error> {
    let secret = string::required(ruby, rule, secret)?;
    // SAFETY: the core does not call Ruby.
    let key: Result<_, InputError> =
        unsafe { with_bytes([secret], |[secret]| IdentityKey::new(secret)) };
    key.map_err(|error| error::from_input(ruby, &error))
}
