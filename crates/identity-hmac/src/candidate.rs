//! What `verify` takes for the hmac.

#[cfg(feature = "std")]
use std::borrow::Cow;

use crate::IdentityHmac;

/// What `verify` takes for the hmac: the text that a client sent, or an [`IdentityHmac`].
///
/// | type | is read as |
/// |---|---|
/// | `str`, `String`, `[u8]`, `Vec<u8>`, references to them, and a `Cow` of them | 64 hexadecimal digits in either case; any other text is a candidate that never verifies |
/// | [`IdentityHmac`] | the 32 bytes of the HMAC |
///
/// A slice of bytes is text that may not be UTF-8, so a request's bytes can be verified as they came.
/// It is never the HMAC's own 32 bytes. `[u8; 32]` does not compile, since it could only be those:
/// turn it into an [`IdentityHmac`] first.
///
/// ```
/// use identity_hmac::{IdentityHmac, IdentityKey};
///
/// let key = IdentityKey::new("s3cret")?;
/// let bytes: [u8; 32] = key.sign("visitor_1")?.into();
/// assert!(key.verify("visitor_1", IdentityHmac::from(bytes)).is_ok());
/// # Ok::<(), identity_hmac::InputError>(())
/// ```
///
/// ```compile_fail,E0277
/// # let key = identity_hmac::IdentityKey::new("s3cret").unwrap();
/// # let bytes: [u8; 32] = key.sign("visitor_1").unwrap().into();
/// let verified = key.verify("visitor_1", bytes);
/// ```
///
/// The trait is sealed: no other crate can implement it.
pub trait Candidate: Read {}

/// Private, so that nobody else implements [`Candidate`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither hexadecimal text nor an `IdentityHmac`",
    note = "wrap the 32 bytes of an HMAC: `IdentityHmac::from(bytes)`",
    note = "pass an array of hexadecimal digits as a slice: `&digits[..]`"
)]
pub trait Read {
    /// The HMAC that the candidate claims to be; `None` if it can be none.
    fn read(&self) -> Option<IdentityHmac>;
}

impl<T: Read + ?Sized> Candidate for T {}

impl<T: Read + ?Sized> Read for &T {
    fn read(&self) -> Option<IdentityHmac> {
        (**self).read()
    }
}

impl Read for IdentityHmac {
    fn read(&self) -> Option<IdentityHmac> {
        Some(*self)
    }
}

impl Read for [u8] {
    fn read(&self) -> Option<IdentityHmac> {
        IdentityHmac::decode_hex(self)
    }
}

impl Read for str {
    fn read(&self) -> Option<IdentityHmac> {
        self.as_bytes().read()
    }
}

#[cfg(feature = "std")]
impl Read for String {
    fn read(&self) -> Option<IdentityHmac> {
        self.as_bytes().read()
    }
}

#[cfg(feature = "std")]
impl Read for Vec<u8> {
    fn read(&self) -> Option<IdentityHmac> {
        self.as_slice().read()
    }
}

#[cfg(feature = "std")]
impl<T: Read + ToOwned + ?Sized> Read for Cow<'_, T> {
    fn read(&self) -> Option<IdentityHmac> {
        (**self).read()
    }
}
