//! Token keys: the only secrets that sign tokens.

use alloc::string::String;
use core::fmt;

use super::{IdentityClaims, MAX_TOKEN_CHARS, jws};
#[cfg(feature = "std")]
use crate::RandomUnavailable;
use crate::key::TOKEN_KEY_PREFIX;
use crate::{IdentityKey, InputError};

const KID_LEN: usize = 8;
const SECRET_LEN: usize = 64;

/// An identity token key, prepared for signing many tokens.
///
/// The text of a token key is `itk_<kid>_<secret>`: 8 and 64 lowercase hexadecimal digits. The
/// vendor's service makes it. The whole text is the key of HMAC-SHA256, so every JWT library signs
/// with it as it is (HS256, RFC 7518 section 3.2). The header's `kid` says which key signed.
///
/// No other text is accepted. The identity verification secret signs no tokens, since a route that
/// signs visitor ids with it would sign a token as well.
///
/// The text is not kept. What is derived from it is overwritten with zeros when the key is dropped.
/// A key shows its id and nothing else when it is printed, and cannot be serialized.
///
/// ```
/// use identity_hmac::{IdentityClaims, TokenKey, TokenKeyring};
/// # let text = format!("itk_9f2c41aa_{}", "c0ffee00".repeat(8));
///
/// let key = TokenKey::parse(&text)?;
/// let now = 1_764_000_000; // seconds since the epoch
/// let claims = IdentityClaims::new("visitor_1", "user_123").email("jane@example.com");
/// let token = key.sign(&claims, now)?;
///
/// let verified = TokenKeyring::new(key).verify(&token, "visitor_1", None, now + 5)?;
/// assert_eq!(verified.external_id, "user_123");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TokenKey {
    kid: [u8; KID_LEN],
    pub(super) key: IdentityKey,
}

impl TokenKey {
    /// Makes the text of a new token key: an id and 32 random bytes from the operating system.
    ///
    /// # Errors
    ///
    /// [`RandomUnavailable`] if the operating system has no randomness to give.
    ///
    /// ```
    /// use identity_hmac::TokenKey;
    ///
    /// let text = TokenKey::generate()?;
    /// assert!(text.starts_with("itk_") && text.len() == 77);
    /// # Ok::<(), identity_hmac::RandomUnavailable>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn generate() -> Result<String, RandomUnavailable> {
        let mut bytes = zeroize::Zeroizing::new([0; KID_LEN / 2 + SECRET_LEN / 2]);
        getrandom::fill(&mut *bytes).map_err(RandomUnavailable)?;
        let (kid, secret) = bytes.split_at(KID_LEN / 2);
        let digits = zeroize::Zeroizing::new([hex::encode(kid), hex::encode(secret)]);
        Ok(alloc::format!(
            "{TOKEN_KEY_PREFIX}{}_{}",
            digits[0],
            digits[1]
        ))
    }

    /// Makes a key from its text.
    ///
    /// # Errors
    ///
    /// [`InputError::MalformedTokenKey`] for a text that is not in this form.
    ///
    /// ```
    /// use identity_hmac::TokenKey;
    ///
    /// let error = TokenKey::parse("s3cret").unwrap_err();
    /// assert_eq!(error.code(), "malformed_token_key");
    /// ```
    pub fn parse(text: &str) -> Result<Self, InputError> {
        Self::read("the identity token key", text)
    }

    /// Makes a key from the environment variable `name`, usually `IDENTITY_TOKEN_KEY`.
    ///
    /// # Errors
    ///
    /// [`InputError::TokenKeyUnset`] if the variable is unset or blank, and
    /// [`InputError::MalformedTokenKey`] if it does not hold the text of a token key. Both name the
    /// variable, never the value.
    #[cfg(feature = "std")]
    pub fn from_env(name: &str) -> Result<Self, InputError> {
        let value = std::env::var_os(name).map(std::ffi::OsString::into_encoded_bytes);
        let value = value.map(zeroize::Zeroizing::new);
        Self::from_setting(name, value.as_ref().map(|value| value.as_slice()))
    }

    /// Makes a key from the `value` of a setting called `name`. Use it for a key from a configuration
    /// file or a secret manager. `None` means that the setting does not exist.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    ///
    /// ```
    /// # use identity_hmac::TokenKey;
    /// let error = TokenKey::from_setting("chat.token_key", Some(b"s3cret")).unwrap_err();
    /// assert_eq!(error.code(), "malformed_token_key");
    /// assert!(error.to_string().starts_with("chat.token_key "));
    /// ```
    pub fn from_setting(name: &str, value: Option<&[u8]>) -> Result<Self, InputError> {
        let value = value.unwrap_or_default();
        if value.trim_ascii().is_empty() {
            return Err(InputError::TokenKeyUnset { name: name.into() });
        }
        Self::read(name, core::str::from_utf8(value).unwrap_or_default())
    }

    fn read(name: &str, text: &str) -> Result<Self, InputError> {
        let key = Self::split(text).and_then(|kid| {
            let kid = kid.as_bytes().try_into().ok()?;
            let key = IdentityKey::new(text).ok()?;
            Some(Self { kid, key })
        });
        key.ok_or_else(|| InputError::MalformedTokenKey { name: name.into() })
    }

    /// The `kid` in the text of a token key.
    fn split(text: &str) -> Option<&str> {
        let (kid, secret) = text.strip_prefix(TOKEN_KEY_PREFIX)?.split_once('_')?;
        let is_hex = |text: &str| {
            text.bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let is_key = kid.len() == KID_LEN && secret.len() == SECRET_LEN;
        (is_key && is_hex(kid) && is_hex(secret)).then_some(kid)
    }

    /// The key's id, 8 hexadecimal digits. It is no secret.
    #[must_use]
    pub fn key_id(&self) -> &str {
        core::str::from_utf8(&self.kid).unwrap_or_default()
    }

    /// Signs `claims` at the time `now`, in seconds since the epoch.
    ///
    /// # Errors
    ///
    /// [`InputError::InvalidClaim`] for claims that a verifier would refuse, whatever its settings,
    /// and [`InputError::TokenTooLong`] for claims that do not fit into a token.
    ///
    /// # Security
    ///
    /// Sign only what your backend knows of a caller whose session it has authenticated, and a
    /// visitor id that this caller's page has sent: anyone with the token can identify as this user
    /// on this visitor's page until it expires.
    pub fn sign(&self, claims: &IdentityClaims, now: u64) -> Result<String, InputError> {
        claims.check(now).map_err(InputError::InvalidClaim)?;
        let payload = claims.payload(now);
        let token = jws::write(&jws::header(self.key_id()), &payload, |signed| {
            self.key.sign(signed)
        })?;
        if token.len() > MAX_TOKEN_CHARS {
            return Err(InputError::TokenTooLong);
        }
        Ok(token)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKey {{ kid: {}, .. }}", self.key_id())
    }
}
