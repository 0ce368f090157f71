//! The Ruby binding of identity-hmac. It converts types and maps errors; every rule is the core's.
#![expect(
    missing_docs,
    reason = "magnus::init adds a public function without a comment"
)]

mod claims;
mod error;
mod guarded;
mod key;
mod keyring;
mod route;
mod setting;
mod string;
mod token_key;
mod token_keyring;
mod user;

use identity_hmac::{IdentityHmac, InputError, RandomUnavailable, TokenKey, VerifyError};
use magnus::{Error, RString, Ruby, Value, function, prelude::*};

#[magnus::init(name = "identity_hmac")]
fn init(ruby: &Ruby) -> Result<(), Error> {
    declare_ractor_safe();
    let module = ruby.define_module("IdentityHmac")?;
    let version = ruby.str_new(env!("CARGO_PKG_VERSION"));
    version.freeze();
    module.const_set("VERSION", version)?;
    module.define_module_function(
        "generate_identity_hmac",
        function!(generate_identity_hmac, 2),
    )?;
    module.define_module_function("verify_identity_hmac", function!(verify_identity_hmac, 3))?;
    module.define_singleton_method("generate_secret", function!(generate_secret, 0))?;
    module.define_singleton_method("generate_token_key", function!(generate_token_key, 0))?;
    key::define(ruby, module)?;
    keyring::define(ruby, module)?;
    token_key::define(ruby, module)?;
    token_keyring::define(ruby, module)?;
    user::define(ruby, module)?;
    route::define(ruby, module)
}

/// Lets every Ractor call the methods that are defined from here on. Without it only the main
/// one may.
#[expect(unsafe_code, reason = "the C API has no safe form of this")]
fn declare_ractor_safe() {
    // SAFETY: called while Ruby loads the extension, as the C API asks. The promise it makes is
    // kept: the extension has no state of its own, and its objects are frozen and `Sync`.
    unsafe { rb_sys::rb_ext_ractor_safe(true) }
}

#[expect(unsafe_code, reason = "it calls with_bytes")]
fn generate_identity_hmac(ruby: &Ruby, visitor_id: Value, secret: Value) -> Result<RString, Error> {
    let visitor_id = string::required(ruby, "visitor_id must be a String", visitor_id)?;
    let secret = string::required(ruby, "secret must be a String", secret)?;
    // SAFETY: the core does not call Ruby.
    let hmac = unsafe {
        string::with_bytes([visitor_id, secret], |[visitor_id, secret]| {
            identity_hmac::generate_identity_hmac(visitor_id, secret)
        })
    };
    signature(ruby, hmac)
}

#[expect(unsafe_code, reason = "it calls with_bytes")]
fn verify_identity_hmac(
    ruby: &Ruby,
    visitor_id: Value,
    hmac: Value,
    secret: Value,
) -> Result<bool, Error> {
    let secret = string::required(ruby, "secret must be a String", secret)?;
    let visitor_id = string::or_empty(ruby, visitor_id)?;
    let hmac = string::or_empty(ruby, hmac)?;
    // SAFETY: the core does not call Ruby.
    let verified = unsafe {
        string::with_bytes([visitor_id, hmac, secret], |[visitor_id, hmac, secret]| {
            identity_hmac::verify_identity_hmac(visitor_id, hmac, secret)
        })
    };
    match verified {
        Ok(()) => Ok(true),
        Err(VerifyError::Failed(_)) => Ok(false),
        Err(VerifyError::Input(error)) => Err(error::from_input(ruby, &error)),
    }
}

fn generate_secret(ruby: &Ruby) -> Result<String, Error> {
    identity_hmac::generate_secret().map_err(|error| without_random(ruby, error))
}

fn generate_token_key(ruby: &Ruby) -> Result<String, Error> {
    TokenKey::generate().map_err(|error| without_random(ruby, error))
}

fn without_random(ruby: &Ruby, error: RandomUnavailable) -> Error {
    Error::new(ruby.exception_runtime_error(), error.to_string())
}

/// What signing gives to Ruby: a String like that of `OpenSSL::HMAC.hexdigest`, binary and not frozen.
fn signature(ruby: &Ruby, hmac: Result<IdentityHmac, InputError>) -> Result<RString, Error> {
    match hmac {
        Ok(hmac) => Ok(ruby.str_from_slice(hmac.encode_hex(&mut [0; 64]).as_bytes())),
        Err(error) => Err(error::from_input(ruby, &error)),
    }
}
