//! Keys. No other code makes an HMAC, except `identity-hmac/webcrypto` of the npm package, which uses
//! Web Crypto.

use core::fmt;
use core::mem::ManuallyDrop;

use hmac::KeyInit;
use hmac::block_api::HmacCore;
use hmac::digest::Output;
use hmac::digest::block_api::{Buffer, FixedOutputCore, UpdateCore};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::ZeroizeOnDrop;

use crate::{Candidate, IdentityHmac, InputError, VerificationFailed, VerifyError};
#[cfg(feature = "std")]
use crate::{RandomUnavailable, setting};

/// What every identity token key begins with.
#[cfg(any(feature = "std", feature = "token"))]
pub(crate) const TOKEN_KEY_PREFIX: &str = "itk_";

/// An identity verification secret, prepared for signing and verifying many visitor ids.
///
/// It makes HMAC-SHA256 (RFC 2104, FIPS 198-1) with the secret's bytes as they are: never trimmed,
/// never decoded. The secret itself is not kept. What is derived from it is computed once, here, and
/// overwritten with zeros when the key is dropped. A key can be shared between threads. It cannot be
/// printed or serialized.
///
/// ```
/// use identity_hmac::IdentityKey;
///
/// let key = IdentityKey::new("s3cret")?;
/// let hmac = "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae";
/// assert_eq!(key.sign("visitor_1")?.to_string(), hmac);
/// assert!(key.verify("visitor_1", hmac).is_ok());
/// assert!(key.verify("visitor_2", hmac).is_err());
/// # Ok::<(), identity_hmac::InputError>(())
/// ```
#[derive(Clone)]
pub struct IdentityKey {
    // The block-level type: it holds the two hash states and nothing else, so that an hmac
    // copies 80 bytes and not the block buffer as well.
    state: HmacCore<Sha256>,
}

impl ZeroizeOnDrop for IdentityKey {}

impl IdentityKey {
    /// Makes a key from the bytes of an identity verification secret of any length.
    ///
    /// # Errors
    ///
    /// [`InputError::EmptySecret`] for an empty secret, which is what an unset variable gives.
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "a key has any length"
    )]
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, InputError> {
        let secret = secret.as_ref();
        if secret.is_empty() {
            return Err(InputError::EmptySecret);
        }
        let state = HmacCore::new_from_slice(secret).expect("HMAC takes a key of any length");
        Ok(Self { state })
    }

    /// Makes a key from the environment variable `name`, usually `IDENTITY_SECRET`.
    ///
    /// Rejects values that [`new`](Self::new) accepts but that are almost always a mistake in the
    /// configuration. It accepts a short secret, since the vendor may have issued it.
    ///
    /// # Errors
    ///
    /// An [`InputError`] that names the variable and the fault, never the value, if the variable
    ///
    /// - is unset, blank or not UTF-8,
    /// - has white space or quotes around the secret, or a NUL in it,
    /// - holds a placeholder (`changeme`), a reference that nothing replaced (`${IDENTITY_SECRET}`),
    ///   an assignment (`IDENTITY_SECRET=s3cret`), a comment (`s3cret # chat`) or an identity token
    ///   key (`itk_…`).
    ///
    /// ```
    /// # use identity_hmac::IdentityKey;
    /// let error = IdentityKey::from_env("A_VARIABLE_THAT_IS_NOT_SET").unwrap_err();
    /// assert_eq!(error.code(), "secret_unset");
    /// assert!(error.to_string().starts_with("A_VARIABLE_THAT_IS_NOT_SET is not set"));
    /// ```
    #[cfg(feature = "std")]
    pub fn from_env(name: &str) -> Result<Self, InputError> {
        let value = std::env::var_os(name).map(std::ffi::OsString::into_encoded_bytes);
        let value = value.map(zeroize::Zeroizing::new);
        Self::from_setting(name, value.as_ref().map(|value| value.as_slice()))
    }

    /// Makes a key from the `value` of a setting called `name`, with the checks of
    /// [`from_env`](Self::from_env). Use it for a secret from a configuration file or a secret
    /// manager. `None` means that the setting does not exist.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    ///
    /// ```
    /// # use identity_hmac::IdentityKey;
    /// let error = IdentityKey::from_setting("chat.secret", Some(b"s3cret\n")).unwrap_err();
    /// assert_eq!(error.code(), "secret_surrounded_by_whitespace");
    /// ```
    #[cfg(feature = "std")]
    pub fn from_setting(name: &str, value: Option<&[u8]>) -> Result<Self, InputError> {
        // A byte order mark is not white space to Unicode, but is put there by editors alike.
        let is_space = |c: char| c.is_whitespace() || c == '\u{feff}';
        let own = || name.to_owned();

        let value = value.ok_or_else(|| InputError::SecretUnset { name: own() })?;
        let Ok(text) = core::str::from_utf8(value) else {
            return Err(InputError::SecretNotUtf8 { name: own() });
        };
        let trimmed = text.trim_matches(is_space);
        if trimmed.is_empty() {
            return Err(InputError::SecretBlank { name: own() });
        }
        if text.contains('\0') {
            return Err(InputError::SecretContainsNul { name: own() });
        }
        if trimmed.len() != text.len() {
            return Err(InputError::SecretSurroundedByWhitespace { name: own() });
        }
        if is_quoted(text) {
            return Err(InputError::SecretQuoted { name: own() });
        }
        if let Some(fault) = setting::fault(name, text) {
            return Err(fault);
        }
        if text.starts_with(TOKEN_KEY_PREFIX) {
            return Err(InputError::TokenKeyAsSecret { name: own() });
        }
        Self::new(text)
    }

    /// Signs `visitor_id`, the bytes of the id as the chat gave it. They are never trimmed or
    /// normalised, and may have any length.
    ///
    /// # Errors
    ///
    /// [`InputError::EmptyVisitorId`] for an empty id.
    ///
    /// # Security
    ///
    /// Sign only for a caller whose session you have authenticated: anyone with the result can
    /// identify as this visitor until the secret is rotated.
    pub fn sign(&self, visitor_id: impl AsRef<[u8]>) -> Result<IdentityHmac, InputError> {
        finish(self.state.clone(), visitor_id.as_ref())
    }

    /// Verifies `hmac`, 64 hexadecimal digits in either case or an [`IdentityHmac`], against
    /// `visitor_id`. See [`Candidate`] for the types that it may have.
    ///
    /// Everything that is not the right hmac is [`VerificationFailed`], also an `hmac` of another
    /// length or with other characters, and an empty id. The comparison takes the same time, no
    /// matter where the first difference is.
    ///
    /// # Errors
    ///
    /// [`VerificationFailed`] unless this key signed this id.
    #[must_use = "SECURITY WARNING: ignoring this result accepts every hmac"]
    pub fn verify(
        &self,
        visitor_id: impl AsRef<[u8]>,
        hmac: impl Candidate,
    ) -> Result<(), VerificationFailed> {
        let candidate = hmac.read().ok_or(VerificationFailed)?;
        let expected = self.sign(visitor_id).map_err(|_| VerificationFailed)?;
        if expected.ct_eq(&candidate).into() {
            Ok(())
        } else {
            Err(VerificationFailed)
        }
    }
}

/// Takes the state of a key through `visitor_id` to the end, and zeroizes it.
#[inline]
fn finish(mut state: HmacCore<Sha256>, visitor_id: &[u8]) -> Result<IdentityHmac, InputError> {
    if visitor_id.is_empty() {
        return Err(InputError::EmptyVisitorId);
    }
    // The buffer holds the id and a hash of it, no key state: to zeroize it, a byte at a time,
    // would take a fifth of the whole.
    let mut buffer = ManuallyDrop::new(Buffer::<HmacCore<Sha256>>::default());
    let mut tag = Output::<HmacCore<Sha256>>::default();
    buffer.digest_blocks(visitor_id, |blocks| state.update_blocks(blocks));
    state.finalize_fixed_core(&mut buffer, &mut tag);
    Ok(IdentityHmac::from(<[u8; 32]>::from(tag)))
}

impl fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKey { .. }")
    }
}

/// Whether the text stands between a pair of quotes, as a shell, a `.env` file or a word
/// processor writes them.
#[cfg(feature = "std")]
fn is_quoted(text: &str) -> bool {
    const PAIRS: [(char, char); 5] = [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('\u{201c}', '\u{201d}'),
        ('\u{2018}', '\u{2019}'),
    ];
    PAIRS.iter().any(|&(open, close)| {
        text.strip_prefix(open)
            .is_some_and(|rest| rest.ends_with(close))
    })
}

/// Signs `visitor_id` with `secret` in one call, as the function in the vendor's document does.
///
/// To sign many ids with one secret, prepare an [`IdentityKey`]: that takes half the time.
///
/// # Errors
///
/// [`InputError::EmptySecret`] or [`InputError::EmptyVisitorId`].
///
/// ```
/// let hmac = identity_hmac::generate_identity_hmac("visitor_1", "s3cret")?;
/// assert!(hmac.to_string().starts_with("03d2bb32"));
/// # Ok::<(), identity_hmac::InputError>(())
/// ```
pub fn generate_identity_hmac(
    visitor_id: impl AsRef<[u8]>,
    secret: impl AsRef<[u8]>,
) -> Result<IdentityHmac, InputError> {
    finish(IdentityKey::new(secret)?.state, visitor_id.as_ref())
}

/// Verifies `hmac`, 64 hexadecimal digits in either case or an [`IdentityHmac`], against
/// `visitor_id` and `secret` in one call. See [`Candidate`] for the types that it may have.
///
/// # Errors
///
/// [`VerifyError::Failed`] unless `secret` signed this id. [`VerifyError::Input`] with
/// [`InputError::EmptySecret`] for an empty secret, which is a fault of the backend.
///
/// ```
/// use identity_hmac::{VerificationFailed, VerifyError, verify_identity_hmac};
///
/// let hmac = "03d2bb3218280c28abe57a2c0837c37a6c29abcd465c25dcf61a21de0c2e0bae";
/// assert!(verify_identity_hmac("visitor_1", hmac, "s3cret").is_ok());
/// assert_eq!(
///     verify_identity_hmac("visitor_2", hmac, "s3cret"),
///     Err(VerifyError::Failed(VerificationFailed)),
/// );
/// ```
#[must_use = "SECURITY WARNING: ignoring this result accepts every hmac"]
pub fn verify_identity_hmac(
    visitor_id: impl AsRef<[u8]>,
    hmac: impl Candidate,
    secret: impl AsRef<[u8]>,
) -> Result<(), VerifyError> {
    Ok(IdentityKey::new(secret)?.verify(visitor_id, hmac)?)
}

/// Makes a new identity verification secret: 32 random bytes from the operating system, as 64
/// lowercase hexadecimal digits. The digits are the secret; they are not decoded before signing.
///
/// # Errors
///
/// [`RandomUnavailable`] if the operating system gives no random bytes.
///
/// ```
/// let secret = identity_hmac::generate_secret()?;
/// assert_eq!(secret.len(), 64);
/// # Ok::<(), identity_hmac::RandomUnavailable>(())
/// ```
#[cfg(feature = "std")]
pub fn generate_secret() -> Result<String, RandomUnavailable> {
    let mut bytes = zeroize::Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(RandomUnavailable)?;
    Ok(hex::encode(*bytes))
}
