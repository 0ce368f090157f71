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
pub mod route;
pub mod token;

use identity_hmac::{IdentityHmac, IdentityKey, InputError, Keyring, Matched};
use napi::bindgen_prelude::{Either3, External, Unknown};
use napi::{Env, JsString, Result};
use napi_derive::napi;

use crate::bytes::Scratch;
use crate::error::{Answer, Refusal, answer};

/// Signs `visitorId` with `secret`, as the vendor's document does. Null if either is refused.
#[napi(catch_unwind)]
pub fn generate_identity_hmac<'env>(
    env: &'env Env,
    visitor_id: Unknown<'_>,
    secret: Unknown<'_>,
) -> Result<Option<JsString<'env>>> {
    let hmac = new_key(secret)
        .and_then(std::result::Result::ok)
        .and_then(|key| sign_with(&key, visitor_id)?.ok());
    hmac.map(|hmac| to_js(env, &hmac)).transpose()
}

/// Whether `secret` signed `visitorId` as `hmac`. Null if the secret is refused.
#[napi(catch_unwind)]
pub fn verify_identity_hmac(
    visitor_id: Unknown<'_>,
    hmac: Unknown<'_>,
    secret: Unknown<'_>,
) -> Option<bool> {
    let key = new_key(secret)?.ok()?;
    Some(verify_with(&key, visitor_id, hmac))
}

/// A new identity verification secret.
#[napi(catch_unwind)]
pub fn generate_secret() -> Result<String> {
    identity_hmac::generate_secret().map_err(|error| napi::Error::from_reason(error.to_string()))
}

/// Prepares `secret`.
#[napi(catch_unwind)]
pub fn prepare_key(secret: Unknown<'_>) -> Answer<External<IdentityKey>> {
    answer(new_key(secret).map(|key| key.map(External::new)))
}

/// What is wrong with `value` as the secret in the environment variable `name`; null if nothing.
#[napi(catch_unwind)]
pub fn check_setting(name: String, value: Unknown<'_>) -> Option<Refusal> {
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
        .err()
        .map(Refusal::from)
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
) -> Result<Answer<JsString<'env>>> {
    Ok(match answer(sign_with(key, visitor_id)) {
        Either3::A(hmac) => Either3::A(to_js(env, &hmac)?),
        Either3::B(refusal) => Either3::B(refusal),
        Either3::C(null) => Either3::C(null),
    })
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

/// The key of `secret`; None if that is neither text nor bytes.
fn new_key(secret: Unknown<'_>) -> Option<std::result::Result<IdentityKey, InputError>> {
    Scratch::new().read(secret).map(IdentityKey::new)
}

/// The hmac of `visitor_id`; None if that is neither text nor bytes.
fn sign_with(
    key: &IdentityKey,
    visitor_id: Unknown<'_>,
) -> Option<std::result::Result<IdentityHmac, InputError>> {
    Scratch::new().read(visitor_id).map(|id| key.sign(id))
}

fn to_js<'env>(env: &'env Env, hmac: &IdentityHmac) -> Result<JsString<'env>> {
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
