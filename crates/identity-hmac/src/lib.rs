// Its examples need `std`.
#![cfg_attr(feature = "std", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "std"),
    doc = "Sign and verify identity HMACs, without `std`."
)]
#![forbid(unsafe_code)]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "token")]
extern crate alloc;

#[cfg(feature = "token")]
pub mod attributes;
mod candidate;
mod error;
mod key;
mod keyring;
#[cfg(feature = "route")]
pub mod route;
#[cfg(feature = "std")]
pub mod setting;
#[cfg(feature = "token")]
pub mod strict_json;
mod tag;
#[cfg(feature = "token")]
pub mod token;
mod verification;

pub use candidate::Candidate;
#[cfg(feature = "std")]
pub use error::RandomUnavailable;
pub use error::{InputError, VerificationFailed, VerifyError};
#[cfg(feature = "std")]
pub use key::generate_secret;
pub use key::{IdentityKey, generate_identity_hmac, verify_identity_hmac};
pub use keyring::{Keyring, Matched};
pub use tag::IdentityHmac;
#[cfg(feature = "token")]
pub use token::{IdentityClaims, TokenError, TokenKey, TokenKeyring, VerifiedClaims};
pub use verification::{Verification, VerificationMode};
