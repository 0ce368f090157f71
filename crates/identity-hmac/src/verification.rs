//! The rule of the vendor's document for an `identify()` call, as one pure function.

use core::fmt;
use core::str::FromStr;

use crate::{InputError, Keyring, Matched};

/// How an organization treats the `hmac` of an `identify()` call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum VerificationMode {
    /// Ignores the hmac and accepts every call. This is the document's default.
    #[default]
    Off,
    /// Accepts every call. The outcome says what [`Required`](Self::Required) would have refused.
    Observe,
    /// Refuses a call without a valid hmac.
    Required,
}

/// What became of the `hmac` of one `identify()` call.
///
/// [`is_refused`](Self::is_refused) says whether to turn the call away, and
/// [`is_verified`](Self::is_verified) is the document's `hmacVerified`. Match on the variants for
/// logs and metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "SECURITY WARNING: ignoring this outcome accepts every hmac"]
pub enum Verification {
    /// The mode is off: the hmac was not looked at.
    Ignored,
    /// The call carried no hmac.
    Missing {
        /// Whether the mode refuses the call.
        refused: bool,
    },
    /// The call carried an hmac that does not fit.
    Invalid {
        /// Whether the mode refuses the call.
        refused: bool,
    },
    /// The call carried an hmac that fits, and this is the key that it came from.
    Verified(Matched),
}

impl VerificationMode {
    /// `"off"`, `"observe"` or `"required"`, as `Display` writes and `FromStr` reads it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Observe => "observe",
            Self::Required => "required",
        }
    }

    /// Applies the mode to one call. `visitor_id` is the id as the vendor knows it. `hmac` is the text
    /// that the call carried, if it carried one.
    ///
    /// ```
    /// use identity_hmac::{IdentityKey, Keyring, Matched, Verification, VerificationMode};
    ///
    /// let keyring = Keyring::new(IdentityKey::new("s3cret")?);
    /// let hmac = keyring.sign("visitor_1")?.to_string();
    ///
    /// let outcome = VerificationMode::Required.verify(&keyring, "visitor_1", Some(&hmac));
    /// assert_eq!(outcome, Verification::Verified(Matched::Current));
    ///
    /// let outcome = VerificationMode::Required.verify(&keyring, "visitor_1", None);
    /// assert!(outcome.is_refused());
    ///
    /// let outcome = VerificationMode::Observe.verify(&keyring, "visitor_2", Some(&hmac));
    /// assert_eq!(outcome, Verification::Invalid { refused: false });
    /// # Ok::<(), identity_hmac::InputError>(())
    /// ```
    pub fn verify(
        self,
        keyring: &Keyring,
        visitor_id: impl AsRef<[u8]>,
        hmac: Option<&str>,
    ) -> Verification {
        let refused = match self {
            Self::Off => return Verification::Ignored,
            Self::Observe => false,
            Self::Required => true,
        };
        let Some(hmac) = hmac else {
            return Verification::Missing { refused };
        };
        match keyring.matched(visitor_id, hmac) {
            Some(matched) => Verification::Verified(matched),
            None => Verification::Invalid { refused },
        }
    }
}

impl fmt::Display for VerificationMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Reads what `Display` writes.
///
/// # Errors
///
/// [`InputError::UnknownMode`] for any other text.
///
/// ```
/// use identity_hmac::{InputError, VerificationMode};
///
/// assert_eq!("observe".parse(), Ok(VerificationMode::Observe));
/// assert_eq!("on".parse::<VerificationMode>(), Err(InputError::UnknownMode));
/// ```
impl FromStr for VerificationMode {
    type Err = InputError;

    fn from_str(text: &str) -> Result<Self, InputError> {
        [Self::Off, Self::Observe, Self::Required]
            .into_iter()
            .find(|mode| mode.as_str() == text)
            .ok_or(InputError::UnknownMode)
    }
}

impl Verification {
    /// Whether the call is to be turned away.
    #[must_use]
    pub const fn is_refused(self) -> bool {
        matches!(
            self,
            Self::Missing { refused: true } | Self::Invalid { refused: true }
        )
    }

    /// Whether the call carried a valid hmac under a mode that looks at it: the document's
    /// `hmacVerified`.
    #[must_use]
    pub const fn is_verified(self) -> bool {
        matches!(self, Self::Verified(_))
    }
}
