//! Identity tokens: a JSON Web Token (RFC 7519) in which a backend signs who the visitor is, for a
//! few minutes.

mod claims;
mod error;
mod jws;
mod key;
mod keyring;
mod payload;

pub use claims::{IdentityClaims, VerifiedClaims};
pub use error::{ClaimError, ClaimFault, TokenError};
pub use key::TokenKey;
pub use keyring::TokenKeyring;

/// The longest token, in characters.
pub const MAX_TOKEN_CHARS: usize = 8192;
/// How far the clocks of the signing and the verifying machine may differ, in seconds.
pub const LEEWAY: u64 = 60;
/// How long a token is valid unless its signer says otherwise, in seconds.
pub const DEFAULT_LIFETIME: u64 = 300;
/// The limits of the setting [`TokenKeyring::with_max_lifetime`], in seconds.
pub const MAX_LIFETIMES: core::ops::RangeInclusive<u64> = 60..=86_400;
/// How long a token may be valid unless the keyring says otherwise, in seconds.
pub const DEFAULT_MAX_LIFETIME: u64 = 3600;

/// Seconds since the epoch, or a number of them, as a claim holds them.
#[expect(
    clippy::cast_precision_loss,
    reason = "exact for the next 285 million years"
)]
const fn seconds(whole: u64) -> f64 {
    whole as f64
}
