//! Refused input, as the addon hands it to JavaScript, which makes the error.

use identity_hmac::token::ClaimError;
use identity_hmac::{InputError, TokenError};
use napi::bindgen_prelude::{Either3, Null};
use napi_derive::napi;

/// The core's [`InputError`] or [`TokenError`].
#[derive(Debug)]
#[napi(object, object_from_js = false)]
pub struct Refusal {
    /// Its stable name.
    pub code: &'static str,
    /// What was wrong, and what to do.
    pub message: String,
    /// The claim at fault.
    pub field: Option<&'static str>,
    /// The stable name of what is wrong with the claim.
    pub reason: Option<&'static str>,
    /// What to do.
    pub remedy: Option<String>,
}

impl From<InputError> for Refusal {
    fn from(error: InputError) -> Self {
        let claim = match &error {
            InputError::InvalidClaim(claim) => Some(claim),
            _ => None,
        };
        Self {
            code: error.code(),
            message: error.to_string(),
            field: claim.and_then(ClaimError::field),
            reason: claim.map(|claim| claim.fault().as_str()),
            remedy: claim.map(ClaimError::remedy),
        }
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Self {
            code: error.code(),
            message: error.to_string(),
            field: error.field(),
            reason: error.reason(),
            remedy: Some(error.remedy()),
        }
    }
}

/// A result, what the core refused, or null for an argument that is neither text nor bytes.
pub(crate) type Answer<T> = Either3<T, Refusal, Null>;

/// The answer for what the core made of an argument, None if it could not be read.
pub(crate) fn answer<T>(result: Option<Result<T, InputError>>) -> Answer<T> {
    match result {
        Some(Ok(value)) => Either3::A(value),
        Some(Err(error)) => Either3::B(error.into()),
        None => Either3::C(Null),
    }
}
