//! Identity tokens.

use identity_hmac::attributes::Patch;
use identity_hmac::{IdentityClaims, InputError, TokenKey, TokenKeyring};
use napi::bindgen_prelude::{Either, Either3, External, Null, Undefined, Unknown};
use napi::{Result, ValueType};
use napi_derive::napi;

use crate::bytes::Scratch;
use crate::error::{Answer, Refusal, answer};

/// The text of a new token key.
#[napi(catch_unwind)]
pub fn generate_token_key() -> Result<String> {
    TokenKey::generate().map_err(|error| napi::Error::from_reason(error.to_string()))
}

/// Prepares the token key with this text.
#[napi(catch_unwind)]
pub fn prepare_token_key(text: Unknown<'_>) -> Answer<External<TokenKey>> {
    let mut scratch = Scratch::new();
    let text = scratch.read(text).map(std::str::from_utf8);
    answer(text.map(|text| TokenKey::parse(text.unwrap_or_default()).map(External::new)))
}

/// What is wrong with `value` as the token key in the setting `name`; null if nothing, and for a
/// value of a wrong type.
#[napi(catch_unwind)]
pub fn check_token_key(name: String, value: Unknown<'_>) -> Result<Option<Refusal>> {
    let mut scratch = Scratch::new();
    let value = match value.get_type()? {
        ValueType::Undefined | ValueType::Null => None,
        _ => match scratch.read(value) {
            Some(text) => Some(text),
            None => return Ok(None),
        },
    };
    let key = TokenKey::from_setting(&name, value);
    Ok(key.err().map(Refusal::from))
}

/// The id of `key`.
#[napi(catch_unwind)]
pub fn token_key_id(key: &External<TokenKey>) -> &str {
    key.key_id()
}

/// A keyring of the two keys, with what the organization demands of tokens.
#[napi(catch_unwind)]
pub fn prepare_token_keyring(
    current: &External<TokenKey>,
    previous: Option<&External<TokenKey>>,
    max_lifetime: Option<f64>,
    valid_after: Option<f64>,
) -> Answer<External<TokenKeyring>> {
    let mut keyring = TokenKeyring::new(TokenKey::clone(current));
    if let Some(previous) = previous {
        keyring = keyring.with_previous(TokenKey::clone(previous));
    }
    if let Some(time) = valid_after {
        keyring = keyring.with_tokens_valid_after(whole(time));
    }
    let keyring = match max_lifetime {
        Some(seconds) => keyring.with_max_lifetime(whole(seconds)),
        None => Ok(keyring),
    };
    answer(Some(keyring.map(External::new)))
}

/// An attribute of a user: a text, null to clear it, or undefined to leave it out.
pub(crate) type Attribute = Either3<String, Null, Undefined>;

/// Signs the claims with `key`. `metadata` is the text of JSON.
#[napi(catch_unwind)]
#[allow(
    clippy::too_many_arguments,
    reason = "an object would have to be read member by member"
)]
pub fn sign_token(
    key: &External<TokenKey>,
    visitor_id: String,
    external_id: String,
    name: Attribute,
    email: Attribute,
    metadata: Option<String>,
    audience: Option<String>,
    expires_in: Option<f64>,
    now: f64,
) -> Either<String, Refusal> {
    let sign = || {
        let mut claims = IdentityClaims::new(visitor_id, external_id)
            .name(patch(name))
            .email(patch(email));
        if let Some(metadata) = metadata {
            claims = claims.metadata_json(&metadata)?;
        }
        if let Some(audience) = audience {
            claims = claims.audience(audience);
        }
        if let Some(seconds) = expires_in {
            claims = claims.expires_in(whole(seconds));
        }
        key.sign(&claims, whole(now))
    };
    sign().map_or_else(
        |error: InputError| Either::B(error.into()),
        Either::<String, Refusal>::A,
    )
}

/// Verifies `token`, which may be anything, for the visitor `visitorId`. The claims are the text of
/// JSON: V8 reads it in a third of the time in which an object is made member by member.
#[napi(catch_unwind)]
pub fn verify_token(
    keyring: &External<TokenKeyring>,
    token: Unknown<'_>,
    visitor_id: String,
    audience: Option<String>,
    now: f64,
) -> Result<Either<String, Refusal>> {
    let mut scratch = Scratch::new();
    let token = scratch.read(token).unwrap_or_default();
    match keyring.verify(token, visitor_id, audience.as_deref(), whole(now)) {
        Ok(claims) => serde_json::to_string(&claims)
            .map(Either::A)
            .map_err(|error| napi::Error::from_reason(error.to_string())),
        Err(error) => Ok(Either::B(error.into())),
    }
}

pub(crate) fn patch(attribute: Attribute) -> Patch<String> {
    match attribute {
        Either3::A(text) => Patch::Set(text),
        Either3::B(Null) => Patch::Clear,
        Either3::C(()) => Patch::Keep,
    }
}

/// Whole seconds. JavaScript hands over none that are negative.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from f64 stays within the range of u64"
)]
pub(crate) fn whole(seconds: f64) -> u64 {
    seconds as u64
}
