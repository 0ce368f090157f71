//! The hmac as a type: 32 bytes, written as 64 hexadecimal digits.

use core::fmt;
use core::str::FromStr;

use subtle::ConstantTimeEq;

use crate::InputError;

/// Bytes in an HMAC-SHA256 (RFC 4868 section 2.1.1).
const TAG_LEN: usize = 32;
/// Hexadecimal digits in a written [`IdentityHmac`].
const HEX_LEN: usize = 2 * TAG_LEN;

/// An identity HMAC: the HMAC-SHA256 of a visitor id under an identity verification secret.
///
/// [`Display`](fmt::Display) and `to_hex` write it as the 64 lowercase
/// hexadecimal digits that `identify()` takes; [`FromStr`] reads them back in either case
/// (RFC 4648 section 8).
///
/// # Security
///
/// `==` takes the same time for all bytes. Still, verify with
/// [`IdentityKey::verify`](crate::IdentityKey::verify) rather than compare what
/// [`sign`](crate::IdentityKey::sign) returns. `Debug` does not show the bytes: somebody who read
/// them in a log could identify as that visitor.
///
/// ```
/// use identity_hmac::{IdentityHmac, IdentityKey};
///
/// let hmac = IdentityKey::new("s3cret")?.sign("visitor_1")?;
/// let parsed: IdentityHmac =
///     "03D2BB3218280C28ABE57A2C0837C37A6C29ABCD465C25DCF61A21DE0C2E0BAE".parse()?;
/// assert!(hmac == parsed);
/// assert_eq!(format!("{hmac:?}"), "IdentityHmac(..)");
/// # Ok::<(), identity_hmac::InputError>(())
/// ```
#[derive(Clone, Copy)]
pub struct IdentityHmac([u8; TAG_LEN]);

impl IdentityHmac {
    /// The HMAC as its 32 bytes, for notations and protocols other than hexadecimal text.
    ///
    /// # Security
    ///
    /// Do not compare the bytes with `==`: it stops at the first difference, so its time shows where
    /// that is. Compare two [`IdentityHmac`]s, or verify one.
    ///
    /// ```
    /// let hmac = identity_hmac::generate_identity_hmac("visitor_1", "s3cret")?;
    /// assert!(hmac.as_bytes().starts_with(&[0x03, 0xd2, 0xbb, 0x32]));
    /// # Ok::<(), identity_hmac::InputError>(())
    /// ```
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; TAG_LEN] {
        &self.0
    }

    /// The HMAC as 64 lowercase hexadecimal digits.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// Writes the HMAC as 64 lowercase hexadecimal digits into `buffer` and returns them as text,
    /// without a heap.
    ///
    /// ```
    /// # let key = identity_hmac::IdentityKey::new("s3cret")?;
    /// let mut buffer = [0; 64];
    /// assert!(key.sign("visitor_1")?.encode_hex(&mut buffer).starts_with("03d2bb32"));
    /// # Ok::<(), identity_hmac::InputError>(())
    /// ```
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "the buffer's type fixes the length"
    )]
    pub fn encode_hex<'a>(&self, buffer: &'a mut [u8; HEX_LEN]) -> &'a mut str {
        hex::encode_to_str(self.0, buffer).expect("64 bytes hold 32 as hexadecimal digits")
    }

    /// The same bytes as words, for a comparison in fewer steps.
    fn words(&self) -> [u64; TAG_LEN / 8] {
        let (words, _) = self.0.as_chunks();
        core::array::from_fn(|i| u64::from_ne_bytes(words[i]))
    }

    /// Reads exactly 64 hexadecimal digits, and nothing else, in a time that depends only on
    /// where the text stops being hexadecimal: the candidate is public.
    pub(crate) fn decode_hex(candidate: &[u8]) -> Option<Self> {
        // The length is checked here because the decoder would skip a `0x`.
        let candidate: &[u8; HEX_LEN] = candidate.try_into().ok()?;
        hex::decode_to_array(candidate).ok().map(Self)
    }
}

/// From the 32 bytes of an HMAC that was sent in another notation than hexadecimal text.
impl From<[u8; TAG_LEN]> for IdentityHmac {
    fn from(bytes: [u8; TAG_LEN]) -> Self {
        Self(bytes)
    }
}

/// The 32 bytes. See [`IdentityHmac::as_bytes`] before comparing them.
impl From<IdentityHmac> for [u8; TAG_LEN] {
    fn from(hmac: IdentityHmac) -> Self {
        hmac.0
    }
}

impl FromStr for IdentityHmac {
    type Err = InputError;

    /// Reads 64 hexadecimal digits in either case.
    ///
    /// # Errors
    ///
    /// [`InputError::MalformedHmac`] for any other text.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::decode_hex(text.as_bytes()).ok_or(InputError::MalformedHmac)
    }
}

impl fmt::Display for IdentityHmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.encode_hex(&mut [0; HEX_LEN]))
    }
}

impl fmt::Debug for IdentityHmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityHmac(..)")
    }
}

impl ConstantTimeEq for IdentityHmac {
    fn ct_eq(&self, other: &Self) -> subtle::Choice {
        // Four words rather than 32 bytes: `subtle` puts a barrier around every element.
        self.words().ct_eq(&other.words())
    }
}

impl PartialEq for IdentityHmac {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for IdentityHmac {}

#[cfg(feature = "serde")]
impl serde::Serialize for IdentityHmac {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.encode_hex(&mut [0; HEX_LEN]))
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for IdentityHmac {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits;

        impl serde::de::Visitor<'_> for Digits {
            type Value = IdentityHmac;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an hmac of 64 hexadecimal digits")
            }

            // The error names what was expected, never the text that came.
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<IdentityHmac, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Digits)
    }
}
