//! The core's errors as Ruby's.

use identity_hmac::InputError;
use magnus::{Error, Exception, ExceptionClass, RModule, Ruby, kwargs, prelude::*};

/// An `IdentityHmac::Error`, which Ruby code defines, with the core's message and code.
pub(crate) fn from_input(ruby: &Ruby, error: &InputError) -> Error {
    let exception = || -> Result<Exception, Error> {
        let module: RModule = ruby.class_object().const_get("IdentityHmac")?;
        let class: ExceptionClass = module.const_get("Error")?;
        let code = ruby.to_symbol(error.code());
        class.new_instance((error.to_string(), kwargs!(ruby, "code" => code)))
    };
    exception().map_or_else(|error| error, Error::from)
}
