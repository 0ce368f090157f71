//! Rotation: signing with the current secret while the previous one is still accepted.

use core::fmt;

use subtle::{Choice, ConstantTimeEq};

use crate::{Candidate, IdentityHmac, IdentityKey, InputError, VerificationFailed};

/// A current key, and during a rotation the previous one.
///
/// # Use case
///
/// A visitor's pair of id and HMAC has no end date, and pages that are open during a rotation
/// hold signatures of the old secret. A keyring signs with the current secret and accepts both,
/// and [`matched`](Self::matched) tells which one a signature came from, so that an operator
/// knows when nobody needs the old one any more.
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
    previous: Option<IdentityKey>,
}

/// Which of a [`Keyring`]'s keys a signature came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
pub enum Matched {
    /// The key that also signs.
    Current,
    /// The key that is on its way out.
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
    /// A keyring that signs with `current` and so far accepts nothing else.
    #[must_use]
    pub fn new(current: IdentityKey) -> Self {
        Self {
            current,
            previous: None,
        }
    }

    /// The same keyring, which now also accepts what `previous` signed. It replaces any previous
    /// key that was there.
    #[must_use]
    pub fn with_previous(self, previous: IdentityKey) -> Self {
        Self {
            previous: Some(previous),
            ..self
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
    /// `visitor_id` under the current and the previous key. Both are always tried, so that the time tells nothing about
    /// which one fitted.
    ///
    /// # Errors
    ///
    /// [`VerificationFailed`] unless one of the keys signed this id.
    #[must_use = "SECURITY WARNING: ignoring this result accepts every signature"]
    pub fn verify(
        &self,
        visitor_id: impl AsRef<[u8]>,
        hmac: impl Candidate,
    ) -> Result<(), VerificationFailed> {
        self.matched(visitor_id, hmac)
            .map(|_| ())
            .ok_or(VerificationFailed)
    }

    /// Like [`verify`](Self::verify), and says which key the signature came from. `None` means
    /// that it must be refused. [`Matched::Current`] wins where both keys are the same.
    #[must_use = "SECURITY WARNING: ignoring this result accepts every signature"]
    pub fn matched(&self, visitor_id: impl AsRef<[u8]>, hmac: impl Candidate) -> Option<Matched> {
        let visitor_id = visitor_id.as_ref();
        let candidate = hmac.read()?;
        let fits = |key: &IdentityKey| -> Option<Choice> {
            Some(key.sign(visitor_id).ok()?.ct_eq(&candidate))
        };
        let by_current = fits(&self.current)?;
        let by_previous = match &self.previous {
            Some(previous) => fits(previous)?,
            None => Choice::from(0),
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
