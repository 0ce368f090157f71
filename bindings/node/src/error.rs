//! Errors as JavaScript has them.

use identity_hmac::InputError;
use napi::bindgen_prelude::{FnArgs, Function, FunctionRef, Unknown};
use napi::{Env, Error, JsTypeError, Result};

/// The class `IdentityHmacError`, which JavaScript declares: constructed from a code and a message.
pub(crate) type ErrorClass<'env> = Function<'env, FnArgs<(&'static str, String)>, ()>;
/// The same, kept from one call to the next.
pub(crate) type ErrorClassRef = FunctionRef<FnArgs<(&'static str, String)>, ()>;

/// The core's error as an `IdentityHmacError`.
pub(crate) fn refused(env: Env, error: &InputError) -> Error {
    new_instance(env, error).map_or_else(|error| error, Error::from)
}

fn new_instance<'env>(env: Env, error: &InputError) -> Result<Unknown<'env>> {
    let class = env
        .get_instance_data::<ErrorClassRef>()?
        .ok_or_else(|| Error::from_reason("useErrorClass was not called"))?;
    class
        .borrow_back(&env)?
        .new_instance((error.code(), error.to_string()).into())
}

/// The `TypeError` for an argument that is neither text nor bytes, with the code that Node's own
/// functions give it.
pub(crate) fn wrong_type(env: Env, argument: &str) -> Error {
    let message = format!("{argument} must be a string or a Uint8Array");
    JsTypeError::from(Error::new("ERR_INVALID_ARG_TYPE", message))
        .into_unknown(env)
        .into()
}
