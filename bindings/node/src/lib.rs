//! The Node binding of identity-hmac: it converts types and maps errors, and holds no rule.
//!
//! `js/native.mjs` makes the package's classes of these functions. Each of them catches panics,
//! since one that reached Node would end the process.

#![allow(
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    clippy::needless_pass_by_value,
    reason = "these functions are called from JavaScript, and documented in js/index.d.mts"
)]

mod bytes;
mod error;

use identity_hmac::{IdentityKey, Keyring, Matched};
use napi::bindgen_prelude::{External, Unknown};
use napi::{Env, JsString, Result};
use napi_derive::napi;

use crate::bytes::Scratch;
use crate::error::{ErrorClass, ErrorClassRef, refused, wrong_type};

/// Takes the class `IdentityHmacError`, which JavaScript declares, for the thread that calls.
#[napi(catch_unwind)]
pub fn use_error_class(env: Env, class: ErrorClass<'_>) -> Result<()> {
    env.set_instance_data::<ErrorClassRef, _, _>(class.create_ref()?, (), |_| {})
}

/// Signs `visitorId` with `secret`: the document's function.
#[napi(catch_unwind)]
pub fn generate_identity_hmac<'env>(
    env: &'env Env,
    visitor_id: Unknown<'_>,
    secret: Unknown<'_>,
) -> Result<JsString<'env>> {
    let key = new_key(*env, secret, "secret")?;
    sign_with(env, &key, visitor_id)
}

/// Whether `secret` signed `visitorId` as `hmac`.
#[napi(catch_unwind)]
pub fn verify_identity_hmac(
    env: Env,
    visitor_id: Unknown<'_>,
    hmac: Unknown<'_>,
    secret: Unknown<'_>,
) -> Result<bool> {
    let key = new_key(env, secret, "secret")?;
    Ok(verify_with(&key, visitor_id, hmac))
}

/// A new identity verification secret.
#[napi(catch_unwind)]
pub fn generate_secret() -> Result<String> {
    identity_hmac::generate_secret().map_err(|error| napi::Error::from_reason(error.to_string()))
}

/// Prepares the secret that was passed as `argument`.
#[napi(catch_unwind)]
pub fn prepare_key(
    env: Env,
    secret: Unknown<'_>,
    argument: String,
) -> Result<External<IdentityKey>> {
    new_key(env, secret, &argument).map(External::new)
}

/// Throws unless `value` is fit to be the secret in the environment variable `name`.
#[napi(catch_unwind)]
pub fn check_setting(env: Env, name: String, value: Unknown<'_>) -> Result<()> {
    let mut scratch = Scratch::new();
    // Where the environment is not UTF-8, Node has already put U+FFFD.
    let is_lossy = |text: &[u8]| {
        text.windows(3)
            .any(|window| window == "\u{fffd}".as_bytes())
    };
    let value = scratch
        .read(value)
        .map(|text| if is_lossy(text) { b"\xff" } else { text });
    IdentityKey::from_setting(&name, value)
        .map(drop)
        .map_err(|error| refused(env, &error))
}

/// A keyring of the two keys.
#[napi(catch_unwind)]
pub fn prepare_keyring(
    current: &External<IdentityKey>,
    previous: Option<&External<IdentityKey>>,
) -> External<Keyring> {
    let keyring = Keyring::new(IdentityKey::clone(current));
    External::new(match previous {
        Some(previous) => keyring.with_previous(IdentityKey::clone(previous)),
        None => keyring,
    })
}

/// Signs `visitorId` with `key`.
#[napi(catch_unwind)]
pub fn sign<'env>(
    env: &'env Env,
    key: &External<IdentityKey>,
    visitor_id: Unknown<'_>,
) -> Result<JsString<'env>> {
    sign_with(env, key, visitor_id)
}

/// Whether `key` signed `visitorId` as `hmac`.
#[napi(catch_unwind)]
pub fn verify(key: &External<IdentityKey>, visitor_id: Unknown<'_>, hmac: Unknown<'_>) -> bool {
    verify_with(key, visitor_id, hmac)
}

/// Whether a key of `keyring` signed `visitorId` as `hmac`.
#[napi(catch_unwind)]
pub fn keyring_verify(
    keyring: &External<Keyring>,
    visitor_id: Unknown<'_>,
    hmac: Unknown<'_>,
) -> bool {
    read_both(visitor_id, hmac, |id, hmac| keyring.verify(id, hmac).ok()).is_some()
}

/// Which key of `keyring` signed `visitorId` as `hmac`.
#[napi(catch_unwind)]
pub fn keyring_matched(
    keyring: &External<Keyring>,
    visitor_id: Unknown<'_>,
    hmac: Unknown<'_>,
) -> Option<&'static str> {
    read_both(visitor_id, hmac, |id, hmac| keyring.matched(id, hmac)).map(Matched::as_str)
}

fn new_key(env: Env, secret: Unknown<'_>, argument: &str) -> Result<IdentityKey> {
    let mut scratch = Scratch::new();
    let secret = scratch
        .read(secret)
        .ok_or_else(|| wrong_type(env, argument))?;
    IdentityKey::new(secret).map_err(|error| refused(env, &error))
}

fn sign_with<'env>(
    env: &'env Env,
    key: &IdentityKey,
    visitor_id: Unknown<'_>,
) -> Result<JsString<'env>> {
    let mut scratch = Scratch::new();
    let visitor_id = scratch
        .read(visitor_id)
        .ok_or_else(|| wrong_type(*env, "visitorId"))?;
    let hmac = key
        .sign(visitor_id)
        .map_err(|error| refused(*env, &error))?;
    // Latin-1 is how V8 holds digits, so that it need not look at them first.
    env.create_string_latin1(hmac.encode_hex(&mut [0; 64]))
}

fn verify_with(key: &IdentityKey, visitor_id: Unknown<'_>, hmac: Unknown<'_>) -> bool {
    read_both(visitor_id, hmac, |id, hmac| key.verify(id, hmac).ok()).is_some()
}

/// What `verify` makes of an id and a candidate; None if one of them is neither text nor bytes.
fn read_both<T>(
    visitor_id: Unknown<'_>,
    hmac: Unknown<'_>,
    verify: impl FnOnce(&[u8], &[u8]) -> Option<T>,
) -> Option<T> {
    let (mut id_scratch, mut hmac_scratch) = (Scratch::new(), Scratch::new());
    verify(id_scratch.read(visitor_id)?, hmac_scratch.read(hmac)?)
}
