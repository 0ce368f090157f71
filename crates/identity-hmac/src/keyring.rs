//! Rotation: signing with the current secret while the previous one is still accepted.

use core::fmt;

use subtle::{Choice, ConstantTimeEq};

use crate::{Candidate, IdentityHmac, IdentityKey, InputError, VerificationFailed};

/// A current key and, during a rotation, the previous one.
///
/// An hmac has no end date, so pages that are open during a rotation hold hmacs of the previous
/// secret. A keyring signs with the current secret and accepts both.
/// [`matched`](Self::matched) says which one an hmac came from. So an operator knows when nobody
/// needs the previous secret any more.
///
/// ```
/// use identity_hmac::{IdentityKey, Keyring, Matched};
///
/// let stale = IdentityKey::new("last year's secret")?.sign("visitor_1")?;
/// let keyring = Keyring::new(IdentityKey::new("this year's secret")?)
///     .with_previous(IdentityKey::new("last year's secret")?);
///
/// assert_eq!(keyring.matched("visitor_1", stale), Some(Matched::Previous));
/// let fresh = keyring.sign("visitor_1")?;
/// assert_eq!(keyring.matched("visitor_1", fresh), Some(Matched::Current));
/// assert_eq!(keyring.matched("visitor_2", fresh), None);
/// # Ok::<(), identity_hmac::InputError>(())
/// ```
#[derive(Clone)]
pub struct Keyring {
    current: IdentityKey,
    // Without a previous key this is the current one again. A `None` with room for a key would keep
    // what stood in that room before: when the keyring is moved, that may be another key's state,
    // which no drop would overwrite.
    previous: IdentityKey,
    has_previous: bool,
}

/// Which of a [`Keyring`]'s keys an hmac came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Matched {
    /// The key that the keyring signs with.
    Current,
    /// The key from before the rotation.
    Previous,
}

impl Matched {
    /// `current` or `previous`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Previous => "previous",
        }
    }
}

impl fmt::Display for Matched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Keyring {
    /// Makes a keyring that signs with `current`, and accepts only what `current` signed.
    #[must_use]
    pub fn new(current: IdentityKey) -> Self {
        Self {
            previous: current.clone(),
            current,
            has_previous: false,
        }
    }

    /// Makes the keyring also accept what `previous` signed. This replaces the previous key that was
    /// there before.
    #[must_use]
    pub fn with_previous(self, previous: IdentityKey) -> Self {
        Self {
            previous,
            has_previous: true,
            ..self
        }
    }

    /// Makes a keyring from the environment variables called `current` and `previous`, with the
    /// checks of [`IdentityKey::from_env`]. A `previous` that is unset or empty means that there is no
    /// previous secret: set it during a rotation alone.
    ///
    /// # Errors
    ///
    /// As [`IdentityKey::from_env`], for either variable. The error names the variable.
    ///
    /// ```
    /// # use identity_hmac::Keyring;
    /// let error = Keyring::from_env("NOT_SET", "NOT_SET_EITHER").unwrap_err();
    /// assert_eq!(error.code(), "secret_unset");
    /// assert!(error.to_string().starts_with("NOT_SET is not set"));
    /// ```
    #[cfg(feature = "std")]
    pub fn from_env(current: &str, previous: &str) -> Result<Self, InputError> {
        let read = |name| {
            let value = std::env::var_os(name).map(std::ffi::OsString::into_encoded_bytes);
            value.map(zeroize::Zeroizing::new)
        };
        Self::from_settings(
            (current, read(current).as_deref().map(Vec::as_slice)),
            (previous, read(previous).as_deref().map(Vec::as_slice)),
        )
    }

    /// Makes a keyring from two settings, each a name and a value, with the checks of
    /// [`IdentityKey::from_setting`]. `None` means that the setting does not exist. If the value of
    /// `previous` is `None` or empty, there is no previous secret.
    ///
    /// # Errors
    ///
    /// As [`IdentityKey::from_setting`], for either setting. The error names the setting.
    ///
    /// ```
    /// use identity_hmac::{Keyring, Matched};
    ///
    /// let previous = ("chat.previous_secret", Some(&b"0ld"[..]));
    /// let keyring = Keyring::from_settings(("chat.secret", Some(b"n3w")), previous)?;
    /// let stale = identity_hmac::generate_identity_hmac("visitor_1", "0ld")?;
    /// assert_eq!(keyring.matched("visitor_1", stale), Some(Matched::Previous));
    /// # Ok::<(), identity_hmac::InputError>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn from_settings(
        (current, current_value): (&str, Option<&[u8]>),
        (previous, previous_value): (&str, Option<&[u8]>),
    ) -> Result<Self, InputError> {
        let keyring = Self::new(IdentityKey::from_setting(current, current_value)?);
        match previous_value {
            // Compose and Kubernetes can set a variable to nothing more easily than unset it.
            None | Some(b"") => Ok(keyring),
            value => Ok(keyring.with_previous(IdentityKey::from_setting(previous, value)?)),
        }
    }

    /// Signs `visitor_id`, the bytes of the id as the chat gave it, with the current key.
    ///
    /// # Errors
    ///
    /// [`InputError::EmptyVisitorId`] for an empty id.
    pub fn sign(&self, visitor_id: impl AsRef<[u8]>) -> Result<IdentityHmac, InputError> {
        self.current.sign(visitor_id)
    }

    /// Verifies `hmac`, 64 hexadecimal digits in either case or an [`IdentityHmac`], against
    /// `visitor_id` under the current and the previous key. Both are always tried, so the time does
    /// not show which one fitted.
    ///
    /// # Errors
    ///
    /// [`VerificationFailed`] unless one of the keys signed this id.
    #[must_use = "SECURITY WARNING: ignoring this result accepts every hmac"]
    pub fn verify(
        &self,
        visitor_id: impl AsRef<[u8]>,
        hmac: impl Candidate,
    ) -> Result<(), VerificationFailed> {
        self.matched(visitor_id, hmac)
            .map(|_| ())
            .ok_or(VerificationFailed)
    }

    /// Verifies like [`verify`](Self::verify), and says which key the hmac came from. `None` means
    /// that it must be refused. If both keys are the same, this is [`Matched::Current`].
    #[must_use = "SECURITY WARNING: ignoring this result accepts every hmac"]
    pub fn matched(&self, visitor_id: impl AsRef<[u8]>, hmac: impl Candidate) -> Option<Matched> {
        let visitor_id = visitor_id.as_ref();
        let candidate = hmac.read()?;
        let fits = |key: &IdentityKey| -> Option<Choice> {
            Some(key.sign(visitor_id).ok()?.ct_eq(&candidate))
        };
        let by_current = fits(&self.current)?;
        let by_previous = if self.has_previous {
            fits(&self.previous)?
        } else {
            Choice::from(0)
        };
        if by_current.into() {
            Some(Matched::Current)
        } else if by_previous.into() {
            Some(Matched::Previous)
        } else {
            None
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring { .. }")
    }
}
